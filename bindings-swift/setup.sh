#!/usr/bin/env bash
# Prepares the Swift toolchain, and prints the command that runs another one in it: nothing if Swift 6 is on the PATH,
# and otherwise scripts/in-root.sh with a separate Debian root, which is made once and kept. SWIFT_CACHE sets its
# folder, and DEBIAN_MIRROR a mirror other than this machine's. The root needs Linux, root rights and 3.5 GB.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

suite=trixie # the first Debian that has Swift
packages=swiftlang,libc6-dev,libstdc++-14-dev,zip
. ../setup/lib.sh
acquire_lock swift
cache="${SWIFT_CACHE:-$setup_cache}"
root="$cache/swift-root"

if swift --version 2>/dev/null | grep -qE 'Swift version ([6-9]|[1-9][0-9])\.'; then
    echo "env"
    exit
fi
fail() { echo "setup.sh: $*" >&2; exit 1; }
if [ "$(uname -s)" != Linux ] || [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    fail "there is no Swift 6 on the PATH, and a root for it can only be made by root on a Debian"
fi

[ -e "$root/.ready" ] || echo "setup.sh: fetching Swift, 555 MB" >&2
create_debian_root "$root" "$suite" "$packages"
echo "$PWD/scripts/in-root.sh $root"
