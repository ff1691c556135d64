"""A server moves from one address to another, and the client follows it without losing or repeating events."""

from __future__ import annotations

from automoderate import AsyncClient, Client, ModerationUpdate

from .conftest import FAST_RECONNECT, NO_LIMITS, StartServer, next_ids


async def test_a_client_fails_over_to_the_next_address(start_server: StartServer) -> None:
    server = start_server(*NO_LIMITS)
    first = server.base_url
    # The server first restarts on another port, and later restarts on the first port.
    server.kill()
    server.restart_at()
    second = server.base_url
    options = {"fallback_urls": [first], "api_key": server.api_key, "reconnect": FAST_RECONNECT}
    async with AsyncClient(second, **options) as client:  # type: ignore[arg-type]
        assert client.url == second
        project = await client.join(server.project_id)
        stream = project.events(ModerationUpdate)
        wanted = server.submit("one", "two")
        assert await next_ids(stream, 1) == wanted[:1]
        cursor = project.cursor
        server.kill()
        server.restart_at(first)
        wanted += server.submit("while the client was away")
        assert await next_ids(stream, 2) == wanted[1:]
        assert client.url == first
        assert await client.content(wanted[0])
        wanted += server.submit("at the other address")
        assert await next_ids(stream, 1) == wanted[3:]
        assert (stream.losses.gaps, stream.losses.lagged) == (0, 0)
        assert cursor is not None
        assert project.cursor is not None
        assert cursor.split(":")[0] == project.cursor.split(":")[0]


def test_the_first_connection_tries_each_address(start_server: StartServer) -> None:
    server = start_server(*NO_LIMITS)
    gone = start_server(*NO_LIMITS)
    gone.kill()
    with Client(gone.base_url, fallback_urls=(server.base_url,), api_key=server.api_key) as client:
        assert client.url == server.base_url
        assert client.moderate("by REST").status == "approved"
