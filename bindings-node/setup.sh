#!/usr/bin/env bash
# Installs what the Node binding is built and checked with.
# Nothing is installed when package-lock.json has not changed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

node -e 'process.exit(Number(process.versions.node.split(".")[0]) >= 20 ? 0 : 1)' 2>/dev/null ||
    { echo "setup.sh: Node 20 or newer is needed" >&2; exit 1; }
stamp="$({ node --version; cat package.json package-lock.json; } | sha256sum | cut -d' ' -f1)"
if [ "$(cat node_modules/.stamp 2>/dev/null)" != "$stamp" ]; then
    npm ci --no-audit --no-fund --loglevel=error >&2
    echo "$stamp" >node_modules/.stamp
fi
