"""Events as objects: fields, pattern matching, equality and pickling."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import AsyncIterator
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
import pytest_asyncio
from automoderate import (
    Activity,
    AsyncClient,
    Event,
    MalformedEvent,
    ModerationUpdate,
    RecentActivity,
    Rule,
    RuleUpdate,
    ServerError,
    StatsUpdate,
    SystemNotification,
    UnknownEvent,
    UserActivity,
)

from .conftest import Server

UPDATE = {
    "content_id": "c1",
    "project_id": "p",
    "status": "approved",
    "content_type": "text",
    "content_preview": "<b>hello</b>",
    "meta_data": {"user_id": "u", "deep": [1, 2.5, None, True]},
    "results_count": 2,
    "processing_time": 0.5,
    "moderator_type": "rule",
    "moderator_name": "Rule",
    "rule_name": "Spam",
    "timestamp": "2024-01-15T10:30:00Z",
    "novel": {"x": 1},
}
PAYLOADS: list[tuple[str, Any]] = [
    ("moderation_update", UPDATE),
    (
        "stats_update",
        {
            "total_content": 9,
            "approved": 5,
            "rejected": 3,
            "flagged": 1,
            "approval_rate": 55.6,
            "recent_activity": [{"content_id": "c1", "decision": "approved", "timestamp": "2024-01-15T10:30:00"}],
        },
    ),
    ("rule_update", {"action": "created", "rule": {"id": "r1", "name": "Spam", "type": "keyword", "priority": 3}}),
    ("system_notification", {"type": "warning", "message": "soon", "timestamp": "never", "persistent": True}),
    ("user_activity", {"user_id": 7, "activity": {"total_submissions": 4, "risk_score": 0.5}, "triggered_by": "c1"}),
    ("error", {"message": "no", "code": "E1"}),
    ("novelty", {"a": [1]}),
    ("stats_update", {"total_content": []}),
]


@pytest_asyncio.fixture
async def events(documented: Server) -> AsyncIterator[list[Event]]:
    async with AsyncClient(documented.base_url, api_key=documented.api_key) as client:
        project = await client.join(documented.project_id)
        stream = project.events()
        for name, data in PAYLOADS:
            data = {**data, "project_id": documented.project_id} if name != "error" else data
            documented.admin("/emit", event=name, data=data, project_id=documented.project_id)
        yield [await anext(stream) for _ in PAYLOADS]


async def test_every_kind_has_its_documented_fields(events: list[Event], documented: Server) -> None:
    update, stats, rule, notice, activity, error, unknown, malformed = events
    assert isinstance(update, ModerationUpdate)
    assert (update.content_id, update.status, update.content_type) == ("c1", "approved", "text")
    assert update.content_preview == "<b>hello</b>"
    assert update.content_preview_html == "&lt;b&gt;hello&lt;/b&gt;"
    assert update.meta_data == {"user_id": "u", "deep": [1, 2.5, None, True]}
    assert update.meta_data is update.meta_data
    assert (update.results_count, update.processing_time) == (2, 0.5)
    assert (update.moderator_type, update.moderator_name, update.rule_name) == ("rule", "Rule", "Spam")
    assert update.timestamp == datetime(2024, 1, 15, 10, 30, tzinfo=timezone.utc)
    assert update.timestamp_text == "2024-01-15T10:30:00Z"
    assert update.extra == {"novel": {"x": 1}}
    assert update.project_id == documented.project_id == update.meta.project_id
    assert update.meta.origin == "live"
    assert abs(update.meta.received_at - datetime.now(timezone.utc)) < timedelta(minutes=1)
    assert isinstance(stats, StatsUpdate)
    assert (stats.total_content, stats.approved, stats.rejected, stats.flagged, stats.pending) == (9, 5, 3, 1, None)
    when = datetime(2024, 1, 15, 10, 30, tzinfo=timezone.utc)
    assert stats.recent_activity == (RecentActivity("c1", "approved", when),)
    assert isinstance(rule, RuleUpdate)
    assert rule.rule == Rule("r1", "Spam", "keyword", None, 3, None, {})
    assert rule.rule.rule_type == "keyword"
    assert isinstance(notice, SystemNotification)
    assert (notice.type, notice.notification_type, notice.persistent) == ("warning", "warning", True)
    assert (notice.timestamp, notice.timestamp_text) == (None, "never")
    assert isinstance(activity, UserActivity)
    assert (activity.user_id, activity.activity) == ("7", Activity(4, None, None, 0.5))
    assert isinstance(error, ServerError)
    assert (error.message, error.code) == ("no", "E1")
    assert isinstance(unknown, UnknownEvent)
    assert unknown.name == "novelty"
    assert unknown.data == {"a": [1], "project_id": documented.project_id}
    assert unknown.attachments == ()
    assert isinstance(malformed, MalformedEvent)
    assert malformed.name == "stats_update"
    assert json.loads(malformed.data)["total_content"] == []
    assert malformed.reason


async def test_events_behave_like_values(events: list[Event]) -> None:
    for event in events:
        assert isinstance(event, Event)
        for again in (pickle.loads(pickle.dumps(event)), copy.copy(event), copy.deepcopy(event)):
            assert again == event
            assert hash(again) == hash(event)
            assert again.meta == event.meta
        assert pickle.loads(pickle.dumps(event.meta)) == event.meta
        assert event != events[0] or event is events[0]
        assert event != "event"
        assert repr(event).startswith(type(event).__name__ + "(")
        assert "meta=Meta(" in repr(event)
        assert event.to_dict()["event"] == event.event
        assert json.loads(event.to_json()) == json.loads(json.dumps(event.to_dict()))
        with pytest.raises(AttributeError):
            event.event = "other"  # type: ignore[misc]
        with pytest.raises(AttributeError):
            event.novel = 1  # type: ignore[union-attr]
        with pytest.raises(TypeError):
            type(event)()


async def test_events_work_with_match_statements(events: list[Event]) -> None:
    def describe(event: Event) -> str:
        match event:
            case ModerationUpdate(content_id, "approved"):
                return f"approved {content_id}"
            case ModerationUpdate(status=status):
                return status
            case StatsUpdate(total, approved):
                return f"{approved} of {total}"
            case RuleUpdate(action, Rule(name=name)):
                return f"{action} {name}"
            case SystemNotification(type="warning", message=message):
                return message
            case UserActivity(user):
                return user
            case ServerError(message, code):
                return f"{code} {message}"
            case UnknownEvent(name) | MalformedEvent(name):
                return name
            case _:
                return "?"

    assert [describe(event) for event in events] == [
        "approved c1",
        "5 of 9",
        "created Spam",
        "soon",
        "7",
        "E1 no",
        "novelty",
        "stats_update",
    ]
