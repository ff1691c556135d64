//! Code generator. With the argument `swift-types`, it prints the Swift types. Otherwise, it runs uniffi-bindgen with
//! the given arguments.

mod names;
mod swift;

use automoderate_ffi::schema::schema;

fn main() {
    match std::env::args().nth(1).as_deref() {
        Some("swift-types") => print!("{}", swift::render_types(&schema())),
        _ => uniffi::uniffi_bindgen_main(),
    }
}
