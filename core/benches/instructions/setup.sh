#!/usr/bin/env bash
# Installs Valgrind and, under .cache, Gungraun's runner, unless they are already installed, and prints a line that
# assigns the runner's path to the environment variable GUNGRAUN_RUNNER.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
. ../../../setup/lib.sh
acquire_lock gungraun

# The compiler version with which the instructions were counted. Other versions generate different code.
compiler=1.95
if [[ "$(rustc --version)" != "rustc $compiler."* ]]; then
    echo "setup.sh: the limits were counted with rustc $compiler, but this is $(rustc --version): count again, and update both" >&2
    exit 1
fi
root="$setup_cache/gungraun"
version="$(sed -n 's/^gungraun = "=\(.*\)"$/\1/p' Cargo.toml)"
command -v valgrind >/dev/null || install_debian valgrind libc6-dbg
if ! [ -x "$root/bin/gungraun-runner" ] || [ "$("$root/bin/gungraun-runner" --version)" != "gungraun-runner $version" ]; then
    "${CARGO:-cargo}" install --quiet --locked --root "$root" "gungraun-runner@$version" >&2
fi
echo "GUNGRAUN_RUNNER=$root/bin/gungraun-runner"
