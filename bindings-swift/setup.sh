#!/usr/bin/env bash
# Prepares the Swift toolchain, and prints the prefix that runs a command with it. If Swift 6 or newer is on the PATH,
# the prefix is `env`; otherwise it is scripts/in-root.sh with a Debian root file system, which is created once and kept.
# SWIFT_CACHE sets the folder in which the root is created, and DEBIAN_MIRROR overrides this machine's mirror.
# Creating the root requires a Debian host, root privileges and 3.5 GB of disk space.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

suite=trixie # the first Debian release with Swift
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
    fail "Swift 6 is not on the PATH, and installing it in a Debian root requires root privileges on Debian"
fi

[ -e "$root/.ready" ] || echo "setup.sh: downloading Swift (555 MB)" >&2
create_debian_root "$root" "$suite" "$packages"
echo "$PWD/scripts/in-root.sh $root"
