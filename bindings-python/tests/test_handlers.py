"""Handlers registered with `on`."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from automoderate import (
    AsyncClient,
    Client,
    Event,
    ModerationUpdate,
    StatsUpdate,
)

from .conftest import Server


async def test_handlers_of_the_asyncio_client(shared_server: Server, caplog: pytest.LogCaptureFixture) -> None:
    client = AsyncClient(shared_server.base_url, api_key=shared_server.api_key)
    seen: list[Any] = []

    @client.on(ModerationUpdate)
    async def on_update(event: ModerationUpdate) -> None:
        await asyncio.sleep(0)
        seen.append(event.status)

    @client.on("stats_update")
    def on_stats(event: StatsUpdate) -> None:
        seen.append(event.total_content)
        raise RuntimeError("an error in the handler")

    @client.on()
    def on_any(event: Event) -> None:
        seen.append(event.event)

    async with client:
        running = asyncio.create_task(client.run())
        await client.join(shared_server.project_id)
        await client.moderate("fine")
        while not {"approved", "moderation_update", "stats_update"} <= set(seen):
            await asyncio.sleep(0.01)
    await asyncio.wait_for(running, 5)
    assert "a handler of stats_update failed" in caplog.text
    with pytest.raises(ValueError, match="kind"):
        client.on("no_such_kind")
    with pytest.raises(TypeError, match="kind"):
        client.on(int)


def test_handlers_of_the_blocking_client(shared_server: Server) -> None:
    client = Client(shared_server.base_url, api_key=shared_server.api_key)
    seen: list[Any] = []

    @client.on(ModerationUpdate)
    def on_update(event: ModerationUpdate) -> None:
        seen.append(event.status)

    @client.on(StatsUpdate)
    def on_stats(event: StatsUpdate) -> None:
        client.close()

    with client:
        client.join(shared_server.project_id)
        client.moderate("fine")
        client.run()
    assert seen == ["approved"]
