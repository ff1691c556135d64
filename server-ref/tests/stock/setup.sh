#!/usr/bin/env bash
# Builds the client whose library is for Rust, and prints where it is as a KEY=VALUE line. The other clients run on what
# core/tests/standins/setup.sh installs.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
target="${CARGO_TARGET_DIR:-$(cd "$here/../../.." && pwd)/target}/stock"

# rust_socketio links OpenSSL.
if ! pkg-config --exists openssl 2>/dev/null; then
    echo "installing OpenSSL's headers" >&2
    apt-get install -qq -y pkg-config libssl-dev >&2 ||
        { apt-get update -qq && apt-get install -qq -y pkg-config libssl-dev; } >&2 ||
        { echo "setup.sh: pkg-config and libssl-dev are needed" >&2; exit 1; }
fi
"${CARGO:-cargo}" build --quiet --locked --manifest-path "$here/clients/rust/Cargo.toml" --target-dir "$target" >&2
echo "STOCK_RUST=$target/debug/stock-client"
