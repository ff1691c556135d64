#!/usr/bin/env bash
# tool.sh NAME@VERSION: prints the path of a cargo subcommand. If the PATH does not contain this version, the script
# builds it, which takes a few minutes, and caches it in .cache/tools. CARGO sets the cargo executable.
set -euo pipefail
name="${1%@*}" version="${1#*@}"
tools="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)/.cache/tools"

if "$name" --version 2>/dev/null | grep -qF " $version"; then
    command -v "$name"
    exit
fi
# .crates.toml is cargo's record of the programs that it has installed.
if grep -qF "\"$name $version " "$tools/.crates.toml" 2>/dev/null; then
    echo "$tools/bin/$name"
    exit
fi
echo "tool.sh: building $1" >&2
# Build in another folder, so the project's cargo configuration does not apply.
(cd / && env -u CARGO_TARGET_DIR "${CARGO:-cargo}" install --quiet --locked --root "$tools" "$1") >&2
echo "$tools/bin/$name"
