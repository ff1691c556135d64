"""The golden files that all languages share: events on the wire, default options and error codes."""

from __future__ import annotations

import inspect
import json
import pickle
import sys
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import automoderate
import pytest
from automoderate import AsyncClient, AutoModerateError, Client, ReconnectPolicy

from .conftest import ROOT, Server, start_program

GOLDEN = ROOT / "core/tests/golden"
GOLDEN_KINDS = sorted(path.stem for path in GOLDEN.glob("*_*.json"))


def read_golden(name: str) -> Any:
    return json.loads((GOLDEN / f"{name}.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def golden_server() -> Iterator[Server]:
    """Server that sends the packets of the golden files, byte for byte."""
    server = start_program(sys.executable, GOLDEN / "server.py")
    yield server
    server.stop()


def test_every_kind_that_servers_send_has_a_golden_file() -> None:
    made_here = {"gap", "lagged"}
    assert {*GOLDEN_KINDS, *made_here} == {
        kind.event for kind in vars(automoderate).values() if isinstance(getattr(kind, "event", None), str)
    }


@pytest.mark.parametrize("kind", GOLDEN_KINDS)
async def test_packets_are_decoded_to_the_events_that_the_golden_files_expect(golden_server: Server, kind: str) -> None:
    async with AsyncClient(golden_server.base_url, api_key="k", transports="websocket") as client:
        stream = client.events()
        await client.emit("play", kind)
        for case in read_golden(kind):
            event = await anext(stream)
            seen = event.to_dict()
            assert seen["meta"].pop("received_at").endswith("Z")
            assert seen == case["expect"], case["name"]
            assert type(event).event == kind
            assert pickle.loads(pickle.dumps(event)) == event
            check_attributes(event, case["expect"])


def check_attributes(event: Any, expected: dict[str, Any]) -> None:
    """Checks that attributes equal the values of `to_dict`, except that nested values and timestamps have their own
    types.
    """
    for name, value in expected.items():
        if name == "meta":
            assert {key: getattr(event.meta, key) for key in value} == value
        elif name == "timestamp":
            assert event.timestamp_text or event.timestamp is None
            assert (event.timestamp is None) == (not value.endswith("Z"))
            assert event.timestamp is None or event.timestamp.utcoffset().total_seconds() == 0
        elif name in ("rule", "activity"):
            part = asdict(getattr(event, name))
            extra = part.pop("extra")
            assert {**part, **({"extra": extra} if extra else {})} == value
        elif name == "recent_activity":
            assert [(one.content_id, one.decision) for one in event.recent_activity] == [
                (one["content_id"], one["decision"]) for one in value
            ]
        else:
            assert getattr(event, name) == value, name
    for name in type(event).__match_args__:
        assert hasattr(event, name)


@pytest.mark.parametrize("client", [AsyncClient, Client])
def test_options_have_the_same_defaults_as_in_the_core(client: type) -> None:
    known = read_golden("options")
    signature = inspect.signature(client.__init__)  # type: ignore[misc]
    defaults = {name: parameter.default for name, parameter in signature.parameters.items()}
    assert defaults.pop("reconnect") is True
    assert asdict(ReconnectPolicy()) == known.pop("reconnect")
    assert {name: defaults.pop(name) for name in known} == known
    empty = {name for name, default in defaults.items() if default in (None, (), inspect.Parameter.empty)}
    assert empty == set(defaults), "an option has a default that is not in the golden file"


def test_every_error_code_has_a_class() -> None:
    classes = {error.code: error for error in AutoModerateError.__subclasses__()}
    assert set(classes) == set(read_golden("errors"))
    for error in classes.values():
        assert getattr(automoderate, error.__name__) is error
        assert error.__doc__
