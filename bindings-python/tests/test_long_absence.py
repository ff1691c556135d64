"""A program that returns with its cursor after a long absence, and reads more slowly than the server sends."""

from __future__ import annotations

import asyncio

from automoderate import AsyncClient, ModerationUpdate
from automoderate.testing import Server

MISSED = 20_000


async def test_twenty_thousand_missed_events_arrive_once_and_in_order(automoderate_server: Server) -> None:
    def publish(n: int) -> None:
        automoderate_server.publish("p", "moderation_update", {"content_id": f"c{n}", "status": "approved"})

    publish(0)
    async with AsyncClient(automoderate_server.url, api_key="any") as client:
        project = await client.join("p", after=0)
        await anext(project.events())
        cursor = project.cursor
    for n in range(1, MISSED + 1):
        publish(n)

    found: list[str] = []
    async with AsyncClient(automoderate_server.url, api_key="any") as client:
        stream = (await client.join("p", after=cursor)).events()
        while len(found) < MISSED:
            event = await anext(stream)
            # Anything else would be a loss.
            assert isinstance(event, ModerationUpdate), event
            found.append(event.content_id)
            if len(found) <= 1_500:
                await asyncio.sleep(0.001)
            elif len(found) % 100 == 0:
                await asyncio.sleep(0.01)
    assert found == [f"c{n}" for n in range(1, MISSED + 1)]
