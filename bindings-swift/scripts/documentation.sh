#!/usr/bin/env bash
# documentation.sh GRAPHS FOLDER [OPTION...]: builds the documentation with DocC, and writes it to FOLDER. The sources are
# the package's articles, and the symbol graph of the module AutoModerate, which the compiler has written to GRAPHS
# (`-emit-symbol-graph`). Broken links are errors. Each OPTION is passed to docc. Run this script with the Swift toolchain.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
graphs="$1" folder="$2"
shift 2

# Document only the module AutoModerate.
only="$graphs/AutoModerate"
rm -rf "$only"
mkdir "$only"
cp "$graphs"/AutoModerate.symbols.json "$only/"

docc=(docc)
if [ "$(uname -s)" = Darwin ]; then
    docc=(xcrun docc)
else
    # docc is next to the compiler, or in Debian's folder for Swift.
    PATH="$PATH:$(dirname "$(readlink -f "$(command -v swift)")"):/usr/libexec/swift/bin"
fi
"${docc[@]}" convert Sources/AutoModerate/AutoModerate.docc --additional-symbol-graph-dir "$only" \
    --fallback-display-name AutoModerate --fallback-bundle-identifier automoderate --warnings-as-errors \
    --output-path "$folder" "$@" >/dev/null
