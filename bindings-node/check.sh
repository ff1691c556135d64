#!/usr/bin/env bash
# Builds the Node binding and checks style, types and tests on the Node that runs it; with --all-versions, the tests on other
# versions of Node as well. setup.sh comes first.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

node scripts/build.mjs --profile "${PROFILE:-dev}"
npm run --silent check
../docs/reference/make.sh node
# A test that hangs fails.
timeout 900 npm run --silent test
python3 ../docs/check/run.py js
[ "${1:-}" = --all-versions ] || exit 0
if nodes="$(test/nodes/setup.sh)"; then
    # The checks of the package itself give the same result on each version.
    tests=""
    for test in test/*.test.mjs; do [ "$test" = test/package.test.mjs ] || tests+="$test "; done
    for node in $nodes; do
        echo "with Node $("$node" --version)"
        PATH="$(dirname "$node"):$PATH" TESTS="$tests" timeout 900 npm run --silent test
    done
elif [ -n "${CI:-}" ]; then echo "FAILED: the setup of other versions of Node failed" >&2; exit 1
else echo "SKIPPED: the tests on other versions of Node, because their setup failed" >&2; fi
