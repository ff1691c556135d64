#!/usr/bin/env bash
# wheel.sh ENVIRONMENT [FOLDER]: creates the source distribution, builds the wheel from it, and tests the wheel in a new
# virtual environment. The virtual environment ENVIRONMENT provides maturin. The results are stored in FOLDER, by default
# .cache/wheels in the repository. PYTHONS lists additional interpreters to test with.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
root="$(cd .. && pwd)"
export VIRTUAL_ENV="$1" PATH="$1/bin:$PATH" PYTHONDONTWRITEBYTECODE=1
out="${2:-$root/.cache/wheels}"
server="${AUTOMODERATE_SERVER:-${CARGO_TARGET_DIR:-$root/target}/debug/automoderate-server}"
rm -rf "$out"
mkdir -p "$out"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT

maturin sdist --out "$out" 2>"$work/log" || { cat "$work/log" >&2; exit 1; }
tar -xzf "$out"/automoderate-*.tar.gz -C "$work"
# zig links against the glibc of manylinux2014, regardless of this machine's glibc.
CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$root/target}/wheel" \
    maturin build --quiet --profile "${PROFILE:-release}" --zig --compatibility manylinux2014 --out "$out" \
    --manifest-path "$work"/automoderate-*/bindings-python/Cargo.toml
python check_wheel.py "$out"

for python in python ${PYTHONS:-}; do
    rm -rf "$work/venv"
    "$python" -m venv "$work/venv"
    "$work/venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-index "$out"/*.whl
    # Run outside the source folder, so that Python imports the installed package.
    (cd "$work" && "$work/venv/bin/python" -W error "$root/bindings-python/tests/smoke.py" "$server")
done
