"""Runs a program from the documentation, and reports how it fails."""

from __future__ import annotations

import queue
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

FIRST_OUTPUT_TIMEOUT = 60.0  # seconds within which a program must print its first line
GRACE_PERIOD = 1.0  # seconds after its first line during which an endless program is still watched for failures
FAILURE_SIGNS = ("Traceback (most recent call last)", "panicked at", "Unhandled", "Fatal error")


def run_program(command: Sequence[str], folder: Path, env: Mapping[str, str] | None = None) -> str | None:
    """Returns the failure of a program, or `None`.

    A program fails if its exit status is not 0, if it neither exits nor prints anything, or if its output contains a
    sign of a failure. Programs that follow a project run forever, so they are killed after their first output.
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
    deadline = time.monotonic() + FIRST_OUTPUT_TIMEOUT
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
                deadline = time.monotonic() + GRACE_PERIOD
            output.append(line)
    if not ended:
        process.kill()
    status = process.wait()
    text = "".join(output)
    if ended and status != 0:
        return f"it exited with {status}:\n{text}"
    if not ended and not text.strip():
        return "it neither exited nor printed anything"
    if any(sign in text for sign in FAILURE_SIGNS):
        return text
    return None
