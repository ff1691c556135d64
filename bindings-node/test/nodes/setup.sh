#!/usr/bin/env bash
# Installs the other versions of Node that the package supports, and prints the path of each: all in package.json except
# the machine's own. Installs nothing if the files here are unchanged since the last run. NODES_CACHE sets the folder;
# the default is .cache/nodes at the root of the checkout.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

. ../../../setup/lib.sh
acquire_lock nodes

cache="${NODES_CACHE:-$setup_cache/nodes}"
mkdir -p "$cache"
platform="$(node -p 'process.platform + "-" + process.arch')"
cp package.json package-lock.json "$cache/"
# They contain the program itself: the installation runs nothing.
install_npm_packages "$cache" --ignore-scripts

own="$(node -p 'process.versions.node.split(".")[0]')"
for version in 20 22 24; do
    [ "$version" = "$own" ] && continue
    program="$cache/node_modules/node$version-$platform/bin/node"
    "$program" --version >/dev/null || { echo "setup.sh: there is no Node $version for $platform" >&2; exit 1; }
    echo "$program"
done
