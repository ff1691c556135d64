"""The SDK's log messages are forwarded to the logger `automoderate` and its children."""

from __future__ import annotations

import asyncio
import logging
import threading

import pytest
from automoderate import AsyncClient, Client, GaveUp, ReconnectPolicy, _logging

from .conftest import FAST_RECONNECT, Server, run_client_code, wait_until


def was_logged(caplog: pytest.LogCaptureFixture, level: int, words: str) -> bool:
    return any(
        record.levelno == level and words in record.getMessage() and record.name.startswith("automoderate.")
        for record in list(caplog.records)
    )


async def test_state_changes_are_logged(documented: Server, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "automoderate")
    async with AsyncClient(
        documented.base_url, api_key=documented.api_key, reconnect=FAST_RECONNECT, backfill="off"
    ) as client:
        stream = (await client.join(documented.project_id)).events()
        documented.admin("/cut")
        await anext(stream)
    where = f"server={documented.base_url}"
    wanted = [
        (logging.DEBUG, f"connecting {where}"),
        (logging.INFO, f"connected {where}"),
        (logging.WARNING, "reconnecting: attempt 1 in "),
        (logging.INFO, f"closed {where}"),
    ]
    await asyncio.to_thread(wait_until, lambda: all(was_logged(caplog, *one) for one in wanted))
    assert documented.api_key not in caplog.text


def test_an_unexpected_end_is_logged_as_an_error(documented: Server, caplog: pytest.LogCaptureFixture) -> None:
    policy = ReconnectPolicy(delay=0.01, max_delay=0.01, attempts=1, max_attempts_per_minute=600)
    with Client(documented.base_url, api_key=documented.api_key, reconnect=policy, backfill="off") as client:
        stream = client.join(documented.project_id).events()
        documented.stop()
        with pytest.raises(GaveUp):
            for _ in stream:
                pass
    wait_until(lambda: was_logged(caplog, logging.ERROR, "closed: "))


def test_a_changed_log_level_applies_to_later_messages(
    documented: Server, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetched: list[str] = []
    log = _logging._log_record

    def record_message(level: int, topic: str, message: str) -> None:
        log(level, topic, message)
        fetched.append(message.split()[0])

    monkeypatch.setattr(_logging, "_log_record", record_message)
    for level in (logging.ERROR, logging.INFO):
        caplog.set_level(level, "automoderate")
        with Client(documented.base_url, api_key=documented.api_key):
            pass
        wait_until(lambda: "closed" in fetched)
        assert was_logged(caplog, logging.INFO, "closed") == (level == logging.INFO)
        assert not was_logged(caplog, logging.DEBUG, "connecting")
        fetched.clear()


def test_log_handlers_may_be_slow_and_may_use_the_client(shared_server: Server) -> None:
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
            # A slow log handler must not delay the client.
            client.join(shared_server.project_id)
            client.moderate("text")
            release.set()
            wait_until(lambda: bool(heard))
    finally:
        release.set()
        logger.removeHandler(handler)
        logger.setLevel(logging.NOTSET)


def test_a_failing_log_handler_does_not_stop_the_logging(shared_server: Server) -> None:
    done = run_client_code(
        shared_server,
        """
import logging
heard = threading.Event()
class Broken(logging.Handler):
    seen = 0
    def emit(self, record):
        self.seen += 1
        if self.seen > 1: heard.set()
        raise RuntimeError("an error in the handler")
logging.getLogger("automoderate").addHandler(Broken())
logging.getLogger("automoderate").setLevel("DEBUG")
with Client(url, api_key=key): pass
assert heard.wait(10)
""",
    )
    assert done.returncode == 0
    assert "an error in the handler" in done.stderr


def test_a_forked_child_logs_its_own_messages(shared_server: Server) -> None:
    done = run_client_code(
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
