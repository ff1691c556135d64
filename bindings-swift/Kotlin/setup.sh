#!/usr/bin/env bash
# Installs Kotlin, and prints a class path with the compiler, the compiler's libraries and JNA. The script downloads the
# compiler from PyPI, where it is part of a Jupyter kernel. If Java or JNA is missing, the script installs both, which
# requires root on Debian. The compiler is stored in KOTLIN_CACHE/kotlin; KOTLIN_CACHE defaults to .cache in the
# repository.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
. ../../setup/lib.sh
acquire_lock kotlin
cache="${KOTLIN_CACHE:-$setup_cache}/kotlin"
compiler=kotlin-jupyter-kernel==0.19.0.944
jna=/usr/share/java/jna.jar

if ! command -v java >/dev/null || [ ! -e "$jna" ]; then
    install_debian default-jre-headless libjna-java
fi
if [ "$(cat "$cache/.ready" 2>/dev/null)" != "$compiler" ]; then
    rm -rf "$cache"
    mkdir -p "$cache"
    python3 -m venv "$cache/venv" >&2
    with_retries "$cache/venv/bin/python" -m pip download --quiet --no-deps --dest "$cache" "$compiler"
    python3 -m zipfile -e "$cache"/*.whl "$cache" >&2
    rm -rf "$cache"/*.whl "$cache/venv"
    echo "$compiler" >"$cache/.ready"
fi
jars=("$cache"/run_kotlin_kernel/jars/kotlin-jupyter-kernel-*-all.jar "$cache"/run_kotlin_kernel/jars/kotlin-stdlib-*.jar)
(IFS=: && echo "${jars[*]}:$jna")
