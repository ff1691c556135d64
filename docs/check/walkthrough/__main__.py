"""Follows the pages word by word on an empty Debian, once for each language, and measures the time.

python3 -m walkthrough BASE [NAME...]     readme, rust, python, node, swift

BASE is a Debian root by debootstrap, which is copied for each walk. Needs root rights. The output of each walk is in
NAME.log next to BASE.
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
from walkthrough.pages import LANGUAGES, getting_started, readme
from walkthrough.shell import Shell
from walkthrough.steps import HEAD, Walk, mirror
from walkthrough.terminal import Stumble

NAMES = ["readme", *LANGUAGES]
INSIDE = "WALKTHROUGH_ROOT"  # set in the process with its own namespace


def walk_in(root: Path, name: str) -> bool:
    """In a namespace of mounts and processes, which end with this process."""
    machine.furnish(root)
    repository = mirror(root)
    rust = machine.install_rust(root)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    # The page's server would take a port that may be in use here.
    variables = {**machine.environment(), "AUTOMODERATE_LISTEN": f"127.0.0.1:{port}"}
    with root.with_name(f"{name}.log").open("w") as log:
        walk = Walk(name, lambda shell: Shell(shell, root, variables, log), repository)
        walk.tell(f"an empty Debian; Rust {rust} is this machine's own, shown where rustup would put it")
        try:
            if name == "readme":
                readme(walk)
            else:
                getting_started(walk, LANGUAGES[name])
        except Stumble as stumble:
            walk.tell(f"FAILED: {stumble}; all that was typed and printed is in {log.name}")
            return False
    root.with_name(f"{name}.row").write_text(f"{walk.row}\n")
    return True


def walk_outside(base: Path, name: str) -> bool:
    """A copy of the empty machine, which is removed at the end, together with everything started in it."""
    root = base.with_name("root")
    remove(root)
    base.with_name(f"{name}.row").unlink(missing_ok=True)
    subprocess.run(["cp", "-a", str(base), str(root)], check=True)
    # Only that process sees the mounts.
    namespace = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--propagation", "private"]
    command = [sys.executable, "-m", "walkthrough", str(base), name]
    process = subprocess.Popen([*namespace, *command], env={**os.environ, INSIDE: str(root)})
    try:
        return process.wait() == 0
    finally:
        process.kill()
        process.wait()
        remove(root)


def remove(folder: Path) -> None:
    """Killed processes may still write for a moment."""
    for _ in range(100):
        if subprocess.run(["rm", "-rf", str(folder)], check=False).returncode == 0:
            return
        time.sleep(0.1)
    raise SystemExit(f"walkthrough: {folder} can't be removed")


def main(base: Path, names: list[str]) -> bool:
    good = [walk_outside(base, name) for name in names]
    rows = [base.with_name(f"{name}.row") for name in names]
    print(f"\n{time.strftime('%Y-%m-%d')}, {os.cpu_count()} cores, {memory()} GB\n\n{HEAD}")
    for name, row in zip(names, rows, strict=True):
        print(row.read_text().rstrip() if row.exists() else f"| {name} | FAILED |")
    return all(good)


def memory() -> int:
    return round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30)


if __name__ == "__main__":
    arguments = sys.argv[1:]
    if not arguments or any(name not in NAMES for name in arguments[1:]):
        raise SystemExit(__doc__)
    # Even where they are ignored, as in a background job.
    for interruption in (signal.SIGINT, signal.SIGTERM):
        signal.signal(interruption, lambda *_: sys.exit(130))
    inside = os.environ.get(INSIDE)
    start = Path(arguments[0]).resolve()
    raise SystemExit(not (walk_in(Path(inside), arguments[1]) if inside else main(start, arguments[1:] or NAMES)))
