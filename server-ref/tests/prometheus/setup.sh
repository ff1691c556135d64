#!/usr/bin/env bash
# Finds Prometheus and promtool or, if possible, fetches Debian's package. Prints PROMETHEUS_BIN=FOLDER.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
. ../../../setup/lib.sh
acquire_lock prometheus

cache="$setup_cache/prometheus"
find_bin() {
    for folder in "${PROMETHEUS_BIN:-}" "$cache/usr/bin" "$(dirname "$(command -v promtool || echo /nowhere/x)")"; do
        if [ -n "$folder" ] && [ -x "$folder/prometheus" ] && [ -x "$folder/promtool" ]; then
            echo "$folder"
            return
        fi
    done
    return 1
}

if ! bin="$(find_bin)"; then
    if ! command -v apt-get >/dev/null; then
        echo "setup.sh: Prometheus and promtool are needed" >&2
        exit 1
    fi
    # The package is unpacked but not installed, so that no service starts by itself.
    mkdir -p "$cache"
    cd "$cache"
    with_retries run_apt download -qq prometheus
    dpkg-deb --extract prometheus_*.deb . >&2
    rm prometheus_*.deb
    bin="$(find_bin)" || { echo "setup.sh: Prometheus was fetched, but does not run" >&2; exit 1; }
fi
echo "PROMETHEUS_BIN=$bin"
