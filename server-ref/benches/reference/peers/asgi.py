"""python-socketio's AsyncServer on uvicorn, with uvloop, httptools and websockets: its fastest setup."""

from __future__ import annotations

import asyncio
import json
import socket
import sys
from typing import Any

import socketio
import uvicorn
from common import PING, ROOM, pauses, ready, used

sio = socketio.AsyncServer(async_mode="asgi", ping_interval=PING, ping_timeout=PING)


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
    # The sockets answer no pings, neither Engine.IO's nor WebSocket's.
    pings = {"ws_ping_interval": None, "ws_ping_timeout": None}
    config = uvicorn.Config(app, http="httptools", ws="websockets-sansio", log_level="error", lifespan="off", **pings)
    serving = asyncio.create_task(uvicorn.Server(config).serve(sockets=[listener]))
    ready(listener.getsockname()[1])
    while line := await asyncio.to_thread(sys.stdin.readline):
        for payload, pause in pauses(json.loads(line)):
            if pause:
                await asyncio.sleep(pause)
            await sio.emit("moderation_update", payload, room=ROOM)
        used()
    serving.cancel()


if __name__ == "__main__":
    import uvloop

    uvloop.run(main())
