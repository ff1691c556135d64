"""On a server without an event log, decisions missed in a long outage are fetched over REST at the reader's pace."""

from __future__ import annotations

import asyncio

from automoderate import AsyncClient, ModerationUpdate
from automoderate.testing import Server

MISSED = 2_300


async def test_each_missed_decision_arrives_once_and_in_order() -> None:
    server = Server(event_log=False)

    def publish(id: str) -> None:
        server.publish("p", "moderation_update", {"content_id": id, "status": "approved"})

    async with AsyncClient(server.url, api_key="any") as client:
        events = (await client.join("p")).events()
        # The backfill's listing starts 2 s before the newest of these decisions, so it also contains them. They must
        # not be delivered again.
        for n in range(200):
            publish(f"before{n}")
        for n in range(200):
            before = await anext(events)
            assert isinstance(before, ModerationUpdate)
            assert before.content_id == f"before{n}"
        server.set_offline(True)
        missed = [f"missed{n}" for n in range(MISSED)]
        for id in missed:
            publish(id)
        server.set_offline(False)
        await asyncio.to_thread(server.joined, "p")

        found: list[tuple[str, str]] = []
        live: list[str] = []
        while len(found) < MISSED + len(live):
            event = await asyncio.wait_for(anext(events), 30)
            # Any other event would report a loss.
            assert isinstance(event, ModerationUpdate), event
            found.append((event.content_id, event.meta.origin))
            if len(found) % 100 == 0 and len(live) < 20:
                live.append(f"live{len(live)}")
                publish(live[-1])
            await asyncio.sleep(0.001)
        metrics = client.metrics()
    assert found == [(id, "backfill") for id in missed] + [(id, "live") for id in live]
    assert (metrics.gaps, metrics.backfilled) == (0, MISSED)
