//! Reports.

pub mod html;
