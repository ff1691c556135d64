#!/usr/bin/env bash
# Makes the environment in which the Python binding is built and tested, and prints its folder.
# Nothing is installed when requirements.txt has not changed. PYTHON chooses the interpreter.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

cache="${PYTHON_CACHE:-$(cd .. && pwd)/.cache}"
venv="$cache/python"
python="${PYTHON:-python3}"
"$python" -c 'import sys, venv, ensurepip; assert sys.version_info >= (3, 10)' 2>/dev/null ||
    { echo "setup.sh: Python 3.10 or newer with venv is needed" >&2; exit 1; }
mkdir -p "$cache"
stamp="$({ "$python" -c 'import sys; print(sys.executable, sys.version)'; cat requirements.txt; } | sha256sum | cut -d' ' -f1)"
if [ "$(cat "$venv/.stamp" 2>/dev/null)" != "$stamp" ]; then
    rm -rf "$venv"
    "$python" -m venv "$venv" >&2
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check -r requirements.txt >&2
    echo "$stamp" >"$venv/.stamp"
fi
echo "$venv"
