#!/usr/bin/env bash
# Breaks the replay logic, one patch of this folder after another, in a copy of the sources. The tests must notice each:
# the simulation (SIM_SEEDS seeds, 3,000 if not said otherwise), or the tests of the session machine and of the delivery.
# Names of patches as arguments choose some. Needs git and, the first time, some minutes.
set -u
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$root/.cache/mutations}" SIM_SEEDS="${SIM_SEEDS:-3000}"
export RUST_BACKTRACE=0

fill() {
    git -C "$root" ls-files -z | (cd "$root" && xargs -0 cp --parents --preserve=timestamps -t "$copy")
}

# What the tests of these names say: "noticed" and by what, or nothing. A copy that does not compile notices nothing.
noticed() {
    (cd "$copy" && ${CARGO:-cargo} test --profile simulation -p automoderate --all-features --quiet --lib -- --include-ignored "$@") \
        > "$copy/log" 2>&1 && return
    if ! grep -q '^test result: FAILED' "$copy/log"; then echo "BROKEN"; return; fi
    grep -oE '^seed [0-9]+ fails|^(TWICE|LOST|NEVER)[A-Z ]*|a timer that never advances|does not add up|timers ring without end|beside InFlight' \
        "$copy/log" | sort | uniq -c | sort -rn | awk '{$1=""; print}' | grep -v '^ seed' | head -1 | sed 's/^ *//' | tr -d '\n'
    grep -q '^seed' "$copy/log" && echo " (first at seed $(grep -oE '^seed [0-9]+ fails' "$copy/log" | awk '{print $2}' | sort -n | head -1))" || echo yes
}

names=${*:-$(basename -s .patch "$here"/*.patch)}
unnoticed=0
echo "| what is broken | the simulation says | the tests of the machine and the delivery |"
echo "|---|---|---|"
for name in $names; do
    fill
    if ! (cd "$copy" && git apply "$here/$name.patch"); then
        echo "FAILED: $name.patch does not fit the sources any more" >&2
        exit 1
    fi
    # Sources go back to older times than what was built of them.
    touch "$copy/core/src/lib.rs"
    simulated=$(noticed simulation)
    tested=$(noticed session::machine delivery)
    echo "| ${name//-/ } | ${simulated:-–} | ${tested:-–} |"
    case "$simulated$tested" in "" | *BROKEN*) unnoticed=$((unnoticed + 1)) ;; esac
done
if [ $unnoticed -gt 0 ]; then
    echo "FAILED: $unnoticed not noticed" >&2
    exit 1
fi
