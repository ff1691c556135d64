"""Live views of projects."""

from __future__ import annotations

import asyncio
import pickle
import threading
import time

import pytest
from automoderate import ApiError, AsyncClient, AsyncLiveView, Client, LiveState, ModerationUpdate, Snapshot
from automoderate.testing import Server as LoopbackServer

from .conftest import NO_LIMITS, StartServer


def position(state: LiveState | Snapshot) -> int:
    return int(state.cursor.rpartition(":")[2])


def assert_equal(state: LiveState, snapshot: Snapshot) -> None:
    assert (state.cursor, state.rules) == (snapshot.cursor, snapshot.rules)
    for name in ("total_content", "approved", "rejected", "flagged", "pending"):
        assert getattr(state.counts, name) == getattr(snapshot.stats, name)
    queue = [item.decision.content_id for item in state.review_queue]
    assert queue == [item.id for item in snapshot.review.items][: len(queue)]


async def next_update(view: AsyncLiveView) -> ModerationUpdate:
    """Return the next decision. Statistics, which are not logged, may arrive at any time."""
    while not isinstance(event := await anext(view), ModerationUpdate):
        pass
    return event


async def test_a_view_starts_with_a_snapshot_and_follows_the_events(start_server: StartServer) -> None:
    server = start_server(*NO_LIMITS)
    async with AsyncClient(server.base_url, api_key=server.api_key) as client:
        project = await client.join(server.project_id)
        await client.moderate("what an idiot")
        async with await project.live_view() as view:
            assert view.state.counts.flagged == 1
            [item] = view.state.review_queue
            assert (item.decision.content_preview, item.decision.status) == ("what an idiot", "flagged")
            assert item.submitted_at == item.decision.timestamp
            await client.moderate_batch(["you idiot" if n % 3 == 0 else "a fine day" for n in range(100)])
            snapshot = await project.snapshot()
            while position(view.state) < position(snapshot):
                await asyncio.wait_for(anext(view), 10)
            assert_equal(view.state, snapshot)
            assert len(view.state.review_queue) == 35
            assert pickle.loads(pickle.dumps(view.state)) == view.state


async def test_cancelling_a_wait_loses_no_event(start_server: StartServer) -> None:
    server = start_server(*NO_LIMITS)
    async with AsyncClient(server.base_url, api_key=server.api_key) as client:
        project = await client.join(server.project_id)
        view = await project.live_view()
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(anext(view), 0.05)
        decided = await client.moderate("a fine day")
        event = await asyncio.wait_for(next_update(view), 10)
        assert event.content_id == decided.content_id
        await project.leave()
        assert [event async for event in view if isinstance(event, ModerationUpdate)] == []


def test_a_view_of_the_blocking_client_can_be_closed_by_another_thread(start_server: StartServer) -> None:
    server = start_server(*NO_LIMITS)
    with Client(server.base_url, api_key=server.api_key) as client:
        project = client.join(server.project_id)
        decided = client.moderate("you idiot")
        with project.live_view() as view:
            client.moderate("a fine day")
            next(event for event in view if isinstance(event, ModerationUpdate))
            assert_equal(view.state, project.snapshot())

            def close_soon() -> None:
                time.sleep(0.05)
                view.close()

            closing = threading.Thread(target=close_soon)
            closing.start()
            for _ in view:
                pass
            closing.join()
        assert view.state.review_queue[0].decision.content_id == decided.content_id


def test_servers_without_snapshots_have_no_live_views(automoderate_server: LoopbackServer) -> None:
    with Client(automoderate_server.url, api_key="any") as client:
        project = client.join("p")
        with pytest.raises(ApiError) as caught:
            project.live_view()
    assert caught.value.status == 404
