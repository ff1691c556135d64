#!/usr/bin/env bash
# Finds Redis' server, installs it where that is possible, and prints REDIS_SERVER=PROGRAM.
set -euo pipefail

find_server() {
    for program in "${REDIS_SERVER:-}" "$(command -v redis-server)" "$(command -v valkey-server)"; do
        if [ -n "$program" ] && [ -x "$program" ]; then
            echo "$program"
            return
        fi
    done
    # Debian's tools bring the same program under another name, without a service that starts by itself: it goes by its name.
    if tool="$(command -v redis-check-rdb)"; then
        mkdir -p "$cache"
        ln -sf "$tool" "$cache/redis-server"
        "$cache/redis-server" --version >/dev/null && echo "$cache/redis-server"
        return
    fi
    return 1
}

cache="$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)/.cache/redis"
if ! server="$(find_server)"; then
    if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
        echo "setup.sh: Redis 6.2 or newer, or Valkey, is needed" >&2
        exit 1
    fi
    export DEBIAN_FRONTEND=noninteractive
    {
        apt-get update -qq
        apt-get install -y -qq --no-install-recommends redis-tools
    } >&2
    server="$(find_server)" || { echo "setup.sh: Redis was installed, but is not found" >&2; exit 1; }
fi
echo "REDIS_SERVER=$server"
