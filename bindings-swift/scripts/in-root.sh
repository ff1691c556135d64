#!/usr/bin/env bash
# in-root.sh ROOT COMMAND...: runs a command in the current folder, with the Debian system in the folder ROOT as the root
# file system. The repository, the current folder and CARGO_TARGET_DIR (if set) keep their paths. Only the environment
# variables AUTOMODERATE_* are passed on. Requires root privileges. The mounts are visible only to the command, and are
# removed when it exits.
set -euo pipefail
repository="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
export IN_ROOT="$1" IN_FOLDERS="$repository" IN_FOLDER="$PWD"
shift
case "$PWD/" in # "//" is the root folder
"$repository"/* | //) ;;
*) IN_FOLDERS+=":$PWD" ;;
esac
if [ -n "${CARGO_TARGET_DIR:-}" ]; then
    mkdir -p "$CARGO_TARGET_DIR"
    IN_FOLDERS+=":$(cd "$CARGO_TARGET_DIR" && pwd)"
fi
# shellcheck disable=SC2016 # expanded by the inner shell
exec unshare --mount --propagation private bash -c '
    set -euo pipefail
    # Swift locates its libraries through /proc/self/exe.
    mount -t proc proc "$IN_ROOT/proc"
    mount --rbind /dev "$IN_ROOT/dev"
    IFS=: read -ra folders <<<"$IN_FOLDERS"
    for folder in "${folders[@]}"; do
        mkdir -p "$IN_ROOT$folder"
        mount --bind "$folder" "$IN_ROOT$folder"
    done
    mapfile -t settings < <(env | grep "^AUTOMODERATE_" || true)
    exec chroot "$IN_ROOT" /usr/bin/env -i HOME=/root PATH=/usr/bin:/bin LANG=C.UTF-8 "${settings[@]}" \
        sh -c "cd \"\$1\" && shift && exec \"\$@\"" sh "$IN_FOLDER" "$@"
' bash "$@"
