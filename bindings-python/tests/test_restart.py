"""The server is killed and comes back on the same database and port: nothing is lost, nothing comes twice."""

from __future__ import annotations

import asyncio
import threading

import pytest
from automoderate import AsyncClient, Client, Gap, ModerationUpdate, ReconnectPolicy

from .conftest import LIMITLESS, Server, StartServer

KILLS = 3
BETWEEN = 60
# Long enough for the server to come back first.
PAUSE = ReconnectPolicy(delay=0.5, factor=1, jitter=0, max_attempts_per_minute=600)


class Writer(threading.Thread):
    """Submits all the time. If the server dies during a submission, its outcome is unknown."""

    def __init__(self, server: Server) -> None:
        super().__init__()
        self.server = server
        self.decided: list[str] = []
        self.missed: list[str] = []
        self.done = threading.Event()

    def run(self) -> None:
        while not self.done.is_set():
            try:
                self.decided += self.server.submit("text")
            except OSError:
                self.done.wait(0.02)

    def stop(self) -> None:
        self.done.set()
        self.join()

    def kill_and_restart(self, client: AsyncClient | Client) -> None:
        connections = client.metrics().connections
        self.server.kill()
        self.server.start_again()
        missed = self.server.submit("while the client is away")
        if client.metrics().connections == connections:
            self.missed += missed

    def check(self, events: list[ModerationUpdate]) -> None:
        """Each decision that the server knows arrived once, in the order of the log."""
        found = {event.content_id: event for event in events}
        assert len(found) == len(events), "none twice"
        positions = [event.meta.event_id or 0 for event in events]
        assert positions == sorted(positions)
        with Client(self.server.base_url, api_key=self.server.api_key) as client:
            assert {content.id for content in client.contents(per_page=100)} == set(found)
        assert {*self.decided, *self.missed} <= set(found), "none lost"
        assert {found[missed].meta.origin for missed in self.missed} <= {"replay"}


@pytest.mark.parametrize("transports", ["websocket", "polling"])
async def test_kill_and_restart_for_asyncio(start_server: StartServer, transports: str) -> None:
    server = start_server(*LIMITLESS)
    writer = Writer(server)
    options = {"api_key": server.api_key, "reconnect": PAUSE, "transports": transports}
    async with AsyncClient(server.base_url, **options) as client:  # type: ignore[arg-type]
        stream = (await client.join(server.project_id)).events()
        writer.start()
        events: list[ModerationUpdate] = []
        kills, since = 0, 0
        async for event in stream:
            assert not isinstance(event, Gap), event
            if isinstance(event, ModerationUpdate):
                events.append(event)
                since += 1
            # The next kill waits until the client is connected again.
            if since < BETWEEN or client.metrics().connections == kills:
                continue
            if kills == KILLS:
                break
            kills, since = kills + 1, 0
            await asyncio.to_thread(writer.kill_and_restart, client)
        await asyncio.to_thread(writer.stop)
        while len(events) < (await client.statistics()).total_content:
            events += [event for event in await stream.next_batch() if isinstance(event, ModerationUpdate)]
        assert client.metrics().connections == KILLS + 1
    await asyncio.to_thread(writer.check, events)


def test_kill_and_restart_blocking(start_server: StartServer) -> None:
    server = start_server(*LIMITLESS)
    writer = Writer(server)
    with Client(server.base_url, api_key=server.api_key, reconnect=PAUSE) as client:
        stream = client.join(server.project_id).events(ModerationUpdate)
        writer.start()
        events: list[ModerationUpdate] = []
        for event in stream:
            events.append(event)
            if len(events) == BETWEEN:
                writer.kill_and_restart(client)
            if len(events) == 2 * BETWEEN:
                break
        writer.stop()
        while len(events) < client.statistics().total_content:
            events += stream.next_batch()
        assert stream.losses.gaps == 0
    writer.check(events)
