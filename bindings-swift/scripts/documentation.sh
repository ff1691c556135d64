#!/usr/bin/env bash
# documentation.sh GRAPHS FOLDER [OPTION...]: makes the documentation in FOLDER with DocC, from the article and the symbol
# graphs that the compiler has left in GRAPHS (`-emit-symbol-graph`). A link that leads nowhere is an error. Each OPTION is
# docc's. It runs where Swift is.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
graphs="$1" folder="$2"
shift 2

# Of the modules this one only: those below it are no part of what is documented.
only="$graphs/AutoModerate"
rm -rf "$only"
mkdir "$only"
cp "$graphs"/AutoModerate.symbols.json "$only/"

docc=(docc)
if [ "$(uname -s)" = Darwin ]; then
    docc=(xcrun docc)
else
    # Beside the compiler, or where Debian has it.
    PATH="$PATH:$(dirname "$(readlink -f "$(command -v swift)")"):/usr/libexec/swift/bin"
fi
"${docc[@]}" convert Sources/AutoModerate/AutoModerate.docc --additional-symbol-graph-dir "$only" \
    --fallback-display-name AutoModerate --fallback-bundle-identifier automoderate --warnings-as-errors \
    --output-path "$folder" "$@" >/dev/null
