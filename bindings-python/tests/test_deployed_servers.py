"""Deployed servers, simulated with Flask-SocketIO: web sessions, no event log, and errors without a code."""

from __future__ import annotations

import asyncio
import urllib.request
from collections.abc import AsyncIterator
from datetime import datetime, timezone
from http.cookiejar import CookieJar

import automoderate
import pytest
from automoderate import AsyncClient, Client, Gap, ModerationUpdate

from .conftest import FAST_RECONNECT, Server, running_deployed_server

TRANSPORTS = pytest.mark.parametrize("transports", ["auto", "websocket", "polling"])


def login_options(server: Server, **more: object) -> dict[str, object]:
    """Returns options with a web login for the socket and an API key for REST."""
    login = {"email": server.email, "password": server.password}
    return {**login, "api_key": server.api_key, "reconnect": FAST_RECONNECT, **more}


@pytest.fixture
async def client(deployed: Server) -> AsyncIterator[AsyncClient]:
    async with AsyncClient(deployed.base_url, **login_options(deployed)) as client:  # type: ignore[arg-type]
        yield client


@TRANSPORTS
async def test_events_of_deployed_servers(deployed: Server, transports: str) -> None:
    async with AsyncClient(deployed.base_url, **login_options(deployed, transports=transports)) as client:  # type: ignore[arg-type]
        project = await client.join(deployed.project_id)
        stream = project.events(ModerationUpdate)
        words = ["spamword", "trustedword", "555-1234", "aiword", "nobodyword", "instantword", "roundword"]
        for word in words:
            deployed.admin("/moderate", content=word, metadata={"user_id": 7})
        events = [await anext(stream) for _ in words]
    assert [event.content_preview for event in events] == words
    assert [event.status for event in events[:3]] == ["rejected", "approved", "flagged"]
    ai, nobody, instant, at_once = events[3:]
    assert (ai.moderator_type, ai.moderator_name, ai.rule_name) == ("ai", "AI", None)
    assert (nobody.moderator_type, nobody.moderator_name) == ("unknown", "Unknown")
    assert instant.processing_time is not None
    assert 0 < instant.processing_time < 1e-4
    assert at_once.processing_time == 0
    for event in events:
        assert event.project_id == deployed.project_id
        assert event.meta_data == {"user_id": 7}
        assert event.timestamp is not None
        assert abs((event.timestamp - datetime.now(timezone.utc)).total_seconds()) < 60
        assert not event.timestamp_text.endswith("Z")
        assert event.meta.event_id is None
    assert project.cursor is None


async def test_refused_joins_and_credentials(deployed: Server, client: AsyncClient) -> None:
    with pytest.raises(automoderate.AccessDenied):
        await client.join(deployed.other_project_id)
    with pytest.raises(automoderate.ProjectNotFound):
        await client.join("no-such-project")
    for message, error in [
        ("Server timeout - please try again", automoderate.AutoModerateError),
        ("Access denied to project", automoderate.AccessDenied),
    ]:
        deployed.admin("/joins", error=message)
        with pytest.raises(error, match=message):
            await client.join(deployed.project_id)
    deployed.admin("/joins")
    await client.join(deployed.project_id)


@pytest.mark.parametrize("age", ["PYTHON_NEW", "PYTHON_OLD"])
async def test_a_wrong_password_and_a_wrong_session_are_refused(standin_interpreters: dict[str, str], age: str) -> None:
    with running_deployed_server(standin_interpreters[age]) as server:
        with pytest.raises(automoderate.AuthenticationFailed):
            await AsyncClient(server.base_url, email=server.email, password="wrong").connect()
        # Older servers refuse an invalid session when the client connects, and newer servers when it joins a project.
        with pytest.raises(automoderate.AuthenticationFailed):
            async with AsyncClient(server.base_url, session="no session") as client:
                await client.join(server.project_id)


