#!/usr/bin/env bash
# Finds or, if possible, installs Valgrind, and Gungraun's runner under .cache; prints a PATH with both.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
. ../../../setup/lib.sh
acquire_lock gungraun

# The compiler of the bounds: another one makes other code.
compiler=1.95
if [[ "$(rustc --version)" != "rustc $compiler."* ]]; then
    echo "setup.sh: the bounds are those of rustc $compiler, and this is $(rustc --version): count anew, and set both" >&2
    exit 1
fi
root="$setup_cache/gungraun"
version="$(sed -n 's/^gungraun = "=\(.*\)"$/\1/p' Cargo.toml)"
command -v valgrind >/dev/null || install_debian valgrind libc6-dbg
if ! [ -x "$root/bin/gungraun-runner" ] || [ "$("$root/bin/gungraun-runner" --version)" != "gungraun-runner $version" ]; then
    "${CARGO:-cargo}" install --quiet --locked --root "$root" "gungraun-runner@$version" >&2
fi
echo "GUNGRAUN_RUNNER=$root/bin/gungraun-runner"
