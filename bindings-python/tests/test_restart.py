"""The server is killed and comes back on the same database and port: nothing is lost, nothing comes twice."""

from __future__ import annotations

import asyncio
import threading
import urllib.error

import pytest
from automoderate import AsyncClient, Client, Gap, ModerationUpdate

from .conftest import LIMITLESS, QUICK, Server, StartServer

KILLS = 3
BETWEEN = 60


def submit(server: Server, decided: list[str], stop: threading.Event) -> None:
    """Submits until told to stop. Whether a submission was decided is not known if the server dies over it."""
    while not stop.is_set():
        try:
            decided += server.submit(f"text {len(decided)}")
        except (OSError, urllib.error.URLError):
            stop.wait(0.02)


def check(server: Server, events: list[ModerationUpdate], decided: list[str]) -> None:
    """Each decision that the server knows has come once, in the order of the log."""
    found = [event.content_id for event in events]
    assert len(set(found)) == len(found), "none twice"
    positions = [event.meta.event_id or 0 for event in events]
    assert positions == sorted(positions)
    assert set(decided) <= set(found), "none lost"
    with Client(server.base_url, api_key=server.api_key) as client:
        assert {content.id for content in client.contents(per_page=100)} == set(found)
    assert {event.meta.origin for event in events} >= {"live", "replay"}


@pytest.mark.parametrize("transports", ["auto", "polling"])
async def test_kill_and_restart_for_asyncio(start_server: StartServer, transports: str) -> None:
    server = start_server(*LIMITLESS)
    decided: list[str] = []
    stop = threading.Event()
    options = {"api_key": server.api_key, "reconnect": QUICK, "transports": transports}
    async with AsyncClient(server.base_url, **options) as client:  # type: ignore[arg-type]
        stream = (await client.join(server.project_id)).events()
        submitting = asyncio.create_task(asyncio.to_thread(submit, server, decided, stop))
        events: list[ModerationUpdate] = []
        kills = 0
        async for event in stream:
            assert not isinstance(event, Gap), event
            if isinstance(event, ModerationUpdate):
                events.append(event)
            if len(events) >= BETWEEN * (kills + 1) and kills < KILLS:
                kills += 1
                await asyncio.to_thread(server.kill)
                await asyncio.to_thread(server.start_again)
            if len(events) >= BETWEEN * (KILLS + 1):
                break
        stop.set()
        await submitting
        while len(events) < (await client.statistics()).total_content:
            events += [event for event in await stream.next_batch() if isinstance(event, ModerationUpdate)]
    assert client.metrics().connections == KILLS + 1
    await asyncio.to_thread(check, server, events, decided)


def test_kill_and_restart_blocking(start_server: StartServer) -> None:
    server = start_server(*LIMITLESS)
    decided: list[str] = []
    stop = threading.Event()
    with Client(server.base_url, api_key=server.api_key, reconnect=QUICK) as client:
        stream = client.join(server.project_id).events(ModerationUpdate)
        submitting = threading.Thread(target=submit, args=(server, decided, stop))
        submitting.start()
        events: list[ModerationUpdate] = []
        for event in stream:
            events.append(event)
            if len(events) == BETWEEN:
                server.kill()
                server.start_again()
            if len(events) == 2 * BETWEEN:
                break
        stop.set()
        submitting.join()
        while len(events) < client.statistics().total_content:
            events += stream.next_batch()
        assert stream.losses.gaps == 0
    check(server, events, decided)
