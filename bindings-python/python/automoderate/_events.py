"""Union of all events."""

from __future__ import annotations

from ._native import (
    Gap,
    Lagged,
    MalformedEvent,
    ModerationUpdate,
    RuleUpdate,
    ServerError,
    StatsUpdate,
    SystemNotification,
    UnknownEvent,
    UserActivity,
)

Event = (
    ModerationUpdate
    | StatsUpdate
    | RuleUpdate
    | SystemNotification
    | UserActivity
    | ServerError
    | UnknownEvent
    | MalformedEvent
    | Gap
    | Lagged
)
"""Any event that a stream can yield. Also works with `isinstance`."""
