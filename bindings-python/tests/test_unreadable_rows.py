"""Listings skip rows that can't be parsed, and report their errors."""

from __future__ import annotations

from automoderate import AsyncClient, Client
from automoderate.testing import Server


async def test_a_page_reports_rows_that_cant_be_parsed(automoderate_server: Server) -> None:
    automoderate_server.store("p", {"id": "first", "content_data": "text"})
    automoderate_server.store("p", {"id": "bad", "status": 7})
    automoderate_server.store("p", {"id": "last"})
    client, blocking = AsyncClient(automoderate_server.url), Client(automoderate_server.url)
    for page in [await client.contents_page(), blocking.contents_page()]:
        assert [content.id for content in page.items] == ["last", "first"]
        [reason] = page.unreadable
        assert "7" in reason
    assert [content.id async for content in client.contents(per_page=1)] == ["last", "first"]
