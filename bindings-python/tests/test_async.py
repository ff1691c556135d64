"""The client for asyncio: the calls, errors by code, interruptions, replay, cancellation."""

from __future__ import annotations

import asyncio
import gc
import logging
import pickle
from typing import Any

import automoderate
import pytest
from automoderate import (
    AsyncClient,
    Event,
    Gap,
    ModerationUpdate,
    ReconnectPolicy,
    State,
    StatsUpdate,
)

from .conftest import LIMITLESS, Server, StartServer, eventually

QUICK = ReconnectPolicy(delay=0.05, max_delay=0.2, max_attempts_per_minute=600)


async def ids(stream: Any, many: int) -> list[str]:
    found: list[str] = []
    async for event in stream:
        if isinstance(event, ModerationUpdate):
            found.append(event.content_id)
        if len(found) == many:
            break
    return found


async def one_more(stream: Any) -> Any:
    return await anext(aiter(stream))


async def test_the_whole_way(shared_server: Server) -> None:
    server = shared_server
    async with AsyncClient(server.base_url, api_key=server.api_key) as client:
        assert client.state == "connected"
        assert await client.connect() is client
        project = await client.join(server.project_id)
        assert project.id == server.project_id
        stream, updates = project.events(), project.events(ModerationUpdate)
        answer = await client.moderate("a fine day", metadata={"user_id": "u"})
        assert answer.status == "approved"
        [event] = await updates.next_batch()
        assert (event.content_id, event.meta_data) == (answer.content_id, {"user_id": "u"})
        assert event.meta.event_id is not None
        await ids(stream, 1)
        assert project.cursor == event.meta.cursor
        found = await client.content(answer.content_id)
        assert (found.content_data, found.status) == ("a fine day", "approved")
        assert found.created_at is not None
        assert found.created_at.tzinfo is not None
        await asyncio.gather(*(client.moderate(f"text {number}") for number in range(5)))
        assert len([one async for one in client.contents(per_page=2)]) >= 6
        page = await client.contents_page(1, per_page=3, status="approved")
        assert len(page.items) == 3
        assert (await client.statistics()).total_content >= 6
        assert (await client.health()).status
        metrics = client.metrics()
        assert (metrics.connections, metrics.attempts) == (1, 1)
        assert metrics.events >= 6
        client.network_changed()
        await project.leave()
        assert [event async for event in stream][-1:]
        assert await updates.next_batch(100) != []
        assert await updates.next_batch(100) == []
    assert client.state == "closed"
    assert client.state.cause is not None
    assert client.state.cause.code == "closed"
    await client.close()


async def test_errors_have_their_codes(shared_server: Server, asgi: Server) -> None:
    with pytest.raises(automoderate.AuthenticationFailed) as caught:
        await AsyncClient(shared_server.base_url, api_key="am_wrong").connect()
    assert caught.value.code == "authentication_failed"
    assert not caught.value.retryable
    assert "am_wrong" not in repr(caught.value)
    with pytest.raises(automoderate.ConnectFailed) as failed:
        await AsyncClient("http://127.0.0.1:9", api_key="k").connect()
    assert (failed.value.stage, failed.value.retryable) == ("network", True)
    assert isinstance(failed.value, ConnectionError)
    again = pickle.loads(pickle.dumps(failed.value))
    assert (type(again), str(again), again.stage) == (type(failed.value), str(failed.value), "network")
    async with AsyncClient(asgi.base_url, api_key=asgi.api_key, join_timeout=0.2, ack_timeout=0.2) as client:
        with pytest.raises(automoderate.AccessDenied):
            await client.join(asgi.other_project_id)
        asgi.admin("/joins", silent=True)
        with pytest.raises(TimeoutError) as late:
            await client.join(asgi.project_id)
        assert isinstance(late.value, automoderate.JoinTimeout)
        with pytest.raises(automoderate.AckTimeout):
            await client.emit_with_ack("nobody_answers", {"x": 1})
        with pytest.raises(automoderate.ApiError) as missing:
            await client.content("nothing")
        assert missing.value.status == 404
        assert missing.value.body is not None
    with pytest.raises(automoderate.Closed):
        await client.join("p")


async def test_the_budget_of_events_is_told(shared_server: Server) -> None:
    async with AsyncClient(shared_server.base_url, api_key=shared_server.api_key, rate_limit=10) as client:
        with pytest.raises(automoderate.RateLimited) as caught:  # noqa: PT012
            for _ in range(20):
                await client.emit("heartbeat", {})
        assert caught.value.retry_in is not None
        assert 0 < caught.value.retry_in <= 61


