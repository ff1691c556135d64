"""Plain values: what calls return, and the parts of events."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from ._errors import AutoModerateError

if TYPE_CHECKING:
    from typing_extensions import Self

Status = Literal["approved", "rejected", "flagged", "pending"] | str
"""A decision; servers may send words that this version does not know."""
StateName = Literal["idle", "connecting", "connected", "reconnecting", "closing", "closed"]


@dataclass(frozen=True, slots=True)
class RecentActivity:
    """One of the latest decisions."""

    content_id: str
    decision: Status
    timestamp: datetime | None


@dataclass(frozen=True, slots=True)
class Rule:
    """A moderation rule. `extra` holds the fields that the documentation does not know."""

    id: str
    name: str
    type: Literal["keyword", "regex", "ai_prompt"] | str | None
    is_active: bool | None
    priority: int | None
    action: Literal["approve", "reject", "flag"] | str | None
    extra: dict[str, Any] = field(default_factory=dict[str, Any], hash=False)

    @property
    def rule_type(self) -> str | None:
        """The same as `type`, which is the documented name."""
        return self.type


@dataclass(frozen=True, slots=True)
class Activity:
    """A user's figures. `extra` holds the fields that the documentation does not know."""

    total_submissions: int | None = None
    recent_violations: int | None = None
    approval_rate: float | None = None
    risk_score: float | None = None
    extra: dict[str, Any] = field(default_factory=dict[str, Any], hash=False)


@dataclass(frozen=True, slots=True)
class Losses:
    """What a stream of one kind had to leave out because it is of another kind."""

    lagged: int
    """Events dropped because the reader was too slow."""
    gaps: int
    """Gaps told by the session."""


@dataclass(frozen=True, slots=True)
class Metrics:
    """What a client has counted since it was made."""

    attempts: int
    """Attempts to connect, the first one included."""
    connections: int
    """Connections that were acknowledged."""
    events: int
    """Events given to streams, however they came."""
    replayed: int
    """Of them, replayed from the server's log."""
    backfilled: int
    """Of them, made up for by REST."""
    duplicates: int
    """Events dropped because they had been delivered before."""
    malformed: int
    """Frames and events that could not be read."""
    gaps: int
    """Notices of missing events."""
    sent: int
    """Events sent to the server: joins, leaves, heartbeats and the user's."""


@dataclass(frozen=True, slots=True)
class Moderation:
    """The server's decision about a submission."""

    content_id: str
    status: Status
    moderation_results: list[dict[str, Any]] = field(hash=False)


@dataclass(frozen=True, slots=True)
class Content:
    """A piece of content as the server keeps it."""

    id: str
    project_id: str | None
    content_type: str
    content_data: str
    meta_data: Any = field(hash=False)
    status: Status
    created_at: datetime | None
    updated_at: datetime | None
    moderation_results: list[dict[str, Any]] = field(hash=False)


@dataclass(frozen=True, slots=True)
class ContentPage:
    """One page of contents, newest first."""

    items: list[Content] = field(hash=False)
    page: int
    """The page's number, counted from 1."""
    has_more: bool
    total: int | None
    """How many contents there are in all, on servers that say."""


def content_page(answer: Any) -> ContentPage:
    """The page that the native module describes."""
    items = [Content(**item) for item in answer["items"]]
    return ContentPage(items, answer["page"], answer["has_more"], answer["total"])


@dataclass(frozen=True, slots=True)
class Statistics:
    """A project's counters."""

    total_content: int
    approved: int
    rejected: int
    flagged: int
    pending: int
    approval_rate: float
    extra: dict[str, Any] = field(hash=False)


@dataclass(frozen=True, slots=True)
class Health:
    """Whether the server is well."""

    status: str
    extra: dict[str, Any] = field(hash=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconnectPolicy:
    """How a lost connection is made again. Times are seconds."""

    delay: float = 1.0
    """The first pause."""
    factor: float = 2.0
    """Each pause is so many times the one before. At least 1."""
    max_delay: float = 10.0
    """No pause is longer, but for jitter."""
    attempts: int | None = None
    """Give up after so many attempts in a row; `None`: never."""
    jitter: float = 0.5
    """0.5 draws each pause from 0.5 to 1.5 times the delay. From 0 to 1."""
    stable_after: float = 5.0
    """A connection that lasted so long lets the count of attempts start again."""
    max_attempts_per_minute: int = 9
    """A hard limit whatever the rest says: deployed servers lock out the tenth."""


class State(str):
    """What a client is doing, as a word that knows more: `state == "reconnecting"`, `state.retry_in`."""

    __slots__ = ("attempt", "cause", "retry_in")

    attempt: int | None
    """The attempt that comes next, when reconnecting; counted from 1 since the last stable connection."""
    retry_in: float | None
    """Seconds until then."""
    cause: AutoModerateError | None
    """Why it is reconnecting, or closed; `closed` if you did it."""

    def __new__(
        cls,
        name: StateName,
        attempt: int | None = None,
        retry_in: float | None = None,
        cause: AutoModerateError | None = None,
    ) -> Self:
        """Make a state from its word."""
        state = super().__new__(cls, name)
        state.attempt, state.retry_in, state.cause = attempt, retry_in, cause
        return state

    @property
    def name(self) -> StateName:
        """The word alone."""
        return str(self)  # type: ignore[return-value]  # pyright: ignore[reportReturnType]

    @property
    def reason(self) -> AutoModerateError | None:
        """The same as `cause`."""
        return self.cause

    def __repr__(self) -> str:
        more = [f"{name}={getattr(self, name)!r}" for name in ("attempt", "retry_in", "cause")]
        return f"State({', '.join([str.__repr__(self), *(text for text in more if not text.endswith('=None'))])})"

    def __reduce__(self) -> tuple[Any, ...]:
        return State, (str(self), self.attempt, self.retry_in, self.cause)
