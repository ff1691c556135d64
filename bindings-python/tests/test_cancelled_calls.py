"""Every pending call can be cancelled. The client keeps working, and no operation is performed twice."""

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

from .conftest import FAST_RECONNECT, Server


async def cancel_after(call: Awaitable[Any], turns: int) -> bool:
    """Cancels a call after `turns` turns of the event loop. Returns true if the call had not finished by then."""
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
def stopped_process(server: Server) -> Iterator[None]:
    """Suspends the server's process. The operating system still accepts connections, but the server is silent."""
    server.process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        server.process.send_signal(signal.SIGCONT)


async def test_connect(documented: Server) -> None:
    client = AsyncClient(documented.base_url, api_key=documented.api_key)
    with stopped_process(documented):
        for turns in range(50):
            assert await cancel_after(client.connect(), turns)
        with pytest.raises((asyncio.TimeoutError, TimeoutError)):
            await asyncio.wait_for(client.connect(), 0.05)
        assert client.state == "connecting"
    assert await asyncio.wait_for(client.connect(), 10) is client
    assert client.state == "connected"
    assert client.metrics().attempts == 1
    await client.close()
    with pytest.raises(automoderate.Closed):
        await client.connect()


async def test_a_client_can_be_closed_after_a_cancelled_connect(documented: Server) -> None:
    client = AsyncClient(documented.base_url, api_key=documented.api_key)
    with stopped_process(documented):
        assert await cancel_after(client.connect(), 3)
        await asyncio.wait_for(client.close(), 5)
    assert client.state == "closed"


async def test_join_and_leave(documented: Server) -> None:
    async with AsyncClient(documented.base_url, api_key=documented.api_key) as client:
        for turns in range(30):
            documented.admin("/joins", delay_ms=20)
            await cancel_after(client.join(documented.project_id), turns % 5)
            documented.admin("/joins")
            project = await client.join(documented.project_id)
            stream = project.events(ModerationUpdate)
            wanted = documented.admin("/moderate", content=f"text {turns}")["content_id"]
            assert (await anext(stream)).content_id == wanted
            await cancel_after(project.leave(), turns % 3 + 1)
            # A leave that has started continues after cancellation, so the stream ends.
            assert await asyncio.wait_for(stream.next_batch(), 5) == []
        assert client.metrics().connections == 1


async def test_emit_with_ack(documented: Server) -> None:
    async with AsyncClient(documented.base_url, api_key=documented.api_key, rate_limit=None, ack_timeout=0.2) as client:
        for turns in range(200):
            assert await cancel_after(client.emit_with_ack("nobody_answers"), turns % 4)
        for turns in range(50):
            await cancel_after(client.emit("heartbeat", {}), turns % 3)
        # The cancelled calls must not affect later calls.
        project = await client.join(documented.project_id)
        with pytest.raises(automoderate.AckTimeout):
            await client.emit_with_ack("nobody_answers")
        await project.leave()


def rest_calls(client: AsyncClient, project: AsyncProject, id: str) -> list[Callable[[], Awaitable[Any]]]:
    return [
        lambda: client.content(id),
        lambda: client.contents_page(1, per_page=5),
        lambda: anext(client.contents(per_page=5)),
        client.statistics,
        client.health,
        project.snapshot,
        lambda: client.moderate("cancelled"),
        lambda: client.moderate_batch(["cancelled", "cancelled too"]),
    ]


async def test_rest_calls(shared_server: Server) -> None:
    async with AsyncClient(shared_server.base_url, api_key=shared_server.api_key, event_buffer=4096) as client:
        project = await client.join(shared_server.project_id)
        stream = project.events(ModerationUpdate)
        id = (await client.moderate("text")).content_id
        cancelled = 0
        for turns in range(120):
            for call in rest_calls(client, project, id):
                cancelled += await cancel_after(call(), turns % 4)
        assert cancelled > 500
        last = (await client.moderate("last")).content_id
        seen: list[str] = []
        while last not in seen:
            seen += [event.content_id for event in await stream.next_batch()]
        assert len(set(seen)) == len(seen)


async def test_a_cancelled_page_is_fetched_by_the_next_call(automoderate_server: LoopbackServer) -> None:
    wanted = [f"c{number}" for number in range(12)]
    for id in reversed(wanted):
        automoderate_server.store("p", {"id": id})
    contents = AsyncClient(automoderate_server.url).contents(per_page=3)
    found: list[str] = []
    while len(found) < len(wanted):
        if not await cancel_after(anext(contents), 1):
            raise AssertionError("fetching a page must take more than one turn of the event loop")
        found.append((await anext(contents)).id)
        found += [(await anext(contents)).id for _ in range(2)]
    assert found == wanted


async def test_state_changes(documented: Server) -> None:
    async with AsyncClient(documented.base_url, api_key=documented.api_key, reconnect=FAST_RECONNECT) as client:
        states = client.state_changes()
        seen: list[State] = [await anext(states)]
        for cut in range(5):
            for turns in range(200):
                assert await cancel_after(anext(states), turns % 3)
            documented.admin("/cut")
            while seen.count("connected") < cut + 2:  # type: ignore[arg-type]
                try:
                    seen.append(await asyncio.wait_for(anext(states), 0.01))
                except (asyncio.TimeoutError, TimeoutError):
                    continue
    seen += [state async for state in states]
    names = [state.name for state in seen]
    assert names[-1] == "closed"
    # The connection was restored after each of the five cuts, and no state change is missing.
    assert names.count("connected") == 6
    assert names.count("reconnecting") >= 5
    assert all(one != other for one, other in itertools.pairwise(names) if one != "reconnecting")


async def test_close(shared_server: Server) -> None:
    for turns in range(5):
        client = await AsyncClient(shared_server.base_url, api_key=shared_server.api_key).connect()
        stream = (await client.join(shared_server.project_id)).events()
        await cancel_after(client.close(), turns)
        # A close that has started continues after cancellation.
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
