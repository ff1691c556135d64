"""Data classes for results of calls and parts of events."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from ._errors import AutoModerateError

if TYPE_CHECKING:
    from typing_extensions import Self

    from ._native import ModerationUpdate

Status = Literal["approved", "rejected", "flagged", "pending"] | str
"""Decision about an item. Servers may send values unknown to this version of the SDK."""
StateName = Literal["idle", "connecting", "connected", "reconnecting", "closing", "closed"]


@dataclass(frozen=True, slots=True)
class RecentActivity:
    """One of the latest decisions of a project."""

    content_id: str
    """Id of the item."""
    decision: Status
    """Decision about the item."""
    timestamp: datetime | None
    """Time of the decision, in UTC; `None` if the server sent no valid timestamp."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Moderation rule."""

    id: str
    """Id of the rule."""
    name: str
    """Name of the rule, which decisions contain as `rule_name`."""
    type: Literal["keyword", "regex", "ai_prompt"] | str | None
    """Method of the rule: keywords, a pattern, or a prompt to a model. `None` if the server does not send it."""
    is_active: bool | None
    """True if the rule is active."""
    priority: int | None
    """Priority of the rule. Rules with a higher priority run first."""
    action: Literal["approve", "reject", "flag"] | str | None
    """Action taken on items that match the rule."""
    extra: dict[str, Any] = field(default_factory=dict[str, Any], hash=False)
    """Undocumented fields, such as `description` and `rule_data` on deployed servers."""

    @property
    def rule_type(self) -> str | None:
        """Alias for `type`, the documented name."""
        return self.type


@dataclass(frozen=True, slots=True)
class Activity:
    """Statistics about a user."""

    total_submissions: int | None = None
    """Number of the user's submissions."""
    recent_violations: int | None = None
    """Number of the user's recently rejected submissions."""
    approval_rate: float | None = None
    """Percentage of the user's submissions that were approved, from 0 to 100."""
    risk_score: float | None = None
    """Risk score estimated by the server; higher means riskier."""
    extra: dict[str, Any] = field(default_factory=dict[str, Any], hash=False)
    """Undocumented fields."""


@dataclass(frozen=True, slots=True)
class Losses:
    """Losses of a stream of one kind, which does not yield loss events."""

    lagged: int
    """Number of events dropped because the reader was too slow."""
    gaps: int
    """Number of `Gap` events that the stream did not yield."""


@dataclass(frozen=True, slots=True)
class Metrics:
    """Counters of a client since its creation."""

    attempts: int
    """Number of connection attempts, including the first one."""
    connections: int
    """Number of connections that the server acknowledged."""
    events: int
    """Number of events delivered to streams, whether live, replayed or backfilled."""
    replayed: int
    """Number of events read from the server's log, by replay or because a stream's buffer was full."""
    backfilled: int
    """Number of delivered events that were fetched over REST."""
    duplicates: int
    """Number of events dropped as duplicates."""
    malformed: int
    """Number of frames and events that could not be decoded."""
    gaps: int
    """Number of gaps reported."""
    sent: int
    """Number of events sent to the server, including joins, leaves and heartbeats."""


@dataclass(frozen=True, slots=True)
class Submission:
    """Item of a batch."""

    content: str
    """Text or other content."""
    type: str = field(default="text", kw_only=True)
    """Content type."""
    metadata: Any = field(default=None, kw_only=True, hash=False)
    """Data to store with the content. If it contains a `user_id`, the submission is attributed to that user."""


@dataclass(frozen=True, slots=True)
class Moderation:
    """Decision of the server about a submission."""

    content_id: str
    """Id of the item, as in its `ModerationUpdate`."""
    status: Status
    """Decision; `pending` if there is none yet."""
    moderation_results: list[dict[str, Any]] = field(hash=False)
    """Results of rules and models, as sent by the server."""


@dataclass(frozen=True, slots=True)
class Content:
    """Item as stored by the server."""

    id: str
    """Id of the item, which events call `content_id`."""
    project_id: str | None
    """Id of the item's project, if the server sends it."""
    content_type: str
    """Content type, such as `text`."""
    content_data: str
    """Content as its author wrote it, **including markup**. Escape it before inserting it into a web page."""
    meta_data: Any = field(hash=False)
    """Metadata from the submitter; `None` if there is none."""
    status: Status
    """Latest decision about the item."""
    created_at: datetime | None
    """Time of the submission, in UTC; `None` if the server sent no valid timestamp."""
    updated_at: datetime | None
    """Time of the latest decision, in UTC; `None` if the server sent no valid timestamp."""
    moderation_results: list[dict[str, Any]] = field(hash=False)
    """Results of rules, models and people, as sent by the server."""


@dataclass(frozen=True, slots=True)
class ContentPage:
    """Page of items, newest first."""

    items: list[Content] = field(hash=False)
    """Items of the page, newest first."""
    page: int
    """Number of the page, counted from 1."""
    has_more: bool
    """True if there is another page."""
    total: int | None
    """Total number of items, if the server sends it."""
    unreadable: list[str] = field(hash=False)
    """Errors of the rows that could not be parsed and are missing from `items`."""


