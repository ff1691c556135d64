#!/usr/bin/env bash
# check.sh CLASSPATH: generates the Kotlin binding into .cache/kotlin/generated, compiles it together with Smoke.kt, and
# runs the smoke test on the JVM against the reference server. setup.sh prints the class path.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
libraries="$1"
out="${KOTLIN_CACHE:-$(cd ../.. && pwd)/.cache}/kotlin"
target="${CARGO_TARGET_DIR:-$PWD/../../target}"

cargo build --quiet -p automoderate-swift --features bindgen --bin automoderate-bindgen
cargo rustc --quiet -p automoderate-swift --features bindgen --lib --crate-type cdylib
[ -n "${AUTOMODERATE_SERVER:-}" ] || cargo build --quiet -p automoderate-server
rm -rf "$out/generated" "$out/classes"
"$target/debug/automoderate-bindgen" generate --no-format --language kotlin --out-dir "$out/generated" \
    "$target/debug/libautomoderate_ffi.so"
java -Xmx1g -cp "$libraries" org.jetbrains.kotlin.cli.jvm.K2JVMCompiler -no-stdlib -no-reflect -nowarn \
    -jvm-target 11 -classpath "$libraries" -d "$out/classes" "$out/generated" Smoke.kt

database=$(mktemp -d)
coproc server { exec "${AUTOMODERATE_SERVER:-$target/debug/automoderate-server}" serve --demo --listen 127.0.0.1:0 \
    --database "sqlite://$database/server.db" 2>/dev/null; }
# shellcheck disable=SC2154 # coproc sets it
trap 'kill "$server_PID"; rm -rf "$database"' EXIT
read -r ready <&"${server[0]}"
field() { python3 -c 'import json, sys; print(json.loads(sys.argv[1])[sys.argv[2]])' "$ready" "$1"; }
RUST_BACKTRACE=0 timeout 60 java -cp "$out/classes:$libraries" -Djna.library.path="$target/debug" SmokeKt \
    "$(field base_url)" "$(field project_id)" "$(field api_key)"
