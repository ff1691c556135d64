#!/usr/bin/env bash
# Builds the Node binding and checks everything: style, types, tests, also on other versions of Node. setup.sh comes first.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

node scripts/build.mjs --profile "${PROFILE:-dev}"
npm run --silent check
../docs/reference/make.sh node
# A test that hangs fails.
timeout 900 npm run --silent test
if nodes="$(test/nodes/setup.sh)"; then
    # What tools say of the package is the same on each.
    tests=""
    for test in test/*.test.mjs; do [ "$test" = test/package.test.mjs ] || tests+="$test "; done
    for node in $nodes; do
        echo "with Node $("$node" --version)"
        PATH="$(dirname "$node"):$PATH" TESTS="$tests" timeout 900 npm run --silent test
    done
elif [ -n "${CI:-}" ]; then echo "FAILED: the other versions of Node could not be had" >&2; exit 1
else echo "SKIPPED: the tests on other versions of Node, because they could not be had" >&2; fi
python3 ../docs/check/run.py js
