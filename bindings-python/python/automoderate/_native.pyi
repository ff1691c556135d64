"""The native part of `automoderate`. Private: import from `automoderate`."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, Literal, TypeAlias, final

from typing_extensions import Self

from ._models import Activity, RecentActivity, Rule, Status

__all__ = [
    "BlockingIterator",
    "Client",
    "CredentialRequests",
    "Gap",
    "Lagged",
    "MalformedEvent",
    "Meta",
    "ModerationUpdate",
    "Port",
    "Project",
    "RuleUpdate",
    "ServerError",
    "States",
    "StatsUpdate",
    "Stream",
    "SystemNotification",
    "TestServer",
    "UnknownEvent",
    "UserActivity",
    "__version__",
    "_listen_to_logs",
    "_unpack",
    "_unpack_meta",
]

__version__: Final[str]

_Ticket: TypeAlias = tuple[Port, int] | None

@final
class Port:
    def __new__(cls) -> Self: ...
    def fileno(self) -> int: ...
    def drain(self) -> list[tuple[int, bool, Any]]: ...
    def wait(self) -> bool: ...

@final
class Client:
    def __new__(cls, options: Mapping[str, object], provider: bool) -> Self: ...
    def connect(self, ticket: _Ticket) -> object: ...
    def join(self, ticket: _Ticket, project: str, after: str | None) -> object: ...
    def events(self, kind: str | None) -> Stream: ...
    def emit(self, ticket: _Ticket, name: str, data: object) -> object: ...
    def emit_with_ack(self, ticket: _Ticket, name: str, data: object) -> object: ...
    def moderate(
        self, ticket: _Ticket, type: str, content: str, metadata: object, idempotency_key: str | None
    ) -> object: ...
    def content(self, ticket: _Ticket, id: str) -> object: ...
    def contents_page(self, ticket: _Ticket, page: int, per_page: int | None, status: str | None) -> object: ...
    def statistics(self, ticket: _Ticket) -> object: ...
    def health(self, ticket: _Ticket) -> object: ...
    def close(self, ticket: _Ticket) -> object: ...
    @property
    def state(self) -> tuple[Any, ...]: ...
    def state_changes(self) -> States: ...
    @property
    def url(self) -> str: ...
    def network_changed(self) -> None: ...
    def metrics(self) -> dict[str, int]: ...
    def credential_requests(self) -> CredentialRequests | None: ...

@final
class TestServer:
    def __new__(cls, event_log: bool) -> Self: ...
    @property
    def url(self) -> str: ...
    def publish(self, project: str, name: str, data: object) -> int | None: ...
    def store(self, project: str, content: object) -> None: ...
    def cut(self) -> None: ...
    def set_offline(self, offline: bool) -> None: ...
    def set_silent(self, silent: bool) -> None: ...
    def refuse_credentials(self, refuse: bool) -> None: ...
    def refuse_joins(self, project: str, code: str | None) -> None: ...
    def forget(self, project: str) -> None: ...
    def joined(self, project: str, connections: int, timeout: float) -> bool: ...
    def connected(self, connections: int, timeout: float) -> bool: ...
    def received(self) -> list[tuple[str, Any]]: ...

@final
class CredentialRequests:
    def next(self, ticket: _Ticket) -> object: ...
    def answer(self, id: int, answer: object) -> None: ...
    def refuse(self, id: int, message: str, fatal: bool) -> None: ...

@final
class States:
    def next(self, ticket: _Ticket) -> object: ...

@final
class Project:
    @property
    def id(self) -> str: ...
    @property
    def cursor(self) -> str | None: ...
    def events(self, kind: str | None) -> Stream: ...
    def leave(self, ticket: _Ticket) -> object: ...

@final
class Stream:
    @property
    def key(self) -> int: ...
    @property
    def losses(self) -> tuple[int, int]: ...
    def __iter__(self) -> Self: ...
    def __next__(self) -> object: ...
    def more(self) -> bool: ...
    def take(self, max: int) -> list[object]: ...
    def watch(self, port: Port) -> None: ...
    def ended(self) -> bool: ...
    def next_blocking(self) -> object: ...
    def take_blocking(self, max: int, timeout: float | None) -> list[object]: ...
    def throttle(self, seconds: float) -> Stream: ...
    def cancel(self) -> None: ...

@final
class BlockingIterator:
    def __new__(cls, stream: Stream) -> Self: ...
    def __iter__(self) -> Self: ...
    def __next__(self) -> object: ...

def _listen_to_logs(port: Port) -> None: ...
def _unpack(text: str) -> Any: ...
def _unpack_meta(text: str) -> Meta: ...

# stubs.py writes the following from src/events.

@final
class Meta:
    """Data that the SDK adds to an event."""

    __match_args__ = ("project_id", "event_id", "origin", "received_at")
    @property
    def project_id(self) -> str | None:
        """The project, from the payload or inferred if exactly one project is joined; otherwise `None`."""
    @property
    def event_id(self) -> int | None:
        """The position in the project's event log, on servers with one."""
    @property
    def origin(self) -> Literal["live", "replay", "backfill"]:
        """The event's origin: `live`, `replay` or `backfill`."""
    @property
    def received_at(self) -> datetime:
        """The time of receipt, by this machine's clock, in UTC."""
    @property
    def cursor(self) -> str | None:
        """The cursor with which a join resumes after this event; `None` on servers without an event log."""
    @property
    def payload(self) -> str | None:
        """The payload as the server wrote it, as JSON text; `None` for the SDK's own events."""
    def __eq__(self, value: object, /) -> bool: ...
    def __hash__(self) -> int: ...
    def __reduce__(self) -> tuple[Any, tuple[str]]: ...

