"""What nobody holds any more goes away."""

from __future__ import annotations

import asyncio
import gc

from automoderate import (
    AsyncClient,
)

from .conftest import Server, eventually


async def test_a_forgotten_client_goes_away(asgi: Server) -> None:
    client = AsyncClient(asgi.base_url, api_key=asgi.api_key)
    await client.connect()
    assert asgi.admin("/stats")["connected"] == 1
    del client
    gc.collect()
    await asyncio.to_thread(eventually, lambda: asgi.admin("/stats")["connected"] == 0)
