#!/usr/bin/env bash
# Finds or, if possible, installs the Redis server, and prints REDIS_SERVER=PROGRAM.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
. ../../../setup/lib.sh
acquire_lock redis
cache="$setup_cache/redis"

find_server() {
    for program in "${REDIS_SERVER:-}" "$(command -v redis-server)" "$(command -v valkey-server)"; do
        if [ -n "$program" ] && [ -x "$program" ]; then
            echo "$program"
            return
        fi
    done
    # Debian's redis-tools package contains the server's program under another name, without a service that starts by itself. The
    # program's behavior depends on the name under which it is run.
    if tool="$(command -v redis-check-rdb)"; then
        mkdir -p "$cache"
        ln -sf "$tool" "$cache/redis-server"
        "$cache/redis-server" --version >/dev/null && echo "$cache/redis-server"
        return
    fi
    return 1
}

if ! server="$(find_server)"; then
    install_debian redis-tools || { echo "setup.sh: Redis 6.2 or newer, or Valkey, will do" >&2; exit 1; }
    server="$(find_server)" || { echo "setup.sh: Redis was installed, but is not found" >&2; exit 1; }
fi
echo "REDIS_SERVER=$server"
