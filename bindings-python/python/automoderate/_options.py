"""Common part of `AsyncClient` and `Client`: options, and methods that don't wait."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Literal, TypeVar, cast

from . import _native
from ._errors import AutoModerateError
from ._models import Metrics, ReconnectPolicy, State
from ._native import CredentialRequests, Stream

Handler = TypeVar("Handler", bound=Callable[..., object])
Credentials = str | Mapping[str, str] | None
"""An API key, `{"api_key": …}`, `{"session": …}`, or `{"email": …, "password": …}`. `None` means no credentials."""
CredentialsReason = Literal["first", "reconnect", "rejected"]
"""Reason why credentials are requested: for the first connection, for a reconnection, or because the server rejected
the previous credentials.
"""
CredentialsProvider = Callable[[CredentialsReason], Credentials | Awaitable[Credentials]]
"""Function or coroutine function that returns the credentials for each connection attempt."""

CLASSES_BY_KIND: dict[str, type] = {
    kind.event: kind
    for kind in (
        _native.ModerationUpdate,
        _native.StatsUpdate,
        _native.RuleUpdate,
        _native.SystemNotification,
        _native.UserActivity,
        _native.ServerError,
        _native.UnknownEvent,
        _native.MalformedEvent,
        _native.Gap,
        _native.Lagged,
    )
}


def kind_name(kind: object) -> str | None:
    """Return the name of a kind of event, given as a class or a name. Return `None` if no kind is given."""
    if kind is None or isinstance(kind, str):
        return kind
    name = getattr(kind, "event", None)
    if isinstance(name, str) and CLASSES_BY_KIND.get(name) is kind:
        return name
    raise TypeError(f"kind: {kind!r} is not an event class")


def pem_bytes(name: str, value: object) -> bytes:
    """Convert PEM text to bytes."""
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, bytes):
        return value
    raise TypeError(f"{name}: expected PEM text, got {type(value).__name__}")


class BaseClient:
    """Base class of both clients, with the options and all methods that don't wait."""

    _native: _native.Client

    def __init__(
        self,
        url: str,
        *,
        fallback_urls: Sequence[str] = (),
        api_key: str | None = None,
        api_key_via: Literal["query", "auth", "header"] = "query",
        session: str | None = None,
        email: str | None = None,
        password: str | None = None,
        credentials: CredentialsProvider | None = None,
        transports: Literal["auto", "websocket", "polling"] = "auto",
        reconnect: ReconnectPolicy | bool = True,
        retry_first_connect: bool = False,
        on_server_disconnect: Literal["reconnect", "stop"] = "reconnect",
        connect_timeout: float = 20.0,
        join_timeout: float = 10.0,
        ack_timeout: float = 10.0,
        request_timeout: float = 60.0,
        heartbeat_interval: float | None = 30.0,
        event_buffer: int = 1024,
        overflow: Literal["replay", "drop_oldest", "drop_newest", "close"] = "replay",
        rate_limit: int | None = 100,
        backfill: Literal["auto", "replay", "off"] = "auto",
        review_poll: float | None = None,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
        proxy: str | None = None,
        extra_ca: str | bytes | Sequence[str | bytes] = (),
        client_certificate: tuple[str | bytes, str] | None = None,
        danger_accept_invalid_certs: bool = False,
    ) -> None:
        """Create a client without connecting it. All durations are in seconds.

        Args:
            url: URL of the server, as `http(s)://host[:port][/prefix]`. `ws(s)://` is also accepted.
            fallback_urls: Other URLs of the same server, or of servers that share its database; they must be `https` if
                `url` is. When a connection is lost or an attempt fails, the client tries the next URL, and stays with a
                URL that works. Joined projects and cursors remain valid. The credentials are sent to all URLs.
            api_key: API key of a project.
            api_key_via: Location of the API key: the connection `query` (as documented), the Socket.IO `auth` payload,
                or the `X-API-Key` `header`. Proxies may log the query, but normally not the payload or the header.
            session: Value of the web session cookie.
            email: Email address for a login through the web form. The client logs in again when the session expires.
                Requires `password`.
            password: Password for `email`.
            credentials: Function or coroutine function that is called before each connection attempt with the reason:
                `first`, `reconnect` or `rejected`. It must return an API key, or a dict with `api_key`, with `session`,
                or with `email` and `password`. If it raises `AuthenticationFailed`, the client closes; after any other
                exception, the client retries.
            transports: Transports to use. `auto` tries WebSocket first and falls back to HTTP long-polling.
            reconnect: Reconnection policy. `True` means `ReconnectPolicy()`. With `False`, the client closes when the
                connection is lost.
            retry_first_connect: True if the first connection is also retried according to `reconnect`.
            on_server_disconnect: Reaction when the server closes the connection on purpose.
            connect_timeout: Time limit for a connection attempt, from requesting the credentials to the namespace
                acknowledgement.
            join_timeout: Time limit for the server to confirm a join.
            ack_timeout: Time limit for the acknowledgement in `emit_with_ack`.
            request_timeout: Time limit for a REST call, including any login.
            heartbeat_interval: Interval of the documented `heartbeat` event, at least 1. `None` disables it.
            event_buffer: Maximum number of events that each stream buffers for its reader. The buffer is also limited
                to 8 MiB.
            overflow: Policy for full stream buffers. `replay` reads the excess events from the server's event log
                later; on servers without an event log, it drops the oldest event. `drop_oldest` and `drop_newest` drop
                events and insert a `Lagged` in their place. `close` ends the stream with `Overflow`.
            rate_limit: Maximum number of events that the client sends per minute, at least 10. `None` removes the
                limit.
            backfill: Recovery of missed events. `auto` uses the event log, or REST if there is no log; if neither is
                available, it reports a `Gap`. `replay` never uses REST, and `off` always reports a `Gap`.
            review_poll: Interval at which REST is polled for reviews of flagged items, at least 1. `None` disables
                polling. Intended for servers without an event log, which send no events for reviews. Each review is
                delivered once, as a `ModerationUpdate` with the origin `backfill`. Requires an API key.
            headers: HTTP headers to send with every request.
            query: Parameters to add to the connection query.
            proxy: HTTP proxy, as `http://[user:password@]host:port`. By default, the environment variables
                `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY` apply.
            extra_ca: PEM certificates of certificate authorities to trust, in addition to the platform's.
            client_certificate: Client certificate for mutual TLS, as a tuple of the PEM chain and the PEM private key.
            danger_accept_invalid_certs: True if the client accepts every server certificate, even an invalid one. Use
                this option only in tests, because it lets anyone intercept the connection.

        Raises:
            InvalidArgument: An option is invalid; the message names the option. The error is also a `ValueError`.
            TypeError: An option has the wrong type; the message names the option.

        """
        if credentials is not None and not callable(credentials):
            raise TypeError(f"credentials: expected a function, got {type(credentials).__name__}")
        if isinstance(reconnect, bool):
            policy: dict[str, Any] | None = {} if reconnect else None
        elif isinstance(reconnect, ReconnectPolicy):  # pyright: ignore[reportUnnecessaryIsInstance]
            policy = asdict(reconnect)
        else:
            raise TypeError(f"reconnect: expected a ReconnectPolicy or a bool, got {type(reconnect).__name__}")
        if not isinstance(url, str):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise TypeError(f"url: expected a str, got {type(url).__name__}")
        if isinstance(fallback_urls, str) or not isinstance(fallback_urls, Sequence):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise TypeError(f"fallback_urls: expected a sequence of str, got {type(fallback_urls).__name__}")
        if isinstance(extra_ca, (str, bytes)):
            extra_ca = [extra_ca]
        elif not isinstance(extra_ca, Sequence):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise TypeError(f"extra_ca: expected PEM text, got {type(extra_ca).__name__}")
        certificate = None
        if client_certificate is not None:
            if not isinstance(client_certificate, tuple) or len(client_certificate) != 2:  # pyright: ignore[reportUnnecessaryIsInstance, reportUnnecessaryComparison]
                raise TypeError("client_certificate: expected a tuple of the chain and the key")
            chain, key = client_certificate
            certificate = (pem_bytes("client_certificate", chain), key)
        options: dict[str, object] = {
            "url": url,
            "fallback_urls": list(fallback_urls),
            "api_key": api_key,
            "api_key_via": api_key_via,
            "session": session,
            "email": email,
            "password": password,
            "transports": transports,
            "reconnect": policy,
            "retry_first_connect": retry_first_connect,
            "on_server_disconnect": on_server_disconnect,
            "connect_timeout": connect_timeout,
            "join_timeout": join_timeout,
            "ack_timeout": ack_timeout,
            "request_timeout": request_timeout,
            "heartbeat_interval": heartbeat_interval,
            "event_buffer": event_buffer,
            "overflow": overflow,
            "rate_limit": rate_limit,
            "backfill": backfill,
            "review_poll": review_poll,
            "headers": string_pairs("headers", headers),
            "query": string_pairs("query", query),
            "proxy": proxy,
            "extra_ca": [pem_bytes("extra_ca", one) for one in extra_ca],
            "client_certificate": certificate,
            "danger_accept_invalid_certs": danger_accept_invalid_certs,
        }
        self._native = _native.Client(options, credentials is not None)
        self._provider = credentials
        self._has_taken_requests = False
        self._handlers: dict[str | None, list[Callable[[Any], object]]] = {}
        self._handler_stream: Stream | None = None

    @property
    def state(self) -> State:
        """Current state of the client. A state compares equal to its name: `client.state == "connected"`."""
        return State(*self._native.state)

    @property
    def url(self) -> str:
        """URL to which the client is connected, which it is trying to reach, or which it will try next: `url`, or one
        of `fallback_urls`.
        """
        return self._native.url

    def metrics(self) -> Metrics:
        """Return the client's counters."""
        return Metrics(**self._native.metrics())

    def network_changed(self) -> None:
        """Notify the client of a network change.

        A client that is connecting or waiting to reconnect starts a new attempt at once, unless the server requested
        the delay or probably limits connection attempts, or `max_attempts_per_minute` is reached. A connected client
        checks whether its connection still works.
        """
        self._native.network_changed()

    def on(self, kind: type | str | None = None) -> Callable[[Handler], Handler]:
        """Return a decorator that registers a handler for one kind of event, given as a class or a name, or for every
        event.

        `run()` calls the handlers one after another, in the order of the events, and logs their exceptions. Events that
        arrive after the first `on` are buffered for `run()`, up to `event_buffer`.
        """
        name = kind_name(kind)
        if name is not None and name not in CLASSES_BY_KIND:
            raise ValueError(f"kind: unknown kind of event {name!r}")
        if self._handler_stream is None:
            self._handler_stream = self._native.events(None)

        def register(handler: Handler) -> Handler:
            if not callable(handler):
                raise TypeError("handler: expected a function")
            self._handlers.setdefault(name, []).append(handler)
            return handler

        return register

    def _take_credential_requests(self) -> tuple[CredentialRequests, CredentialsProvider] | None:
        """Return the queue of credential requests and the provider on the first call, and `None` afterwards."""
        requests = self._native.credential_requests()
        if self._has_taken_requests or requests is None or self._provider is None:
            return None
        self._has_taken_requests = True
        return requests, self._provider

    def _open_handler_stream(self) -> Stream:
        if self._handler_stream is None:
            self._handler_stream = self._native.events(None)
        return self._handler_stream

    def _handlers_for(self, event: Any) -> list[Callable[[Any], object]]:
        return self._handlers.get(event.event, []) + self._handlers.get(None, [])

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._native.state[0]}>"


