"""Ctrl-C interrupts every blocking call within 0.2 s, and the client remains usable."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from .conftest import PREAMBLE, Server, wait_until

WAITING_CALLS = {
    "a loop": "for event in stream: pass",
    "next": "next(stream)",
    "next_batch": "stream.next_batch()",
    "next_batch with a timeout": "stream.next_batch(timeout=60)",
    "a loop over states": "for state in client.state_changes(): pass",
    "handlers": "client.run()",
    "an acknowledgement": "client.emit_with_ack('nobody_answers')",
    "a join": "client.join(silent)",
}


def main_thread_sleeps(process: subprocess.Popen[str]) -> bool:
    """Returns true if the main thread of the process sleeps."""
    stat = Path(f"/proc/{process.pid}/task/{process.pid}/stat")
    return not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] == "S"


def check_interrupt(server: Server, code: str, *arguments: str) -> None:
    where = (server.base_url, server.api_key, server.project_id, *arguments)
    command = [sys.executable, "-W", "error", "-c", PREAMBLE + code, *where]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == "ready\n", process.stderr.read()
        for _ in range(5):
            wait_until(lambda: main_thread_sleeps(process))
        started = time.monotonic()
        process.send_signal(signal.SIGINT)
        assert process.stdout.readline() == "interrupted\n", process.stderr.read()
        assert time.monotonic() - started < 0.2
        server.process.send_signal(signal.SIGCONT)
        assert (process.stdout.readline(), process.wait(10)) == ("and continues\n", 0), process.stderr.read()


@pytest.mark.parametrize("how", WAITING_CALLS.values(), ids=WAITING_CALLS.keys())
def test_waiting_calls(documented: Server, how: str) -> None:
    documented.admin("/joins")
    code = f"""
client = Client(url, api_key=key).connect()
stream = client.join(project).events("user_activity")
silent = sys.argv[5]
import urllib.request
urllib.request.urlopen(sys.argv[4] + "/joins", b'{{"silent": true}}').read()
print("ready", flush=True)
try:
    {how}
except KeyboardInterrupt:
    print("interrupted", flush=True)
urllib.request.urlopen(sys.argv[4] + "/joins", b'{{}}').read()
assert client.health().status
client.close()
print("and continues", flush=True)
"""
    check_interrupt(documented, code, documented.admin_url, documented.other_project_id)


@pytest.mark.parametrize("how", ["client.moderate('text')", "client.statistics()", "list(client.contents())"])
def test_rest_calls(documented: Server, how: str) -> None:
    code = f"""
import os, signal
client = Client(url, api_key=key).connect()
os.kill(int(sys.argv[4]), signal.SIGSTOP)
print("ready", flush=True)
try:
    {how}
except KeyboardInterrupt:
    print("interrupted", flush=True)
assert client.health().status
client.close()
print("and continues", flush=True)
"""
    check_interrupt(documented, code, str(documented.process.pid))


def test_connect(documented: Server) -> None:
    code = """
import os, signal
client = Client(url, api_key=key)
os.kill(int(sys.argv[4]), signal.SIGSTOP)
print("ready", flush=True)
try:
    client.connect()
except KeyboardInterrupt:
    print("interrupted", flush=True)
with client:
    client.join(project)
print("and continues", flush=True)
"""
    check_interrupt(documented, code, str(documented.process.pid))
