#!/usr/bin/env bash
# setup.sh node|python: installs the documentation's tools under .cache/reference: TypeDoc for `node`, and pdoc,
# typos and shellcheck for `python`. Installs nothing if neither the list of packages nor the interpreter has changed.
# PYTHON sets the Python interpreter.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

. ../../setup/lib.sh
acquire_lock "reference-$1"

cache="$setup_cache/reference"
mkdir -p "$cache"
case "$1" in
node)
    require_node 20
    cp package.json package-lock.json "$cache/"
    install_npm_packages "$cache" --ignore-scripts
    ;;
python)
    create_venv "$cache/venv" requirements.txt
    ;;
esac