def string_pairs(name: str, mapping: object) -> list[tuple[str, str]]:
    """Convert a mapping of strings to a list of pairs."""
    if mapping is None:
        return []
    if not isinstance(mapping, Mapping):
        raise TypeError(f"{name}: expected a mapping, got {type(mapping).__name__}")
    return list(cast("Mapping[str, str]", mapping).items())


def cursor_text(after: object) -> str | None:
    """Convert a cursor or an event id to a cursor string."""
    if after is None or isinstance(after, str):
        return after
    if isinstance(after, int) and not isinstance(after, bool):
        return str(after)
    raise TypeError(f"after: expected a cursor or an event id, got {type(after).__name__}")


def check_count(name: str, value: object, minimum: int = 1) -> int:
    """Check the type and range of an integer argument."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name}: expected an int, got {type(value).__name__}")
    if not minimum <= value < 1 << 32:
        raise ValueError(f"{name}: must be from {minimum} to {(1 << 32) - 1}")
    return value


def check_text(name: str, value: object) -> str:
    """Check that an argument is a str that can be encoded as UTF-8."""
    if not isinstance(value, str):
        raise TypeError(f"{name}: expected a str, got {type(value).__name__}")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ValueError(f"{name}: contains a lone surrogate, which can't be sent") from None
    return value


def check_seconds(name: str, value: object) -> float:
    """Check the type of a duration in seconds. The SDK checks its range."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"{name}: expected a number of seconds, got {type(value).__name__}")
    return float(value)


def describe_provider_error(error: Exception) -> tuple[str, bool]:
    """Return an error message for a provider's exception, and whether the error is fatal. The message does not contain
    the exception's text, which may contain secrets.
    """
    fatal = isinstance(error, (AutoModerateError, TypeError)) and not getattr(error, "retryable", False)
    return f"it raised {type(error).__name__}", fatal
