#!/usr/bin/env bash
# licenses.sh CARGO_DENY: checks the licences and origins of all crates in every Cargo.lock, and that no version is a
# wildcard, according to deny.toml. Needs the crates, and no other network.
set -euo pipefail
deny="$1"
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# Every entry of deny.toml must be used somewhere: in the workspace, which is checked first.
unused=(--deny license-not-encountered --allow license-exception-not-encountered)
for folder in . core/fuzz core/benches/peers core/benches/instructions server-ref/tests/stock/clients/rust; do
    printf '%s: ' "$folder"
    "$deny" --manifest-path "$folder/Cargo.toml" --config deny.toml --locked check "${unused[@]}" licenses bans sources
    unused=(--allow license-not-encountered --allow license-exception-not-encountered)
done
