"""Measures the latency from a submission to the event callback: `latency.py URL KEY PROJECT EVENTS`.

`cargo xtask bench latency` runs this program. The program prints `ready` after the join. At the end, it prints a JSON
array that contains, for each event, the microseconds from the timestamp in the item's text to the callback. Both times
are readings of the system's monotonic clock.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time

from automoderate import AsyncClient, ModerationUpdate


async def main(url: str, key: str, project: str, events: int) -> None:
    client = AsyncClient(url, api_key=key, event_buffer=1_000_000)
    times: list[int] = []
    done = asyncio.Event()

    @client.on(ModerationUpdate)
    def on_update(event: ModerationUpdate) -> None:
        times.append(time.monotonic_ns() // 1000 - int(event.content_preview.split(" ", 1)[0]))
        if len(times) == events:
            done.set()

    async with client:
        running = asyncio.create_task(client.run())
        await client.join(project)
        print("ready", flush=True)
        await done.wait()
        running.cancel()
    print(json.dumps(times))


asyncio.run(main(*sys.argv[1:4], int(sys.argv[4])))
