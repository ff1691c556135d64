#!/usr/bin/env bash
# Makes the environment of the Python servers that the fan-out is compared with, and prints PEERS_PYTHON=INTERPRETER.
# Nothing is installed when requirements.txt has not changed. npm socket.io is that of core/tests/standins.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

venv="$(cd ../../../.. && pwd)/.cache/server-peers"
python="${PYTHON:-python3}"
"$python" -c 'import venv, ensurepip' 2>/dev/null || { echo "setup.sh: Python 3 with venv is needed" >&2; exit 1; }
stamp="$({ "$python" -c 'import sys; print(sys.executable, sys.version)'; cat requirements.txt; } | sha256sum | cut -d' ' -f1)"
if [ "$(cat "$venv/.stamp" 2>/dev/null)" != "$stamp" ]; then
    rm -rf "$venv"
    "$python" -m venv "$venv" >&2
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check -r requirements.txt >&2
    echo "$stamp" >"$venv/.stamp"
fi
echo "PEERS_PYTHON=$venv/bin/python"
