"""No event is lost or repeated when the server is killed and restarted with the same database and port."""

from __future__ import annotations

import asyncio
import threading

import pytest
from automoderate import AsyncClient, Client, Gap, ModerationUpdate, ReconnectPolicy

from .conftest import NO_LIMITS, Server, StartServer

KILL_COUNT = 3
EVENTS_BETWEEN_KILLS = 60
# The delay is long enough for the server to restart before the client reconnects.
SLOW_RECONNECT = ReconnectPolicy(delay=0.5, factor=1, jitter=0, max_attempts_per_minute=600)


class SubmitterThread(threading.Thread):
    """Thread that submits texts continuously. A submission that fails because the server was killed may still have been
    stored.
    """

    def __init__(self, server: Server) -> None:
        super().__init__()
        self.server = server
        self.decided: list[str] = []
        self.submitted_while_away: list[str] = []
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
        self.server.restart()
        ids = self.server.submit("while the client is away")
        if client.metrics().connections == connections:
            self.submitted_while_away += ids

    def check_received(self, events: list[ModerationUpdate]) -> None:
        """Checks that each decision that the server has stored was received once and in order."""
        found = {event.content_id: event for event in events}
        assert len(found) == len(events), "an event was repeated"
        positions = [event.meta.event_id or 0 for event in events]
        assert positions == sorted(positions)
        with Client(self.server.base_url, api_key=self.server.api_key) as client:
            assert {content.id for content in client.contents(per_page=100)} == set(found)
        assert {*self.decided, *self.submitted_while_away} <= set(found), "an event was lost"
        assert {found[content_id].meta.origin for content_id in self.submitted_while_away} <= {"replay"}


@pytest.mark.parametrize("transports", ["websocket", "polling"])
async def test_a_killed_server_restarts_with_the_asyncio_client(start_server: StartServer, transports: str) -> None:
    server = start_server(*NO_LIMITS)
    submitter = SubmitterThread(server)
    options = {"api_key": server.api_key, "reconnect": SLOW_RECONNECT, "transports": transports}
    async with AsyncClient(server.base_url, **options) as client:  # type: ignore[arg-type]
        stream = (await client.join(server.project_id)).events()
        submitter.start()
        events: list[ModerationUpdate] = []
        kills, received_since_kill = 0, 0
        async for event in stream:
            assert not isinstance(event, Gap), event
            if isinstance(event, ModerationUpdate):
                events.append(event)
                received_since_kill += 1
            # Wait for the client to reconnect before the next kill.
            if received_since_kill < EVENTS_BETWEEN_KILLS or client.metrics().connections == kills:
                continue
            if kills == KILL_COUNT:
                break
            kills, received_since_kill = kills + 1, 0
            await asyncio.to_thread(submitter.kill_and_restart, client)
        await asyncio.to_thread(submitter.stop)
        while len(events) < (await client.statistics()).total_content:
            events += [event for event in await stream.next_batch() if isinstance(event, ModerationUpdate)]
        assert client.metrics().connections == KILL_COUNT + 1
    await asyncio.to_thread(submitter.check_received, events)


def test_a_killed_server_restarts_with_the_blocking_client(start_server: StartServer) -> None:
    server = start_server(*NO_LIMITS)
    submitter = SubmitterThread(server)
    with Client(server.base_url, api_key=server.api_key, reconnect=SLOW_RECONNECT) as client:
        stream = client.join(server.project_id).events(ModerationUpdate)
        submitter.start()
        events: list[ModerationUpdate] = []
        for event in stream:
            events.append(event)
            if len(events) == EVENTS_BETWEEN_KILLS:
                submitter.kill_and_restart(client)
            if len(events) == 2 * EVENTS_BETWEEN_KILLS:
                break
        submitter.stop()
        while len(events) < client.statistics().total_content:
            events += stream.next_batch()
        assert stream.losses.gaps == 0
    submitter.check_received(events)
