"""Credentials providers and logins."""

from __future__ import annotations

import asyncio
from typing import Any

import automoderate
import pytest
from automoderate import (
    AsyncClient,
    Client,
    ModerationUpdate,
)

from .conftest import QUICK, Server, run


@pytest.mark.parametrize("shape", ["sync", "async", "dict"])
async def test_a_provider_is_asked_and_told_why(shared_server: Server, shape: str) -> None:
    reasons: list[str] = []

    def sync(reason: str) -> str:
        reasons.append(reason)
        return shared_server.api_key if len(reasons) > 1 else "am_stale"

    async def later(reason: str) -> str:
        await asyncio.sleep(0)
        return sync(reason)

    def as_dict(reason: str) -> dict[str, str]:
        return {"api_key": sync(reason)}

    provider: Any = {"sync": sync, "async": later, "dict": as_dict}[shape]
    async with AsyncClient(shared_server.base_url, credentials=provider, reconnect=QUICK) as client:
        await client.join(shared_server.project_id)
    assert reasons == ["first", "rejected"]


async def test_a_provider_can_give_up(shared_server: Server, caplog: pytest.LogCaptureFixture) -> None:
    def provider(reason: str) -> str:
        raise automoderate.AuthenticationFailed("secret sauce")

    with pytest.raises(automoderate.AuthenticationFailed) as caught:
        await AsyncClient(shared_server.base_url, credentials=provider).connect()
    assert "sauce" not in str(caught.value)
    wrong: Any = lambda reason: 7  # noqa: E731
    with pytest.raises(automoderate.AuthenticationFailed):
        await AsyncClient(shared_server.base_url, credentials=wrong).connect()


async def test_passwords_log_in(flask: Server) -> None:
    async with AsyncClient(flask.base_url, email=flask.email, password=flask.password) as client:
        project = await client.join(flask.project_id)
        stream = project.events()
        flask.admin("/moderate", content="spamword")
        event = await anext(stream)
        assert isinstance(event, ModerationUpdate)
        assert event.status == "rejected"
        assert project.cursor is None
        flask.admin("/access", project_id=flask.project_id, member=False)


def test_a_provider_blocking(shared_server: Server) -> None:
    reasons: list[str] = []

    def sync(reason: str) -> str:
        reasons.append(reason)
        return shared_server.api_key if len(reasons) > 1 else "am_stale"

    async def coroutine(reason: str) -> str:
        return sync(reason)

    for provider in (sync, coroutine):
        reasons.clear()
        with Client(shared_server.base_url, credentials=provider) as client:
            client.join(shared_server.project_id)
        assert reasons == ["first", "rejected"]


def test_a_provider_in_a_process_with_many_files(shared_server: Server) -> None:
    done = run(
        shared_server,
        """
import os, resource
_, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4096), hard))
many = [os.open(os.devnull, os.O_RDONLY) for _ in range(1100)]
with Client(url, credentials=lambda reason: key) as client: client.join(project)
async def main():
    async with AsyncClient(url, credentials=lambda reason: key) as client: await client.join(project)
asyncio.run(main())
print(many[-1])
""",
    )
    assert (done.returncode, done.stderr) == (0, "")
    # select() refuses such files.
    assert int(done.stdout) >= 1024
