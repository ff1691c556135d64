#!/usr/bin/env bash
# make.sh rust|python|node|swift [FOLDER]: builds the API reference of one language in FOLDER, whose previous files are
# deleted. Fails if a public item in Rust, Python or Node has no documentation, or if a link in the Swift documentation
# is broken. Without FOLDER, which only Python and Node allow, the script only performs this check. The Python package
# must already be built. For Swift, SITE_PATH is the path of the website on its host, such as `sdk/`; it is empty if the
# website is at the root.
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
    # Use a separate target folder, because the reference would otherwise list other crates. Compiled files are shared.
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
    # Nothing is linked, so the Rust library is not needed.
    "${run[@]}" swift build --quiet --target AutoModerate --scratch-path "$target/swift-reference" \
        -Xswiftc -emit-symbol-graph -Xswiftc -emit-symbol-graph-dir -Xswiftc "$graphs"
    "${run[@]}" scripts/documentation.sh "$graphs" "$folder" --transform-for-static-hosting --hosting-base-path "${SITE_PATH:-}api/swift"
    ;;
esac
