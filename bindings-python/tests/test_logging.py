"""The SDK's messages for `logging`: they go to the logger `automoderate` and its children."""

from __future__ import annotations

import asyncio
import logging
import threading

import pytest
from automoderate import AsyncClient, Client, GaveUp, ReconnectPolicy, _logging

from .conftest import QUICK, Server, eventually, run


def said(caplog: pytest.LogCaptureFixture, level: int, words: str) -> bool:
    return any(
        record.levelno == level and words in record.getMessage() and record.name.startswith("automoderate.")
        for record in list(caplog.records)
    )


async def test_changes_of_state_are_told(asgi: Server, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "automoderate")
    async with AsyncClient(asgi.base_url, api_key=asgi.api_key, reconnect=QUICK, backfill="off") as client:
        stream = (await client.join(asgi.project_id)).events()
        asgi.admin("/cut")
        await anext(stream)
    where = f"server={asgi.base_url}"
    wanted = [
        (logging.DEBUG, f"connecting {where}"),
        (logging.INFO, f"connected {where}"),
        (logging.WARNING, "reconnecting: attempt 1 in "),
        (logging.INFO, f"closed {where}"),
    ]
    await asyncio.to_thread(eventually, lambda: all(said(caplog, *one) for one in wanted))
    assert asgi.api_key not in caplog.text


def test_an_end_that_nobody_wanted_is_an_error(asgi: Server, caplog: pytest.LogCaptureFixture) -> None:
    policy = ReconnectPolicy(delay=0.01, max_delay=0.01, attempts=1, max_attempts_per_minute=600)
    with Client(asgi.base_url, api_key=asgi.api_key, reconnect=policy, backfill="off") as client:
        stream = client.join(asgi.project_id).events()
        asgi.stop()
        with pytest.raises(GaveUp):
            for _ in stream:
                pass
    eventually(lambda: said(caplog, logging.ERROR, "closed: "))


def test_a_level_counts_from_when_it_is_set(
    asgi: Server, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetched: list[str] = []
    log = _logging._log

    def spy(level: int, topic: str, message: str) -> None:
        log(level, topic, message)
        fetched.append(message.split()[0])

    monkeypatch.setattr(_logging, "_log", spy)
    for level in (logging.ERROR, logging.INFO):
        caplog.set_level(level, "automoderate")
        with Client(asgi.base_url, api_key=asgi.api_key):
            pass
        eventually(lambda: "closed" in fetched)
        assert said(caplog, logging.INFO, "closed") == (level == logging.INFO)
        assert not said(caplog, logging.DEBUG, "connecting")
        fetched.clear()


def test_handlers_may_be_slow_and_may_use_the_client(shared_server: Server) -> None:
    logger = logging.getLogger("automoderate")
    heard: list[str] = []
    release = threading.Event()

    class Slow(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            release.wait(10)
            heard.append(client.state)

    handler = Slow()
    client = Client(shared_server.base_url, api_key=shared_server.api_key)
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    try:
        with client:
            # A slow handler delays nothing else.
            client.join(shared_server.project_id)
            client.moderate("text")
            release.set()
            eventually(lambda: bool(heard))
    finally:
        release.set()
        logger.removeHandler(handler)
        logger.setLevel(logging.NOTSET)


def test_a_handler_that_fails_does_not_end_the_messages(shared_server: Server) -> None:
    done = run(
        shared_server,
        """
import logging
heard = threading.Event()
class Broken(logging.Handler):
    seen = 0
    def emit(self, record):
        self.seen += 1
        if self.seen > 1: heard.set()
        raise RuntimeError("the handler's own fault")
logging.getLogger("automoderate").addHandler(Broken())
logging.getLogger("automoderate").setLevel("DEBUG")
with Client(url, api_key=key): pass
assert heard.wait(10)
""",
    )
    assert done.returncode == 0
    assert "the handler's own fault" in done.stderr


def test_a_forked_child_has_messages_of_its_own(shared_server: Server) -> None:
    done = run(
        shared_server,
        """
import logging, os
logging.basicConfig(level="INFO", format="%(process)d %(message)s")
with Client(url, api_key=key): pass
pid = os.fork()
with Client(url, api_key=key):
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and threading.active_count() < 2: time.sleep(0.01)
time.sleep(0.3)
if pid == 0: os._exit(0)
os.waitpid(pid, 0)
print(os.getpid(), pid)
""",
    )
    assert done.returncode == 0
    parent, child = done.stdout.split()
    lines = done.stderr.splitlines()
    assert sum(line.startswith(f"{parent} connected") for line in lines) == 2
    assert sum(line.startswith(f"{child} connected") for line in lines) == 1