async def test_a_cut_is_mended_and_told(asgi: Server, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "automoderate")
    async with AsyncClient(asgi.base_url, api_key=asgi.api_key, reconnect=QUICK, backfill="off") as client:
        changes: list[State] = []

        async def watch() -> None:
            async for state in client.state_changes():
                changes.append(state)

        watching = asyncio.create_task(watch())
        project = await client.join(asgi.project_id)
        stream = project.events()
        asgi.admin("/cut")
        gap = await anext(stream)
        assert isinstance(gap, Gap)
        assert (gap.project_id, gap.reason) == (asgi.project_id, "interrupted")
        asgi.admin("/moderate", content="after the cut")
        update = await anext(stream)
        assert isinstance(update, ModerationUpdate)
        assert update.content_preview == "after the cut"
    await asyncio.wait_for(watching, 5)
    names = [state.name for state in changes]
    assert names[0] == "connected"
    assert names[-1] == "closed"
    lost = next(state for state in changes if state == "reconnecting")
    assert lost.attempt == 1
    assert lost.retry_in is not None
    assert isinstance(lost.cause, automoderate.Disconnected)
    assert pickle.loads(pickle.dumps(State("reconnecting", 1, 0.5))) == "reconnecting"
    assert any("reconnecting: attempt 1" in record.getMessage() for record in caplog.records)


async def test_replay_goes_on_behind_a_cursor(start_server: StartServer) -> None:
    server = start_server(*LIMITLESS)
    first = server.submit("one", "two", "three")
    async with AsyncClient(server.base_url, api_key=server.api_key) as client:
        project = await client.join(server.project_id, after=0)
        stream = project.events()
        assert await ids(stream, 2) == first[:2]
        cursor = project.cursor
    assert cursor is not None
    later = server.submit("four")
    async with AsyncClient(server.base_url, api_key=server.api_key) as client:
        stream = (await client.join(server.project_id, after=cursor)).events()
        assert await ids(stream, 2) == [first[2], *later]
        with pytest.raises(automoderate.InvalidArgument, match="after"):
            await client.join(server.project_id, after="forty-one")


async def test_what_is_submitted_after_the_join_arrives(start_server: StartServer) -> None:
    server = start_server(*LIMITLESS)
    async with AsyncClient(server.base_url, api_key=server.api_key, reconnect=QUICK) as client:
        stream = (await client.join(server.project_id)).events()
        wanted = server.submit("before")
        assert await ids(stream, 1) == wanted


async def test_cancelling_loses_nothing(shared_server: Server) -> None:
    total, cancelled = 300, 0
    async with AsyncClient(shared_server.base_url, api_key=shared_server.api_key, event_buffer=4096) as client:
        stream = (await client.join(shared_server.project_id)).events(ModerationUpdate)

        async def submit() -> list[str]:
            return [(await client.moderate(f"text {number}")).content_id for number in range(total)]

        submitting = asyncio.create_task(submit())
        found: list[str] = []
        turn = 0
        while len(found) < total:
            turn += 1
            task: asyncio.Task[Any]
            if turn % 3 == 0:
                task = asyncio.create_task(stream.next_batch(2))
            elif turn % 3 == 1:
                task = asyncio.create_task(stream.__anext__())
            else:
                task = asyncio.create_task(one_more(stream))
            for _ in range(turn % 4):
                await asyncio.sleep(0)
            task.cancel()
            try:
                outcome = await task
                found.extend(event.content_id for event in (outcome if isinstance(outcome, list) else [outcome]))
            except asyncio.CancelledError:
                cancelled += 1
        assert found == await submitting
        assert cancelled > 2000
        with pytest.raises((asyncio.TimeoutError, TimeoutError)):
            await asyncio.wait_for(anext(stream), 0.05)
        await client.moderate("more")
        assert await asyncio.wait_for(anext(stream), 5)


async def test_breaking_out_of_a_loop_loses_nothing(shared_server: Server) -> None:
    async with AsyncClient(shared_server.base_url, api_key=shared_server.api_key) as client:
        stream = (await client.join(shared_server.project_id)).events(ModerationUpdate)
        wanted = [(await client.moderate(f"text {number}")).content_id for number in range(20)]
        found: list[str] = []
        while len(found) < 20:
            async for event in stream:
                found.append(event.content_id)
                if len(found) % 3 == 0 or len(found) == 20:
                    break
        assert found == wanted


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


