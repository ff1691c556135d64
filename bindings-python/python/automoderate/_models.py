"""Plain values: results of calls, and parts of events."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from ._errors import AutoModerateError

if TYPE_CHECKING:
    from typing_extensions import Self

Status = Literal["approved", "rejected", "flagged", "pending"] | str
"""A decision; servers may send values unknown to this version."""
StateName = Literal["idle", "connecting", "connected", "reconnecting", "closing", "closed"]


@dataclass(frozen=True, slots=True)
class RecentActivity:
    """One of the latest decisions."""

    content_id: str
    """The item's id."""
    decision: Status
    """The decision about it."""
    timestamp: datetime | None
    """The time of the decision, in UTC; `None` if the server sent no readable one."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A moderation rule."""

    id: str
    """The rule's id."""
    name: str
    """Its name for people; a decision has it in `rule_name`."""
    type: Literal["keyword", "regex", "ai_prompt"] | str | None
    """The way it decides: by keywords, by a pattern, or by asking a model. `None` if the server does not say."""
    is_active: bool | None
    """True if it is in use."""
    priority: int | None
    """Rules with a higher number run first."""
    action: Literal["approve", "reject", "flag"] | str | None
    """The decision about items that it matches."""
    extra: dict[str, Any] = field(default_factory=dict[str, Any], hash=False)
    """Undocumented fields, including deployed servers' `description` and `rule_data`."""

    @property
    def rule_type(self) -> str | None:
        """The same as `type`, the documented name."""
        return self.type


@dataclass(frozen=True, slots=True)
class Activity:
    """A user's figures."""

    total_submissions: int | None = None
    """The number of the user's submissions."""
    recent_violations: int | None = None
    """The number of them that were rejected lately."""
    approval_rate: float | None = None
    """Percent approved, from 0 to 100."""
    risk_score: float | None = None
    """The server's estimate; higher is riskier."""
    extra: dict[str, Any] = field(default_factory=dict[str, Any], hash=False)
    """Undocumented fields."""


@dataclass(frozen=True, slots=True)
class Losses:
    """Losses that a stream of one kind can't show as events."""

    lagged: int
    """Events dropped because the reader was too slow."""
    gaps: int
    """Gaps reported by the session."""


@dataclass(frozen=True, slots=True)
class Metrics:
    """A client's counters since its creation."""

    attempts: int
    """Connection attempts, including the first."""
    connections: int
    """Acknowledged connections."""
    events: int
    """Events delivered to streams, of any origin."""
    replayed: int
    """Of these, events replayed from the server's log."""
    backfilled: int
    """Of these, events fetched by REST."""
    duplicates: int
    """Events dropped as duplicates."""
    malformed: int
    """Unreadable frames and events."""
    gaps: int
    """Notices of missing events."""
    sent: int
    """Events sent to the server: joins, leaves, heartbeats and custom events."""


@dataclass(frozen=True, slots=True)
class Moderation:
    """The server's decision about a submission."""

    content_id: str
    """The item's id, the same as in its `ModerationUpdate`."""
    status: Status
    """The decision; `pending` if there is none yet."""
    moderation_results: list[dict[str, Any]] = field(hash=False)
    """The results of rules and models, as the server wrote them."""


@dataclass(frozen=True, slots=True)
class Content:
    """An item as the server stores it."""

    id: str
    """The item's id, which is `content_id` in its events."""
    project_id: str | None
    """The project that it belongs to, if the server says so."""
    content_type: str
    """Its type, such as `text`."""
    content_data: str
    """The content as its author wrote it, **markup included**: escape it for a page."""
    meta_data: Any = field(hash=False)
    """The submitter's metadata; `None` if there is none."""
    status: Status
    """The newest decision."""
    created_at: datetime | None
    """The time of submission, in UTC; `None` if the server sent no readable one."""
    updated_at: datetime | None
    """The time of the latest decision, in UTC; `None` if the server sent no readable one."""
    moderation_results: list[dict[str, Any]] = field(hash=False)
    """The results of rules, models and people, as the server wrote them."""


@dataclass(frozen=True, slots=True)
class ContentPage:
    """One page of items, newest first."""

    items: list[Content] = field(hash=False)
    """The items, newest first."""
    page: int
    """The page's number; the first page is 1."""
    has_more: bool
    """True if there is a next page."""
    total: int | None
    """The total number of items, if the server says so."""
    unreadable: list[str] = field(hash=False)
    """The errors of this page's unreadable rows, which are not among the items."""


def content_page(answer: Any) -> ContentPage:
    """The page from the native module's description."""
    items = [Content(**item) for item in answer["items"]]
    return ContentPage(items, answer["page"], answer["has_more"], answer["total"], answer["unreadable"])


@dataclass(frozen=True, slots=True)
class Statistics:
    """A project's counters."""

    total_content: int
    """All items ever submitted."""
    approved: int
    """Of these, approved items."""
    rejected: int
    """Of these, rejected items."""
    flagged: int
    """Of these, items flagged for a person."""
    pending: int
    """Of these, items without a decision."""
    approval_rate: float
    """Percent approved, from 0 to 100."""
    extra: dict[str, Any] = field(hash=False)
    """All other fields that the server sent."""


@dataclass(frozen=True, slots=True)
class Health:
    """The server's health."""

    status: str
    """The server's own word for it, such as `healthy`."""
    extra: dict[str, Any] = field(hash=False)
    """All other fields that the server sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconnectPolicy:
    """The policy for reconnecting. All durations are seconds."""

    delay: float = 1.0
    """The first pause."""
    factor: float = 2.0
    """The growth factor from one pause to the next. At least 1."""
    max_delay: float = 10.0
    """The longest pause, before jitter."""
    attempts: int | None = None
    """Give up after this many attempts in a row; `None`: never."""
    jitter: float = 0.5
    """0.5 draws each pause from 0.5 to 1.5 times the delay. From 0 to 1."""
    stable_after: float = 5.0
    """A connection that lasts this long resets the count of attempts."""
    max_attempts_per_minute: int = 9
    """A hard limit, whatever the other settings: deployed servers lock out the tenth attempt."""


class State(str):
    """A client's state: a string with details, such as `state == "reconnecting"`, `state.retry_in`."""

    __slots__ = ("attempt", "cause", "retry_in")

    attempt: int | None
    """The next attempt, when reconnecting; counted from 1 since the last stable connection."""
    retry_in: float | None
    """Seconds until then."""
    cause: AutoModerateError | None
    """The reason for reconnecting or closing; `closed` if you closed it."""

    def __new__(
        cls,
        name: StateName,
        attempt: int | None = None,
        retry_in: float | None = None,
        cause: AutoModerateError | None = None,
    ) -> Self:
        """Make a state from its name."""
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
