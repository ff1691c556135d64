#!/usr/bin/env bash
# check.sh [RUN...]: builds the Swift package on the Rust crate and checks everything: drift of generated files, tests,
# the example, the documentation. setup.sh prints RUN, which runs a command where Swift is.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
run=("$@")
root="$(cd .. && pwd)"
target="${CARGO_TARGET_DIR:-$root/target}"
mkdir -p "$target"
target="$(cd "$target" && pwd)"

scripts/generate.sh --check
# Only this library: the linker would prefer a shared one with the same name.
mkdir -p "$target/swift-lib"
ln -f "$target/debug/libautomoderate_ffi.a" "$target/swift-lib/" 2>/dev/null ||
    cp "$target/debug/libautomoderate_ffi.a" "$target/swift-lib/"

cargo build --quiet -p automoderate-server
# It ends with this script, which holds its standard input.
coproc golden { python3 ../core/tests/golden/server.py; }
read -r ready <&"${golden[0]}"

export AUTOMODERATE_SERVER_PATH="$target/debug/automoderate-server" AUTOMODERATE_ROOT="$root"
AUTOMODERATE_GOLDEN_URL="$(python3 -c 'import json, sys; print(json.loads(sys.argv[1])["base_url"])' "$ready")"
export AUTOMODERATE_GOLDEN_URL

flags=(--scratch-path "$target/swift" -Xlinker "-L$target/swift-lib")
if [ "$(uname -s)" = Linux ]; then
    # Swift 6.0's Observation lacks a symbol there, which nothing calls.
    flags+=(-Xswiftc -DAUTOMODERATE_OBSERVATION -Xlinker --allow-shlib-undefined)
fi
mkdir -p "$target/swift-symbols"
flags+=(-Xswiftc -emit-symbol-graph -Xswiftc -emit-symbol-graph-dir -Xswiftc "$target/swift-symbols")
"${run[@]}" swift build --build-tests --quiet "${flags[@]}"
AUTOMODERATE_TAIL_PATH="$("${run[@]}" swift build --show-bin-path "${flags[@]}")/automoderate-tail"
export AUTOMODERATE_TAIL_PATH
# Code that only Apple's compilers can build is at least parsed.
"${run[@]}" swiftc -frontend -parse Examples/Feed/FeedApp.swift
# The package to release, around an empty framework.
artifacts="$target/swift-artifacts"
rm -rf "$artifacts"
mkdir -p "$artifacts/CAutoModerate.xcframework"
touch "$artifacts/CAutoModerate.xcframework/Info.plist"
"${run[@]}" env ARTIFACTS="$artifacts" scripts/release.sh 0.0.1 https://example.invalid/CAutoModerate.xcframework.zip >/dev/null
"${run[@]}" swift package --package-path "$artifacts/release" dump-package >/dev/null
# The documentation, without broken links.
"${run[@]}" scripts/documentation.sh "$target/swift-symbols" "$target/swift-docs"
# A test that hangs fails.
timeout 900 "${run[@]}" swift test --skip-build --no-parallel "${flags[@]}"
AUTOMODERATE_SWIFT="${run[*]}" python3 ../docs/check/run.py swift
