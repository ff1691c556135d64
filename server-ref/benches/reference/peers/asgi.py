"""python-socketio's AsyncServer in its fastest setup: on uvicorn, with uvloop, httptools and websockets."""

from __future__ import annotations

import asyncio
import json
import socket
import sys
from typing import Any

import socketio
import uvicorn
from common import LONG_PING, ROOM, paced_payloads, print_ready, print_usage

sio = socketio.AsyncServer(async_mode="asgi", ping_interval=LONG_PING, ping_timeout=LONG_PING)


@sio.event
async def connect(sid: str, _environ: Any) -> None:
    await sio.emit("connected", {"message": "Connected to AutoModerate"}, to=sid)


@sio.event
async def join_project(sid: str, data: dict[str, str]) -> None:
    await sio.enter_room(sid, f"project_{data['project_id']}")
    await sio.emit("joined_project", {"project_id": data["project_id"]}, to=sid)


async def main() -> None:
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    app = socketio.ASGIApp(sio)
    # The benchmark's sockets answer no pings, neither Engine.IO's nor WebSocket's.
    pings = {"ws_ping_interval": None, "ws_ping_timeout": None}
    config = uvicorn.Config(app, http="httptools", ws="websockets-sansio", log_level="error", lifespan="off", **pings)
    serving = asyncio.create_task(uvicorn.Server(config).serve(sockets=[listener]))
    print_ready(listener.getsockname()[1])
    while line := await asyncio.to_thread(sys.stdin.readline):
        for payload, pause in paced_payloads(json.loads(line)):
            if pause:
                await asyncio.sleep(pause)
            await sio.emit("moderation_update", payload, room=ROOM)
        print_usage()
    serving.cancel()


if __name__ == "__main__":
    import uvloop

    uvloop.run(main())
