#!/usr/bin/env bash
# walkthrough.sh [NAME...]: makes an empty Debian under .cache once, and follows the documentation in copies of it; see
# walkthrough/__main__.py. Needs root rights on a Debian, and Rust by rustup.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
. ../../setup/lib.sh
if [ "$(uname -s)" != Linux ] || [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "walkthrough.sh: an empty Debian can only be made by root on a Debian" >&2
    exit 1
fi
alone walkthrough
base="$setup_cache/walkthrough/base"
debian_root "$base" trixie
exec python3 -m walkthrough "$base" "$@"
