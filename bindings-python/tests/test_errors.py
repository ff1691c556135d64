"""Errors have classes, codes and a `retryable` flag."""

from __future__ import annotations

import pickle

import automoderate
import pytest
from automoderate import (
    AsyncClient,
    ReconnectPolicy,
)

from .conftest import Server


async def test_each_failure_has_its_error_class(shared_server: Server, documented: Server) -> None:
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
    async with AsyncClient(
        documented.base_url, api_key=documented.api_key, join_timeout=0.2, ack_timeout=0.2
    ) as client:
        with pytest.raises(automoderate.AccessDenied):
            await client.join(documented.other_project_id)
        documented.admin("/joins", silent=True)
        with pytest.raises(TimeoutError) as late:
            await client.join(documented.project_id)
        assert isinstance(late.value, automoderate.JoinTimeout)
        with pytest.raises(automoderate.AckTimeout):
            await client.emit_with_ack("nobody_answers", {"x": 1})
        with pytest.raises(automoderate.ApiError) as missing:
            await client.content("nothing")
        assert missing.value.status == 404
        assert missing.value.body is not None
    with pytest.raises(automoderate.Closed):
        await client.join("p")


async def test_the_event_limit_raises_rate_limited(shared_server: Server) -> None:
    async with AsyncClient(shared_server.base_url, api_key=shared_server.api_key, rate_limit=10) as client:
        with pytest.raises(automoderate.RateLimited) as caught:  # noqa: PT012
            for _ in range(20):
                await client.emit("heartbeat", {})
        assert caught.value.retry_in is not None
        assert 0 < caught.value.retry_in <= 61


async def test_the_stream_ends_once_all_attempts_have_failed(documented: Server) -> None:
    policy = ReconnectPolicy(delay=0.01, max_delay=0.02, attempts=2, max_attempts_per_minute=600)
    async with AsyncClient(documented.base_url, api_key=documented.api_key, reconnect=policy, backfill="off") as client:
        stream = (await client.join(documented.project_id)).events()
        documented.stop()
        with pytest.raises(automoderate.GaveUp) as caught:
            async for _ in stream:
                pass
        assert caught.value.attempts == 2
        assert isinstance(caught.value.__cause__, automoderate.AutoModerateError)
        assert [event async for event in stream] == []
        assert client.state == "closed"
        assert client.state.cause is not None
        assert client.state.cause.code == "gave_up"
