"""Ctrl-C is heard out of every blocking call."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

import pytest

from .conftest import OPEN, Server


@pytest.mark.parametrize("how", ["for event in stream: pass", "stream.next_batch()", "client.run()"])
def test_ctrl_c_is_heard_at_once(shared_server: Server, how: str) -> None:
    code = f"""
client = Client(url, api_key=key).connect()
stream = client.join(project).events("user_activity")
print("ready", flush=True)
try:
    {how}
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""
    server = shared_server
    command = [sys.executable, "-W", "error", "-c", OPEN + code, server.base_url, server.api_key, server.project_id]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(0.2)
        started = time.monotonic()
        process.send_signal(signal.SIGINT)
        assert process.stdout.readline() == "interrupted\n"
        assert time.monotonic() - started < 0.2
        assert process.wait(10) == 0
