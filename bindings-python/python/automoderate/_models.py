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
    """The content's id."""
    decision: Status
    """What was decided about it."""
    timestamp: datetime | None
    """When it was decided, in UTC; `None` if the server sent nothing that can be read."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A moderation rule."""

    id: str
    """The rule's id."""
    name: str
    """What people call it; a decision names it in `rule_name`."""
    type: Literal["keyword", "regex", "ai_prompt"] | str | None
    """How it decides: by words, by a pattern, or by asking a model. `None` if the server does not say."""
    is_active: bool | None
    """Whether it is in use."""
    priority: int | None
    """Rules with a higher number come first."""
    action: Literal["approve", "reject", "flag"] | str | None
    """What is decided about content that it matches."""
    extra: dict[str, Any] = field(default_factory=dict[str, Any], hash=False)
    """Fields that the documentation does not know, among them deployed servers' `description` and `rule_data`."""

    @property
    def rule_type(self) -> str | None:
        """The same as `type`, which is the documented name."""
        return self.type


@dataclass(frozen=True, slots=True)
class Activity:
    """A user's figures."""

    total_submissions: int | None = None
    """How much the user has submitted."""
    recent_violations: int | None = None
    """How much of it was rejected lately."""
    approval_rate: float | None = None
    """Percent approved, from 0 to 100."""
    risk_score: float | None = None
    """The server's estimate; higher is riskier."""
    extra: dict[str, Any] = field(default_factory=dict[str, Any], hash=False)
    """Fields that the documentation does not know."""


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
    """The content's id; the `ModerationUpdate` about it has the same."""
    status: Status
    """The decision; `pending` if it is still to be made."""
    moderation_results: list[dict[str, Any]] = field(hash=False)
    """What the rules and models said, as the server wrote it."""


@dataclass(frozen=True, slots=True)
class Content:
    """A piece of content as the server keeps it."""

    id: str
    """The content's id: `content_id` of the events about it."""
    project_id: str | None
    """The project that it belongs to, where the server says."""
    content_type: str
    """Its kind, such as `text`."""
    content_data: str
    """The content as its author wrote it, **markup included**: escape it for a page."""
    meta_data: Any = field(hash=False)
    """What the submitter sent along; `None` if nothing."""
    status: Status
    """The newest decision."""
    created_at: datetime | None
    """When it was submitted, in UTC; `None` if the server sent nothing that can be read."""
    updated_at: datetime | None
    """When it was decided last, in UTC; `None` if the server sent nothing that can be read."""
    moderation_results: list[dict[str, Any]] = field(hash=False)
    """What the rules, models and people said, as the server wrote it."""


@dataclass(frozen=True, slots=True)
class ContentPage:
    """One page of contents, newest first."""

    items: list[Content] = field(hash=False)
    """The contents, newest first."""
    page: int
    """The page's number, counted from 1."""
    has_more: bool
    """Whether there is a next page."""
    total: int | None
    """How many contents there are in all, on servers that say."""
    unreadable: list[str] = field(hash=False)
    """What is wrong with the rows of this page that can't be read, which are not among the items."""


def content_page(answer: Any) -> ContentPage:
    """The page that the native module describes."""
    items = [Content(**item) for item in answer["items"]]
    return ContentPage(items, answer["page"], answer["has_more"], answer["total"], answer["unreadable"])


@dataclass(frozen=True, slots=True)
class Statistics:
    """A project's counters."""

    total_content: int
    """All content that was ever submitted."""
    approved: int
    """Of it, approved."""
    rejected: int
    """Of it, rejected."""
    flagged: int
    """Of it, flagged for a person."""
    pending: int
    """Of it, not decided yet."""
    approval_rate: float
    """Percent approved, from 0 to 100."""
    extra: dict[str, Any] = field(hash=False)
    """Everything else that the server says."""


@dataclass(frozen=True, slots=True)
class Health:
    """Whether the server is well."""

    status: str
    """The server's word for it, such as `healthy`."""
    extra: dict[str, Any] = field(hash=False)
    """Everything else that the server says."""


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
