#!/usr/bin/env bash
# Creates the environment in which the Python binding is built and tested, and prints the environment's folder. Installs
# nothing if requirements.txt and the interpreter are unchanged since the last run. PYTHON sets the interpreter.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
. ../setup/lib.sh
acquire_lock python

cache="${PYTHON_CACHE:-$setup_cache}"
create_venv "$cache/python" requirements.txt
echo "$cache/python"