async def test_a_session_cookie_authenticates(deployed: Server) -> None:
    jar = CookieJar()
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
    form = (await asyncio.to_thread(browser.open, f"{deployed.base_url}/auth/login")).read().decode()
    token = form.split('name="csrf_token" value="')[1].split('"')[0]
    body = f"csrf_token={token}&email={deployed.email}&password={deployed.password}".encode()
    await asyncio.to_thread(browser.open, f"{deployed.base_url}/auth/login", body)
    [cookie] = [cookie for cookie in jar if cookie.name == "session"]
    async with AsyncClient(deployed.base_url, session=cookie.value or "") as client:
        stream = (await client.join(deployed.project_id)).events()
        deployed.admin("/moderate", content="text")
        assert isinstance(await anext(stream), ModerationUpdate)


@TRANSPORTS
async def test_rest_recovers_events_missed_during_a_cut(deployed: Server, transports: str) -> None:
    async with AsyncClient(deployed.base_url, **login_options(deployed, transports=transports)) as client:  # type: ignore[arg-type]
        stream = (await client.join(deployed.project_id)).events(ModerationUpdate)
        # The client first lists the flagged items, so that it can recover reviews, and receives a decision, so that it
        # knows the time from which REST must recover decisions.
        while not deployed.admin("/stats")["flagged_listings_total"]:
            await asyncio.sleep(0.02)
        known = deployed.admin("/moderate", content="before")["content_id"]
        assert (await anext(stream)).content_id == known
        for round in range(3):
            deployed.admin("/restart_engine")
            wanted = [
                deployed.admin("/moderate", content=f"missed {round} {number}")["content_id"] for number in range(5)
            ]
            events = [await asyncio.wait_for(anext(stream), 10) for _ in wanted]
            assert [event.content_id for event in events] == wanted
        assert stream.losses == automoderate.Losses(lagged=0, gaps=0)
        assert client.metrics().backfilled > 0


async def test_a_cut_without_an_api_key_causes_a_gap(deployed: Server) -> None:
    login = {"email": deployed.email, "password": deployed.password}
    async with AsyncClient(deployed.base_url, reconnect=FAST_RECONNECT, **login) as client:  # type: ignore[arg-type]
        stream = (await client.join(deployed.project_id)).events()
        deployed.admin("/moderate", content="before")
        assert isinstance(await anext(stream), ModerationUpdate)
        deployed.admin("/cut", how="rst")
        gap = await asyncio.wait_for(anext(stream), 10)
        assert isinstance(gap, Gap)
        assert gap.reason == "interrupted"


async def test_an_expired_session_is_renewed_by_a_login(deployed: Server, client: AsyncClient) -> None:
    stream = (await client.join(deployed.project_id)).events(ModerationUpdate)
    deployed.admin("/expire_sessions")
    deployed.admin("/restart_engine")
    while client.metrics().connections < 2 or deployed.admin("/stats")["joined"].get(deployed.project_id) != 1:
        await asyncio.sleep(0.02)
    deployed.admin("/moderate", content="after the login")
    assert (await asyncio.wait_for(anext(stream), 10)).content_preview == "after the login"


def test_a_blocking_client_of_a_deployed_server(deployed: Server) -> None:
    with Client(deployed.base_url, **login_options(deployed, transports="polling")) as client:  # type: ignore[arg-type]
        stream = client.join(deployed.project_id).events(ModerationUpdate)
        decided = client.moderate("spamword", metadata={"a": None})
        assert decided.status == "rejected"
        assert next(stream).content_id == decided.content_id
        found = client.content(decided.content_id)
        assert (found.meta_data, found.status) == ({"a": None}, "rejected")
        assert [content.id for content in client.contents()] == [decided.content_id]
        assert client.statistics().rejected == 1
        with pytest.raises(automoderate.ApiError) as caught:
            client.content("0b9fe2a1-7e0c-4a53-b5ce-4c3a8f5fbb21")
        assert (caught.value.status, caught.value.retryable) == (404, False)
