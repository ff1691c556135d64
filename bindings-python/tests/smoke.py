"""Smoke test of the installed wheel, without any other package: `smoke.py SERVER_BINARY`."""

from __future__ import annotations

import asyncio
import importlib.metadata
import importlib.resources
import json
import pickle
import platform
import subprocess
import sys
import tempfile

import automoderate
from automoderate import AsyncClient, Client, ModerationUpdate


def use_blocking_client(url: str, key: str, project_id: str) -> str:
    with Client(url, api_key=key) as client:
        project = client.join(project_id)
        decided = client.moderate("BUY NOW, limited time")
        for event in project.events(ModerationUpdate):
            assert pickle.loads(pickle.dumps(event)) == event
            assert (event.content_id, event.status) == (decided.content_id, decided.status)
            assert event.timestamp is not None
            assert event.timestamp.tzinfo is not None
            break
        assert project.cursor is not None
        return project.cursor


async def main(url: str, key: str, project_id: str, after: str) -> None:
    async with AsyncClient(url, api_key=key) as client:
        project = await client.join(project_id, after=after)
        decided = await client.moderate("a fine day")
        async for event in project.events():
            match event:
                case ModerationUpdate(content_id, status):
                    assert (content_id, status) == (decided.content_id, "approved")
                    break
                case _:
                    pass


def run_smoke_test(server: str) -> None:
    assert importlib.metadata.version("automoderate") == automoderate.__version__
    assert (importlib.resources.files(automoderate) / "py.typed").is_file()
    with tempfile.TemporaryDirectory() as folder:
        command = [server, "serve", "--demo", "--listen", "127.0.0.1:0", "--database", f"sqlite://{folder}/smoke.db"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
            try:
                assert process.stdout is not None
                ready = json.loads(process.stdout.readline())
                where = ready["base_url"], ready["api_key"], ready["project_id"]
                asyncio.run(main(*where, use_blocking_client(*where)))
            finally:
                process.terminate()
    sys.stdout.write(f"the wheel works on {platform.python_implementation()} {platform.python_version()}\n")


if __name__ == "__main__":
    run_smoke_test(sys.argv[1])
