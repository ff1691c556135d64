#!/usr/bin/env bash
# Installs the other versions of Node that the package is for, and prints where each is: all of package.json but the machine's own.
# Nothing is installed when the files here have not changed since the last run. NODES_CACHE chooses the folder; the
# default is .cache/nodes at the root of the checkout.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

. ../../../setup/lib.sh
alone nodes

cache="${NODES_CACHE:-$setup_cache/nodes}"
mkdir -p "$cache"
platform="$(node -p 'process.platform + "-" + process.arch')"
cp package.json package-lock.json "$cache/"
# What they bring is the program itself: there is nothing to run for its installation.
npm_packages "$cache" --ignore-scripts

own="$(node -p 'process.versions.node.split(".")[0]')"
for version in 20 22 24; do
    [ "$version" = "$own" ] && continue
    program="$cache/node_modules/node$version-$platform/bin/node"
    "$program" --version >/dev/null || { echo "setup.sh: there is no Node $version for $platform" >&2; exit 1; }
    echo "$program"
done
