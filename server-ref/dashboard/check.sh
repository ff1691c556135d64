#!/usr/bin/env bash
# Checks the dashboard's style and types, compares dist with a build of the sources, and runs the unit and browser tests
# with the server in target/debug, or with the program that AUTOMODERATE_SERVER names. Run setup.sh first.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

npm run --silent check
built="$(mktemp -d)"
trap 'rm -rf "$built"' EXIT
npm run --silent build -- --outDir "$built" --emptyOutDir --logLevel warn
diff -r dist "$built" >&2 || { echo "check.sh: dist is not what the sources build: npm run build" >&2; exit 1; }

target="${CARGO_TARGET_DIR:-$(cd ../.. && pwd)/target}"
export AUTOMODERATE_SERVER="${AUTOMODERATE_SERVER:-$target/debug/automoderate-server}"
export DASHBOARD_OUTPUT="$target/dashboard-tests"
# Stops the run if a test hangs.
timeout 600 npm run --silent test
