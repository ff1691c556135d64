#!/usr/bin/env bash
# bench.sh [RUN...]: measures the Swift binding's events per second, CPU time and memory, and compares them with those of
# Foundation's JSONDecoder. setup.sh prints RUN, the prefix that runs a command with the Swift toolchain. ROUNDS sets the
# number of rounds.
# bench.sh --latency [RUN...]: builds the Swift program that `cargo xtask bench latency` measures, and prints the
# command that starts the program.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
root="$(cd .. && pwd)"
target="${CARGO_TARGET_DIR:-$root/target}"
mkdir -p "$target"
target="$(cd "$target" && pwd)"

product=automoderate-bench
if [ "${1:-}" = --latency ]; then
    product=automoderate-latency
    shift
fi
library="$(scripts/library.sh)"
flags=(--configuration release --scratch-path "$target/swift-release" -Xlinker "-L$library")
"$@" swift build --quiet --product "$product" "${flags[@]}" >&2
program="$("$@" swift build --show-bin-path "${flags[@]}")/$product"
if [ "$product" = automoderate-latency ]; then
    echo "$* $program"
else
    exec python3 Benchmarks/Events/table.py "$program" "${ROUNDS:-5}" "$@"
fi
