"""A server moves from one address to another: the client follows, and nothing is lost or comes twice."""

from __future__ import annotations

from automoderate import AsyncClient, Client, ModerationUpdate

from .conftest import LIMITLESS, QUICK, StartServer, ids


async def test_the_next_address_takes_over(start_server: StartServer) -> None:
    server = start_server(*LIMITLESS)
    first = server.base_url
    # From here on at another port, and later at the first one again.
    server.kill()
    server.start_elsewhere()
    second = server.base_url
    options = {"fallback_urls": [first], "api_key": server.api_key, "reconnect": QUICK}
    async with AsyncClient(second, **options) as client:  # type: ignore[arg-type]
        assert client.url == second
        project = await client.join(server.project_id)
        stream = project.events(ModerationUpdate)
        wanted = server.submit("one", "two")
        assert await ids(stream, 1) == wanted[:1]
        cursor = project.cursor
        server.kill()
        server.start_elsewhere(first)
        wanted += server.submit("while the client was away")
        assert await ids(stream, 2) == wanted[1:]
        assert client.url == first
        assert await client.content(wanted[0])
        wanted += server.submit("at the other address")
        assert await ids(stream, 1) == wanted[3:]
        assert (stream.losses.gaps, stream.losses.lagged) == (0, 0)
        assert cursor is not None
        assert project.cursor is not None
        assert cursor.split(":")[0] == project.cursor.split(":")[0]


def test_the_first_connection_is_tried_at_each_blocking(start_server: StartServer) -> None:
    server = start_server(*LIMITLESS)
    gone = start_server(*LIMITLESS)
    gone.kill()
    with Client(gone.base_url, fallback_urls=(server.base_url,), api_key=server.api_key) as client:
        assert client.url == server.base_url
        assert client.moderate("by REST").status == "approved"