@dataclass(frozen=True, slots=True)
class Statistics:
    """Counters of a project."""

    total_content: int
    """Number of items submitted so far."""
    approved: int
    """Number of items approved."""
    rejected: int
    """Number of items rejected."""
    flagged: int
    """Number of items flagged for human review."""
    pending: int
    """Number of items without a decision."""
    approval_rate: float
    """Percentage of items approved, from 0 to 100."""
    extra: dict[str, Any] = field(hash=False)
    """All other fields sent by the server."""


@dataclass(frozen=True, slots=True)
class ReviewQueue:
    """Items that await review."""

    total: int
    """Number of items that await review."""
    items: list[Content] = field(hash=False)
    """Newest items that await review, newest first. Servers return up to 100."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """State of a project at one position in its event log."""

    cursor: str
    """Cursor of the newest event that the state includes. The first stream after `join(…, after=snapshot.cursor)`
    continues from this state without missing or repeating an event.
    """
    stats: Statistics
    """Counters of the project."""
    rules: list[Rule] = field(hash=False)
    """All rules, in the order in which the server evaluates them."""
    review: ReviewQueue
    """Items that await review."""


@dataclass(frozen=True, slots=True)
class StatusCounts:
    """Number of items in total and by decision."""

    total_content: int
    """Number of items submitted so far."""
    approved: int
    """Number of items approved."""
    rejected: int
    """Number of items rejected."""
    flagged: int
    """Number of items that await review."""
    pending: int
    """Number of items without a decision."""


@dataclass(frozen=True, slots=True)
class QueuedItem:
    """Item that awaits review."""

    submitted_at: datetime | None
    """Time at which the item was submitted."""
    decision: ModerationUpdate
    """Decision to flag the item."""


@dataclass(frozen=True, slots=True)
class LiveState:
    """State of a live view at one position in the project's event log."""

    cursor: str
    """Cursor of the newest event that the state includes."""
    counts: StatusCounts
    """Counters of the project."""
    rules: list[Rule] = field(hash=False)
    """All rules, in the order in which the server evaluates them."""
    review_queue: list[QueuedItem] = field(hash=False)
    """Newest items that await review, newest first. Contains all of them if there are at most 50, and otherwise at
    least 50 and at most 100; `counts.flagged` is the number of all items that await review.
    """


@dataclass(frozen=True, slots=True)
class Health:
    """Health of the server."""

    status: str
    """Status reported by the server, such as `healthy`."""
    extra: dict[str, Any] = field(hash=False)
    """All other fields sent by the server."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconnectPolicy:
    """Reconnection policy. All durations are in seconds."""

    delay: float = 1.0
    """First delay."""
    factor: float = 2.0
    """Factor by which the delay grows after each failed attempt. At least 1."""
    max_delay: float = 10.0
    """Maximum delay, before jitter."""
    attempts: int | None = None
    """Number of attempts after which the client gives up; `None` means never."""
    jitter: float = 0.5
    """Jitter, from 0 to 1: each delay is multiplied by a random number from `1 - jitter` to `1 + jitter`."""
    stable_after: float = 5.0
    """Lifetime after which a connection counts as stable and the attempts are counted from 1 again."""
    max_attempts_per_minute: int = 9
    """Hard limit on the attempts per minute. Deployed servers lock out the tenth attempt."""


class State(str):
    """State of a client: a string such as `"reconnecting"`, with details such as `retry_in` as attributes."""

    __slots__ = ("attempt", "cause", "retry_in")

    attempt: int | None
    """When reconnecting: number of the next attempt, counted from 1 since the last stable connection."""
    retry_in: float | None
    """When reconnecting: time until the next attempt, in seconds."""
    cause: AutoModerateError | None
    """Reason for reconnecting or closing. Its code is `closed` if you closed the client."""

    def __new__(
        cls,
        name: StateName,
        attempt: int | None = None,
        retry_in: float | None = None,
        cause: AutoModerateError | None = None,
    ) -> Self:
        """Create a state from its name and details."""
        state = super().__new__(cls, name)
        state.attempt, state.retry_in, state.cause = attempt, retry_in, cause
        return state

    @property
    def name(self) -> StateName:
        """Name of the state, as a plain string."""
        return str(self)  # type: ignore[return-value]  # pyright: ignore[reportReturnType]

    @property
    def reason(self) -> AutoModerateError | None:
        """Alias for `cause`."""
        return self.cause

    def __repr__(self) -> str:
        more = [f"{name}={getattr(self, name)!r}" for name in ("attempt", "retry_in", "cause")]
        return f"State({', '.join([str.__repr__(self), *(text for text in more if not text.endswith('=None'))])})"

    def __reduce__(self) -> tuple[Any, ...]:
        return State, (str(self), self.attempt, self.retry_in, self.cause)
