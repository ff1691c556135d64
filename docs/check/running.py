"""Runs a program of the documentation, and reports what is wrong with it."""

from __future__ import annotations

import queue
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

PATIENCE = 60.0  # seconds until a program must have printed something
GRACE = 1.0  # seconds after its first line in which an endless program may still fail
SIGNS = ("Traceback (most recent call last)", "panicked at", "Unhandled", "Fatal error")


def complaint(command: Sequence[str], folder: Path, env: Mapping[str, str] | None = None) -> str | None:
    """The complaint: a status that is not 0, neither an end nor output, or signs of failure.

    Programs that follow a project run forever: they are stopped once they have printed something.
    """
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=env,
        text=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    lines: queue.Queue[str | None] = queue.Queue()

    def read() -> None:
        assert process.stdout is not None
        for line in process.stdout:
            lines.put(line)
        lines.put(None)

    threading.Thread(target=read, daemon=True).start()
    output: list[str] = []
    deadline = time.monotonic() + PATIENCE
    ended = False
    while not ended:
        try:
            line = lines.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            break
        if line is None:
            ended = True
        else:
            if not output:
                deadline = time.monotonic() + GRACE
            output.append(line)
    if not ended:
        process.kill()
    status = process.wait()
    text = "".join(output)
    if ended and status != 0:
        return f"it ended with {status}:\n{text}"
    if not ended and not text.strip():
        return "it neither ended nor printed anything"
    if any(sign in text for sign in SIGNS):
        return text
    return None
