"""Throttled streams."""

from __future__ import annotations

import automoderate
import pytest
from automoderate import (
    AsyncClient,
    Client,
    StatsUpdate,
)

from .conftest import Server


async def test_a_throttled_stream_keeps_the_last_event(documented: Server) -> None:
    async with AsyncClient(documented.base_url, api_key=documented.api_key) as client:
        project = await client.join(documented.project_id)
        stream = project.events(StatsUpdate).throttle(0.2)
        for total in range(30):
            data = {"total_content": total, "project_id": documented.project_id}
            documented.admin("/emit", event="stats_update", data=data, project_id=documented.project_id)
        seen: list[int] = []
        async for stats in stream:
            seen.append(stats.total_content)
            if stats.total_content == 29:
                break
        assert seen[-1] == 29
        assert len(seen) < 15
        with pytest.raises(automoderate.InvalidArgument, match="interval"):
            project.events().throttle(-1)


def test_a_throttled_stream_of_the_blocking_client(documented: Server) -> None:
    with Client(documented.base_url, api_key=documented.api_key) as client:
        stream = client.join(documented.project_id).events(StatsUpdate).throttle(0.2)
        for total in range(10):
            data = {"total_content": total, "project_id": documented.project_id}
            documented.admin("/emit", event="stats_update", data=data, project_id=documented.project_id)
        seen: list[int] = []
        for stats in stream:
            seen.append(stats.total_content)
            if seen[-1] == 9:
                break
        assert len(seen) < 6
