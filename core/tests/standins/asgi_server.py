"""A stand-in for a documented AutoModerate server, on python-socketio's AsyncServer.

The server behaves as the published documentation describes: the API key in the connection query is the only
credential, there is no `connected` event, and `joined_project` contains no `room`. A handler that fails, for example
on a join without `project_id`, sends neither a reply nor an acknowledgement.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import struct
import time
from collections import deque
from collections.abc import Callable, Coroutine, Iterator
from typing import Any
from urllib.parse import parse_qsl

import socketio
import uvicorn
from socketio.exceptions import ConnectionRefusedError

from common import (
    AdminCall,
    Identity,
    Json,
    ServerState,
    print_ready_line,
    argument_parser,
    event_arguments,
    create_logger,
    start_admin,
    exit_with_the_test,
)
from moderation import Moderation

REFUSAL_MESSAGE = "Authentication failed"


class SocketService:
    """The Socket.IO side: event handlers, limits, and the state that the admin interface changes."""

    def __init__(self, flags: Any, identity: Identity) -> None:
        self.flags = flags
        self.identity = identity
        self.state = ServerState(identity)
        self.moderation = Moderation("documented")
        self.is_key_valid = True
        self.addresses: dict[str, str] = {}
        self.event_times: dict[str, deque[float]] = {}
        log: Any = create_logger(flags.verbose)
        self.sio = socketio.AsyncServer(
            async_mode="asgi",
            cors_allowed_origins="*",
            ping_interval=flags.ping_interval / 1000,
            ping_timeout=(20_000 if flags.ping_timeout is None else flags.ping_timeout) / 1000,
            max_http_buffer_size=flags.max_payload,
            # Sends CONNECT before the handler runs, because a refusal can send further packets only after CONNECT.
            always_connect=flags.refuse in ("error_event", "disconnect_data"),
            logger=log,
            engineio_logger=log,
        )
        self.sio.on("connect", self.connect)
        self.sio.on("disconnect", self.disconnect)
        self.sio.on("join_project", self.join_project)
        self.sio.on("leave_project", self.leave_project)
        self._handle_event: Any = self.sio._handle_event
        self.sio._handle_event = self.limit_event  # type: ignore[method-assign]

    async def connect(self, sid: str, environ: Json, _auth: Any = None) -> bool | None:
        self.state.count_attempt()
        address = environ["asgi.scope"]["client"][0]
        limit = self.flags.max_connections
        is_at_limit = limit and list(self.addresses.values()).count(address) >= limit
        key = dict(parse_qsl(environ.get("QUERY_STRING", ""))).get("api_key")
        if self.state.is_refusing or is_at_limit or key != self.identity.api_key or not self.is_key_valid:
            return await self.refuse(sid)
        self.state.connections_total += 1
        self.addresses[sid] = address
        self.event_times[sid] = deque()
        return None

    async def refuse(self, sid: str) -> bool | None:
        how = self.flags.refuse
        if how == "error":
            raise ConnectionRefusedError(REFUSAL_MESSAGE)
        if how == "error_event":
            await self.sio.emit("authentication_failed", {"message": REFUSAL_MESSAGE}, to=sid)
            await self.sio.disconnect(sid)
            return None
        return False  # sends `44` with the library's message, or a DISCONNECT with data after an early CONNECT

    async def disconnect(self, sid: str, *_: Any) -> None:
        self.addresses.pop(sid, None)
        self.event_times.pop(sid, None)

    async def limit_event(self, eio_sid: str, namespace: str, ack_id: int | None, data: Any) -> None:
        """Counts an incoming event, and passes it on unless the connection exceeds its limit."""
        self.state.count_event(data)
        sid = self.sio.manager.sid_from_eio_sid(eio_sid, namespace or "/")
        times, limit = self.event_times.get(sid or ""), self.flags.max_events
        if times is not None and limit:
            now = time.monotonic()
            while times and times[0] < now - 60:
                times.popleft()
            if len(times) >= limit:
                await self.sio.emit("error", {"message": "Rate limit exceeded"}, to=sid)
                return
            times.append(now)
        await self._handle_event(eio_sid, namespace, ack_id, data)

    async def join_project(self, sid: str, data: Any) -> None:
        project_id = data["project_id"]
        if self.state.join_delay:
            await asyncio.sleep(self.state.join_delay)
        if self.state.is_join_silent:
            await asyncio.sleep(86_400)  # longer than any test runs, so no reply and no acknowledgement is sent
        rooms = [room for room in self.sio.rooms(sid) if room.startswith("project_")]
        if self.state.join_error:
            await self.sio.emit("error", {"message": self.state.join_error}, to=sid)
        elif project_id not in self.state.members:
            if self.flags.denied == "event":
                await self.sio.emit("project_access_denied", {"message": "Access denied to project"}, to=sid)
            else:
                await self.sio.emit("error", {"message": "Access denied to project"}, to=sid)
        elif self.flags.max_rooms and len(rooms) >= self.flags.max_rooms and f"project_{project_id}" not in rooms:
            await self.sio.emit("error", {"message": "Room limit exceeded"}, to=sid)
        else:
            await self.sio.enter_room(sid, f"project_{project_id}")
            await self.sio.emit("joined_project", {"project_id": project_id}, to=sid)

    async def leave_project(self, sid: str, data: Any) -> None:
        project_id = data["project_id"]
        await self.sio.leave_room(sid, f"project_{project_id}")
        await self.sio.emit("left_project", {"project_id": project_id}, to=sid)

    async def moderate(self, project_id: str, body: Json) -> tuple[Json, Json]:
        """Decides on a text, and sends the decision and then the new statistics to the project's room."""
        content, update = self.moderation.moderate(project_id, body)
        room = f"project_{project_id}"
        await self.sio.emit("moderation_update", update, room=room)
        await self.sio.emit("stats_update", self.moderation.stats_update(project_id), room=room)
        return content, update

    def rooms(self) -> dict[Any, Any]:
        return self.sio.manager.rooms.get("/", {})


