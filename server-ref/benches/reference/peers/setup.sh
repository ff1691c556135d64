#!/usr/bin/env bash
# Creates the environment for the Python servers in the fan-out comparison, and prints PEERS_PYTHON=INTERPRETER.
# Installs nothing if neither requirements.txt nor the interpreter has changed. npm socket.io comes from
# core/tests/standins.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
. ../../../../setup/lib.sh
acquire_lock server-peers

create_venv "$setup_cache/server-peers" requirements.txt
echo "PEERS_PYTHON=$setup_cache/server-peers/bin/python"
