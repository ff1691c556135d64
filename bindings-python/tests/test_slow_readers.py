"""A reader that is too slow receives the number of events that it missed."""

from __future__ import annotations

import asyncio
import pickle

import automoderate
from automoderate import (
    AsyncClient,
    Lagged,
    StatsUpdate,
)

from .conftest import Server


async def test_a_reader_that_is_too_slow_receives_lagged(documented: Server) -> None:
    async with AsyncClient(documented.base_url, api_key=documented.api_key, event_buffer=4) as client:
        project = await client.join(documented.project_id)
        stream, counted = project.events(), project.events(StatsUpdate)
        for total in range(20):
            data = {"total_content": total, "project_id": documented.project_id}
            documented.admin("/emit", event="stats_update", data=data, project_id=documented.project_id)
        while client.metrics().events < 20:
            await asyncio.sleep(0.01)
        lagged, *kept = await stream.next_batch(10)
        assert isinstance(lagged, Lagged)
        assert (lagged.missed, len(kept)) == (16, 4)
        assert pickle.loads(pickle.dumps(lagged)) == lagged
        assert [event.total_content for event in await counted.next_batch(10)] == [16, 17, 18, 19]
        assert counted.losses == automoderate.Losses(lagged=16, gaps=0)
