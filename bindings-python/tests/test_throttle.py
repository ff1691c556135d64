"""At most one event per interval, and the last is never lost."""

from __future__ import annotations

import automoderate
import pytest
from automoderate import (
    AsyncClient,
    Client,
    StatsUpdate,
)

from .conftest import Server


async def test_throttling_keeps_the_last(asgi: Server) -> None:
    async with AsyncClient(asgi.base_url, api_key=asgi.api_key) as client:
        project = await client.join(asgi.project_id)
        stream = project.events(StatsUpdate).throttle(0.2)
        for total in range(30):
            data = {"total_content": total, "project_id": asgi.project_id}
            asgi.admin("/emit", event="stats_update", data=data, project_id=asgi.project_id)
        seen: list[int] = []
        async for stats in stream:
            seen.append(stats.total_content)
            if stats.total_content == 29:
                break
        assert seen[-1] == 29
        assert len(seen) < 15
        with pytest.raises(automoderate.InvalidArgument, match="interval"):
            project.events().throttle(-1)


def test_throttling_blocking(asgi: Server) -> None:
    with Client(asgi.base_url, api_key=asgi.api_key) as client:
        stream = client.join(asgi.project_id).events(StatsUpdate).throttle(0.2)
        for total in range(10):
            data = {"total_content": total, "project_id": asgi.project_id}
            asgi.admin("/emit", event="stats_update", data=data, project_id=asgi.project_id)
        seen: list[int] = []
        for stats in stream:
            seen.append(stats.total_content)
            if seen[-1] == 9:
                break
        assert len(seen) < 6
