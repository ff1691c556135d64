"""Polling for reviews on servers without an event log, which send no events for reviews."""

from __future__ import annotations

import asyncio

from automoderate import AsyncClient, ModerationUpdate
from automoderate.testing import Server


async def test_a_review_is_delivered_by_polling() -> None:
    server = Server(event_log=False)
    async with AsyncClient(server.url, api_key="any", review_poll=1) as client:
        updates = (await client.join("p")).events(ModerationUpdate)
        server.publish("p", "moderation_update", {"content_id": "c1", "status": "flagged"})
        assert (await anext(updates)).status == "flagged"
        server.store("p", {"id": "c1", "status": "approved"})
        reviewed = await asyncio.wait_for(anext(updates), 10)
    assert (reviewed.content_id, reviewed.status, reviewed.meta.origin) == ("c1", "approved", "backfill")
