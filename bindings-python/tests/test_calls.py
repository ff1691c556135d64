"""Methods of both clients and their projects, from connecting to closing."""

from __future__ import annotations

import asyncio

import automoderate
import pytest
from automoderate import (
    AsyncClient,
    Client,
    Moderation,
    ModerationUpdate,
)

from .conftest import Server, next_ids


async def test_every_call_of_the_asyncio_client(shared_server: Server) -> None:
    server = shared_server
    async with AsyncClient(server.base_url, api_key=server.api_key) as client:
        assert client.state == "connected"
        assert await client.connect() is client
        project = await client.join(server.project_id)
        assert project.id == server.project_id
        stream, updates = project.events(), project.events(ModerationUpdate)
        answer = await client.moderate("a fine day", metadata={"user_id": "u"})
        assert answer.status == "approved"
        [event] = await updates.next_batch()
        assert (event.content_id, event.meta_data) == (answer.content_id, {"user_id": "u"})
        assert event.meta.event_id is not None
        await next_ids(stream, 1)
        assert project.cursor == event.meta.cursor
        found = await client.content(answer.content_id)
        assert (found.content_data, found.status) == ("a fine day", "approved")
        assert found.created_at is not None
        assert found.created_at.tzinfo is not None
        await asyncio.gather(*(client.moderate(f"text {number}") for number in range(5)))
        assert len([one async for one in client.contents(per_page=2)]) >= 6
        page = await client.contents_page(1, per_page=3, status="approved")
        assert len(page.items) == 3
        batch = await client.moderate_batch(["one", "two"])
        assert [result.status for result in batch if isinstance(result, Moderation)] == ["approved", "approved"]
        assert (await client.statistics()).total_content >= 6
        assert (await project.snapshot()).stats == await client.statistics()
        assert (await client.health()).status
        metrics = client.metrics()
        assert (metrics.connections, metrics.attempts) == (1, 1)
        assert metrics.events >= 6
        client.network_changed()
        await project.leave()
        assert [event async for event in stream][-1:]
        assert await updates.next_batch(100) != []
        assert await updates.next_batch(100) == []
    assert client.state == "closed"
    assert client.state.cause is not None
    assert client.state.cause.code == "closed"
    await client.close()


def test_every_call_of_the_blocking_client(shared_server: Server) -> None:
    server = shared_server
    with Client(server.base_url, api_key=server.api_key) as client:
        assert client.state == "connected"
        project = client.join(server.project_id)
        stream, updates = project.events(), project.events(ModerationUpdate)
        wanted = [client.moderate(f"text {number}").content_id for number in range(10)]
        found: list[str] = []
        while len(found) < 10:
            for event in updates:
                found.append(event.content_id)
                if len(found) % 3 == 0 or len(found) == 10:
                    break
        assert found == wanted
        assert {event.event for event in stream.next_batch(100, timeout=5)} >= {"moderation_update"}
        with pytest.raises(TimeoutError):
            updates.next_batch(timeout=0.05)
        with pytest.raises(automoderate.InvalidArgument, match="timeout"):
            updates.next_batch(timeout=-1)
        assert client.content(wanted[0]).content_data == "text 0"
        assert len(list(client.contents(per_page=3))) >= 10
        # Refused items cause no events, so no update follows those read above.
        assert [type(result) for result in client.moderate_batch(["", " "])] == [automoderate.ApiError] * 2
        assert client.statistics().total_content >= 10
        assert project.snapshot().stats == client.statistics()
        assert client.health().status
        assert client.metrics().connections == 1
        client.emit("heartbeat", {})
        client.network_changed()
        cursor = project.cursor
        assert cursor is not None
        project.leave()
        assert list(updates) == []
    assert client.state == "closed"
    states = list(client.state_changes())
    assert states == ["closed"]
    with Client(server.base_url, api_key=server.api_key) as client:
        client.join(server.project_id, after=cursor)
