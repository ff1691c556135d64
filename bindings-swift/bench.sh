#!/usr/bin/env bash
# bench.sh [RUN...]: events per second and memory of the Swift binding, beside Foundation's JSONDecoder. RUN is what
# setup.sh has printed. ROUNDS says how often the readers take turns.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
root="$(cd .. && pwd)"
target="${CARGO_TARGET_DIR:-$root/target}"
mkdir -p "$target"
target="$(cd "$target" && pwd)"

cargo rustc --quiet --release -p automoderate-swift --lib --crate-type staticlib
mkdir -p "$target/swift-lib-release"
cp "$target/release/libautomoderate_ffi.a" "$target/swift-lib-release/"
flags=(--configuration release --scratch-path "$target/swift-release" -Xlinker "-L$target/swift-lib-release")
"$@" swift build --quiet --product automoderate-bench "${flags[@]}"
bench="$("$@" swift build --show-bin-path "${flags[@]}")/automoderate-bench"
exec python3 Benchmarks/table.py "$bench" "${ROUNDS:-5}" "$@"
