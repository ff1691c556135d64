"""Event loops: asyncio, uvloop, anyio, trio, and loops that can't watch files."""

from __future__ import annotations

import asyncio

import pytest
from automoderate import (
    AsyncClient,
    Client,
    ModerationUpdate,
    _bridge,
)

from .conftest import Server, import_required


async def read_one(server: Server) -> str:
    async with AsyncClient(server.base_url, api_key=server.api_key) as client:
        stream = (await client.join(server.project_id)).events(ModerationUpdate)
        answer = await client.moderate("text")
        async for event in stream:
            if event.content_id == answer.content_id:
                return event.status
    return ""


def test_uvloop(shared_server: Server) -> None:
    uvloop = import_required("uvloop")
    loop = uvloop.new_event_loop()
    try:
        assert loop.run_until_complete(read_one(shared_server)) == "approved"
        loop.run_until_complete(loop.shutdown_asyncgens())
    finally:
        loop.close()


def test_event_loops_that_cannot_watch_files(shared_server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise NotImplementedError

    monkeypatch.setattr(asyncio.SelectorEventLoop, "add_reader", refuse)
    loop = asyncio.SelectorEventLoop.__new__(asyncio.SelectorEventLoop)
    monkeypatch.undo()
    loop.__init__()  # type: ignore[misc]
    loop.add_reader = refuse  # type: ignore[assignment,method-assign]
    try:
        assert loop.run_until_complete(read_one(shared_server)) == "approved"
        loop.run_until_complete(loop.shutdown_asyncgens())
    finally:
        _bridge._bridges.pop(loop, None)
        loop.close()


def test_anyio_on_asyncio(shared_server: Server) -> None:
    anyio = import_required("anyio")

    async def main() -> None:
        async with AsyncClient(shared_server.base_url, api_key=shared_server.api_key) as client:
            stream = (await client.join(shared_server.project_id)).events(ModerationUpdate)
            with anyio.move_on_after(0.05):
                await anext(stream)
            await client.moderate("text")
            with anyio.fail_after(5):
                assert await anext(stream)

    anyio.run(main)


def test_trio_with_the_blocking_client(shared_server: Server) -> None:
    trio = import_required("trio")

    def read() -> str:
        with Client(shared_server.base_url, api_key=shared_server.api_key) as client:
            stream = client.join(shared_server.project_id).events(ModerationUpdate)
            client.moderate("text")
            return str(next(stream).status)

    async def main() -> None:
        assert await trio.to_thread.run_sync(read) == "approved"
        with pytest.raises(RuntimeError, match="no running event loop"):
            await AsyncClient(shared_server.base_url, api_key=shared_server.api_key).connect()

    trio.run(main)
