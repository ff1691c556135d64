"""On servers with an event log, a stream resumes where it stopped."""

from __future__ import annotations

import automoderate
import pytest
from automoderate import (
    AsyncClient,
)

from .conftest import FAST_RECONNECT, NO_LIMITS, StartServer, next_ids


async def test_replay_resumes_after_a_cursor(start_server: StartServer) -> None:
    server = start_server(*NO_LIMITS)
    first = server.submit("one", "two", "three")
    async with AsyncClient(server.base_url, api_key=server.api_key) as client:
        project = await client.join(server.project_id, after=0)
        stream = project.events()
        assert await next_ids(stream, 2) == first[:2]
        cursor = project.cursor
    assert cursor is not None
    later = server.submit("four")
    async with AsyncClient(server.base_url, api_key=server.api_key) as client:
        stream = (await client.join(server.project_id, after=cursor)).events()
        assert await next_ids(stream, 2) == [first[2], *later]
        with pytest.raises(automoderate.InvalidArgument, match="after"):
            await client.join(server.project_id, after="forty-one")


async def test_items_submitted_after_the_join_arrive(start_server: StartServer) -> None:
    server = start_server(*NO_LIMITS)
    async with AsyncClient(server.base_url, api_key=server.api_key, reconnect=FAST_RECONNECT) as client:
        stream = (await client.join(server.project_id)).events()
        wanted = server.submit("before")
        assert await next_ids(stream, 1) == wanted
