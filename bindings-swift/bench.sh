#!/usr/bin/env bash
# bench.sh [RUN...]: events per second and memory of the Swift binding, beside Foundation's JSONDecoder. RUN is what
# setup.sh has printed. ROUNDS says how often the readers take turns.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
root="$(cd .. && pwd)"
target="${CARGO_TARGET_DIR:-$root/target}"
mkdir -p "$target"
target="$(cd "$target" && pwd)"

library="$(scripts/library.sh)"
flags=(--configuration release --scratch-path "$target/swift-release" -Xlinker "-L$library")
"$@" swift build --quiet --product automoderate-bench "${flags[@]}"
bench="$("$@" swift build --show-bin-path "${flags[@]}")/automoderate-bench"
exec python3 Benchmarks/table.py "$bench" "${ROUNDS:-5}" "$@"
