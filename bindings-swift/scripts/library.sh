#!/usr/bin/env bash
# library.sh: builds the Rust part of the package as a static library, and prints its folder for
# `swift build -Xlinker -LFOLDER`.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
target="${CARGO_TARGET_DIR:-$PWD/../target}"

"${CARGO:-cargo}" rustc --quiet --release -p automoderate-swift --lib --crate-type staticlib
# The static library needs a separate folder, because the linker would prefer a shared library of the same name.
folder="$target/swift-lib-release"
mkdir -p "$folder"
cp "$target/release/libautomoderate_ffi.a" "$folder/"
cd "$folder" && pwd
