#!/usr/bin/env bash
# Installs the wheel of `make wheel-python` and what it is compared with into an environment of their own, and measures:
# bench.sh [--rounds N]; with --install it only installs.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
cache="${PYTHON_CACHE:-$(cd .. && pwd)/.cache}"
venv="$cache/python-bench"
[ -x "$venv/bin/python" ] || "${PYTHON:-python3}" -m venv "$venv"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check -r benches/requirements.txt
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-index --no-deps --force-reinstall "$cache"/wheels/*.whl
[ "${1:-}" = --install ] || exec "$venv/bin/python" benches/bench.py "$@"
