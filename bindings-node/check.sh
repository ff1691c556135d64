#!/usr/bin/env bash
# Builds the Node binding, checks style, types and API documentation, and runs the tests and the documentation's
# JavaScript blocks. With --all-versions, the tests, except those of the package, also run on other versions of Node. Run
# setup.sh first.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

node scripts/build.mjs --profile "${PROFILE:-dev}"
npm run --silent check
../docs/reference/make.sh node
# The timeout turns a hanging test into a failure.
timeout 900 npm run --silent test
python3 ../docs/check/run.py js
[ "${1:-}" = --all-versions ] || exit 0
if nodes="$(test/nodes/setup.sh)"; then
    # The package's tests do not depend on the version of Node.
    tests=""
    for test in test/*.test.mjs; do [ "$test" = test/package.test.mjs ] || tests+="$test "; done
    for node in $nodes; do
        echo "testing with Node $("$node" --version)"
        PATH="$(dirname "$node"):$PATH" TESTS="$tests" timeout 900 npm run --silent test
    done
elif [ -n "${CI:-}" ]; then echo "FAILED: could not install other versions of Node" >&2; exit 1
else echo "SKIPPED: tests on other versions of Node, which could not be installed" >&2; fi