async def test_throttling_keeps_the_last(asgi: Server) -> None:
    async with AsyncClient(asgi.base_url, api_key=asgi.api_key) as client:
        project = await client.join(asgi.project_id)
        stream = project.events(StatsUpdate).throttle(0.2)
        for total in range(30):
            data = {"total_content": total, "project_id": asgi.project_id}
            asgi.admin("/emit", event="stats_update", data=data, project_id=asgi.project_id)
        seen: list[int] = []
        async for stats in stream:
            seen.append(stats.total_content)
            if stats.total_content == 29:
                break
        assert seen[-1] == 29
        assert len(seen) < 15
        with pytest.raises(automoderate.InvalidArgument, match="interval"):
            project.events().throttle(-1)


async def test_handlers(shared_server: Server, caplog: pytest.LogCaptureFixture) -> None:
    client = AsyncClient(shared_server.base_url, api_key=shared_server.api_key)
    seen: list[Any] = []

    @client.on(ModerationUpdate)
    async def on_update(event: ModerationUpdate) -> None:
        await asyncio.sleep(0)
        seen.append(event.status)

    @client.on("stats_update")
    def on_stats(event: StatsUpdate) -> None:
        seen.append(event.total_content)
        raise RuntimeError("a handler's own fault")

    @client.on()
    def on_any(event: Event) -> None:
        seen.append(event.event)

    async with client:
        running = asyncio.create_task(client.run())
        await client.join(shared_server.project_id)
        await client.moderate("fine")
        while not {"approved", "moderation_update", "stats_update"} <= set(seen):
            await asyncio.sleep(0.01)
    await asyncio.wait_for(running, 5)
    assert "a handler of stats_update failed" in caplog.text
    with pytest.raises(ValueError, match="kind"):
        client.on("no_such_kind")
    with pytest.raises(TypeError, match="kind"):
        client.on(int)


@pytest.mark.parametrize("shape", ["sync", "async", "dict"])
async def test_a_provider_is_asked_and_told_why(shared_server: Server, shape: str) -> None:
    reasons: list[str] = []

    def sync(reason: str) -> str:
        reasons.append(reason)
        return shared_server.api_key if len(reasons) > 1 else "am_stale"

    async def later(reason: str) -> str:
        await asyncio.sleep(0)
        return sync(reason)

    def as_dict(reason: str) -> dict[str, str]:
        return {"api_key": sync(reason)}

    provider: Any = {"sync": sync, "async": later, "dict": as_dict}[shape]
    async with AsyncClient(shared_server.base_url, credentials=provider, reconnect=QUICK) as client:
        await client.join(shared_server.project_id)
    assert reasons == ["first", "rejected"]


async def test_a_provider_can_give_up(shared_server: Server, caplog: pytest.LogCaptureFixture) -> None:
    def provider(reason: str) -> str:
        raise automoderate.AuthenticationFailed("secret sauce")

    with pytest.raises(automoderate.AuthenticationFailed) as caught:
        await AsyncClient(shared_server.base_url, credentials=provider).connect()
    assert "sauce" not in str(caught.value)
    wrong: Any = lambda reason: 7  # noqa: E731
    with pytest.raises(automoderate.AuthenticationFailed):
        await AsyncClient(shared_server.base_url, credentials=wrong).connect()


async def test_passwords_log_in(flask: Server) -> None:
    async with AsyncClient(flask.base_url, email=flask.email, password=flask.password) as client:
        project = await client.join(flask.project_id)
        stream = project.events()
        flask.admin("/moderate", content="spamword")
        event = await anext(stream)
        assert isinstance(event, ModerationUpdate)
        assert event.status == "rejected"
        assert project.cursor is None
        flask.admin("/access", project_id=flask.project_id, member=False)


async def test_attempts_that_are_used_up_end_the_stream(asgi: Server) -> None:
    policy = ReconnectPolicy(delay=0.01, max_delay=0.02, attempts=2, max_attempts_per_minute=600)
    async with AsyncClient(asgi.base_url, api_key=asgi.api_key, reconnect=policy, backfill="off") as client:
        stream = (await client.join(asgi.project_id)).events()
        asgi.stop()
        with pytest.raises(automoderate.GaveUp) as caught:
            async for _ in stream:
                pass
        assert caught.value.attempts == 2
        assert isinstance(caught.value.__cause__, automoderate.AutoModerateError)
        assert [event async for event in stream] == []
        assert client.state == "closed"
        assert client.state.cause is not None
        assert client.state.cause.code == "gave_up"


