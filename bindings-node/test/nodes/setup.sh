#!/usr/bin/env bash
# Installs the supported versions of Node, and prints the path of each installed program, except the program with the
# same major version as this machine's own Node. Installs nothing if package.json, package-lock.json and the version of
# this machine's own Node are unchanged since the last run. NODES_CACHE sets the folder; the default is .cache/nodes in
# the repository.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

. ../../../setup/lib.sh
acquire_lock nodes

cache="${NODES_CACHE:-$setup_cache/nodes}"
mkdir -p "$cache"
platform="$(node -p 'process.platform + "-" + process.arch')"
cp package.json package-lock.json "$cache/"
# The packages contain the program itself, so no install scripts are needed.
install_npm_packages "$cache" --ignore-scripts

own="$(node -p 'process.versions.node.split(".")[0]')"
for version in 20 22 24; do
    [ "$version" = "$own" ] && continue
    program="$cache/node_modules/node$version-$platform/bin/node"
    "$program" --version >/dev/null || { echo "setup.sh: no Node $version is available for $platform" >&2; exit 1; }
    echo "$program"
done
