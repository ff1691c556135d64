#!/usr/bin/env bash
# Finds PostgreSQL's programs, and sqlite3 for the test of the backups, installs them where that is possible, and prints
# POSTGRES_BIN=FOLDER.
set -euo pipefail

find_bin() {
    for folder in "${POSTGRES_BIN:-}" $(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -Vr) "$(pg_config --bindir 2>/dev/null || true)"; do
        if [ -n "$folder" ] && [ -x "$folder/initdb" ] && [ -x "$folder/postgres" ]; then
            echo "$folder"
            return
        fi
    done
    return 1
}

if ! bin="$(find_bin)"; then
    if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
        echo "setup.sh: PostgreSQL 13 or newer is needed" >&2
        exit 1
    fi
    export DEBIAN_FRONTEND=noninteractive
    {
        apt-get update -qq
        apt-get install -y -qq --no-install-recommends postgresql-common
        # Only the programs are wanted: no server that starts by itself.
        sed -ri 's/^#?(create_main_cluster).*/\1 = false/' /etc/postgresql-common/createcluster.conf
        apt-get install -y -qq --no-install-recommends postgresql
    } >&2
    bin="$(find_bin)" || { echo "setup.sh: PostgreSQL was installed, but is not found" >&2; exit 1; }
fi
if ! command -v sqlite3 >/dev/null; then
    { apt-get install -qq -y sqlite3 || { apt-get update -qq && apt-get install -qq -y sqlite3; }; } >&2 ||
        { echo "setup.sh: sqlite3 is needed" >&2; exit 1; }
fi
echo "POSTGRES_BIN=$bin"
