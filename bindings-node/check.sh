#!/usr/bin/env bash
# Builds the Node binding and checks everything: style, types, tests. setup.sh comes first.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

node scripts/build.mjs --profile "${PROFILE:-dev}"
npm run --silent check
# A test that hangs fails.
timeout 900 npm run --silent test
python3 ../docs/check/run.py js
