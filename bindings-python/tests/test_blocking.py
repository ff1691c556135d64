"""The blocking client: the calls, threads, timeouts."""

from __future__ import annotations

import threading
import time
from typing import Any

import automoderate
import pytest
from automoderate import Client, ModerationUpdate, ReconnectPolicy, StatsUpdate

from .conftest import Server, eventually


def test_the_whole_way(shared_server: Server) -> None:
    server = shared_server
    with Client(server.base_url, api_key=server.api_key) as client:
        assert client.state == "connected"
        project = client.join(server.project_id)
        stream, updates = project.events(), project.events(ModerationUpdate)
        wanted = [client.moderate(f"text {number}").content_id for number in range(10)]
        found: list[str] = []
        while len(found) < 10:
            for event in updates:
                found.append(event.content_id)
                if len(found) % 3 == 0 or len(found) == 10:
                    break
        assert found == wanted
        assert {event.event for event in stream.next_batch(100, timeout=5)} >= {"moderation_update"}
        with pytest.raises(TimeoutError):
            updates.next_batch(timeout=0.05)
        with pytest.raises(automoderate.InvalidArgument, match="timeout"):
            updates.next_batch(timeout=-1)
        assert client.content(wanted[0]).content_data == "text 0"
        assert len(list(client.contents(per_page=3))) >= 10
        assert client.statistics().total_content >= 10
        assert client.health().status
        assert client.metrics().connections == 1
        client.emit("heartbeat", {})
        client.network_changed()
        cursor = project.cursor
        assert cursor is not None
        project.leave()
        assert list(updates) == []
    assert client.state == "closed"
    states = list(client.state_changes())
    assert states == ["closed"]
    with Client(server.base_url, api_key=server.api_key) as client:
        client.join(server.project_id, after=cursor)


def test_errors_and_a_cut(asgi: Server) -> None:
    with pytest.raises(automoderate.AuthenticationFailed):
        Client(asgi.base_url, api_key="am_wrong").connect()
    policy = ReconnectPolicy(delay=0.05, max_delay=0.1, max_attempts_per_minute=600)
    with Client(asgi.base_url, api_key=asgi.api_key, reconnect=policy) as client:
        with pytest.raises(automoderate.AccessDenied):
            client.join(asgi.other_project_id)
        stream = client.join(asgi.project_id).events(ModerationUpdate)
        # From its time on, REST can be asked for what the cut costs.
        asgi.admin("/moderate", content="trustedword")
        assert next(stream).status == "approved"
        asgi.admin("/cut")
        asgi.admin("/moderate", content="spamword")
        assert next(stream).status == "rejected"


def test_a_provider(shared_server: Server) -> None:
    reasons: list[str] = []

    def sync(reason: str) -> str:
        reasons.append(reason)
        return shared_server.api_key if len(reasons) > 1 else "am_stale"

    async def coroutine(reason: str) -> str:
        return sync(reason)

    for provider in (sync, coroutine):
        reasons.clear()
        with Client(shared_server.base_url, credentials=provider) as client:
            client.join(shared_server.project_id)
        assert reasons == ["first", "rejected"]


def test_threads_share_a_client_and_a_stream(shared_server: Server) -> None:
    with Client(shared_server.base_url, api_key=shared_server.api_key, event_buffer=10_000) as client:
        stream = client.join(shared_server.project_id).events(ModerationUpdate)
        found: list[str] = []
        wanted: list[str] = []

        def read() -> None:
            found.extend(event.content_id for event in stream)

        def write() -> None:
            wanted.extend(client.moderate("text").content_id for _ in range(50))

        readers = [threading.Thread(target=read) for _ in range(4)]
        writers = [threading.Thread(target=write) for _ in range(4)]
        for thread in readers + writers:
            thread.start()
        for thread in writers:
            thread.join()
        eventually(lambda: client.metrics().events >= 200)
        time.sleep(0)
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


def test_handlers(shared_server: Server) -> None:
    client = Client(shared_server.base_url, api_key=shared_server.api_key)
    seen: list[Any] = []

    @client.on(ModerationUpdate)
    def on_update(event: ModerationUpdate) -> None:
        seen.append(event.status)

    @client.on(StatsUpdate)
    def on_stats(event: StatsUpdate) -> None:
        client.close()

    with client:
        client.join(shared_server.project_id)
        client.moderate("fine")
        client.run()
    assert seen == ["approved"]


def test_throttling(asgi: Server) -> None:
    with Client(asgi.base_url, api_key=asgi.api_key) as client:
        stream = client.join(asgi.project_id).events(StatsUpdate).throttle(0.2)
        for total in range(10):
            data = {"total_content": total, "project_id": asgi.project_id}
            asgi.admin("/emit", event="stats_update", data=data, project_id=asgi.project_id)
        seen: list[int] = []
        for stats in stream:
            seen.append(stats.total_content)
            if seen[-1] == 9:
                break
        assert len(seen) < 6
