"""Follows the documentation step by step on an empty Debian system, once for each page or language, and times the steps.

python3 -m walkthrough BASE [NAME...]     readme, rust, python, node, swift

BASE is a Debian root folder created by debootstrap, which is copied for each walkthrough. This program must run as
root. It writes the output of each walkthrough to NAME.log next to BASE.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from walkthrough import machine
from walkthrough.pages import LANGUAGES, walk_getting_started, walk_readme
from walkthrough.shell import Shell
from walkthrough.steps import TABLE_HEAD, Walk, clone_repository
from walkthrough.terminal import PageMismatch

WALK_NAMES = ["readme", *LANGUAGES]
ROOT_VARIABLE = "WALKTHROUGH_ROOT"  # set in the process that runs in its own namespaces


def walk_inside_root(root: Path, name: str) -> bool:
    """Follows one page in this process, whose mounts and child processes end with the process."""
    machine.prepare_root(root)
    repository = clone_repository(root)
    rust = machine.mount_rust(root)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    # The default port may already be in use on this machine.
    variables = {**machine.root_environment(), "AUTOMODERATE_LISTEN": f"127.0.0.1:{port}"}
    with root.with_name(f"{name}.log").open("w") as log:
        walk = Walk(name, lambda shell: Shell(shell, root, variables, log), repository)
        walk.log(f"starts on an empty Debian, with this machine's Rust {rust} mounted where rustup would install it")
        try:
            if name == "readme":
                walk_readme(walk)
            else:
                walk_getting_started(walk, LANGUAGES[name])
        except PageMismatch as mismatch:
            walk.log(f"FAILED: {mismatch}; {log.name} contains all commands and their output")
            return False
    root.with_name(f"{name}.row").write_text(f"{walk.row}\n")
    return True


def walk_in_copy(base: Path, name: str) -> bool:
    """Follows one page in a copy of the empty machine; then ends all processes of the copy, and removes the copy."""
    root = base.with_name("root")
    remove_folder(root)
    base.with_name(f"{name}.row").unlink(missing_ok=True)
    subprocess.run(["cp", "-a", str(base), str(root)], check=True)
    # Mounts made by the new process are visible only to it and its children.
    namespace = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--propagation", "private"]
    command = [sys.executable, "-m", "walkthrough", str(base), name]
    process = subprocess.Popen([*namespace, *command], env={**os.environ, ROOT_VARIABLE: str(root)})
    try:
        return process.wait() == 0
    finally:
        process.kill()
        process.wait()
        remove_folder(root)


def remove_folder(folder: Path) -> None:
    """Removes a folder, with retries because killed processes may still write to it for a moment."""
    for _ in range(100):
        if subprocess.run(["rm", "-rf", str(folder)], check=False).returncode == 0:
            return
        time.sleep(0.1)
    raise SystemExit(f"walkthrough: can't remove {folder}")


def walk_all(base: Path, names: list[str]) -> bool:
    succeeded = [walk_in_copy(base, name) for name in names]
    rows = [base.with_name(f"{name}.row") for name in names]
    print(f"\n{time.strftime('%Y-%m-%d')}, {os.cpu_count()} cores, {memory_gib()} GB\n\n{TABLE_HEAD}")
    for name, row in zip(names, rows, strict=True):
        print(row.read_text().rstrip() if row.exists() else f"| {name} | FAILED |")
    return all(succeeded)


def memory_gib() -> int:
    return round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30)


if __name__ == "__main__":
    arguments = sys.argv[1:]
    if not arguments or any(name not in WALK_NAMES for name in arguments[1:]):
        raise SystemExit(__doc__)
    # Without a handler, background jobs ignore SIGINT, and SIGTERM ends the process without removing the copy.
    for interruption in (signal.SIGINT, signal.SIGTERM):
        signal.signal(interruption, lambda *_: sys.exit(130))
    inner_root = os.environ.get(ROOT_VARIABLE)
    if inner_root:
        succeeded = walk_inside_root(Path(inner_root), arguments[1])
    else:
        succeeded = walk_all(Path(arguments[0]).resolve(), arguments[1:] or WALK_NAMES)
    raise SystemExit(not succeeded)
