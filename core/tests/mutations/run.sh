#!/usr/bin/env bash
# Checks that the tests detect defects. Applies each patch in this folder, by itself, to a copy of the sources; each
# introduces one defect. The simulation (SIM_SEEDS seeds, 3,000 by default), the unit tests, or the tests of the whole
# client (tests/it, tests/raw) must then fail. The first line of a patch names the tests that run first; the other tests
# run only if these pass. Arguments select patches by name. Fails if a patch does not apply or compile, or if no test
# detects its defect.
set -u
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$root/.cache/mutations}" SIM_SEEDS="${SIM_SEEDS:-3000}"
export RUST_BACKTRACE=0
# Time limit in seconds for a build and its tests, because a broken client may wait forever.
TIME_LIMIT="${MUTATION_SECONDS:-1200}"
UNIT_TESTS=(session:: delivery:: rest:: events:: driver::)

# Copies the sources that git tracks.
copy_sources() {
    git -C "$root" ls-files -z | (cd "$root" && xargs -0 cp --parents --preserve=timestamps -t "$copy")
}

# first_failure TARGETS FILTER...: runs the tests that match the filters in these cargo targets. Prints the most
# frequent failure message, followed by the lowest failing seed of the simulation or by "yes"; a note if the time limit
# is exceeded; nothing if all tests pass; or BROKEN if the copy does not compile.
first_failure() {
    local targets=$1
    shift
    # shellcheck disable=SC2086 # TARGETS may be several words
    (cd "$copy" && timeout "$TIME_LIMIT" ${CARGO:-cargo} test --profile simulation -p automoderate --all-features --quiet $targets -- --include-ignored "$@") \
        > "$copy/log" 2>&1
    case $? in
        0) return ;;
        124) echo "a test exceeds the time limit"; return ;;
    esac
    if ! grep -q '^test result: FAILED' "$copy/log"; then echo "BROKEN"; return; fi
    grep -oE '^seed [0-9]+ fails|^(TWICE|LOST|NEVER)[A-Z ]*|^(a|no|nobody|the) .*|^[0-9]+ (attempts|events) in a minute|timers ring without end|next to InFlight' \
        "$copy/log" | grep -v '^seed' | cut -c1-80 | sort | uniq -c | sort -rn | head -1 | awk '{$1=""; print}' | sed 's/^ *//' | tr -d '\n'
    grep -q '^seed' "$copy/log" && echo " (seed $(grep -oE '^seed [0-9]+ fails' "$copy/log" | awk '{print $2}' | sort -n | head -1))" || echo yes
}

# Runs one kind of test, and prints the same output as first_failure.
run_tests() {
    case $1 in
        simulation) first_failure --lib simulation ;;
        unit) first_failure --lib "${UNIT_TESTS[@]}" ;;
        client) first_failure "--test it --test raw" ;;
    esac
}

names=${*:-$(basename -s .patch "$here"/*.patch)}
undetected=()
echo "| defect | detected by | message |"
echo "|---|---|---|"
for name in $names; do
    copy_sources
    if ! (cd "$copy" && git apply "$here/$name.patch") 2> "$copy/log"; then
        echo "| ${name//-/ } | does not apply | |"
        undetected+=("$name (does not apply)")
        continue
    fi
    # The copied sources are older than their last build, so cargo rebuilds them only if it sees a newer file.
    touch "$copy/core/src/lib.rs"
    first=$(sed -n '1s/^Noticed by: //p' "$here/$name.patch")
    by=– message=
    for kind in $first $(printf '%s\n' simulation unit client | grep -vx "${first:-none}"); do
        message=$(run_tests "$kind")
        if [ -n "$message" ]; then by=$kind; break; fi
    done
    echo "| ${name//-/ } | $by | $message |"
    case "$message" in "" | *BROKEN*) undetected+=("$name") ;; esac
done
if [ ${#undetected[@]} -gt 0 ]; then
    printf 'FAILED: not detected: %s\n' "${undetected[@]}" >&2
    exit 1
fi
