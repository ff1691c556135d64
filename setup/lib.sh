# shellcheck shell=bash
# Sourced by every setup.sh: functions for downloads. Failures are retried, because one slow answer of a mirror must not
# end a run of all tests, and only one process at a time fetches the same thing.

setup_cache="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)/.cache"
mkdir -p "$setup_cache"
# The retries of pip and npm themselves; neither resumes a broken download.
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_DEFAULT_TIMEOUT=60 PIP_RETRIES=5 npm_config_fetch_retries=5
export DEBIAN_FRONTEND=noninteractive

# retried COMMAND...: up to four times; its output goes to stderr, because make reads a setup.sh's stdout.
retried() {
    local wait
    for wait in ${SETUP_WAITS-5 20 60}; do
        "$@" >&2 && return
        echo "setup.sh: $1 failed; again in $wait s" >&2
        sleep "$wait"
    done
    "$@" >&2
}

# alone NAME: waits until no other process holds that name, and keeps others out until this one ends.
alone() {
    command -v flock >/dev/null || return 0
    exec 9>"$setup_cache/$1.lock"
    flock 9
}

# stamp_of FILE...: a line that differs if the files do; words that begin with "=" count as text.
stamp_of() {
    local word
    for word; do
        case "$word" in =*) echo "$word" ;; *) cat "$word" ;; esac
    done | sha256sum | cut -d' ' -f1
}

# venv FOLDER REQUIREMENTS: a virtual environment with those packages, recreated if they change. PYTHON sets the
# interpreter.
venv() {
    local folder="$1" requirements="$2" python="${PYTHON:-python3}" stamp
    "$python" -c 'import sys, venv, ensurepip; assert sys.version_info >= (3, 10)' 2>/dev/null ||
        { echo "setup.sh: Python 3.10 or newer with venv is needed" >&2; return 1; }
    stamp="$(stamp_of "=$folder $("$python" -c 'import sys; print(sys.executable, sys.version)')" "$requirements")"
    [ "$(cat "$folder/.stamp" 2>/dev/null)" != "$stamp" ] || return 0
    rm -rf "$folder"
    mkdir -p "$(dirname "$folder")"
    "$python" -m venv "$folder" >&2 || return
    retried "$folder/bin/python" -m pip install --quiet -r "$requirements" || return
    echo "$stamp" >"$folder/.stamp"
}

# npm_packages FOLDER [OPTION...]: installs the packages of FOLDER's package-lock.json in its node_modules, again if the
# file changes.
npm_packages() {
    local folder="$1" stamp
    shift
    stamp="$(stamp_of "=$(node --version) $*" "$folder/package.json" "$folder/package-lock.json")"
    [ "$(cat "$folder/node_modules/.stamp" 2>/dev/null)" != "$stamp" ] || return 0
    retried npm ci --prefix "$folder" --no-audit --no-fund --loglevel=error "$@" || return
    echo "$stamp" >"$folder/node_modules/.stamp"
}

# node_at_least MAJOR
node_at_least() {
    node -e "process.exit(Number(process.versions.node.split('.')[0]) >= $1 ? 0 : 1)" 2>/dev/null ||
        { echo "setup.sh: Node $1 or newer is needed" >&2; return 1; }
}

# debian PACKAGE...: installs the packages, if possible.
debian() {
    if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
        echo "setup.sh: needed, and not to be installed here: $*" >&2
        return 1
    fi
    echo "setup.sh: installing $*" >&2
    retried apt_once install -y -qq --no-install-recommends "$@"
}

# apt_once COMMAND...: runs apt-get, one at a time; updates the package lists if it fails.
apt_once() (
    alone apt
    # 9 is the lock's file, which no process of a package may keep open.
    apt-get -o DPkg::Lock::Timeout=300 "$@" 9>&- || { apt-get update -qq 9>&- && apt-get -o DPkg::Lock::Timeout=300 "$@" 9>&-; }
)

# debian_mirror: DEBIAN_MIRROR, or else this machine's own mirror.
debian_mirror() {
    local all
    [ -z "${DEBIAN_MIRROR:-}" ] || { echo "$DEBIAN_MIRROR"; return; }
    # shellcheck disable=SC2016 # for apt-get to expand
    all=$(apt-get indextargets --format '$(REPO_URI) $(TRUSTED) $(COMPONENT)' 'Created-By: Packages' 2>/dev/null |
        awk '$3 == "main" && $1 ~ /\/debian\/?$/ { print $1 }')
    [ -n "$all" ] || { echo "setup.sh: this machine's package sources name no Debian mirror: set DEBIAN_MIRROR" >&2; return 1; }
    head -n 1 <<<"$all"
}

# debian_root FOLDER SUITE [PACKAGE,...]: makes a minimal Debian with those packages in a folder, again if they change.
# Needs root rights on a Debian.
debian_root() {
    local folder="$1" suite="$2" packages="${3:-}" from
    [ "$(cat "$folder/.ready" 2>/dev/null)" != "$suite $packages" ] || return 0
    command -v debootstrap >/dev/null || debian debootstrap || return
    from="$(debian_mirror)" || return
    mkdir -p "$(dirname "$folder")"
    # shellcheck disable=SC2329 # it is invoked, by retried
    # Once more, from the start, takes minutes; debootstrap tries each of its packages ten times by itself.
    bootstrap() {
        rm -rf "$folder"
        debootstrap --variant=minbase ${packages:+--include="$packages"} "$suite" "$folder" "$from" >"$folder.log" 2>&1
    }
    SETUP_WAITS=5 retried bootstrap ||
        { tail -n 20 "$folder.log" >&2; echo "setup.sh: debootstrap failed; all of its words are in $folder.log" >&2; return 1; }
    rm -f "$folder"/var/cache/apt/archives/*.deb
    echo "$suite $packages" >"$folder/.ready"
}
