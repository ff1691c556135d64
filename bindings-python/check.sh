#!/usr/bin/env bash
# check.sh ENVIRONMENT: builds the Python binding in the virtual environment ENVIRONMENT, checks types, style, stubs and
# API documentation, and runs the tests and the documentation's Python blocks. setup.sh prints ENVIRONMENT.
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
# The timeout turns a hanging test into a failure.
timeout 900 python -m pytest
python ../docs/check/run.py python
