#!/usr/bin/env bash
# library.sh: builds the Rust half of the package where there is no framework, and prints the folder that is named to the
# linker (`swift build -Xlinker -LFOLDER`).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
target="${CARGO_TARGET_DIR:-$PWD/../target}"

"${CARGO:-cargo}" rustc --quiet --release -p automoderate-swift --lib --crate-type staticlib
# With nothing beside it: the linker would take a shared library of the same name instead.
folder="$target/swift-lib-release"
mkdir -p "$folder"
cp "$target/release/libautomoderate_ffi.a" "$folder/"
cd "$folder" && pwd
