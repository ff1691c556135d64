#!/usr/bin/env bash
# documentation.sh GRAPHS FOLDER [OPTION...]: makes the documentation in FOLDER with DocC, from the article and the
# compiler's symbol graphs in GRAPHS (`-emit-symbol-graph`). A broken link is an error. Each OPTION is docc's. It runs
# where Swift is.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
graphs="$1" folder="$2"
shift 2

# Only this module: the internal ones are not documented.
only="$graphs/AutoModerate"
rm -rf "$only"
mkdir "$only"
cp "$graphs"/AutoModerate.symbols.json "$only/"

docc=(docc)
if [ "$(uname -s)" = Darwin ]; then
    docc=(xcrun docc)
else
    # Next to the compiler, or in Debian's place for it.
    PATH="$PATH:$(dirname "$(readlink -f "$(command -v swift)")"):/usr/libexec/swift/bin"
fi
"${docc[@]}" convert Sources/AutoModerate/AutoModerate.docc --additional-symbol-graph-dir "$only" \
    --fallback-display-name AutoModerate --fallback-bundle-identifier automoderate --warnings-as-errors \
    --output-path "$folder" "$@" >/dev/null
