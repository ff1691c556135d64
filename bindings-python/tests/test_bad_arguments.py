"""Invalid arguments are refused at once, by name."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from automoderate import AsyncClient, Client, Event, EventStream, Project, ReconnectPolicy

from .conftest import Server

BAD: list[tuple[dict[str, Any], type[Exception], str]] = [
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


@pytest.mark.parametrize(("options", "error", "name"), BAD)
def test_bad_options_are_named(options: dict[str, Any], error: type[Exception], name: str) -> None:
    with pytest.raises(error, match=name):
        AsyncClient(**{"url": "http://localhost", **options})


@dataclass
class Place:
    """The objects whose methods are called."""

    client: Client
    project: Project
    stream: EventStream[Event]


def deep() -> list[Any]:
    value: list[Any] = []
    for _ in range(1000):
        value = [value]
    return value


HALF = "\ud800"
# Untyped, like programs without a type checker.
CALLS: list[tuple[Callable[[Any], Any], type[Exception], str]] = [
    (lambda on: on.client.join(""), ValueError, "project"),
    (lambda on: on.client.join(7), TypeError, "project"),
    (lambda on: on.client.join(HALF), ValueError, "project"),
    (lambda on: on.client.join("p", after=1.5), TypeError, "after"),
    (lambda on: on.client.join("p", after=True), TypeError, "after"),
    (lambda on: on.client.join("p", after=-1), ValueError, "after"),
    (lambda on: on.client.join("p", after="forty-one"), ValueError, "after"),
    (lambda on: on.client.emit(""), ValueError, "name"),
    (lambda on: on.client.emit("connect"), ValueError, "name"),
    (lambda on: on.client.emit(7), TypeError, "name"),
    (lambda on: on.client.emit("x", {1: 2}), TypeError, "data"),
    (lambda on: on.client.emit("x", object()), TypeError, "data"),
    (lambda on: on.client.emit("x", float("inf")), ValueError, "data"),
    (lambda on: on.client.emit("x", 1 << 70), ValueError, "data"),
    (lambda on: on.client.emit("x", [HALF]), ValueError, "data"),
    (lambda on: on.client.emit("x", {HALF: 1}), ValueError, "data"),
    (lambda on: on.client.emit("x", deep()), ValueError, "data"),
    (lambda on: on.client.emit_with_ack(None), TypeError, "name"),
    (lambda on: on.client.emit_with_ack("x", b"bytes"), TypeError, "data"),
    (lambda on: on.client.moderate(7), TypeError, "content"),
    (lambda on: on.client.moderate("x", type=None), TypeError, "type"),
    (lambda on: on.client.moderate("x", metadata={"a": {1}}), TypeError, "metadata"),
    (lambda on: on.client.content(""), ValueError, "id"),
    (lambda on: on.client.content(7), TypeError, "id"),
    (lambda on: on.client.contents_page(0), ValueError, "page"),
    (lambda on: on.client.contents_page(1 << 70), ValueError, "page"),
    (lambda on: on.client.contents_page("x"), TypeError, "page"),
    (lambda on: on.client.contents_page(1, per_page=0), ValueError, "per_page"),
    (lambda on: on.client.contents_page(1, status=7), TypeError, "status"),
    (lambda on: next(on.client.contents(per_page="x")), TypeError, "per_page"),
    (lambda on: on.client.events("no_such_kind"), ValueError, "kind"),
    (lambda on: on.client.events(int), TypeError, "kind"),
    (lambda on: on.project.events(7), TypeError, "kind"),
    (lambda on: on.client.on("no_such_kind"), ValueError, "kind"),
    (lambda on: on.client.on()(7), TypeError, "handler"),
    (lambda on: on.stream.next_batch(0), ValueError, "max"),
    (lambda on: on.stream.next_batch(1 << 70), ValueError, "max"),
    (lambda on: on.stream.next_batch(1.5), TypeError, "max"),
    (lambda on: on.stream.throttle("soon"), TypeError, "interval"),
    (lambda on: on.stream.throttle(-1), ValueError, "interval"),
    (lambda on: on.stream.throttle(float("nan")), ValueError, "interval"),
]
TIMEOUTS: list[tuple[object, type[Exception]]] = [("x", TypeError), (-1, ValueError), (float("nan"), ValueError)]


def refused(call: Callable[[], Any], error: type[Exception], name: str) -> None:
    with pytest.raises(error) as caught:
        call()
    # Without the notes, which not every program prints.
    assert str(caught.value).startswith(f"{name}: "), caught.value


@pytest.fixture(scope="module")
def place(shared_server: Server) -> Iterator[Place]:
    with Client(shared_server.base_url, api_key=shared_server.api_key) as client:
        project = client.join(shared_server.project_id)
        yield Place(client, project, project.events())


@pytest.mark.parametrize(("call", "error", "name"), CALLS)
def test_bad_arguments_are_named(place: Place, call: Callable[[Any], Any], error: type[Exception], name: str) -> None:
    refused(lambda: call(place), error, name)


@pytest.mark.parametrize(("timeout", "error"), TIMEOUTS)
def test_a_bad_timeout_is_named(place: Place, timeout: Any, error: type[Exception]) -> None:
    refused(lambda: place.stream.next_batch(timeout=timeout), error, "timeout")


async def awaited(call: Callable[[Any], Any], place: Place) -> None:
    outcome = call(place)
    if inspect.isawaitable(outcome):
        await outcome


async def test_bad_arguments_are_named_for_asyncio(shared_server: Server) -> None:
    async with AsyncClient(shared_server.base_url, api_key=shared_server.api_key) as client:
        project = await client.join(shared_server.project_id)
        place: Any = Place(client, project, project.events())  # type: ignore[arg-type]
        for call, error, name in CALLS:
            if "contents(" in (source := inspect.getsource(call)) and "per_page" in source:
                continue  # an iterator of the other kind
            with pytest.raises(error) as caught:
                await awaited(call, place)
            assert str(caught.value).startswith(f"{name}: "), caught.value