class RestApi:
    """The REST API in the documented shapes, as an ASGI application."""

    def __init__(self, service: SocketService) -> None:
        self.service = service

    async def __call__(self, scope: Json, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        body = b""
        more = True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        status, answer = await self.respond(scope, body)
        data = json.dumps(answer).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(data)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": data})

    async def respond(self, scope: Json, body: bytes) -> tuple[int, Json]:
        service, path, method = self.service, scope["path"], scope["method"]
        moderation, project_id = service.moderation, service.identity.project_id
        if path == "/api/health":
            return 200, {"status": "healthy", "service": "AutoModerate API", "version": "1.0.0"}
        if not path.startswith("/api/"):
            return 404, {"error": "Not found"}
        key = dict(scope["headers"]).get(b"x-api-key", b"").decode()
        if not key:
            return 401, {"error": "API key required"}
        if key != service.identity.api_key or not service.is_key_valid:
            return 401, {"error": "Invalid API key"}
        if (method, path) == ("POST", "/api/moderate"):
            try:
                given = json.loads(body)
            except ValueError:
                return 400, {"error": "Invalid JSON"}
            if not isinstance(given, dict) or not isinstance(given.get("content"), str) or not given["content"].strip():
                return 400, {"error": "Content is required"}
            content, _ = await service.moderate(project_id, given)
            return 200, moderation.moderate_response(content)
        if (method, path) == ("GET", "/api/content"):
            try:
                return 200, moderation.page(project_id, dict(parse_qsl(scope["query_string"].decode())))
            except ValueError as error:
                return 400, {"error": str(error)}
        if (method, path) == ("GET", "/api/stats"):
            return 200, {"success": True, "stats": moderation.stats(project_id)}
        if method == "GET" and path.startswith("/api/content/"):
            found = moderation.find(project_id, path.removeprefix("/api/content/"))
            return (200, {"success": True, "content": found}) if found else (404, {"error": "Content not found"})
        return 404, {"error": "Not found"}


class AbortableServer(uvicorn.Server):
    """uvicorn without its signal handlers, which would close connections gracefully."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    def cut(self, reset: bool) -> int:
        """Ends all connections at the TCP level, with FIN or RST, and returns their number."""
        transports = [c.transport for c in list(self.server_state.connections)]
        for transport in transports:
            if reset:
                linger = struct.pack("ii", 1, 0)
                transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            transport.abort()
        return len(transports)


def admin_calls(
    service: SocketService, server: AbortableServer, loop: asyncio.AbstractEventLoop
) -> dict[str, AdminCall]:
    """Returns the admin calls. Calls that use sockets run on the server's event loop."""
    sio, state = service.sio, service.state

    async def emit_event(body: Json) -> Json:
        project_id = body.get("project_id")
        await sio.emit(body["event"], event_arguments(body), to=f"project_{project_id}" if project_id else None)
        return {}

    async def moderate(body: Json) -> Json:
        content, update = await service.moderate(body.get("project_id", service.identity.project_id), body)
        return {"content_id": content["id"], "status": content["status"], "update": update}

    async def cut(body: Json) -> Json:
        return {"cut": server.cut(reset=body.get("how") == "rst")}

    async def disconnect_clients(_: Json) -> Json:
        sids = list(service.rooms().get(None, {}))
        for sid in sids:
            await sio.disconnect(sid)
        return {"disconnected": len(sids)}

    async def stats(_: Json) -> Json:
        sizes = {room: len(sids) for room, sids in service.rooms().items()}
        return state.snapshot(sizes, len(service.rooms().get(None, {})))

    async def expire_sessions(_: Json) -> Json:
        service.is_key_valid = False
        return {}

    async def restart_engine(_: Json) -> Json:
        ended = server.cut(reset=False)
        for engine_socket in list(sio.eio.sockets.values()):
            await engine_socket.close(wait=False, abort=True)
        return {"cut": ended}

    def on_loop(call: Callable[[Json], Coroutine[Any, Any, Json]]) -> AdminCall:
        return lambda body: asyncio.run_coroutine_threadsafe(call(body), loop).result(10)

    loop_calls = {
        "/emit": emit_event,
        "/moderate": moderate,
        "/cut": cut,
        "/disconnect_clients": disconnect_clients,
        "/stats": stats,
        "/expire_sessions": expire_sessions,
        "/restart_engine": restart_engine,
    }
    return {**state.admin_calls(), **{path: on_loop(call) for path, call in loop_calls.items()}}


async def serve(flags: Any) -> None:
    identity = Identity.create(flags.seed, flags.projects)
    service = SocketService(flags, identity)
    app = socketio.ASGIApp(service.sio, other_asgi_app=RestApi(service))
    config = uvicorn.Config(app, ws="wsproto", http="h11", log_config=None, access_log=False, lifespan="off")
    server = AbortableServer(config)
    listener = socket.create_server(("127.0.0.1", flags.port))
    admin_url = start_admin(admin_calls(service, server, asyncio.get_running_loop()))
    exit_with_the_test(watch_stdin=not flags.no_stdin)
    print_ready_line(identity, listener.getsockname()[1], admin_url)
    await server.serve(sockets=[listener])


def main() -> None:
    parser = argument_parser("A documented AutoModerate server (python-socketio, asyncio).")
    parser.add_argument(
        "--refuse",
        choices=["error", "false", "error_event", "disconnect_data"],
        default="error",
        help="error: 44 with a message (default); false: 44, the library's message; "
        "error_event: 40, authentication_failed, 41; disconnect_data: 40, then 41 with data",
    )
    parser.add_argument("--denied", choices=["error", "event"], default="error", help="event: project_access_denied")
    parser.add_argument("--max-connections", type=int, default=10, help="at once, per address; 0: no limit")
    parser.add_argument("--max-events", type=int, default=100, help="per minute and connection; 0: no limit")
    parser.add_argument("--max-rooms", type=int, default=50, help="per connection; 0: no limit")
    flags = parser.parse_args()
    asyncio.run(serve(flags))


if __name__ == "__main__":
    main()
