#!/usr/bin/env bash
# walkthrough.sh [NAME...]: creates an empty Debian system under .cache if it does not exist, and follows the
# documentation in copies of this system; see walkthrough/__main__.py. Must run as root on Debian, and needs Rust
# installed with rustup.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
. ../../setup/lib.sh
if [ "$(uname -s)" != Linux ] || [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "walkthrough.sh: must run as root on Debian" >&2
    exit 1
fi
acquire_lock walkthrough
base="$setup_cache/walkthrough/base"
create_debian_root "$base" trixie
exec python3 -m walkthrough "$base" "$@"
