"""What can't be used is refused at once, by name."""

from __future__ import annotations

from typing import Any

import pytest
from automoderate import (
    AsyncClient,
    ReconnectPolicy,
)

from .conftest import Server

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
