#!/usr/bin/env bash
# Installs the tools that build and check the Node binding. Installs nothing if package.json, package-lock.json and
# Node's version are unchanged since the last run.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
. ../setup/lib.sh
acquire_lock node

require_node 20
install_npm_packages .
