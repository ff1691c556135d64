"""A slow reader, with default options, after a long absence and after a burst."""

from __future__ import annotations

import asyncio

from automoderate import AsyncClient, AsyncEventStream, Event, ModerationUpdate
from automoderate.testing import Server

MISSED = 20_000
BURST = 5_000


async def test_missed_events_and_a_burst_arrive_once_and_in_order(automoderate_server: Server) -> None:
    def publish(n: int) -> None:
        automoderate_server.publish("p", "moderation_update", {"content_id": f"c{n}", "status": "approved"})

    publish(0)
    async with AsyncClient(automoderate_server.url, api_key="any") as client:
        project = await client.join("p", after=0)
        await anext(project.events())
        cursor = project.cursor
    for n in range(1, MISSED + 1):
        publish(n)

    async with AsyncClient(automoderate_server.url, api_key="any") as client:
        events = (await client.join("p", after=cursor)).events()
        await read_slowly(events, range(1, MISSED + 1))
        # The burst is about five times the size of a stream's buffer.
        burst = range(MISSED + 1, MISSED + BURST + 1)
        for n in burst:
            publish(n)
        await read_slowly(events, burst)


async def read_slowly(events: AsyncEventStream[Event], expected: range) -> None:
    for at, n in enumerate(expected):
        event = await anext(events)
        # Any other event would report a loss.
        assert isinstance(event, ModerationUpdate), event
        assert event.content_id == f"c{n}"
        if at < 1_500:
            await asyncio.sleep(0.001)
        elif at % 100 == 0:
            await asyncio.sleep(0.01)
