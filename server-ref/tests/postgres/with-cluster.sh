#!/usr/bin/env bash
# POSTGRES_BIN=FOLDER with-cluster.sh COMMAND...: runs a command with its own PostgreSQL, whose data and socket are in a temporary
# folder that is deleted afterwards. Because tests don't need durable data, fsync is off by default; set POSTGRES_FSYNC=on for
# measurements. The command receives the server's address, without a database name, in AUTOMODERATE_TEST_POSTGRES.
set -euo pipefail

: "${POSTGRES_BIN:?is printed by setup.sh}"
folder="$(mktemp -d)"
postgres=()
# PostgreSQL refuses to run as root.
if [ "$(id -u)" = 0 ]; then
    chown postgres "$folder"
    postgres=(setpriv --reuid postgres --regid postgres --clear-groups --)
fi
server=
finish() {
    if [ -n "$server" ]; then
        kill -QUIT "$server" 2>/dev/null || true
        wait "$server" || true
    fi
    rm -rf "$folder"
}
trap finish EXIT

cd "$folder"
"${postgres[@]}" "$POSTGRES_BIN/initdb" --pgdata data --username postgres --auth trust --encoding UTF8 --no-sync >initdb.log ||
    { cat initdb.log >&2; exit 1; }
"${postgres[@]}" "$POSTGRES_BIN/postgres" -D data -k "$folder" -c listen_addresses= -c max_connections=300 -c "fsync=${POSTGRES_FSYNC:-off}" \
    >log 2>&1 &
server=$!
cd - >/dev/null
for _ in $(seq 300); do
    if "$POSTGRES_BIN/pg_isready" --quiet --host "$folder" --username postgres; then
        ready=1
        break
    fi
    kill -0 "$server" 2>/dev/null || break
    sleep 0.1
done
[ "${ready:-}" = 1 ] || { cat "$folder/log" >&2; exit 1; }
AUTOMODERATE_TEST_POSTGRES="postgres://postgres@localhost/?host=$folder" "$@"
