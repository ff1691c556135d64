#!/usr/bin/env bash
# bench.sh [--rounds N]: creates a separate environment, installs the wheel built by `cargo xtask package wheel` and the libraries
# to compare it with, and runs the benchmark.
# bench.sh --install: creates the same environment, but does not run the benchmark.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
. ../setup/lib.sh
cache="${PYTHON_CACHE:-$setup_cache}"
create_venv "$cache/python-bench" benches/requirements.txt
python="$cache/python-bench/bin/python"
"$python" -m pip install --quiet --no-index --no-deps --force-reinstall "$cache"/wheels/*.whl
[ "${1:-}" = --install ] || exec "$python" benches/bench.py "$@"
