#!/usr/bin/env bash
# Installs what the Node binding is built and checked with.
# Nothing is installed when package-lock.json has not changed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
. ../setup/lib.sh
alone node

node_at_least 20
npm_packages .
