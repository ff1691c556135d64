#!/usr/bin/env bash
# Builds the Rust client, and prints its path as a KEY=VALUE line. The other clients use the packages that
# core/tests/standins/setup.sh installs.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
target="${CARGO_TARGET_DIR:-$(cd "$here/../../.." && pwd)/target}/stock"

. "$here/../../../setup/lib.sh"
acquire_lock stock

# rust_socketio links OpenSSL.
pkg-config --exists openssl 2>/dev/null || install_debian pkg-config libssl-dev
"${CARGO:-cargo}" build --quiet --locked --manifest-path "$here/clients/rust/Cargo.toml" --target-dir "$target" >&2
echo "STOCK_RUST=$target/debug/stock-client"
