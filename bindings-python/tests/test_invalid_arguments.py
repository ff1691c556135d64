"""Invalid arguments raise errors that name the argument."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from automoderate import AsyncClient, Client, Event, EventStream, Project, ReconnectPolicy, Submission

from .conftest import Server

INVALID_OPTIONS: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"api_key": 7}, TypeError, "api_key"),
    ({"url": 7}, TypeError, "url"),
    ({"url": "ftp://x"}, ValueError, "url"),
    ({"fallback_urls": "http://b"}, TypeError, "fallback_urls"),
    ({"fallback_urls": [7]}, TypeError, "fallback_urls"),
    ({"fallback_urls": ["http://b", "ftp://c"]}, ValueError, r"fallback_urls\[1\]"),
    ({"connect_timeout": "soon"}, TypeError, "connect_timeout"),
    ({"connect_timeout": -1}, ValueError, "connect_timeout"),
    ({"join_timeout": 0}, ValueError, "join_timeout"),
    ({"ack_timeout": float("nan")}, ValueError, "ack_timeout"),
    ({"request_timeout": 0}, ValueError, "request_timeout"),
    ({"review_poll": 0.5}, ValueError, "review_poll"),
    ({"review_poll": "often"}, TypeError, "review_poll"),
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
    ({"client_certificate": ("chain",)}, TypeError, "client_certificate"),
    ({"client_certificate": 7}, TypeError, "client_certificate"),
    ({"danger_accept_invalid_certs": "yes"}, TypeError, "danger_accept_invalid_certs"),
]


@pytest.mark.parametrize(("options", "error", "name"), INVALID_OPTIONS)
def test_invalid_options_raise_errors_that_name_them(
    options: dict[str, Any], error: type[Exception], name: str
) -> None:
    with pytest.raises(error, match=name):
        AsyncClient(**{"url": "http://localhost", **options})


@dataclass
class CallTargets:
    """Objects whose methods are called with invalid arguments."""

    client: Client
    project: Project
    stream: EventStream[Event]


def deeply_nested_list() -> list[Any]:
    value: list[Any] = []
    for _ in range(1000):
        value = [value]
    return value


LONE_SURROGATE = "\ud800"
submission: Any = Submission
# Invalid calls. The arguments are untyped, as in programs without a type checker.
INVALID_CALLS: list[tuple[Callable[[Any], Any], type[Exception], str]] = [
    (lambda targets: targets.client.join(""), ValueError, "project"),
    (lambda targets: targets.client.join(7), TypeError, "project"),
    (lambda targets: targets.client.join(LONE_SURROGATE), ValueError, "project"),
    (lambda targets: targets.client.join("p", after=1.5), TypeError, "after"),
    (lambda targets: targets.client.join("p", after=True), TypeError, "after"),
    (lambda targets: targets.client.join("p", after=-1), ValueError, "after"),
    (lambda targets: targets.client.join("p", after="forty-one"), ValueError, "after"),
    (lambda targets: targets.client.emit(""), ValueError, "name"),
    (lambda targets: targets.client.emit("connect"), ValueError, "name"),
    (lambda targets: targets.client.emit(7), TypeError, "name"),
    (lambda targets: targets.client.emit("x", {1: 2}), TypeError, "data"),
    (lambda targets: targets.client.emit("x", object()), TypeError, "data"),
    (lambda targets: targets.client.emit("x", float("inf")), ValueError, "data"),
    (lambda targets: targets.client.emit("x", 1 << 70), ValueError, "data"),
    (lambda targets: targets.client.emit("x", [LONE_SURROGATE]), ValueError, "data"),
    (lambda targets: targets.client.emit("x", {LONE_SURROGATE: 1}), ValueError, "data"),
    (lambda targets: targets.client.emit("x", deeply_nested_list()), ValueError, "data"),
    (lambda targets: targets.client.emit_with_ack(None), TypeError, "name"),
    (lambda targets: targets.client.emit_with_ack("x", b"bytes"), TypeError, "data"),
    (lambda targets: targets.client.moderate(7), TypeError, "content"),
    (lambda targets: targets.client.moderate("x", type=None), TypeError, "type"),
    (lambda targets: targets.client.moderate("x", metadata={"a": {1}}), TypeError, "metadata"),
    (lambda targets: targets.client.moderate_batch("x"), TypeError, "items"),
    (lambda targets: targets.client.moderate_batch({"content": "x"}), TypeError, "items"),
    (lambda targets: targets.client.moderate_batch(7), TypeError, "items"),
    (lambda targets: targets.client.moderate_batch(["x", None]), TypeError, "items[1]"),
    (lambda targets: targets.client.moderate_batch([LONE_SURROGATE]), ValueError, "items[0]"),
    (lambda targets: targets.client.moderate_batch([submission(7)]), TypeError, "items[0].content"),
    (lambda targets: targets.client.moderate_batch([submission("x", type=None)]), TypeError, "items[0].type"),
    (lambda targets: targets.client.moderate_batch([submission("x", metadata={1})]), TypeError, "items[0].metadata"),
    (lambda targets: targets.client.moderate_batch([], idempotency_key=7), TypeError, "idempotency_key"),
    (lambda targets: targets.client.moderate_batch([], idempotency_key="k" * 241), ValueError, "idempotency_key"),
    (lambda targets: targets.client.content(""), ValueError, "id"),
    (lambda targets: targets.client.content(7), TypeError, "id"),
    (lambda targets: targets.client.contents_page(0), ValueError, "page"),
    (lambda targets: targets.client.contents_page(1 << 70), ValueError, "page"),
    (lambda targets: targets.client.contents_page("x"), TypeError, "page"),
    (lambda targets: targets.client.contents_page(1, per_page=0), ValueError, "per_page"),
    (lambda targets: targets.client.contents_page(1, status=7), TypeError, "status"),
    (lambda targets: next(targets.client.contents(per_page="x")), TypeError, "per_page"),
    (lambda targets: targets.client.events("no_such_kind"), ValueError, "kind"),
    (lambda targets: targets.client.events(int), TypeError, "kind"),
    (lambda targets: targets.project.events(7), TypeError, "kind"),
    (lambda targets: targets.client.on("no_such_kind"), ValueError, "kind"),
    (lambda targets: targets.client.on()(7), TypeError, "handler"),
    (lambda targets: targets.stream.next_batch(0), ValueError, "max"),
    (lambda targets: targets.stream.next_batch(1 << 70), ValueError, "max"),
    (lambda targets: targets.stream.next_batch(1.5), TypeError, "max"),
    (lambda targets: targets.stream.throttle("soon"), TypeError, "interval"),
    (lambda targets: targets.stream.throttle(-1), ValueError, "interval"),
    (lambda targets: targets.stream.throttle(float("nan")), ValueError, "interval"),
]
INVALID_TIMEOUTS: list[tuple[object, type[Exception]]] = [
    ("x", TypeError),
    (-1, ValueError),
    (float("nan"), ValueError),
]


def assert_refused(call: Callable[[], Any], error: type[Exception], name: str) -> None:
    with pytest.raises(error) as caught:
        call()
    # Check the message without the exception's notes, because not every program prints notes.
    assert str(caught.value).startswith(f"{name}: "), caught.value


@pytest.fixture(scope="module")
def targets(shared_server: Server) -> Iterator[CallTargets]:
    with Client(shared_server.base_url, api_key=shared_server.api_key) as client:
        project = client.join(shared_server.project_id)
        yield CallTargets(client, project, project.events())


@pytest.mark.parametrize(("call", "error", "name"), INVALID_CALLS)
def test_each_invalid_argument_is_named_in_the_error(
    targets: CallTargets, call: Callable[[Any], Any], error: type[Exception], name: str
) -> None:
    assert_refused(lambda: call(targets), error, name)


@pytest.mark.parametrize(("timeout", "error"), INVALID_TIMEOUTS)
def test_an_invalid_timeout_raises_an_error_that_names_it(
    targets: CallTargets, timeout: Any, error: type[Exception]
) -> None:
    assert_refused(lambda: targets.stream.next_batch(timeout=timeout), error, "timeout")


async def call_and_await(call: Callable[[Any], Any], targets: CallTargets) -> None:
    outcome = call(targets)
    if inspect.isawaitable(outcome):
        await outcome


async def test_each_invalid_argument_is_named_in_the_error_for_asyncio(shared_server: Server) -> None:
    async with AsyncClient(shared_server.base_url, api_key=shared_server.api_key) as client:
        project = await client.join(shared_server.project_id)
        targets: Any = CallTargets(client, project, project.events())  # type: ignore[arg-type]
        for call, error, name in INVALID_CALLS:
            if "contents(" in (source := inspect.getsource(call)) and "per_page" in source:
                continue  # the asyncio client returns an async iterator
            with pytest.raises(error) as caught:
                await call_and_await(call, targets)
            assert str(caught.value).startswith(f"{name}: "), caught.value
