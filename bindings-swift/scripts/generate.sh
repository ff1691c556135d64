#!/usr/bin/env bash
# generate.sh [--check]: generates two Swift files and a C header of the package from the Rust crate. With --check, fails
# if these files are out of date, and does not change them.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
target="${CARGO_TARGET_DIR:-$PWD/../target}"

cargo build --quiet -p automoderate-swift --features bindgen --bin automoderate-bindgen
cargo rustc --quiet -p automoderate-swift --features bindgen --lib --crate-type staticlib
bindgen="$target/debug/automoderate-bindgen"

out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
mkdir -p "$out/Sources/AutoModerate/Generated" "$out/Sources/AutoModerateFFI" "$out/Sources/CAutoModerate"
"$bindgen" generate --no-format --language swift --out-dir "$out" "$target/debug/libautomoderate_ffi.a"
mv "$out/AutoModerateFFI.swift" "$out/Sources/AutoModerateFFI/"
mv "$out/CAutoModerate.h" "$out/Sources/CAutoModerate/"
"$bindgen" swift-types >"$out/Sources/AutoModerate/Generated/Types.swift"

generated=(
    Sources/AutoModerateFFI/AutoModerateFFI.swift
    Sources/CAutoModerate/CAutoModerate.h
    Sources/AutoModerate/Generated/Types.swift
)
for file in "${generated[@]}"; do
    if [ "${1:-}" = --check ]; then
        diff -u "$file" "$out/$file" >&2 ||
            { echo "generate.sh: $file is out of date: run bindings-swift/scripts/generate.sh" >&2; exit 1; }
    else
        mkdir -p "$(dirname "$file")"
        cp "$out/$file" "$file"
    fi
done
