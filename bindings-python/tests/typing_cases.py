"""Type tests, which only type checkers evaluate. The code is never run."""

from __future__ import annotations

from typing import Any

from automoderate import (
    AsyncClient,
    AsyncEventStream,
    AsyncProject,
    AutoModerateError,
    Client,
    Content,
    Event,
    EventStream,
    Gap,
    Lagged,
    MalformedEvent,
    Moderation,
    ModerationUpdate,
    Project,
    Rule,
    RuleUpdate,
    ServerError,
    StatsUpdate,
    Submission,
    SystemNotification,
    UnknownEvent,
    UserActivity,
)
from typing_extensions import assert_never, assert_type


async def check_async_streams(client: AsyncClient) -> None:
    project = await client.join("p", after=4)
    assert_type(project.events(), AsyncEventStream[Event])
    assert_type(project.events(StatsUpdate), AsyncEventStream[StatsUpdate])
    assert_type(project.events(StatsUpdate).throttle(1), AsyncEventStream[StatsUpdate])
    assert_type(await project.events(StatsUpdate).next_batch(4), list[StatsUpdate])
    async for event in project.events():
        assert_type(event.meta.event_id, int | None)
        check_match(event)
    async for update in client.events(ModerationUpdate):
        assert_type(update.content_id, str)
        assert_type(update.meta_data, Any)


async def check_async_calls(client: AsyncClient, project: AsyncProject) -> None:
    assert_type(await client.moderate_batch(["a", Submission("b")]), list[Moderation | AutoModerateError])
    assert_type((await project.snapshot()).rules, list[Rule])


def check_blocking_streams(client: Client) -> None:
    assert_type(client.join("p").events(StatsUpdate), EventStream[StatsUpdate])
    for update in client.events(StatsUpdate):
        assert_type(update.total_content, int)


def check_blocking_calls(client: Client, project: Project) -> None:
    assert_type(client.moderate_batch(iter(["a"])), list[Moderation | AutoModerateError])
    client.join(project.id, after=project.snapshot().cursor)
    assert_type(project.snapshot().review.items, list[Content])


def check_match(event: Event) -> str:
    match event:
        case ModerationUpdate(content_id, _):
            return content_id
        case StatsUpdate() | RuleUpdate() | SystemNotification() | UserActivity() | ServerError():
            return event.event
        case UnknownEvent(name):
            return name
        case MalformedEvent(_, data):
            return data
        case Gap(project_id, _, missed):
            assert_type(missed, int | None)
            return project_id
        case Lagged(missed):
            return str(missed)
        case _:
            assert_never(event)
