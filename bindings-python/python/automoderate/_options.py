"""The common part of `AsyncClient` and `Client`: options, and calls that need no waiting."""

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
"""An API key, or `{"session": …}`, or `{"email": …, "password": …}`, or `{"api_key": …}`."""
CredentialsReason = Literal["first", "reconnect", "rejected"]
"""The reason for a request for credentials: the first connection, a reconnection, or a refusal of the last ones."""
CredentialsProvider = Callable[[CredentialsReason], Credentials | Awaitable[Credentials]]
"""A function or coroutine function that is called before every attempt: the clients' option `credentials`."""

KINDS: dict[str, type] = {
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
    """The name of a kind of events, given as a class, as a name, or not at all."""
    if kind is None or isinstance(kind, str):
        return kind
    name = getattr(kind, "event", None)
    if isinstance(name, str) and KINDS.get(name) is kind:
        return name
    raise TypeError(f"kind: {kind!r} is not a class of events")


def pem(name: str, value: object) -> bytes:
    """A certificate given as text or bytes."""
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, bytes):
        return value
    raise TypeError(f"{name}: expected PEM text, got {type(value).__name__}")


class BaseClient:
    """The options and everything that needs no waiting."""

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
        """Make a client without connecting it. All times are seconds.

        Args:
            url: `http(s)://host[:port][/prefix]`; `ws(s)://` means the same.
            fallback_urls: Other addresses of the same server, or of servers on the same database. When a connection
                is lost or an attempt fails, the client tries the next one at once, and keeps it while it works.
                Projects and cursors keep working. All addresses receive the credentials.
            api_key: A project's API key.
            api_key_via: The place of the key: the connection `query`, as documented, or the Socket.IO `auth` payload
                or the `X-API-Key` `header`, which stay out of proxies' logs.
            session: The value of the web session's cookie.
            email: Log in through the web form, and again when the session has expired; needs `password`.
            password: The password for `email`.
            credentials: A function or coroutine function that is called before every attempt with the reason:
                `first`, `reconnect` or `rejected`. It returns an API key, or a dict with `api_key`, with `session`,
                or with `email` and `password`. If it raises `AuthenticationFailed`, the client ends; if it raises
                anything else, the attempt fails.
            transports: `auto`: WebSocket first, or HTTP long-polling where WebSocket fails.
            reconnect: `True` uses `ReconnectPolicy()`; with `False` the client ends when the connection is lost.
            retry_first_connect: Retry the first connection, too, according to `reconnect`.
            on_server_disconnect: The reaction when the server ends the connection on purpose.
            connect_timeout: One deadline from the credentials to the namespace acknowledgement.
            join_timeout: The longest time until the server confirms a join.
            ack_timeout: The longest wait of `emit_with_ack`.
            request_timeout: The longest time of a REST call, including a login that it needs.
            heartbeat_interval: The pause between two documented `heartbeat` events, at least 1; `None` sends none.
            event_buffer: The number of events that each stream buffers for its reader, in at most 8 MiB.
            overflow: The policy for a stream whose buffer is full. `replay` reads the events from the server's event
                log later; without a log it drops the oldest. `drop_oldest` and `drop_newest` drop events, and a
                `Lagged` takes their place. `close` ends the stream with `Overflow`.
            rate_limit: The most events per minute that the client sends, at least 10; `None` lifts the limit.
            backfill: The recovery of events after an interruption: `auto`, only `replay`, or `off`.
            review_poll: The pause between two REST requests for reviews of flagged items, at least 1; `None` never
                asks. It is for servers without an event log, which send no events for reviews. Each review arrives
                once, as a `ModerationUpdate` with the origin `backfill`. Needs an API key.
            headers: Headers for every request.
            query: Parameters for the connection query.
            proxy: `http://[user:password@]host:port`. Default: `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY`.
            extra_ca: PEM certificates of authorities to trust in addition to the platform's.
            client_certificate: The PEM chain and the PEM key to show to the server.
            danger_accept_invalid_certs: Accept any certificate; for tests only, because anyone can then intercept.

        Raises:
            InvalidArgument: An option is invalid; the message names it. The error is also a `ValueError`.
            TypeError: An option has the wrong type; the message names it.

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
            certificate = (pem("client_certificate", chain), key)
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
            "headers": pairs("headers", headers),
            "query": pairs("query", query),
            "proxy": proxy,
            "extra_ca": [pem("extra_ca", one) for one in extra_ca],
            "client_certificate": certificate,
            "danger_accept_invalid_certs": danger_accept_invalid_certs,
        }
        self._native = _native.Client(options, credentials is not None)
        self._provider = credentials
        self._asked = False
        self._handlers: dict[str | None, list[Callable[[Any], object]]] = {}
        self._handled: Stream | None = None

    @property
    def state(self) -> State:
        """The client's state, which compares equal to its name: `client.state == "connected"`."""
        return State(*self._native.state)

    @property
    def url(self) -> str:
        """The address that the client is connected to or tries next: `url`, or one of `fallback_urls`."""
        return self._native.url

    def metrics(self) -> Metrics:
        """The client's counters."""
        return Metrics(**self._native.metrics())

    def network_changed(self) -> None:
        """Tell the client that the network has changed.

        The client ends a pause at once, or asks the server for a sign of life on an open connection.
        """
        self._native.network_changed()

    def on(self, kind: type | str | None = None) -> Callable[[Handler], Handler]:
        """Register a function for each event of a kind, given as a class or by name, or for every event.

        `run()` calls the functions one after another, in the order of the events, and logs their exceptions. Events
        that arrive after the first `on` are kept for `run()`, up to `event_buffer`.
        """
        name = kind_name(kind)
        if name is not None and name not in KINDS:
            raise ValueError(f"kind: unknown kind of events {name!r}")
        if self._handled is None:
            self._handled = self._native.events(None)

        def register(handler: Handler) -> Handler:
            if not callable(handler):
                raise TypeError("handler: expected a function")
            self._handlers.setdefault(name, []).append(handler)
            return handler

        return register

    def _requests_to_answer(self) -> tuple[CredentialRequests, CredentialsProvider] | None:
        """The requests for credentials and their provider, for the client's lifetime; only on the first call."""
        requests = self._native.credential_requests()
        if self._asked or requests is None or self._provider is None:
            return None
        self._asked = True
        return requests, self._provider

    def _stream_of_handlers(self) -> Stream:
        if self._handled is None:
            self._handled = self._native.events(None)
        return self._handled

    def _handlers_of(self, event: Any) -> list[Callable[[Any], object]]:
        return self._handlers.get(event.event, []) + self._handlers.get(None, [])

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._native.state[0]}>"