BAD: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"api_key": 7}, TypeError, "api_key"),
    ({"url": 7}, TypeError, "url"),
    ({"url": "ftp://x"}, ValueError, "url"),
    ({"connect_timeout": "soon"}, TypeError, "connect_timeout"),
    ({"connect_timeout": -1}, ValueError, "connect_timeout"),
    ({"join_timeout": 0}, ValueError, "join_timeout"),
    ({"ack_timeout": float("nan")}, ValueError, "ack_timeout"),
    ({"event_buffer": 0}, ValueError, "event_buffer"),
    ({"event_buffer": -5}, ValueError, "event_buffer"),
    ({"event_buffer": 1.5}, TypeError, "event_buffer"),
    ({"overflow": "drop_all"}, ValueError, "overflow"),
    ({"transports": "pigeon"}, ValueError, "transports"),
    ({"api_key_via": "post"}, ValueError, "api_key_via"),
    ({"backfill": "no"}, ValueError, "backfill"),
    ({"on_server_disconnect": "cry"}, ValueError, "on_server_disconnect"),
    ({"rate_limit": 3}, ValueError, "rate_limit"),
    ({"heartbeat_interval": 0.1}, ValueError, "heartbeat_interval"),
    ({"reconnect": 7}, TypeError, "reconnect"),
    ({"reconnect": ReconnectPolicy(jitter=3)}, ValueError, "jitter"),
    ({"reconnect": ReconnectPolicy(attempts=-1)}, ValueError, "attempts"),
    ({"credentials": 7}, TypeError, "credentials"),
    ({"email": "a@b"}, ValueError, "password"),
    ({"headers": [("a", "b")]}, TypeError, "headers"),
    ({"headers": {"a b": "c"}}, ValueError, "headers"),
    ({"headers": {"a": 1}}, TypeError, "headers"),
    ({"query": {"a": None}}, TypeError, "query"),
    ({"proxy": "socks://x"}, ValueError, "proxy"),
    ({"extra_ca": 7}, TypeError, "extra_ca"),
    ({"extra_ca": [7]}, TypeError, "extra_ca"),
    ({"client_certificate": ("chain", 7)}, TypeError, "client_certificate"),
    ({"danger_accept_invalid_certs": "yes"}, TypeError, "danger_accept_invalid_certs"),
]


@pytest.mark.parametrize(("options", "error", "name"), BAD)
def test_bad_options_are_named(options: dict[str, Any], error: type[Exception], name: str) -> None:
    with pytest.raises(error, match=name):
        AsyncClient(**{"url": "http://localhost", **options})


async def test_bad_arguments_are_named(shared_server: Server) -> None:
    async with AsyncClient(shared_server.base_url, api_key=shared_server.api_key) as client:
        deep: list[Any] = []
        for _ in range(1000):
            deep = [deep]
        for call, error, name in [
            (lambda: client.join(""), ValueError, "project"),
            (lambda: client.join(7), TypeError, "project"),  # type: ignore[arg-type]
            (lambda: client.join("p", after=1.5), TypeError, "after"),  # type: ignore[arg-type]
            (lambda: client.emit(""), ValueError, "name"),
            (lambda: client.emit("connect"), ValueError, "name"),
            (lambda: client.emit("x", {1: 2}), TypeError, "data"),
            (lambda: client.emit("x", object()), TypeError, "data"),
            (lambda: client.emit("x", float("inf")), ValueError, "data"),
            (lambda: client.emit("x", 1 << 70), ValueError, "data"),
            (lambda: client.emit("x", deep), ValueError, "data"),
            (lambda: client.content(""), ValueError, "id"),
            (lambda: client.contents_page(0), ValueError, "page"),
            (lambda: client.moderate("x", metadata={"a": {1}}), TypeError, "metadata"),
            (lambda: client.events().next_batch(0), ValueError, "max"),
            (lambda: client.events().next_batch("x"), TypeError, "max"),  # type: ignore[arg-type]
        ]:
            with pytest.raises(error, match=name):
                await call()  # type: ignore[no-untyped-call]
        with pytest.raises(ValueError, match="kind"):
            client.events("no_such_kind")
        with pytest.raises(TypeError, match="kind"):
            client.events(int)  # type: ignore[type-var]


async def test_a_forgotten_client_goes_away(asgi: Server) -> None:
    client = AsyncClient(asgi.base_url, api_key=asgi.api_key)
    await client.connect()
    assert asgi.admin("/stats")["connected"] == 1
    del client
    gc.collect()
    await asyncio.to_thread(eventually, lambda: asgi.admin("/stats")["connected"] == 0)
