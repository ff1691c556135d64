# shellcheck shell=bash
# Functions for downloads; every setup.sh sources this file. The functions retry failures, because one slow response from a mirror must not
# make a run of all tests fail. Locks ensure that only one process downloads the same files at a time.

setup_cache="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)/.cache"
mkdir -p "$setup_cache"
# pip and npm retry by themselves, but neither resumes an interrupted download, so the functions below also retry pip and npm.
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_DEFAULT_TIMEOUT=60 PIP_RETRIES=5 npm_config_fetch_retries=5
export DEBIAN_FRONTEND=noninteractive

# with_retries COMMAND...: runs a command until it succeeds, by default at most four times. Its output goes to stderr, because
# callers of setup.sh read stdout.
with_retries() {
    local wait
    for wait in ${SETUP_WAITS-5 20 60}; do
        "$@" >&2 && return
        echo "setup.sh: $1 failed; retrying in $wait s" >&2
        sleep "$wait"
    done
    "$@" >&2
}

# acquire_lock NAME: waits for the lock of that name, and holds it until this process ends. Does nothing if flock is not
# installed.
acquire_lock() {
    command -v flock >/dev/null || return 0
    exec 9>"$setup_cache/$1.lock"
    flock 9
}

# hash_of FILE...: prints a hash of the files. An argument that starts with "=" is hashed as text.
hash_of() {
    local word
    for word; do
        case "$word" in =*) echo "$word" ;; *) cat "$word" ;; esac
    done | sha256sum | cut -d' ' -f1
}

# create_venv FOLDER REQUIREMENTS: creates a virtual environment with the required packages, and recreates the environment
# when the requirements or the interpreter change. PYTHON sets the interpreter.
create_venv() {
    local folder="$1" requirements="$2" python="${PYTHON:-python3}" stamp
    "$python" -c 'import sys, venv, ensurepip; assert sys.version_info >= (3, 10)' 2>/dev/null ||
        { echo "setup.sh: Python 3.10 or newer with venv is needed" >&2; return 1; }
    stamp="$(hash_of "=$folder $("$python" -c 'import sys; print(sys.executable, sys.version)')" "$requirements")"
    [ "$(cat "$folder/.stamp" 2>/dev/null)" != "$stamp" ] || return 0
    rm -rf "$folder"
    mkdir -p "$(dirname "$folder")"
    "$python" -m venv "$folder" >&2 || return
    with_retries "$folder/bin/python" -m pip install --quiet -r "$requirements" || return
    echo "$stamp" >"$folder/.stamp"
}

# install_npm_packages FOLDER [OPTION...]: installs the packages in FOLDER's package-lock.json, and reinstalls them when package.json,
# package-lock.json, Node, or the options change.
install_npm_packages() {
    local folder="$1" stamp
    shift
    stamp="$(hash_of "=$(node --version) $*" "$folder/package.json" "$folder/package-lock.json")"
    [ "$(cat "$folder/node_modules/.stamp" 2>/dev/null)" != "$stamp" ] || return 0
    with_retries npm ci --prefix "$folder" --no-audit --no-fund --loglevel=error "$@" || return
    echo "$stamp" >"$folder/node_modules/.stamp"
}

# require_node MAJOR: fails if Node is missing or older than that version.
require_node() {
    node -e "process.exit(Number(process.versions.node.split('.')[0]) >= $1 ? 0 : 1)" 2>/dev/null ||
        { echo "setup.sh: Node $1 or newer is needed" >&2; return 1; }
}

# install_debian PACKAGE...: installs Debian packages; fails unless it runs as root on Debian.
install_debian() {
    if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
        echo "setup.sh: please install these packages, which requires root on Debian: $*" >&2
        return 1
    fi
    echo "setup.sh: installing $*" >&2
    with_retries run_apt install -y -qq --no-install-recommends "$@"
}

# run_apt COMMAND...: runs apt-get under a lock. If apt-get fails, updates the package lists and runs the command once more.
run_apt() (
    acquire_lock apt
    # File descriptor 9 refers to the lock file. apt-get must not inherit the descriptor, because services that packages start
    # would keep the file open.
    apt-get -o DPkg::Lock::Timeout=300 "$@" 9>&- || { apt-get update -qq 9>&- && apt-get -o DPkg::Lock::Timeout=300 "$@" 9>&-; }
)

# debian_mirror: prints the value of DEBIAN_MIRROR, or otherwise the first Debian mirror in this machine's package sources.
debian_mirror() {
    local mirrors
    [ -z "${DEBIAN_MIRROR:-}" ] || { echo "$DEBIAN_MIRROR"; return; }
    # shellcheck disable=SC2016 # apt-get expands the variables
    mirrors=$(apt-get indextargets --format '$(REPO_URI) $(TRUSTED) $(COMPONENT)' 'Created-By: Packages' 2>/dev/null |
        awk '$3 == "main" && $1 ~ /\/debian\/?$/ { print $1 }')
    [ -n "$mirrors" ] || { echo "setup.sh: the package sources contain no Debian mirror; set DEBIAN_MIRROR" >&2; return 1; }
    head -n 1 <<<"$mirrors"
}

# create_debian_root FOLDER SUITE [PACKAGE,...]: installs a minimal Debian with those packages in a folder, and recreates the
# folder when the suite or the packages change. Must run as root on Debian.
create_debian_root() {
    local folder="$1" suite="$2" packages="${3:-}" from
    [ "$(cat "$folder/.ready" 2>/dev/null)" != "$suite $packages" ] || return 0
    command -v debootstrap >/dev/null || install_debian debootstrap || return
    from="$(debian_mirror)" || return
    mkdir -p "$(dirname "$folder")"
    # A retry starts over and takes minutes, so only one retry is made; debootstrap itself tries each package ten times.
    # shellcheck disable=SC2329 # with_retries invokes it
    bootstrap() {
        rm -rf "$folder"
        debootstrap --variant=minbase ${packages:+--include="$packages"} "$suite" "$folder" "$from" >"$folder.log" 2>&1
    }
    SETUP_WAITS=5 with_retries bootstrap ||
        { tail -n 20 "$folder.log" >&2; echo "setup.sh: debootstrap failed; $folder.log contains its full output" >&2; return 1; }
    rm -f "$folder"/var/cache/apt/archives/*.deb
    echo "$suite $packages" >"$folder/.ready"
}
