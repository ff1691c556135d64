"""Cancellation loses no events, and the client keeps working."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from automoderate import (
    AsyncClient,
    ModerationUpdate,
)

from .conftest import Server


async def read_one(stream: Any) -> Any:
    return await anext(aiter(stream))


async def test_cancelled_reads_lose_no_events(shared_server: Server) -> None:
    total, cancelled = 300, 0
    async with AsyncClient(shared_server.base_url, api_key=shared_server.api_key, event_buffer=4096) as client:
        stream = (await client.join(shared_server.project_id)).events(ModerationUpdate)

        async def submit() -> list[str]:
            return [(await client.moderate(f"text {number}")).content_id for number in range(total)]

        submitting = asyncio.create_task(submit())
        found: list[str] = []
        turn = 0
        while len(found) < total:
            turn += 1
            task: asyncio.Task[Any]
            if turn % 3 == 0:
                task = asyncio.create_task(stream.next_batch(2))
            elif turn % 3 == 1:
                task = asyncio.create_task(stream.__anext__())
            else:
                task = asyncio.create_task(read_one(stream))
            for _ in range(turn % 4):
                await asyncio.sleep(0)
            task.cancel()
            try:
                outcome = await task
                found.extend(event.content_id for event in (outcome if isinstance(outcome, list) else [outcome]))
            except asyncio.CancelledError:
                cancelled += 1
        assert found == await submitting
        assert cancelled > 2000
        with pytest.raises((asyncio.TimeoutError, TimeoutError)):
            await asyncio.wait_for(anext(stream), 0.05)
        await client.moderate("more")
        assert await asyncio.wait_for(anext(stream), 5)


async def test_breaking_out_of_a_loop_loses_no_events(shared_server: Server) -> None:
    async with AsyncClient(shared_server.base_url, api_key=shared_server.api_key) as client:
        stream = (await client.join(shared_server.project_id)).events(ModerationUpdate)
        wanted = [(await client.moderate(f"text {number}")).content_id for number in range(20)]
        found: list[str] = []
        while len(found) < 20:
            async for event in stream:
                found.append(event.content_id)
                if len(found) % 3 == 0 or len(found) == 20:
                    break
        assert found == wanted
