//! What the linker of macOS wants of a module that Python loads; elsewhere nothing.

fn main() {
    pyo3_build_config::add_extension_module_link_args();
}
