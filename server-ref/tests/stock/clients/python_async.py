"""A client on python-socketio's AsyncClient: it reads commands as lines of JSON from stdin and writes events to stdout."""

import asyncio
import json
import os
import sys

import socketio


async def report(event, *args):
    print(json.dumps({"event": event, "args": args}), flush=True)


async def on_connect():
    await report("connect")


async def on_connect_error(data=None):
    await report("connect_error", data.get("message") if isinstance(data, dict) else str(data))


async def on_disconnect(reason):
    await report("disconnect", reason)


async def main():
    sio = socketio.AsyncClient()
    sio.on("connect", on_connect)
    sio.on("connect_error", on_connect_error)
    sio.on("disconnect", on_disconnect)
    sio.on("*", report)

    async def connect(url, transports, query, headers, delay=1, **_):
        sio.reconnection_delay = delay
        query = "&".join(f"{name}={value}" for name, value in query.items())
        try:
            await sio.connect(f"{url}?{query}", headers=headers, transports=transports, wait_timeout=20)
        except socketio.exceptions.ConnectionError:
            pass  # the handler has reported it

    async def emit(event, args, ack=False, **_):
        async def on_ack(*answer):
            await report("ack", *answer)

        await sio.emit(event, *args, callback=on_ack if ack else None)

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
