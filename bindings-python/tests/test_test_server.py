"""The test server of `automoderate.testing`."""

from importlib.metadata import entry_points

import pytest
from automoderate import (
    AccessDenied,
    AsyncClient,
    AuthenticationFailed,
    Client,
    Gap,
    InvalidArgument,
    ModerationUpdate,
    ReconnectPolicy,
)
from automoderate.testing import Server

FAST_RECONNECT = ReconnectPolicy(delay=0.02, max_delay=0.02, max_attempts_per_minute=1000)


async def test_no_event_is_lost_when_connections_are_cut(automoderate_server: Server) -> None:
    async with AsyncClient(automoderate_server.url, api_key="any", reconnect=FAST_RECONNECT) as client:
        events = (await client.join("p")).events(ModerationUpdate)
        for n in range(1, 31):
            assert (
                automoderate_server.publish("p", "moderation_update", {"content_id": f"c{n}", "status": "approved"})
                == n
            )
            if n % 10 == 0:
                automoderate_server.cut()
        assert [(await anext(events)).content_id for _ in range(30)] == [f"c{n}" for n in range(1, 31)]
        automoderate_server.joined("p")
    automoderate_server.connected(0)


def test_a_forgotten_log_causes_a_gap(automoderate_server: Server) -> None:
    with Client(automoderate_server.url, api_key="any", reconnect=FAST_RECONNECT) as client:
        events = client.join("p").events()
        automoderate_server.set_offline(True)
        automoderate_server.publish("p", "moderation_update", {"content_id": "c1", "status": "approved"})
        automoderate_server.forget("p")
        automoderate_server.set_offline(False)
        gap = next(events)
        assert isinstance(gap, Gap)
        assert (gap.reason, gap.missed) == ("expired", 1)


def test_refused_joins_and_credentials(automoderate_server: Server) -> None:
    with Client(automoderate_server.url, api_key="any") as client:
        automoderate_server.refuse_joins("p")
        with pytest.raises(AccessDenied):
            client.join("p")
        automoderate_server.refuse_joins("p", None)
        client.join("p")
        automoderate_server.refuse_credentials()
        with pytest.raises(AuthenticationFailed):
            Client(automoderate_server.url, api_key="any").connect()


def test_emitted_events_are_recorded(automoderate_server: Server) -> None:
    with Client(automoderate_server.url, api_key="any") as client:
        client.emit_with_ack("shout", {"loud": True})
        assert automoderate_server.received() == [("shout", {"loud": True})]


def test_a_wait_times_out(automoderate_server: Server) -> None:
    with pytest.raises(TimeoutError, match="'p'"):
        automoderate_server.joined("p", timeout=0.05)


def test_invalid_data_is_rejected(automoderate_server: Server) -> None:
    with pytest.raises(InvalidArgument, match="data"):
        automoderate_server.publish("p", "moderation_update", [1])  # type: ignore[arg-type]


def test_the_pytest_plugin_is_registered() -> None:
    (plugin,) = entry_points(group="pytest11", name="automoderate")
    assert plugin.value == "automoderate._pytest"
