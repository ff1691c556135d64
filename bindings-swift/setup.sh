#!/usr/bin/env bash
# Makes the Swift toolchain ready and prints the command that runs something in it: nothing where there is a Swift 6 on
# the PATH, and otherwise scripts/in-root.sh with a Debian root of its own, which is made once and kept.
# SWIFT_CACHE says where; DEBIAN_MIRROR, which mirror instead of the one this machine uses. The root needs Linux, root
# rights and 3.5 GB.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

suite=trixie # the first Debian that has Swift
packages=swiftlang,libc6-dev,libstdc++-14-dev,zip
. ../setup/lib.sh
alone swift
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

# The mirror that this machine's own packages come from.
mirror() {
    local all
    # shellcheck disable=SC2016 # for apt-get to expand
    all=$(apt-get indextargets --format '$(REPO_URI) $(TRUSTED) $(COMPONENT)' 'Created-By: Packages' 2>/dev/null |
        awk '$3 == "main" && $1 ~ /\/debian\/?$/ { print $1 }')
    [ -n "$all" ] && head -n 1 <<<"$all"
}

if [ "$(cat "$root/.ready" 2>/dev/null)" != "$suite $packages" ]; then
    command -v debootstrap >/dev/null || debian debootstrap
    from="${DEBIAN_MIRROR:-$(mirror)}" || fail "this machine's package sources name no Debian mirror: set DEBIAN_MIRROR"
    mkdir -p "$cache"
    echo "setup.sh: fetching Swift, 555 MB" >&2
    # Once more, from the start, takes minutes; debootstrap tries each of its packages ten times by itself.
    bootstrap() {
        rm -rf "$root"
        debootstrap --variant=minbase --include="$packages" "$suite" "$root" "$from" >"$root.log" 2>&1
    }
    SETUP_WAITS=5 retried bootstrap ||
        { tail -n 20 "$root.log" >&2; fail "debootstrap failed; all of its words are in $root.log"; }
    rm -f "$root"/var/cache/apt/archives/*.deb
    echo "$suite $packages" >"$root/.ready"
fi
echo "$PWD/scripts/in-root.sh $root"
