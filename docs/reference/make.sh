#!/usr/bin/env bash
# Makes the API reference of one language in a folder: make.sh rust|python|node|swift [FOLDER]. A public item without
# documentation is an error; without a folder, only that is checked (for Rust by `cargo doc`, for Swift by
# bindings-swift/check.sh). The Python package must have been built. Swift's reference needs the site's path: SITE_PATH,
# for example `sdk/`, and nothing for the top of a host.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
tools="$(cd "$here/../.." && pwd)/.cache/reference"
folder="${2:+$(mkdir -p "$2" && cd "$2" && pwd)}"

[ -n "$folder" ] && rm -rf "${folder:?}"/*
target() { "${CARGO:-cargo}" metadata --no-deps --format-version 1 | python3 -c 'import json, sys; print(json.load(sys.stdin)["target_directory"])'; }
case "$1" in
rust)
    cd "$here"
    target="$(target)"
    # In its own folder, because it would list the other crates too; compiled files are shared.
    CARGO_BUILD_BUILD_DIR="$target" "${CARGO:-cargo}" doc --quiet -p automoderate --no-deps --all-features --target-dir "$target/reference"
    cp -R "$target/reference/doc/." "$folder"
    ;;
python)
    "$here/setup.sh" python
    "$tools/venv/bin/python" -B -W error "$here/python.py" ${folder:+"$folder"}
    ;;
node)
    "$here/setup.sh" node
    what=(--emit none)
    [ -z "$folder" ] || what=(--out "$folder")
    "$tools/node_modules/.bin/typedoc" --options "$here/typedoc.json" --logLevel Warn "${what[@]}"
    ;;
swift)
    cd "$here/../../bindings-swift"
    read -ra run <<<"$(./setup.sh)"
    target="$(target)"
    graphs="$target/swift-reference-symbols"
    mkdir -p "$graphs"
    # Nothing is linked, so the Rust part isn't needed.
    "${run[@]}" swift build --quiet --target AutoModerate --scratch-path "$target/swift-reference" \
        -Xswiftc -emit-symbol-graph -Xswiftc -emit-symbol-graph-dir -Xswiftc "$graphs"
    "${run[@]}" scripts/documentation.sh "$graphs" "$folder" --transform-for-static-hosting --hosting-base-path "${SITE_PATH:-}api/swift"
    ;;
esac