@final
class ModerationUpdate:
    """An item was decided."""

    __match_args__ = ("content_id", "status")
    event: Final = "moderation_update"
    """The name of the kind of event, the same in every language."""
    @property
    def content_id(self) -> str:
        """The item's id."""
    @property
    def project_id(self) -> str | None:
        """The project that the item belongs to."""
    @property
    def status(self) -> Status:
        """The decision: `approved`, `rejected`, `flagged` or `pending`; or a value unknown to this version."""
    @property
    def content_type(self) -> Literal["text", "image"] | str | None:
        """The item's type: `text` or `image`; or a value unknown to this version."""
    @property
    def content_preview(self) -> str:
        """The beginning of the text, as its author wrote it, **including markup**. On a page, use
        `content_preview_html`.
        """
    @property
    def content_preview_html(self) -> str:
        """`content_preview`, escaped for HTML."""
    @property
    def meta_data(self) -> Any:
        """The submitter's metadata, converted to Python objects on first access."""
    @property
    def results_count(self) -> int | None:
        """The number of rules or models that gave a result."""
    @property
    def processing_time(self) -> float | None:
        """The seconds that the decision took."""
    @property
    def moderator_type(self) -> Literal["rule", "ai", "manual", "unknown"] | str | None:
        """The decider: `rule`, `ai`, `manual` or `unknown`; or a value unknown to this version."""
    @property
    def moderator_name(self) -> str | None:
        """The decider's name, such as `AI Rule`."""
    @property
    def rule_name(self) -> str | None:
        """The rule that matched."""
    @property
    def timestamp(self) -> datetime | None:
        """The time of the decision, in UTC; `None` if the server sent no readable one."""
    @property
    def timestamp_text(self) -> str:
        """The timestamp as the server wrote it."""
    @property
    def extra(self) -> dict[str, Any]:
        """Undocumented fields."""
    @property
    def meta(self) -> Meta:
        """Data that the SDK adds to the event."""
    def to_dict(self) -> dict[str, Any]:
        """The event as a dict for `json.dumps`: `event`, the documented fields, `extra` if not empty, and `meta`.
        Timestamps are RFC 3339 text ending in `Z`.
        """
    def to_json(self) -> str:
        """`to_dict()` as JSON."""
    def __eq__(self, value: object, /) -> bool: ...
    def __hash__(self) -> int: ...
    def __reduce__(self) -> tuple[Any, tuple[str]]: ...

@final
class StatsUpdate:
    """The project's counters; each one replaces the previous one."""

    __match_args__ = ("total_content", "approved", "rejected", "flagged")
    event: Final = "stats_update"
    """The name of the kind of event, the same in every language."""
    @property
    def total_content(self) -> int:
        """All items ever decided."""
    @property
    def approved(self) -> int:
        """Of these, approved items."""
    @property
    def rejected(self) -> int:
        """Of these, rejected items."""
    @property
    def flagged(self) -> int:
        """Of these, items flagged for a person."""
    @property
    def pending(self) -> int | None:
        """Items waiting for a decision; only on some servers."""
    @property
    def approval_rate(self) -> float | None:
        """Percent approved."""
    @property
    def rejection_rate(self) -> float | None:
        """Percent rejected."""
    @property
    def flag_rate(self) -> float | None:
        """Percent flagged."""
    @property
    def recent_activity(self) -> tuple[RecentActivity, ...]:
        """The latest decisions, as a tuple of `RecentActivity`."""
    @property
    def extra(self) -> dict[str, Any]:
        """Undocumented fields."""
    @property
    def meta(self) -> Meta:
        """Data that the SDK adds to the event."""
    def to_dict(self) -> dict[str, Any]:
        """The event as a dict for `json.dumps`: `event`, the documented fields, `extra` if not empty, and `meta`.
        Timestamps are RFC 3339 text ending in `Z`.
        """
    def to_json(self) -> str:
        """`to_dict()` as JSON."""
    def __eq__(self, value: object, /) -> bool: ...
    def __hash__(self) -> int: ...
    def __reduce__(self) -> tuple[Any, tuple[str]]: ...

