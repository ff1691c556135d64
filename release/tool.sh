#!/usr/bin/env bash
# tool.sh NAME@VERSION: prints the path of that program, a subcommand of cargo's. Where the PATH has none of the version,
# cargo builds it, which takes some minutes, and keeps it in .cache/tools. CARGO chooses the cargo.
set -euo pipefail
name="${1%@*}" version="${1#*@}"
tools="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)/.cache/tools"

if "$name" --version 2>/dev/null | grep -qF " $version"; then
    command -v "$name"
    exit
fi
# What cargo has written down of what it has installed.
if grep -qF "\"$name $version " "$tools/.crates.toml" 2>/dev/null; then
    echo "$tools/bin/$name"
    exit
fi
echo "tool.sh: building $1" >&2
# In a folder of its own: what is built here is no part of the project.
(cd / && env -u CARGO_TARGET_DIR "${CARGO:-cargo}" install --quiet --locked --root "$tools" "$1") >&2
echo "$tools/bin/$name"
