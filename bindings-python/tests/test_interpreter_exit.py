"""The interpreter can exit at any time, without `close`."""

from __future__ import annotations

import time

import pytest

from .conftest import Server, run_client_code


@pytest.mark.parametrize(
    "code",
    [
        "client = Client(url, api_key=key).connect(); stream = client.join(project).events()",
        """
client = Client(url, api_key=key).connect()
stream = client.join(project).events()
threading.Thread(target=list, args=(stream,), daemon=True).start()
for number in range(20): client.moderate("text")
""",
        """
async def main():
    client = await AsyncClient(url, api_key=key).connect()
    stream = (await client.join(project)).events()
    task = asyncio.create_task(anext(stream))
    await client.moderate("text")
    await task
    globals()["kept"] = client, stream
asyncio.run(main())
""",
        """
async def main():
    client = await AsyncClient(url, api_key=key).connect()
    stream = (await client.join(project)).events()
    async for event in stream: pass
try: asyncio.run(asyncio.wait_for(main(), 0.3))
except (asyncio.TimeoutError, TimeoutError): pass
""",
        "Client(url, api_key=lambda: 1) if False else None",
    ],
)
def test_the_interpreter_exits_without_close(shared_server: Server, code: str) -> None:
    started = time.monotonic()
    done = run_client_code(shared_server, code)
    assert (done.returncode, done.stderr) == (0, "")
    assert time.monotonic() - started < 10