@final
class RuleUpdate:
    """A rule was created, updated or deleted."""

    __match_args__ = ("action", "rule")
    event: Final = "rule_update"
    """The name of the kind of event, the same in every language."""
    @property
    def action(self) -> Literal["created", "updated", "deleted"] | str:
        """The change: `created`, `updated` or `deleted`; or a value unknown to this version."""
    @property
    def rule(self) -> Rule:
        """The rule in its current or last form."""
    @property
    def timestamp(self) -> datetime | None:
        """The time of the change, in UTC; `None` if the server sent no readable one."""
    @property
    def timestamp_text(self) -> str:
        """The timestamp as the server wrote it."""
    @property
    def extra(self) -> dict[str, Any]:
        """Undocumented fields."""
    @property
    def meta(self) -> Meta:
        """Data that the SDK adds to the event."""
    def to_dict(self) -> dict[str, Any]:
        """The event as a dict for `json.dumps`: `event`, the documented fields, `extra` if not empty, and `meta`.
        Timestamps are RFC 3339 text ending in `Z`.
        """
    def to_json(self) -> str:
        """`to_dict()` as JSON."""
    def __eq__(self, value: object, /) -> bool: ...
    def __hash__(self) -> int: ...
    def __reduce__(self) -> tuple[Any, tuple[str]]: ...

@final
class SystemNotification:
    """A notification from the server's operators, or from the server itself."""

    __match_args__ = ("type", "message")
    event: Final = "system_notification"
    """The name of the kind of event, the same in every language."""
    @property
    def type(self) -> Literal["info", "warning", "error", "success"] | str:
        """The severity: `info`, `warning`, `error` or `success`; or a value unknown to this version."""
    @property
    def notification_type(self) -> Literal["info", "warning", "error", "success"] | str:
        """The same as `type`, the documented name."""
    @property
    def message(self) -> str:
        """The text for people."""
    @property
    def persistent(self) -> bool:
        """True if it should stay until it is withdrawn."""
    @property
    def timestamp(self) -> datetime | None:
        """The time of sending, in UTC; `None` if the server sent no readable one."""
    @property
    def timestamp_text(self) -> str:
        """The timestamp as the server wrote it."""
    @property
    def extra(self) -> dict[str, Any]:
        """Undocumented fields."""
    @property
    def meta(self) -> Meta:
        """Data that the SDK adds to the event."""
    def to_dict(self) -> dict[str, Any]:
        """The event as a dict for `json.dumps`: `event`, the documented fields, `extra` if not empty, and `meta`.
        Timestamps are RFC 3339 text ending in `Z`.
        """
    def to_json(self) -> str:
        """`to_dict()` as JSON."""
    def __eq__(self, value: object, /) -> bool: ...
    def __hash__(self) -> int: ...
    def __reduce__(self) -> tuple[Any, tuple[str]]: ...

@final
class UserActivity:
    """A user's activity in the moderated application."""

    __match_args__ = ("user_id", "activity")
    event: Final = "user_activity"
    """The name of the kind of event, the same in every language."""
    @property
    def user_id(self) -> str:
        """The user's id, as text even if it is a number on the wire."""
    @property
    def activity(self) -> Activity:
        """The user's figures."""
    @property
    def triggered_by(self) -> str | None:
        """The item that caused this event."""
    @property
    def timestamp(self) -> datetime | None:
        """The time of sending, in UTC; `None` if the server sent no readable one."""
    @property
    def timestamp_text(self) -> str:
        """The timestamp as the server wrote it."""
    @property
    def extra(self) -> dict[str, Any]:
        """Undocumented fields."""
    @property
    def meta(self) -> Meta:
        """Data that the SDK adds to the event."""
    def to_dict(self) -> dict[str, Any]:
        """The event as a dict for `json.dumps`: `event`, the documented fields, `extra` if not empty, and `meta`.
        Timestamps are RFC 3339 text ending in `Z`.
        """
    def to_json(self) -> str:
        """`to_dict()` as JSON."""
    def __eq__(self, value: object, /) -> bool: ...
    def __hash__(self) -> int: ...
    def __reduce__(self) -> tuple[Any, tuple[str]]: ...

