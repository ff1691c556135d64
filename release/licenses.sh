#!/usr/bin/env bash
# licenses.sh CARGO_DENY: checks the licences and origins of all crates in every Cargo.lock against deny.toml, and that
# no version requirement is a wildcard. Downloads missing crates, but nothing else.
set -euo pipefail
deny="$1"
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# The workspace is checked first, and must use every licence that deny.toml accepts.
unused=(--deny license-not-encountered --allow license-exception-not-encountered)
for folder in . core/fuzz core/benches/peers core/benches/instructions server-ref/tests/stock/clients/rust; do
    printf '%s: ' "$folder"
    "$deny" --manifest-path "$folder/Cargo.toml" --config deny.toml --locked check "${unused[@]}" licenses bans sources
    unused=(--allow license-not-encountered --allow license-exception-not-encountered)
done
