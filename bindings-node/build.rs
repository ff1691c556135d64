//! Build script: lets the linker leave Node's symbols undefined.

fn main() {
    napi_build::setup();
}