@final
class ServerError:
    """The server's `error` event, unless it answers one of the SDK's requests."""

    __match_args__ = ("message", "code")
    event: Final = "server_error"
    """The name of the kind of event, the same in every language."""
    @property
    def message(self) -> str:
        """The server's message."""
    @property
    def code(self) -> str | None:
        """The error code, from servers that send one."""
    @property
    def extra(self) -> dict[str, Any]:
        """Undocumented fields."""
    @property
    def meta(self) -> Meta:
        """Data that the SDK adds to the event."""
    def to_dict(self) -> dict[str, Any]:
        """The event as a dict for `json.dumps`: `event`, the documented fields, `extra` if not empty, and `meta`.
        Timestamps are RFC 3339 text ending in `Z`.
        """
    def to_json(self) -> str:
        """`to_dict()` as JSON."""
    def __eq__(self, value: object, /) -> bool: ...
    def __hash__(self) -> int: ...
    def __reduce__(self) -> tuple[Any, tuple[str]]: ...

@final
class UnknownEvent:
    """An event whose name the SDK does not know."""

    __match_args__ = ("name", "data")
    event: Final = "unknown_event"
    """The name of the kind of event, the same in every language."""
    @property
    def name(self) -> str:
        """The event's name."""
    @property
    def data(self) -> Any:
        """Its first argument, converted to Python objects on first access."""
    @property
    def attachments(self) -> tuple[bytes, ...]:
        """Binary attachments, in the order of their placeholders in `data`."""
    @property
    def meta(self) -> Meta:
        """Data that the SDK adds to the event."""
    def to_dict(self) -> dict[str, Any]:
        """The event as a dict for `json.dumps`: `event`, the documented fields, `extra` if not empty, and `meta`.
        Timestamps are RFC 3339 text ending in `Z`.
        """
    def to_json(self) -> str:
        """`to_dict()` as JSON."""
    def __eq__(self, value: object, /) -> bool: ...
    def __hash__(self) -> int: ...
    def __reduce__(self) -> tuple[Any, tuple[str]]: ...

@final
class MalformedEvent:
    """An unreadable frame or event. Later events are delivered."""

    __match_args__ = ("name", "data", "reason")
    event: Final = "malformed_event"
    """The name of the kind of event, the same in every language."""
    @property
    def name(self) -> str:
        """The event's name; empty if unreadable."""
    @property
    def data(self) -> str:
        """The received text; possibly invalid JSON."""
    @property
    def reason(self) -> str:
        """The reason that it is unreadable."""
    @property
    def meta(self) -> Meta:
        """Data that the SDK adds to the event."""
    def to_dict(self) -> dict[str, Any]:
        """The event as a dict for `json.dumps`: `event`, the documented fields, `extra` if not empty, and `meta`.
        Timestamps are RFC 3339 text ending in `Z`.
        """
    def to_json(self) -> str:
        """`to_dict()` as JSON."""
    def __eq__(self, value: object, /) -> bool: ...
    def __hash__(self) -> int: ...
    def __reduce__(self) -> tuple[Any, tuple[str]]: ...

@final
class Gap:
    """Events of a project are missing here, or may be."""

    __match_args__ = ("project_id", "reason", "missed")
    event: Final = "gap"
    """The name of the kind of event, the same in every language."""
    @property
    def project_id(self) -> str:
        """The project whose events are missing."""
    @property
    def reason(self) -> Literal[
        "interrupted", "expired", "log_changed", "cursor_ahead", "replay_failed", "backfill_incomplete"
    ]:
        """The reason for the loss: `interrupted`, `expired`, `log_changed`, `cursor_ahead`, `replay_failed` or
        `backfill_incomplete`.
        """
    @property
    def missed(self) -> int | None:
        """The number of missing events, if known."""
    @property
    def meta(self) -> Meta:
        """Data that the SDK adds to the event."""
    def to_dict(self) -> dict[str, Any]:
        """The event as a dict for `json.dumps`: `event`, the documented fields, `extra` if not empty, and `meta`.
        Timestamps are RFC 3339 text ending in `Z`.
        """
    def to_json(self) -> str:
        """`to_dict()` as JSON."""
    def __eq__(self, value: object, /) -> bool: ...
    def __hash__(self) -> int: ...
    def __reduce__(self) -> tuple[Any, tuple[str]]: ...

@final
class Lagged:
    """The reader of this stream was too slow: events were dropped because its buffer was full."""

    __match_args__ = ("missed",)
    event: Final = "lagged"
    """The name of the kind of event, the same in every language."""
    @property
    def missed(self) -> int:
        """The number of events dropped since the last notice of this kind."""
    @property
    def meta(self) -> Meta:
        """Data that the SDK adds to the event."""
    def to_dict(self) -> dict[str, Any]:
        """The event as a dict for `json.dumps`: `event`, the documented fields, `extra` if not empty, and `meta`.
        Timestamps are RFC 3339 text ending in `Z`.
        """
    def to_json(self) -> str:
        """`to_dict()` as JSON."""
    def __eq__(self, value: object, /) -> bool: ...
    def __hash__(self) -> int: ...
    def __reduce__(self) -> tuple[Any, tuple[str]]: ...
