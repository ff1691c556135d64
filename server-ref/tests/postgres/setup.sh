#!/usr/bin/env bash
# Finds or, if possible, installs PostgreSQL's programs, and the program sqlite3 for the backup test. Prints POSTGRES_BIN=FOLDER.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
. ../../../setup/lib.sh
acquire_lock postgres

find_bin() {
    for folder in "${POSTGRES_BIN:-}" $(printf '%s\n' /usr/lib/postgresql/*/bin | sort -Vr) "$(pg_config --bindir 2>/dev/null || true)"; do
        if [ -n "$folder" ] && [ -x "$folder/initdb" ] && [ -x "$folder/postgres" ]; then
            echo "$folder"
            return
        fi
    done
    return 1
}

if ! bin="$(find_bin)"; then
    install_debian postgresql-common || { echo "setup.sh: PostgreSQL 13 or newer will do; POSTGRES_BIN says where its programs are" >&2; exit 1; }
    # Only the programs are needed, not a server that starts by itself.
    sed -ri 's/^#?(create_main_cluster).*/\1 = false/' /etc/postgresql-common/createcluster.conf
    install_debian postgresql
    bin="$(find_bin)" || { echo "setup.sh: PostgreSQL was installed, but is not found" >&2; exit 1; }
fi
command -v sqlite3 >/dev/null || install_debian sqlite3
echo "POSTGRES_BIN=$bin"
