"""What happens around the interpreter: exit, Ctrl-C, fork, spawn, event loops, uvloop."""

from __future__ import annotations

import asyncio
import multiprocessing
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from automoderate import AsyncClient, Client, ModerationUpdate, _port

from .conftest import Server, run_python

OPEN = """
import sys, asyncio, threading, time
from automoderate import AsyncClient, Client, ModerationUpdate
url, key, project = sys.argv[1:4]
"""


def run(server: Server, code: str) -> subprocess.CompletedProcess[str]:
    return run_python(OPEN + code, server.base_url, server.api_key, server.project_id)


@pytest.mark.parametrize(
    "code",
    [
        "client = Client(url, api_key=key).connect(); stream = client.join(project).events()",
        """
client = Client(url, api_key=key).connect()
stream = client.join(project).events()
threading.Thread(target=list, args=(stream,), daemon=True).start()
for number in range(20): client.moderate("text")
""",
        """
async def main():
    client = await AsyncClient(url, api_key=key).connect()
    stream = (await client.join(project)).events()
    task = asyncio.create_task(anext(stream))
    await client.moderate("text")
    await task
    globals()["kept"] = client, stream
asyncio.run(main())
""",
        """
async def main():
    client = await AsyncClient(url, api_key=key).connect()
    stream = (await client.join(project)).events()
    async for event in stream: pass
try: asyncio.run(asyncio.wait_for(main(), 0.3))
except (asyncio.TimeoutError, TimeoutError): pass
""",
        "Client(url, api_key=lambda: 1) if False else None",
    ],
)
def test_the_interpreter_ends_without_close(shared_server: Server, code: str) -> None:
    started = time.monotonic()
    done = run(shared_server, code)
    assert (done.returncode, done.stderr) == (0, "")
    assert time.monotonic() - started < 10


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


def test_a_fork_is_told(shared_server: Server) -> None:
    done = run(
        shared_server,
        """
import os, automoderate
client = Client(url, api_key=key).connect()
stream = client.join(project).events()
pid = os.fork()
if pid == 0:
    for call in (lambda: client.join(project), lambda: client.events(), lambda: next(stream)):
        try: call()
        except automoderate.Closed as error: assert "fork" in str(error), error
        else: os._exit(1)
    with Client(url, api_key=key) as own:
        own.join(project)
    os._exit(0)
assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
client.moderate("text")
assert next(stream)
client.close()
""",
    )
    assert (done.returncode, done.stderr) == (0, "")


def child(url: str, key: str, project: str, events: Any) -> None:
    with Client(url, api_key=key) as client:
        stream = client.join(project).events(ModerationUpdate)
        client.moderate("from a child")
        events.put(next(stream))


def test_spawned_processes_work_and_events_travel(shared_server: Server) -> None:
    context = multiprocessing.get_context("spawn")
    events = context.Queue()
    with Client(shared_server.base_url, api_key=shared_server.api_key):
        arguments = (shared_server.base_url, shared_server.api_key, shared_server.project_id, events)
        process = context.Process(target=child, args=arguments)
        process.start()
        event = events.get(timeout=20)
        process.join(20)
    assert isinstance(event, ModerationUpdate)
    assert event.content_preview == "from a child"
    events.close()
    events.join_thread()


async def read_one(server: Server) -> str:
    async with AsyncClient(server.base_url, api_key=server.api_key) as client:
        stream = (await client.join(server.project_id)).events(ModerationUpdate)
        answer = await client.moderate("text")
        async for event in stream:
            if event.content_id == answer.content_id:
                return event.status
    return ""


def test_two_event_loops_share_a_client(shared_server: Server) -> None:
    client = AsyncClient(shared_server.base_url, api_key=shared_server.api_key)

    async def connect() -> Any:
        await client.connect()
        return (await client.join(shared_server.project_id)).events(ModerationUpdate)

    stream = asyncio.run(connect())
    found: list[str] = []

    async def read(many: int) -> None:
        for _ in range(many):
            found.append((await anext(stream)).content_id)

    async def write() -> list[str]:
        return [(await client.moderate("text")).content_id for _ in range(10)]

    reader = threading.Thread(target=lambda: asyncio.run(read(10)))
    reader.start()
    wanted = asyncio.run(write())
    reader.join(10)
    assert found == wanted
    asyncio.run(client.close())


def test_uvloop(shared_server: Server) -> None:
    uvloop = pytest.importorskip("uvloop")
    loop = uvloop.new_event_loop()
    try:
        assert loop.run_until_complete(read_one(shared_server)) == "approved"
        loop.run_until_complete(loop.shutdown_asyncgens())
    finally:
        loop.close()


def test_loops_that_watch_no_files(shared_server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise NotImplementedError

    monkeypatch.setattr(asyncio.SelectorEventLoop, "add_reader", refuse)
    loop = asyncio.SelectorEventLoop.__new__(asyncio.SelectorEventLoop)
    monkeypatch.undo()
    loop.__init__()  # type: ignore[misc]
    loop.add_reader = refuse  # type: ignore[assignment,method-assign]
    try:
        assert loop.run_until_complete(read_one(shared_server)) == "approved"
        loop.run_until_complete(loop.shutdown_asyncgens())
    finally:
        _port._ports.pop(loop, None)
        loop.close()


def test_anyio_on_asyncio(shared_server: Server) -> None:
    anyio = pytest.importorskip("anyio")

    async def main() -> None:
        async with AsyncClient(shared_server.base_url, api_key=shared_server.api_key) as client:
            stream = (await client.join(shared_server.project_id)).events(ModerationUpdate)
            with anyio.move_on_after(0.05):
                await anext(stream)
            await client.moderate("text")
            with anyio.fail_after(5):
                assert await anext(stream)

    anyio.run(main)


def test_many_clients_in_one_process(shared_server: Server) -> None:
    async def main() -> None:
        clients = [AsyncClient(shared_server.base_url, api_key=shared_server.api_key) for _ in range(100)]
        await asyncio.gather(*(client.connect() for client in clients))
        projects = await asyncio.gather(*(client.join(shared_server.project_id) for client in clients))
        streams = [project.events(ModerationUpdate) for project in projects]
        answer = await clients[0].moderate("to all")
        events = await asyncio.gather(*(anext(stream) for stream in streams))
        assert {event.content_id for event in events} == {answer.content_id}
        await asyncio.gather(*(client.close() for client in clients))

    asyncio.run(main())


def test_help_says_it(tmp_path: Path) -> None:
    done = run_python("import automoderate; help(automoderate.AsyncClient); help(automoderate.ModerationUpdate)")
    assert done.returncode == 0
    for words in ("All times are seconds", "Raises:", "content_preview_html", "JoinTimeout"):
        assert words in done.stdout
