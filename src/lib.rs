//! Botsmith.
