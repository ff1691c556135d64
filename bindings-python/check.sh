#!/usr/bin/env bash
# Builds the Python binding into the environment that setup.sh printed, and checks types, style, stubs and tests.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
export VIRTUAL_ENV="$1" PATH="$1/bin:$PATH" PYTHONDONTWRITEBYTECODE=1

maturin develop --quiet --profile "${PROFILE:-dev}"
python stubs.py --check
ruff format --check --quiet .
ruff check --quiet .
mypy
pyright --warnings
(cd python && python -m mypy.stubtest --mypy-config-file ../pyproject.toml automoderate._native)
../docs/reference/make.sh python
# A test that hangs fails.
timeout 900 python -m pytest
python ../docs/check/run.py python
