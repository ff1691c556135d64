#!/usr/bin/env bash
# Installs what the stand-ins run on and prints where it is, as KEY=VALUE lines.
# Nothing is done when the requirement files have not changed since the last run.
# STANDINS_CACHE chooses the folder; the default is .cache/standins at the root of the checkout.
set -euo pipefail

here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
cache="${STANDINS_CACHE:-$(cd "$here/../../.." && pwd)/.cache/standins}"
mkdir -p "$cache"
cache="$(cd "$cache" && pwd)"

python="${PYTHON:-python3}"
node="$(command -v node)" || { echo "setup.sh: Node 20 or newer is needed" >&2; exit 1; }
"$python" -c 'import venv, ensurepip' 2>/dev/null || { echo "setup.sh: Python 3 with venv is needed" >&2; exit 1; }

# Two test runs may start at once; the second waits and then finds everything there.
if command -v flock >/dev/null; then
    exec 9>"$cache/lock"
    flock 9
fi

# ready FOLDER SEED FILE...: is FOLDER stamped with the hash of SEED and the files? Leaves the hash in $stamp.
ready() {
    local folder="$1" seed="$2"
    shift 2
    stamp="$({ echo "$seed"; cat "$@"; } | sha256sum | cut -d' ' -f1)"
    [ -f "$folder/.stamp" ] && [ "$(cat "$folder/.stamp")" = "$stamp" ]
}

python_version="$("$python" -c 'import sys; print(sys.executable, sys.version)')"
for age in new old; do
    venv="$cache/venv-$age"
    if ! ready "$venv" "$venv $python_version" "$here/requirements-$age.txt"; then
        rm -rf "$venv"
        "$python" -m venv "$venv" >&2
        "$venv/bin/python" -m pip install --quiet --disable-pip-version-check -r "$here/requirements-$age.txt" >&2
        echo "$stamp" >"$venv/.stamp"
    fi
done

npm_folder="$cache/npm"
if ! ready "$npm_folder" "$npm_folder" "$here/package.json" "$here/package-lock.json"; then
    rm -rf "$npm_folder"
    mkdir -p "$npm_folder"
    cp "$here/package.json" "$here/package-lock.json" "$npm_folder/"
    (cd "$npm_folder" && npm ci --omit=optional --no-audit --no-fund --loglevel=error >&2)
    echo "$stamp" >"$npm_folder/.stamp"
fi

echo "PYTHON_NEW=$cache/venv-new/bin/python"
echo "PYTHON_OLD=$cache/venv-old/bin/python"
echo "NODE=$node"
echo "NODE_MODULES=$npm_folder/node_modules"
