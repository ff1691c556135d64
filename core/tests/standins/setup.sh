#!/usr/bin/env bash
# Installs the dependencies of the stand-ins, and prints their locations as KEY=VALUE lines.
# Installs nothing if neither the lists of dependencies nor the versions of Python and Node have changed since the
# last run.
# STANDINS_CACHE sets the folder; the default is .cache/standins at the root of the checkout.
set -euo pipefail

here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
cache="${STANDINS_CACHE:-$(cd "$here/../../.." && pwd)/.cache/standins}"
mkdir -p "$cache"
cache="$(cd "$cache" && pwd)"

. "$here/../../../setup/lib.sh"
acquire_lock standins
require_node 20

for age in new old; do
    create_venv "$cache/venv-$age" "$here/requirements-$age.txt"
done
mkdir -p "$cache/npm"
cp "$here/package.json" "$here/package-lock.json" "$cache/npm/"
install_npm_packages "$cache/npm" --omit=optional

echo "PYTHON_NEW=$cache/venv-new/bin/python"
echo "PYTHON_OLD=$cache/venv-old/bin/python"
echo "NODE=$(command -v node)"
echo "NODE_MODULES=$cache/npm/node_modules"
