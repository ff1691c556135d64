#!/usr/bin/env bash
# public-api.sh [write]: compares the public API of the crate `automoderate`, with all features, against the listing in
# core/public-api.txt, so that code reviews show API changes. `write` updates the listing.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
listing=core/public-api.txt
cargo="${CARGO:-cargo}"
target="$("$cargo" metadata --no-deps --format-version 1 | python3 -c 'import json, sys; print(json.load(sys.stdin)["target_directory"])')"

# rustdoc's JSON output is unstable, so a wrapper sets RUSTC_BOOTSTRAP, which enables it in a stable rustdoc. Only
# rustdoc gets this variable, because the variable would make cargo recompile all crates.
mkdir -p "$target/public-api"
printf '#!/bin/sh\nRUSTC_BOOTSTRAP=1 exec rustdoc "$@"\n' >"$target/public-api/rustdoc"
chmod +x "$target/public-api/rustdoc"
RUSTDOC="$target/public-api/rustdoc" CARGO_BUILD_BUILD_DIR="$target" "$cargo" rustdoc --quiet --locked -p automoderate --lib \
    --all-features --target-dir "$target/public-api" -- -Z unstable-options --output-format json --cap-lints allow

"$cargo" run --quiet --locked -p public-api-listing -- "$target/public-api/doc/automoderate.json" >"$target/public-api/now.txt"
if [ "${1:-}" = write ]; then
    cp "$target/public-api/now.txt" "$listing"
elif ! diff -u "$listing" "$target/public-api/now.txt"; then
    echo "FAILED: the public API has changed. If this is intended, run cargo xtask public-api and update CHANGELOG.md" >&2
    exit 1
fi
