#!/usr/bin/env bash
# Installs the wheel of `make test-wheel` and its competitors into their own environment, and measures: bench.sh
# [--rounds N]; --install only installs.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
. ../setup/lib.sh
cache="${PYTHON_CACHE:-$setup_cache}"
create_venv "$cache/python-bench" benches/requirements.txt
python="$cache/python-bench/bin/python"
"$python" -m pip install --quiet --no-index --no-deps --force-reinstall "$cache"/wheels/*.whl
[ "${1:-}" = --install ] || exec "$python" benches/bench.py "$@"