def pairs(name: str, mapping: object) -> list[tuple[str, str]]:
    """A mapping of strings to strings, as pairs."""
    if mapping is None:
        return []
    if not isinstance(mapping, Mapping):
        raise TypeError(f"{name}: expected a mapping, got {type(mapping).__name__}")
    return list(cast("Mapping[str, str]", mapping).items())


def after_text(after: object) -> str | None:
    """A cursor: its text, or an event id."""
    if after is None or isinstance(after, str):
        return after
    if isinstance(after, int) and not isinstance(after, bool):
        return str(after)
    raise TypeError(f"after: expected a cursor or an event id, got {type(after).__name__}")


def count(name: str, value: object, least: int = 1) -> int:
    """A number of something."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name}: expected an int, got {type(value).__name__}")
    if not least <= value < 1 << 32:
        raise ValueError(f"{name}: it must be from {least} to {(1 << 32) - 1}")
    return value


def text(name: str, value: object) -> str:
    """Text that can be sent."""
    if not isinstance(value, str):
        raise TypeError(f"{name}: expected a str, got {type(value).__name__}")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ValueError(f"{name}: it contains a lone surrogate, which can't be sent") from None
    return value


def seconds(name: str, value: object) -> float:
    """A time in seconds; the SDK checks its range."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"{name}: expected a number of seconds, got {type(value).__name__}")
    return float(value)


def page_wanted(page: object, per_page: object, status: object) -> tuple[int, int | None, str | None]:
    """The page of items to fetch."""
    return (
        count("page", page),
        None if per_page is None else count("per_page", per_page),
        None if status is None else text("status", status),
    )


def refusal(error: Exception) -> tuple[str, bool]:
    """The session's view of a provider's exception: a text that can't contain a secret, and a flag if it is final."""
    fatal = isinstance(error, (AutoModerateError, TypeError)) and not getattr(error, "retryable", False)
    return f"the credentials provider raised {type(error).__name__}", fatal
