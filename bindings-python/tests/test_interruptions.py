"""Lost connections are restored, and missed events are recovered or reported."""

from __future__ import annotations

import asyncio
import pickle

import automoderate
import pytest
from automoderate import (
    AsyncClient,
    Client,
    Gap,
    ModerationUpdate,
    ReconnectPolicy,
    State,
)

from .conftest import FAST_RECONNECT, Server


async def test_a_client_reconnects_after_a_cut_and_reports_it(documented: Server) -> None:
    async with AsyncClient(
        documented.base_url, api_key=documented.api_key, reconnect=FAST_RECONNECT, backfill="off"
    ) as client:
        changes: list[State] = []

        async def watch() -> None:
            async for state in client.state_changes():
                changes.append(state)

        watching = asyncio.create_task(watch())
        project = await client.join(documented.project_id)
        stream = project.events()
        documented.admin("/cut")
        gap = await anext(stream)
        assert isinstance(gap, Gap)
        assert (gap.project_id, gap.reason) == (documented.project_id, "interrupted")
        documented.admin("/moderate", content="after the cut")
        update = await anext(stream)
        assert isinstance(update, ModerationUpdate)
        assert update.content_preview == "after the cut"
    await asyncio.wait_for(watching, 5)
    names = [state.name for state in changes]
    assert names[0] == "connected"
    assert names[-1] == "closed"
    lost = next(state for state in changes if state == "reconnecting")
    assert lost.attempt == 1
    assert lost.retry_in is not None
    assert isinstance(lost.cause, automoderate.Disconnected)
    assert pickle.loads(pickle.dumps(State("reconnecting", 1, 0.5))) == "reconnecting"


def test_a_blocking_client_recovers_events_after_a_cut(documented: Server) -> None:
    with pytest.raises(automoderate.AuthenticationFailed):
        Client(documented.base_url, api_key="am_wrong").connect()
    policy = ReconnectPolicy(delay=0.05, max_delay=0.1, max_attempts_per_minute=600)
    with Client(documented.base_url, api_key=documented.api_key, reconnect=policy) as client:
        with pytest.raises(automoderate.AccessDenied):
            client.join(documented.other_project_id)
        stream = client.join(documented.project_id).events(ModerationUpdate)
        # The client first receives a decision, so that it knows the time from which REST must recover decisions.
        documented.admin("/moderate", content="trustedword")
        assert next(stream).status == "approved"
        documented.admin("/cut")
        documented.admin("/moderate", content="spamword")
        assert next(stream).status == "rejected"
