#!/usr/bin/env bash
# Installs the tools that build and check the Node binding. Installs nothing if package-lock.json is unchanged.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
. ../setup/lib.sh
alone node

node_at_least 20
npm_packages .
