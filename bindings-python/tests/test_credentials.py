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

from .conftest import FAST_RECONNECT, Server, run_client_code


@pytest.mark.parametrize("shape", ["sync", "async", "dict"])
async def test_a_provider_receives_the_reason(shared_server: Server, shape: str) -> None:
    reasons: list[str] = []

    def provide_key(reason: str) -> str:
        reasons.append(reason)
        return shared_server.api_key if len(reasons) > 1 else "am_stale"

    async def provide_key_async(reason: str) -> str:
        await asyncio.sleep(0)
        return provide_key(reason)

    def provide_dict(reason: str) -> dict[str, str]:
        return {"api_key": provide_key(reason)}

    provider: Any = {"sync": provide_key, "async": provide_key_async, "dict": provide_dict}[shape]
    async with AsyncClient(shared_server.base_url, credentials=provider, reconnect=FAST_RECONNECT) as client:
        await client.join(shared_server.project_id)
    assert reasons == ["first", "rejected"]


async def test_a_provider_can_fail_permanently(shared_server: Server, caplog: pytest.LogCaptureFixture) -> None:
    def provider(reason: str) -> str:
        raise automoderate.AuthenticationFailed("secret sauce")

    with pytest.raises(automoderate.AuthenticationFailed) as caught:
        await AsyncClient(shared_server.base_url, credentials=provider).connect()
    assert "sauce" not in str(caught.value)
    wrong: Any = lambda reason: 7  # noqa: E731
    with pytest.raises(automoderate.AuthenticationFailed):
        await AsyncClient(shared_server.base_url, credentials=wrong).connect()


async def test_a_client_logs_in_with_a_password(deployed: Server) -> None:
    async with AsyncClient(deployed.base_url, email=deployed.email, password=deployed.password) as client:
        project = await client.join(deployed.project_id)
        stream = project.events()
        deployed.admin("/moderate", content="spamword")
        event = await anext(stream)
        assert isinstance(event, ModerationUpdate)
        assert event.status == "rejected"
        assert project.cursor is None
        deployed.admin("/access", project_id=deployed.project_id, member=False)


def test_providers_of_a_blocking_client(shared_server: Server) -> None:
    reasons: list[str] = []

    def provide_key(reason: str) -> str:
        reasons.append(reason)
        return shared_server.api_key if len(reasons) > 1 else "am_stale"

    async def provide_key_async(reason: str) -> str:
        return provide_key(reason)

    for provider in (provide_key, provide_key_async):
        reasons.clear()
        with Client(shared_server.base_url, credentials=provider) as client:
            client.join(shared_server.project_id)
        assert reasons == ["first", "rejected"]


def test_a_provider_works_in_a_process_with_many_open_files(shared_server: Server) -> None:
    done = run_client_code(
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
    # select() can't handle file descriptors numbered 1024 or higher.
    assert int(done.stdout) >= 1024
