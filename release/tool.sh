#!/usr/bin/env bash
# tool.sh NAME@VERSION: prints the path of that cargo subcommand. If the PATH has another version or none, cargo builds
# it in some minutes, and keeps it in .cache/tools. CARGO sets the cargo.
set -euo pipefail
name="${1%@*}" version="${1#*@}"
tools="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)/.cache/tools"

if "$name" --version 2>/dev/null | grep -qF " $version"; then
    command -v "$name"
    exit
fi
# Cargo's record of its installed programs.
if grep -qF "\"$name $version " "$tools/.crates.toml" 2>/dev/null; then
    echo "$tools/bin/$name"
    exit
fi
echo "tool.sh: building $1" >&2
# In its own folder, because this build is not part of the project.
(cd / && env -u CARGO_TARGET_DIR "${CARGO:-cargo}" install --quiet --locked --root "$tools" "$1") >&2
echo "$tools/bin/$name"
