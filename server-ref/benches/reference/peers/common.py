"""The common part of both Python servers: orders on the standard input, answers on the standard output."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PROJECT = "demo_project"
ROOM = f"project_{PROJECT}"
# Longer than any run: the sockets answer no pings.
PING = 600
UPDATE: dict[str, Any] = json.loads(os.environ["BENCH_UPDATE"])


def ready(port: int) -> None:
    print(json.dumps({"port": port, "key": "", "project": PROJECT}), flush=True)


def used() -> None:
    """CPU time of all threads, and resident memory."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    print(json.dumps({"cpu": time.process_time(), "memory": pages * os.sysconf("SC_PAGE_SIZE")}), flush=True)


def pauses(order: Any) -> Iterator[tuple[dict[str, Any], float]]:
    """The payloads that an order publishes, and the pause before each."""
    if not isinstance(order, dict):
        return
    started, rate = time.monotonic(), order["per_second"]
    for n in range(order["publish"]):
        due = started + n / rate if rate else 0.0
        yield {**UPDATE, "event_id": n}, max(0.0, due - time.monotonic())
