"""The examples work as described."""

from __future__ import annotations

import os
import subprocess
import sys
import urllib.request
from pathlib import Path

from .conftest import NO_LIMITS, ROOT, Server, StartServer, wait_until

EXAMPLES = ROOT / "bindings-python/examples"


def test_the_script_resumes_where_it_stopped(start_server: StartServer, tmp_path: Path) -> None:
    server = start_server(*NO_LIMITS)
    script = [sys.executable, str(EXAMPLES / "script.py"), server.base_url, server.api_key, server.project_id]

    def run(count: int) -> list[str]:
        done = subprocess.run(
            [*script, str(count)], capture_output=True, text=True, timeout=30, cwd=tmp_path, check=True
        )
        return [line.partition(" ")[0] for line in done.stdout.splitlines()]

    (tmp_path / "cursor.txt").write_text("0")
    first = server.submit("one", "two")
    assert run(1) == first[:1]
    second = server.submit("three")
    assert run(2) == [first[1], *second]


def test_the_web_application_shows_decisions(shared_server: Server, tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "AUTOMODERATE_URL": shared_server.base_url,
        "AUTOMODERATE_API_KEY": shared_server.api_key,
        "AUTOMODERATE_PROJECT": shared_server.project_id,
    }
    command = [sys.executable, "-m", "uvicorn", "web:app", "--port", "0", "--app-dir", str(EXAMPLES)]
    log = tmp_path / "log"
    with log.open("w") as output, subprocess.Popen(command, env=environment, stderr=output) as process:
        try:
            wait_until(lambda: "running on http://" in log.read_text(), 20)
            base = log.read_text().split("running on ")[1].split()[0]
            with urllib.request.urlopen(f"{base}/decisions", timeout=10) as decisions:
                headers = {"Content-Type": "application/json"}
                body = b'{"text": "<b>a fine day</b>"}'
                request = urllib.request.Request(f"{base}/comments", body, headers)
                with urllib.request.urlopen(request, timeout=10) as answer:
                    assert b"approved" in answer.read()
                assert decisions.readline() == b"event: approved\n"
                assert decisions.readline() == b"data: &lt;b&gt;a fine day&lt;/b&gt;\n"
        finally:
            process.terminate()
            process.wait(20)
