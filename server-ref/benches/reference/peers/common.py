"""The common part of both Python servers: commands on the standard input, answers on the standard output."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PROJECT = "demo_project"
ROOM = f"project_{PROJECT}"
# Ping interval and timeout in seconds: longer than any run, because the benchmark's sockets answer no pings.
LONG_PING = 600
UPDATE: dict[str, Any] = json.loads(os.environ["BENCH_UPDATE"])


def print_ready(port: int) -> None:
    print(json.dumps({"port": port, "key": "", "project": PROJECT}), flush=True)


def print_usage() -> None:
    """Prints the CPU time of all threads, and the resident memory."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    print(json.dumps({"cpu": time.process_time(), "memory": pages * os.sysconf("SC_PAGE_SIZE")}), flush=True)


def paced_payloads(command: Any) -> Iterator[tuple[dict[str, Any], float]]:
    """Yields the payloads that a command publishes, each with the pause in seconds before it."""
    if not isinstance(command, dict):
        return
    started, rate = time.monotonic(), command["per_second"]
    for n in range(command["publish"]):
        due = started + n / rate if rate else 0.0
        yield {**UPDATE, "event_id": n}, max(0.0, due - time.monotonic())
