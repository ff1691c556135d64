//! Writes the generated files: `swift-types` and `kotlin-types` go to stdout; everything else is uniffi-bindgen.

mod names;
mod swift;

use automoderate_ffi::schema::schema;

fn main() {
    match std::env::args().nth(1).as_deref() {
        Some("swift-types") => print!("{}", swift::types(&schema())),
        _ => uniffi::uniffi_bindgen_main(),
    }
}
