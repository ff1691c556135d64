#!/usr/bin/env bash
# Makes Kotlin ready and prints a class path with its compiler, its libraries and JNA. The compiler comes from PyPI, where a
# Jupyter kernel brings it along; Java and JNA are Debian's, and are installed there if they are missing.
# KOTLIN_CACHE says where the compiler is kept.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
cache="${KOTLIN_CACHE:-$(cd ../.. && pwd)/.cache}/kotlin"
compiler=kotlin-jupyter-kernel==0.19.0.944
jna=/usr/share/java/jna.jar

if ! command -v java >/dev/null || [ ! -e "$jna" ]; then
    if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
        echo "setup.sh: Java and $jna are needed" >&2
        exit 1
    fi
    { apt-get update -qq && apt-get install -yqq --no-install-recommends default-jre-headless libjna-java; } >&2
fi
if [ "$(cat "$cache/.ready" 2>/dev/null)" != "$compiler" ]; then
    rm -rf "$cache"
    mkdir -p "$cache"
    python3 -m venv "$cache/venv" >&2
    "$cache/venv/bin/python" -m pip download --quiet --disable-pip-version-check --no-deps --dest "$cache" "$compiler" >&2
    python3 -m zipfile -e "$cache"/*.whl "$cache" >&2
    rm -rf "$cache"/*.whl "$cache/venv"
    echo "$compiler" >"$cache/.ready"
fi
jars=("$cache"/run_kotlin_kernel/jars/kotlin-jupyter-kernel-*-all.jar "$cache"/run_kotlin_kernel/jars/kotlin-stdlib-*.jar)
(IFS=: && echo "${jars[*]}:$jna")
