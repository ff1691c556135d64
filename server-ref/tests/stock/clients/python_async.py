"""python-socketio's AsyncClient, controlled by lines of JSON on stdin; its events go to stdout."""

import asyncio
import json
import os
import sys

import socketio


async def say(event, *args):
    print(json.dumps({"event": event, "args": args}), flush=True)


async def connected():
    await say("connect")


async def refused(data=None):
    await say("connect_error", data.get("message") if isinstance(data, dict) else str(data))


async def disconnected(reason):
    await say("disconnect", reason)


async def main():
    sio = socketio.AsyncClient()
    sio.on("connect", connected)
    sio.on("connect_error", refused)
    sio.on("disconnect", disconnected)
    sio.on("*", say)

    async def connect(url, transports, query, headers, delay=1, **_):
        sio.reconnection_delay = delay
        query = "&".join(f"{name}={value}" for name, value in query.items())
        try:
            await sio.connect(f"{url}?{query}", headers=headers, transports=transports, wait_timeout=20)
        except socketio.exceptions.ConnectionError:
            pass  # the handler has told it

    async def emit(event, args, ack=False, **_):
        async def answered(*answer):
            await say("ack", *answer)

        await sio.emit(event, *args, callback=answered if ack else None)

    while line := await asyncio.to_thread(sys.stdin.readline):
        command = json.loads(line)
        match command["do"]:
            case "connect":
                await connect(**command)
            case "emit":
                await emit(**command)
            case "disconnect":
                await sio.disconnect()
    os._exit(0)


asyncio.run(main())
