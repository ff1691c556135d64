#!/usr/bin/env bash
# Installs what the documentation is made and checked with, under .cache/reference: `node` for TypeDoc, `python` for pdoc and
# typos. Nothing is installed when the files here have not changed since the last run. PYTHON chooses the interpreter.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

cache="$(cd ../.. && pwd)/.cache/reference"
mkdir -p "$cache"
python="${PYTHON:-python3}"
case "$1" in
node)
    node -e 'process.exit(Number(process.versions.node.split(".")[0]) >= 20 ? 0 : 1)' 2>/dev/null ||
        { echo "setup.sh: Node 20 or newer is needed" >&2; exit 1; }
    what="$({ node --version; cat package.json package-lock.json; } | sha256sum)"
    ;;
python)
    "$python" -c 'import sys, venv, ensurepip; assert sys.version_info >= (3, 10)' 2>/dev/null ||
        { echo "setup.sh: Python 3.10 or newer with venv is needed" >&2; exit 1; }
    what="$({ "$python" -c 'import sys; print(sys.executable, sys.version)'; cat requirements.txt; } | sha256sum)"
    ;;
esac
stamp="$cache/.$1"
[ "$(cat "$stamp" 2>/dev/null)" != "$what" ] || exit 0
if [ "$1" = node ]; then
    cp package.json package-lock.json "$cache/"
    (cd "$cache" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2)
else
    rm -rf "$cache/venv"
    "$python" -m venv "$cache/venv" >&2
    "$cache/venv/bin/python" -m pip install --quiet --disable-pip-version-check -r requirements.txt >&2
fi
echo "$what" >"$stamp"
