#!/usr/bin/env bash
# Breaks what keeps events from being lost, one patch of this folder after another, in a copy of the sources. The tests
# must notice each: the simulation (SIM_SEEDS seeds, 3,000 by default), the unit tests, or the tests of the whole client
# (tests/it, tests/raw). The first line of a patch names those that are run first; the others follow only where these notice
# nothing. Names of patches as arguments choose some. Lists all patches that nothing notices, and those that do not
# apply. Needs git and, the first time, some minutes.
set -u
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$root/.cache/mutations}" SIM_SEEDS="${SIM_SEEDS:-3000}"
export RUST_BACKTRACE=0
# The seconds for one build and its tests: a test may wait for what never comes.
LIMIT="${MUTATION_SECONDS:-1200}"
UNITS=(session:: delivery:: rest:: events:: driver::)

fill() {
    git -C "$root" ls-files -z | (cd "$root" && xargs -0 cp --parents --preserve=timestamps -t "$copy")
}

# The words of the tests of these names that fail: nothing if none does. The first argument is the kind of tests. A copy
# that does not compile notices nothing.
noticed() {
    local kind=$1
    shift
    # shellcheck disable=SC2086 # several words
    (cd "$copy" && timeout "$LIMIT" ${CARGO:-cargo} test --profile simulation -p automoderate --all-features --quiet $kind -- --include-ignored "$@") \
        > "$copy/log" 2>&1
    case $? in
        0) return ;;
        124) echo "a test does not end"; return ;;
    esac
    if ! grep -q '^test result: FAILED' "$copy/log"; then echo "BROKEN"; return; fi
    grep -oE '^seed [0-9]+ fails|^(TWICE|LOST|NEVER)[A-Z ]*|^(a|no|nobody|the) .*|^[0-9]+ (attempts|events) in a minute|timers ring without end|next to InFlight' \
        "$copy/log" | grep -v '^seed' | cut -c1-80 | sort | uniq -c | sort -rn | head -1 | awk '{$1=""; print}' | sed 's/^ *//' | tr -d '\n'
    grep -q '^seed' "$copy/log" && echo " (seed $(grep -oE '^seed [0-9]+ fails' "$copy/log" | awk '{print $2}' | sort -n | head -1))" || echo yes
}

# Runs one kind of tests.
run() {
    case $1 in
        simulation) noticed --lib simulation ;;
        unit) noticed --lib "${UNITS[@]}" ;;
        client) noticed "--test it --test raw" ;;
    esac
}

names=${*:-$(basename -s .patch "$here"/*.patch)}
unnoticed=()
echo "| what is broken | noticed by | its words |"
echo "|---|---|---|"
for name in $names; do
    fill
    if ! (cd "$copy" && git apply "$here/$name.patch") 2> "$copy/log"; then
        echo "| ${name//-/ } | does not apply | |"
        unnoticed+=("$name (does not apply)")
        continue
    fi
    # Sources go back to older times than what was built of them.
    touch "$copy/core/src/lib.rs"
    first=$(sed -n '1s/^Noticed by: //p' "$here/$name.patch")
    by=– words=
    for kind in $first $(printf '%s\n' simulation unit client | grep -vx "${first:-none}"); do
        words=$(run "$kind")
        if [ -n "$words" ]; then by=$kind; break; fi
    done
    echo "| ${name//-/ } | $by | $words |"
    case "$words" in "" | *BROKEN*) unnoticed+=("$name") ;; esac
done
if [ ${#unnoticed[@]} -gt 0 ]; then
    printf 'FAILED: not noticed: %s\n' "${unnoticed[@]}" >&2
    exit 1
fi
