"""Fixtures and helpers: the reference server, stand-ins for third-party servers, and subprocesses."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from automoderate import ModerationUpdate, ReconnectPolicy

ROOT = Path(__file__).resolve().parents[2]
STANDINS = ROOT / "core/tests/standins"


@dataclass
class Server:
    """Running server, with the values that it printed at startup."""

    process: subprocess.Popen[str]
    base_url: str
    project_id: str = ""
    api_key: str = ""
    email: str = ""
    password: str = ""
    admin_url: str = ""
    other_project_id: str = ""
    project_ids: tuple[str, ...] = ()
    command: tuple[str, ...] = ()

    def admin(self, call: str, **body: Any) -> dict[str, Any]:
        """Calls the control API of a stand-in."""
        return self._post_json(self.admin_url + call, body)

    def submit(self, *texts: str) -> list[str]:
        """Submits texts over REST, bypassing the client under test. Returns the item ids."""
        return [
            self._post_json(f"{self.base_url}/api/moderate", {"type": "text", "content": text})["content_id"]
            for text in texts
        ]

    def _post_json(self, url: str, body: dict[str, Any]) -> dict[str, Any]:
        headers = {"Content-Type": "application/json", "X-API-Key": self.api_key}
        request = urllib.request.Request(url, json.dumps(body).encode(), headers)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.loads(answer.read())  # type: ignore[no-any-return]

    def kill(self) -> None:
        """Kills the process without letting it clean up."""
        self.process.kill()
        self.process.wait(10)
        self._close_pipes()

    def restart(self) -> None:
        """Restarts the reference server on the same port and database."""
        self.restart_at(self.base_url)

    def restart_at(self, url: str = "http://127.0.0.1:0") -> None:
        """Restarts the reference server at this URL, on the same database."""
        words = {"127.0.0.1:0": url.removeprefix("http://")}
        again = start_program(*(words.get(word, word) for word in self.command if word != "--demo"))
        self.process, self.base_url = again.process, again.base_url

    def stop(self) -> None:
        """Terminates the process and waits for its exit."""
        self.process.terminate()
        self.process.wait(10)
        self._close_pipes()

    def _close_pipes(self) -> None:
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()


def start_program(*command: str | Path) -> Server:
    """Starts a program that prints one line of JSON when it is ready."""
    process = subprocess.Popen(
        [str(word) for word in command],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, f"{command[0]} did not start"
    ready = json.loads(line)
    known = {name: ready[name] for name in Server.__dataclass_fields__ if name in ready}
    known["project_ids"] = tuple(known.get("project_ids", ()))
    return Server(process=process, command=tuple(str(word) for word in command), **known)


def server_binary() -> Path:
    """Returns the path of the reference server, which `make test-python` builds."""
    found = os.environ.get("AUTOMODERATE_SERVER")
    built = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    return Path(found) if found else built / "debug/automoderate-server"


REFERENCE_COMMAND = (server_binary(), "serve", "--demo", "--listen", "127.0.0.1:0")
NO_LIMITS = ("--max-connections-per-ip", "0", "--max-events-per-minute", "0", "--max-rooms", "0")
StartServer = Callable[..., Server]


@pytest.fixture
def start_server(tmp_path: Path) -> Iterator[StartServer]:
    """Function that starts reference servers, which are stopped at the end of the test."""
    running: list[Server] = []

    def run(*flags: str) -> Server:
        database = f"sqlite://{tmp_path}/{len(running)}.db"
        running.append(start_program(*REFERENCE_COMMAND, "--database", database, *flags))
        return running[-1]

    yield run
    for server in running:
        server.stop()


@pytest.fixture(scope="session")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One reference server without limits, for tests that don't change it."""
    database = tmp_path_factory.mktemp("server") / "server.db"
    server = start_program(*REFERENCE_COMMAND, "--database", f"sqlite://{database}", *NO_LIMITS)
    yield server
    server.stop()


@pytest.fixture(scope="session")
def standin_interpreters() -> dict[str, str]:
    """Python interpreters of the stand-ins: `PYTHON_NEW` and `PYTHON_OLD`."""
    names = ("PYTHON_NEW", "PYTHON_OLD")
    if all(name in os.environ for name in names):
        return {name: os.environ[name] for name in names}
    printed = subprocess.run([STANDINS / "setup.sh"], capture_output=True, text=True, check=True).stdout
    return dict(line.split("=", 1) for line in printed.splitlines())


@contextmanager
def running_deployed_server(python: str) -> Iterator[Server]:
    """Runs a stand-in for deployed servers: only web sessions authenticate, and there is no event log."""
    server = start_program(python, STANDINS / "flask_server.py", "--rate-limit", "0")
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture
def deployed(standin_interpreters: dict[str, str]) -> Iterator[Server]:
    """Fresh stand-in for deployed servers."""
    with running_deployed_server(standin_interpreters["PYTHON_NEW"]) as server:
        yield server


@pytest.fixture
def documented(standin_interpreters: dict[str, str]) -> Iterator[Server]:
    """Stand-in for documented servers: on asyncio, without an event log."""
    limits = ("--max-connections", "0", "--max-events", "0")
    server = start_program(standin_interpreters["PYTHON_NEW"], STANDINS / "asgi_server.py", *limits)
    yield server
    server.stop()


def import_required(module: str) -> Any:
    """Imports a module, or skips the test if the module is missing. In CI, a missing module is an error."""
    if os.environ.get("CI"):
        return importlib.import_module(module)
    return pytest.importorskip(module)


def run_python(code: str, *arguments: str, timeout: float = 30) -> subprocess.CompletedProcess[str]:
    """Runs code in a separate interpreter, with warnings as errors."""
    command = [sys.executable, "-W", "error", "-c", code, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False)


def wait_until(check: Callable[[], bool], seconds: float = 10) -> None:
    """Waits until a condition holds."""
    deadline = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < deadline, "the condition did not become true in time"
        time.sleep(0.01)


FAST_RECONNECT = ReconnectPolicy(delay=0.05, max_delay=0.2, max_attempts_per_minute=600)


async def next_ids(stream: Any, count: int) -> list[str]:
    found: list[str] = []
    async for event in stream:
        if isinstance(event, ModerationUpdate):
            found.append(event.content_id)
        if len(found) == count:
            break
    return found


PREAMBLE = """
import sys, asyncio, threading, time
from automoderate import AsyncClient, Client, ModerationUpdate
url, key, project = sys.argv[1:4]
"""


def run_client_code(server: Server, code: str) -> subprocess.CompletedProcess[str]:
    return run_python(PREAMBLE + code, server.base_url, server.api_key, server.project_id)
