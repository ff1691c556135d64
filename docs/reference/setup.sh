#!/usr/bin/env bash
# Installs the documentation's tools under .cache/reference: `node` for TypeDoc, `python` for pdoc and typos. Installs
# nothing if the files here are unchanged since the last run. PYTHON sets the interpreter.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

. ../../setup/lib.sh
alone "reference-$1"

cache="$setup_cache/reference"
mkdir -p "$cache"
case "$1" in
node)
    node_at_least 20
    cp package.json package-lock.json "$cache/"
    npm_packages "$cache" --ignore-scripts
    ;;
python)
    venv "$cache/venv" requirements.txt
    ;;
esac
