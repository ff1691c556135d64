"""Unreferenced objects are freed."""

from __future__ import annotations

import asyncio
import gc
import os
import threading

from automoderate import (
    AsyncClient,
    Client,
)

from .conftest import Server, eventually


async def test_a_forgotten_client_goes_away(asgi: Server) -> None:
    client = AsyncClient(asgi.base_url, api_key=asgi.api_key)
    await client.connect()
    assert asgi.admin("/stats")["connected"] == 1
    del client
    gc.collect()
    await asyncio.to_thread(eventually, lambda: asgi.admin("/stats")["connected"] == 0)


async def test_clients_that_come_and_go_leave_nothing_behind(asgi: Server) -> None:
    def held() -> tuple[int, int]:
        gc.collect()
        # The event loop keeps as many threads as were once busy at the same time.
        threads = [thread for thread in threading.enumerate() if not thread.name.startswith("asyncio_")]
        return len(os.listdir("/proc/self/fd")), len(threads)

    async def come_and_go() -> None:
        async with AsyncClient(asgi.base_url, api_key=asgi.api_key, credentials=None) as client:
            project = await client.join(asgi.project_id)
            for stream in [project.events() for _ in range(20)]:
                stream.throttle(0.1)
        await asyncio.to_thread(block)

    def block() -> None:
        with Client(asgi.base_url, credentials=lambda reason: asgi.api_key) as client:
            client.join(asgi.project_id).events()

    await come_and_go()
    before = held()
    for _ in range(15):
        await come_and_go()

    def gone() -> bool:
        files, threads = held()
        return files <= before[0] and threads <= before[1]

    await asyncio.to_thread(eventually, gone)
