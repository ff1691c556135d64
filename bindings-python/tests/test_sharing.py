"""Streams and clients shared by tasks, threads and event loops."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest
from automoderate import (
    AsyncClient,
    Client,
    ModerationUpdate,
)

from .conftest import Server, wait_until


async def test_tasks_can_share_a_stream(shared_server: Server) -> None:
    async with AsyncClient(shared_server.base_url, api_key=shared_server.api_key) as client:
        stream = (await client.join(shared_server.project_id)).events(ModerationUpdate)
        found: list[str] = []

        async def read() -> None:
            async for event in stream:
                found.append(event.content_id)

        readers = [asyncio.create_task(read()) for _ in range(4)]
        wanted = [(await client.moderate(f"text {number}")).content_id for number in range(50)]
        while len(found) < 50:
            await asyncio.sleep(0.01)
        stream.close()
        await asyncio.wait_for(asyncio.gather(*readers), 5)
        assert sorted(found) == sorted(wanted)


def test_threads_share_a_client_and_a_stream(shared_server: Server) -> None:
    with Client(shared_server.base_url, api_key=shared_server.api_key, event_buffer=10_000) as client:
        stream = client.join(shared_server.project_id).events(ModerationUpdate)
        found: list[str] = []
        wanted: list[str] = []

        def read() -> None:
            for event in stream:
                found.append(event.content_id)

        def write() -> None:
            wanted.extend(client.moderate("text").content_id for _ in range(50))

        readers = [threading.Thread(target=read) for _ in range(4)]
        writers = [threading.Thread(target=write) for _ in range(4)]
        for thread in readers + writers:
            thread.start()
        for thread in writers:
            thread.join()
        wait_until(lambda: len(found) >= 200)
        client.close()
        for thread in readers:
            thread.join(10)
            assert not thread.is_alive()
        assert sorted(found) == sorted(wanted)


def test_waiting_lets_other_threads_run(shared_server: Server) -> None:
    with Client(shared_server.base_url, api_key=shared_server.api_key) as client:
        stream = client.join(shared_server.project_id).events(ModerationUpdate)
        turns = 0
        done = threading.Event()

        def count() -> None:
            nonlocal turns
            while not done.is_set():
                turns += 1

        counting = threading.Thread(target=count)
        counting.start()
        with pytest.raises(TimeoutError):
            stream.next_batch(timeout=0.3)
        done.set()
        counting.join()
        assert turns > 10_000


def test_two_event_loops_share_a_client(shared_server: Server) -> None:
    client = AsyncClient(shared_server.base_url, api_key=shared_server.api_key)

    async def connect() -> Any:
        await client.connect()
        return (await client.join(shared_server.project_id)).events(ModerationUpdate)

    stream = asyncio.run(connect())
    found: list[str] = []

    async def read(count: int) -> None:
        for _ in range(count):
            found.append((await anext(stream)).content_id)

    async def write() -> list[str]:
        return [(await client.moderate("text")).content_id for _ in range(10)]

    reader = threading.Thread(target=lambda: asyncio.run(read(10)))
    reader.start()
    wanted = asyncio.run(write())
    reader.join(10)
    assert found == wanted
    asyncio.run(client.close())


def test_many_clients_in_one_process(shared_server: Server) -> None:
    async def main() -> None:
        clients = [AsyncClient(shared_server.base_url, api_key=shared_server.api_key) for _ in range(100)]
        await asyncio.gather(*(client.connect() for client in clients))
        projects = await asyncio.gather(*(client.join(shared_server.project_id) for client in clients))
        streams = [project.events(ModerationUpdate) for project in projects]
        answer = await clients[0].moderate("to all")
        events = await asyncio.gather(*(anext(stream) for stream in streams))
        assert {event.content_id for event in events} == {answer.content_id}
        await asyncio.gather(*(client.close() for client in clients))

    asyncio.run(main())
