"""Every call may be cancelled while it waits; the client keeps working, and nothing is done twice."""

from __future__ import annotations

import asyncio
import itertools
import signal
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import automoderate
import pytest
from automoderate import AsyncClient, AsyncProject, ModerationUpdate, State
from automoderate.testing import Server as LoopbackServer

from .conftest import QUICK, Server


async def cancel(call: Awaitable[Any], turns: int) -> bool:
    """Cancels a call after this many turns of the event loop; true if it was in time."""
    task = asyncio.ensure_future(call)
    for _ in range(turns):
        await asyncio.sleep(0)
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        return True
    return False


@contextmanager
def frozen(server: Server) -> Iterator[None]:
    """The system accepts connections for a stopped server, which answers none of them."""
    server.process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        server.process.send_signal(signal.SIGCONT)


async def test_connect(asgi: Server) -> None:
    client = AsyncClient(asgi.base_url, api_key=asgi.api_key)
    with frozen(asgi):
        for turns in range(50):
            assert await cancel(client.connect(), turns)
        with pytest.raises((asyncio.TimeoutError, TimeoutError)):
            await asyncio.wait_for(client.connect(), 0.05)
        assert client.state == "connecting"
    assert await asyncio.wait_for(client.connect(), 10) is client
    assert client.state == "connected"
    assert client.metrics().attempts == 1
    await client.close()
    with pytest.raises(automoderate.Closed):
        await client.connect()


async def test_a_connect_that_nobody_waits_for_any_more_can_be_closed(asgi: Server) -> None:
    client = AsyncClient(asgi.base_url, api_key=asgi.api_key)
    with frozen(asgi):
        assert await cancel(client.connect(), 3)
        await asyncio.wait_for(client.close(), 5)
    assert client.state == "closed"


async def test_join_and_leave(asgi: Server) -> None:
    async with AsyncClient(asgi.base_url, api_key=asgi.api_key) as client:
        for turns in range(30):
            asgi.admin("/joins", delay_ms=20)
            await cancel(client.join(asgi.project_id), turns % 5)
            asgi.admin("/joins")
            project = await client.join(asgi.project_id)
            stream = project.events(ModerationUpdate)
            wanted = asgi.admin("/moderate", content=f"text {turns}")["content_id"]
            assert (await anext(stream)).content_id == wanted
            await cancel(project.leave(), turns % 3 + 1)
            # Once begun it continues: the stream ends.
            assert await asyncio.wait_for(stream.next_batch(), 5) == []
        assert client.metrics().connections == 1


async def test_emit_with_ack(asgi: Server) -> None:
    async with AsyncClient(asgi.base_url, api_key=asgi.api_key, rate_limit=None, ack_timeout=0.2) as client:
        for turns in range(200):
            assert await cancel(client.emit_with_ack("nobody_answers"), turns % 4)
        for turns in range(50):
            await cancel(client.emit("heartbeat", {}), turns % 3)
        # Late answers go to no other call.
        project = await client.join(asgi.project_id)
        with pytest.raises(automoderate.AckTimeout):
            await client.emit_with_ack("nobody_answers")
        await project.leave()


def rest_calls(client: AsyncClient, id: str) -> list[Callable[[], Awaitable[Any]]]:
    return [
        lambda: client.content(id),
        lambda: client.contents_page(1, per_page=5),
        lambda: anext(client.contents(per_page=5)),
        client.statistics,
        client.health,
        lambda: client.moderate("cancelled"),
    ]


async def test_rest_calls(shared_server: Server) -> None:
    async with AsyncClient(shared_server.base_url, api_key=shared_server.api_key, event_buffer=4096) as client:
        stream = (await client.join(shared_server.project_id)).events(ModerationUpdate)
        id = (await client.moderate("text")).content_id
        cancelled = 0
        for turns in range(120):
            for call in rest_calls(client, id):
                cancelled += await cancel(call(), turns % 4)
        assert cancelled > 500
        last = (await client.moderate("last")).content_id
        seen: list[str] = []
        while last not in seen:
            seen += [event.content_id for event in await stream.next_batch()]
        assert len(set(seen)) == len(seen)


async def test_a_page_that_was_cancelled_is_fetched_by_the_next_call(automoderate_server: LoopbackServer) -> None:
    wanted = [f"c{number}" for number in range(12)]
    for id in reversed(wanted):
        automoderate_server.store("p", {"id": id})
    contents = AsyncClient(automoderate_server.url).contents(per_page=3)
    found: list[str] = []
    while len(found) < len(wanted):
        if not await cancel(anext(contents), 1):
            raise AssertionError("a page needs more than one turn")
        found.append((await anext(contents)).id)
        found += [(await anext(contents)).id for _ in range(2)]
    assert found == wanted


async def test_state_changes(asgi: Server) -> None:
    async with AsyncClient(asgi.base_url, api_key=asgi.api_key, reconnect=QUICK) as client:
        states = client.state_changes()
        seen: list[State] = [await anext(states)]
        for cut in range(5):
            for turns in range(200):
                assert await cancel(anext(states), turns % 3)
            asgi.admin("/cut")
            while seen.count("connected") < cut + 2:  # type: ignore[arg-type]
                try:
                    seen.append(await asyncio.wait_for(anext(states), 0.01))
                except (asyncio.TimeoutError, TimeoutError):
                    continue
    seen += [state async for state in states]
    names = [state.name for state in seen]
    assert names[-1] == "closed"
    # Each connection was lost and restored once; no change in between is missing.
    assert names.count("connected") == 6
    assert names.count("reconnecting") >= 5
    assert all(one != other for one, other in itertools.pairwise(names) if one != "reconnecting")


async def test_close(shared_server: Server) -> None:
    for turns in range(5):
        client = await AsyncClient(shared_server.base_url, api_key=shared_server.api_key).connect()
        stream = (await client.join(shared_server.project_id)).events()
        await cancel(client.close(), turns)
        # Once begun it continues; before that nothing has happened.
        await client.close()
        assert client.state == "closed"
        assert [event async for event in stream] == []


async def test_handlers(shared_server: Server) -> None:
    client = AsyncClient(shared_server.base_url, api_key=shared_server.api_key)
    seen: list[str] = []
    client.on(ModerationUpdate)(lambda event: seen.append(event.content_id))
    async with client:
        project: AsyncProject = await client.join(shared_server.project_id)
        wanted: list[str] = []
        for turns in range(60):
            running = asyncio.create_task(client.run())
            wanted.append((await client.moderate("text")).content_id)
            for _ in range(turns % 5):
                await asyncio.sleep(0)
            running.cancel()
            with pytest.raises(asyncio.CancelledError):
                await running
        running = asyncio.create_task(client.run())
        while len(seen) < len(wanted):
            await asyncio.sleep(0.01)
        running.cancel()
        assert seen == wanted
        assert project.cursor is not None
