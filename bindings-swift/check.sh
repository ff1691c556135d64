#!/usr/bin/env bash
# check.sh [RUN...]: builds the Rust crate and the Swift package, checks that the generated files are up to date, runs
# the tests, and checks the examples, the release script and the documentation. setup.sh prints RUN, the prefix that
# runs a command with the Swift toolchain.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
run=("$@")
root="$(cd .. && pwd)"
target="${CARGO_TARGET_DIR:-$root/target}"
mkdir -p "$target"
target="$(cd "$target" && pwd)"

scripts/generate.sh --check
# The static library needs a separate folder, because the linker would prefer a shared library of the same name.
mkdir -p "$target/swift-lib"
ln -f "$target/debug/libautomoderate_ffi.a" "$target/swift-lib/" 2>/dev/null ||
    cp "$target/debug/libautomoderate_ffi.a" "$target/swift-lib/"

[ -n "${AUTOMODERATE_SERVER:-}" ] || cargo build --quiet -p automoderate-server
# The golden test server exits when its standard input is closed, which happens when this script ends.
coproc golden { python3 ../core/tests/golden/server.py; }
read -r ready <&"${golden[0]}"

export AUTOMODERATE_SERVER_PATH="${AUTOMODERATE_SERVER:-$target/debug/automoderate-server}" AUTOMODERATE_ROOT="$root"
AUTOMODERATE_GOLDEN_URL="$(python3 -c 'import json, sys; print(json.loads(sys.argv[1])["base_url"])' "$ready")"
export AUTOMODERATE_GOLDEN_URL

flags=(--scratch-path "$target/swift" -Xlinker "-L$target/swift-lib")
if [ "$(uname -s)" = Linux ]; then
    # On Linux, the Observation library of Swift 6.0 refers to a missing symbol, which is never called.
    flags+=(-Xswiftc -DAUTOMODERATE_OBSERVATION -Xlinker --allow-shlib-undefined)
fi
mkdir -p "$target/swift-symbols"
flags+=(-Xswiftc -emit-symbol-graph -Xswiftc -emit-symbol-graph-dir -Xswiftc "$target/swift-symbols")
"${run[@]}" swift build --build-tests --quiet "${flags[@]}"
AUTOMODERATE_TAIL_PATH="$("${run[@]}" swift build --show-bin-path "${flags[@]}")/automoderate-tail"
export AUTOMODERATE_TAIL_PATH
# The SwiftUI example can be built only on Apple's platforms, so this script merely parses it.
"${run[@]}" swiftc -frontend -parse Examples/Feed/FeedApp.swift
# Check the release script with an empty framework.
artifacts="$target/swift-artifacts"
rm -rf "$artifacts"
mkdir -p "$artifacts/CAutoModerate.xcframework"
touch "$artifacts/CAutoModerate.xcframework/Info.plist"
"${run[@]}" env ARTIFACTS="$artifacts" scripts/release.sh 0.0.1 https://example.invalid/CAutoModerate.xcframework.zip >/dev/null
"${run[@]}" swift package --package-path "$artifacts/release" dump-package >/dev/null
# Build the documentation. Broken links are errors.
"${run[@]}" scripts/documentation.sh "$target/swift-symbols" "$target/swift-docs"
# The timeout turns a hanging test into a failure.
timeout 900 "${run[@]}" swift test --skip-build --no-parallel "${flags[@]}"
AUTOMODERATE_SWIFT="${run[*]}" python3 ../docs/check/run.py swift
