"""Unreferenced clients and streams are freed."""

from __future__ import annotations

import asyncio
import gc
import os
import threading

from automoderate import (
    AsyncClient,
    Client,
)

from .conftest import Server, wait_until


async def test_an_unreferenced_client_is_freed_and_disconnected(documented: Server) -> None:
    client = AsyncClient(documented.base_url, api_key=documented.api_key)
    await client.connect()
    assert documented.admin("/stats")["connected"] == 1
    del client
    gc.collect()
    await asyncio.to_thread(wait_until, lambda: documented.admin("/stats")["connected"] == 0)


async def test_closed_clients_leave_no_files_or_threads_open(documented: Server) -> None:
    def open_files_and_threads() -> tuple[int, int]:
        gc.collect()
        # The threads of asyncio's thread pool stay alive, so they are not counted.
        threads = [thread for thread in threading.enumerate() if not thread.name.startswith("asyncio_")]
        return len(os.listdir("/proc/self/fd")), len(threads)

    async def use_clients() -> None:
        async with AsyncClient(documented.base_url, api_key=documented.api_key, credentials=None) as client:
            project = await client.join(documented.project_id)
            for stream in [project.events() for _ in range(20)]:
                stream.throttle(0.1)
        await asyncio.to_thread(use_blocking_client)

    def use_blocking_client() -> None:
        with Client(documented.base_url, credentials=lambda reason: documented.api_key) as client:
            client.join(documented.project_id).events()

    await use_clients()
    before = open_files_and_threads()
    for _ in range(15):
        await use_clients()

    def is_back_to_baseline() -> bool:
        files, threads = open_files_and_threads()
        return files <= before[0] and threads <= before[1]

    await asyncio.to_thread(wait_until, is_back_to_baseline)
