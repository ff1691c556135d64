#!/usr/bin/env bash
# Finds Valgrind, installs it where that is possible, and the runner of Gungraun under .cache; prints PATH with both.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

# What the bounds were set with: another compiler makes other code.
compiler=1.95
if [[ "$(rustc --version)" != "rustc $compiler."* ]]; then
    echo "setup.sh: the bounds are those of rustc $compiler, and this is $(rustc --version): count anew, and set both" >&2
    exit 1
fi
root="$(cd ../../.. && pwd)/.cache/gungraun"
version="$(sed -n 's/^gungraun = "=\(.*\)"$/\1/p' Cargo.toml)"
if ! command -v valgrind >/dev/null; then
    if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
        echo "setup.sh: Valgrind is needed" >&2
        exit 1
    fi
    export DEBIAN_FRONTEND=noninteractive
    {
        apt-get update -qq
        apt-get install -y -qq --no-install-recommends valgrind libc6-dbg
    } >&2
fi
if ! [ -x "$root/bin/gungraun-runner" ] || [ "$("$root/bin/gungraun-runner" --version)" != "gungraun-runner $version" ]; then
    "${CARGO:-cargo}" install --quiet --locked --root "$root" "gungraun-runner@$version" >&2
fi
echo "GUNGRAUN_RUNNER=$root/bin/gungraun-runner"
