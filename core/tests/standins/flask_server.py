"""A stand-in for a deployed AutoModerate server, on Flask-SocketIO in threading mode.

The installed version of python-socketio decides whether the stand-in behaves as deployed-new or as deployed-old. To
refuse a client, the stand-in calls `disconnect()` inside the connect handler and returns nothing, as deployed servers
do:

- python-socketio 5.16 counts the client as connected while the handler runs, so `disconnect()` sends DISCONNECT and
  removes the client. Because the handler did not return False, CONNECT still follows. The client receives `41` and
  then `40{"sid":...}` on a dead socket.
- python-socketio 5.18 counts the client as connected only after the handler, so `disconnect()` has no effect. The
  client receives only `40{"sid":...}` on a live socket.
"""

from __future__ import annotations

import ctypes
import random
import re
import secrets
import socket
import time
import weakref
from html import escape
from typing import Any

from flask import Flask, Response, jsonify, redirect, request, session
from flask_socketio import SocketIO, disconnect, emit, join_room, leave_room
from itsdangerous import BadSignature, URLSafeTimedSerializer
from werkzeug.exceptions import HTTPException
from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

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

LOGIN_PAGE = """<!DOCTYPE html>
<html lang="en"><head><title>Login</title></head><body>{message}
<form method="POST" action="/auth/login">
    <input type="hidden" name="csrf_token" value="{token}"/>
    <input type="email" name="email" required/>
    <input type="password" name="password" required/>
    <button type="submit">Login</button>
</form></body></html>
"""


class AttemptLimiter:
    """Allows `limit` connection attempts per address within `window` seconds; attempts beyond the limit do not count."""

    def __init__(self, limit: int, window: float) -> None:
        self.limit, self.window = limit, window
        self.attempt_times: dict[str, list[float]] = {}

    def is_allowed(self, address: str) -> bool:
        now = time.time()
        recent = [t for t in self.attempt_times.get(address, []) if t > now - self.window]
        self.attempt_times[address] = recent
        if self.limit and len(recent) >= self.limit:
            return False
        recent.append(now)
        return True


class TrackingServer(ThreadedWSGIServer):
    """Werkzeug's threaded server, extended to track its connections so that tests can cut them."""

    def __init__(self, port: int, app: Flask, handler: type[WSGIRequestHandler]) -> None:
        self.connections: weakref.WeakSet[socket.socket] = weakref.WeakSet()
        super().__init__("127.0.0.1", port, app, handler)

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        self.connections.add(connection)
        return connection, address

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Suppresses all errors, because each connection that a test cuts causes one."""

    def cut(self, reset: bool) -> int:
        """Ends all connections at the TCP level, with FIN or RST, and returns their number."""
        ended = 0
        for connection in list(self.connections):
            try:
                if reset:
                    _reset_connection(connection)
                else:
                    connection.shutdown(socket.SHUT_RDWR)
                ended += 1
            except OSError:
                pass  # the connection was already closed
        return ended


def _reset_connection(connection: socket.socket) -> None:
    """Sends RST by dissolving the association; a close would not send RST while another thread reads."""
    unspecified = ctypes.create_string_buffer(16)  # sockaddr with AF_UNSPEC
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.connect(connection.fileno(), unspecified, 16) != 0:
        raise OSError(ctypes.get_errno(), "connect")


def create_app(identity: Identity) -> Flask:
    """Returns the Flask application with the login pages."""
    app = Flask(__name__)
    app.secret_key = identity.secret_key
    app.config.update(SESSION_COOKIE_SAMESITE="Lax", SESSION_COOKIE_HTTPONLY=True)
    app.json.sort_keys = True  # type: ignore[attr-defined]

    def signer() -> URLSafeTimedSerializer:
        return URLSafeTimedSerializer(str(app.secret_key), salt="wtf-csrf-token")

    def render_form(message: str = "") -> str:
        value = session.setdefault("csrf_token", secrets.token_hex(20))
        return LOGIN_PAGE.format(message=escape(message), token=signer().dumps(value))

    @app.get("/auth/login")
    def login_form() -> str:
        return render_form()

    @app.post("/auth/login")
    def login() -> Any:
        try:
            value = signer().loads(request.form.get("csrf_token") or "", max_age=3600)
        except BadSignature:
            value = None
        if value is None or value != session.get("csrf_token"):
            return Response("<h1>Bad Request</h1><p>The CSRF token is missing.</p>", 400)
        given = (request.form.get("email"), request.form.get("password"))
        if given != (identity.email, identity.password):
            return render_form("Invalid email or password")
        session["_user_id"] = identity.email
        session["_fresh"] = True
        return redirect("/dashboard/")

    @app.get("/auth/logout")
    def logout() -> Any:
        session.pop("_user_id", None)
        return redirect("/auth/login")

    @app.get("/dashboard/")
    def dashboard() -> Any:
        return "<h1>Dashboard</h1>" if "_user_id" in session else redirect("/auth/login")

    return app


def add_api(app: Flask, socketio: SocketIO, identity: Identity, moderation: Moderation) -> None:
    """Adds the REST API in the deployed shapes."""

    def failure(message: str, status: int, **more: Any) -> tuple[Response, int]:
        return jsonify({"success": False, "error": message, **more}), status

    @app.before_request
    def check_key() -> Any:
        if not request.path.startswith("/api/") or request.path == "/api/health":
            return None
        key = request.headers.get("X-API-Key") or request.args.get("api_key")
        if not key:
            return failure("API key required", 401)
        if not re.fullmatch(r"am_[a-zA-Z0-9_-]{7,97}", key):
            return failure("Invalid API key format", 401)
        return None if key == identity.api_key else failure("Invalid API key", 401)

    @app.post("/api/moderate")
    def moderate() -> Any:
        try:
            body = request.get_json()
        except HTTPException:
            return failure("An internal server error occurred", 500, error_code="INTERNAL_ERROR")
        if not isinstance(body, dict) or not isinstance(body.get("content"), str):
            errors = {"field_errors": ["content: Field required"]}
            return failure("Invalid input data", 400, error_code="VALIDATION_ERROR", details=errors)
        if not body["content"].strip():
            return failure("Content cannot be empty", 400)
        content, update = moderation.moderate(identity.project_id, body)
        # Another thread sends the event, so the event often arrives before the response to this request.
        socketio.start_background_task(socketio.emit, "moderation_update", update, to=f"project_{identity.project_id}")
        return jsonify(moderation.moderate_response(content))

    @app.get("/api/content")
    def contents() -> Any:
        try:
            return jsonify(moderation.page(identity.project_id, request.args.to_dict()))
        except ValueError as error:
            errors = {"field_errors": [str(error)]}
            return failure("Invalid query parameters", 400, error_code="VALIDATION_ERROR", details=errors)

    @app.get("/api/content/<content_id>")
    def content(content_id: str) -> Any:
        if not re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", content_id.lower()):
            return failure("Invalid content ID format", 400)
        found = moderation.find(identity.project_id, content_id)
        return jsonify({"success": True, "content": found}) if found else failure("Content not found", 404)

    @app.get("/api/stats")
    def stats() -> Any:
        return jsonify({"success": True, "stats": moderation.stats(identity.project_id)})

    @app.get("/api/health")
    def health() -> Any:
        return jsonify({"status": "healthy", "service": "AutoModerate API", "version": "1.0.0"})


def add_socket_handlers(socketio: SocketIO, state: ServerState, attempts: AttemptLimiter) -> None:
    """Adds the socket handlers of deployed servers. `heartbeat` has no handler, so it receives no acknowledgement."""

    @socketio.on("connect")
    def connect() -> None:
        state.count_attempt()
        if state.is_refusing or not attempts.is_allowed(request.remote_addr or ""):
            disconnect()
            return
        if "_user_id" not in session:
            disconnect()
            return
        state.connections_total += 1
        emit("connected", {"message": "Connected to AutoModerate"})

    def requested_project(data: Any) -> str | None:
        """Returns the project id of a request, or sends an error to the client and returns None."""
        if "_user_id" not in session:
            emit("error", {"message": "Authentication required"})
            return None
        project_id = data.get("project_id")
        if not project_id:
            emit("error", {"message": "Project ID required"})
            return None
        if not isinstance(project_id, str) or len(project_id) > 100:
            emit("error", {"message": "Invalid project ID format"})
            return None
        return project_id

    @socketio.on("join_project")
    def join_project(data: Any) -> None:
        try:
            project_id = requested_project(data)
            if project_id is None:
                return
            # The lookup takes a random time and each request runs in its own thread, so requests may finish in any order.
            time.sleep(random.uniform(0.001, 0.008) if state.join_delay is None else state.join_delay)
            if state.is_join_silent:
                raise SystemExit  # ends the thread without a reply or an acknowledgement
            if state.join_error:
                emit("error", {"message": state.join_error})
            elif not state.project_exists(project_id):
                emit("error", {"message": f"Project {project_id} not found"})
            elif project_id not in state.members:
                emit("error", {"message": "Access denied - you are not a member of this project"})
            else:
                room = f"project_{project_id}"
                join_room(room)
                emit("joined_project", {"project_id": project_id, "room": room})
        except Exception:
            emit("error", {"message": "Server error occurred"})

    @socketio.on("leave_project")
    def leave_project(data: Any) -> None:
        try:
            project_id = requested_project(data)
            if project_id is not None:
                leave_room(f"project_{project_id}")
                emit("left_project", {"project_id": project_id})
        except Exception:
            emit("error", {"message": "Server error occurred"})


def admin_calls(
    app: Flask, socketio: SocketIO, server: TrackingServer, state: ServerState, moderation: Moderation
) -> dict[str, AdminCall]:
    """Returns the calls of the admin interface."""
    sio: Any = socketio.server  # pyright: ignore[reportAttributeAccessIssue]

    def rooms() -> dict[Any, Any]:
        return sio.manager.rooms.get("/", {})

    def emit_event(body: Json) -> Json:
        project_id = body.get("project_id")
        sio.emit(body["event"], event_arguments(body), to=f"project_{project_id}" if project_id else None)
        return {}

    def moderate(body: Json) -> Json:
        project_id = body.get("project_id", state.identity.project_id)
        content, update = moderation.moderate(project_id, body)
        socketio.emit("moderation_update", update, to=f"project_{project_id}")
        return {"content_id": content["id"], "status": content["status"], "update": update}

    def cut(body: Json) -> Json:
        return {"cut": server.cut(reset=body.get("how") == "rst")}

    def disconnect_clients(_: Json) -> Json:
        sids = list(rooms().get(None, {}))
        for sid in sids:
            sio.disconnect(sid)
        return {"disconnected": len(sids)}

    def stats(_: Json) -> Json:
        sizes = {room: len(sids) for room, sids in list(rooms().items())}
        counted = state.snapshot(sizes, len(rooms().get(None, {})))
        return {**counted, "flagged_listings_total": moderation.flagged_listings_total}

    def expire_sessions(_: Json) -> Json:
        app.secret_key = secrets.token_hex(32)
        return {}

    def restart_engine(_: Json) -> Json:
        ended = server.cut(reset=False)
        for engine_socket in list(sio.eio.sockets.values()):
            engine_socket.close(wait=False, abort=True)
        return {"cut": ended}

    return {
        **state.admin_calls(),
        "/emit": emit_event,
        "/moderate": moderate,
        "/cut": cut,
        "/disconnect_clients": disconnect_clients,
        "/stats": stats,
        "/expire_sessions": expire_sessions,
        "/restart_engine": restart_engine,
    }


def main() -> None:
    parser = argument_parser("A deployed AutoModerate server (Flask-SocketIO).")
    parser.add_argument(
        "--rate-limit", type=int, default=10, help="connection attempts per window and address; 0: no limit"
    )
    parser.add_argument("--rate-window", type=float, default=60.0, help="seconds (default 60)")
    flags = parser.parse_args()
    log = create_logger(flags.verbose)

    identity = Identity.create(flags.seed, flags.projects)
    state = ServerState(identity)
    moderation = Moderation("deployed")
    app = create_app(identity)
    socketio = SocketIO(
        app,
        async_mode="threading",
        ping_interval=flags.ping_interval / 1000,
        ping_timeout=(120_000 if flags.ping_timeout is None else flags.ping_timeout) / 1000,
        max_http_buffer_size=flags.max_payload,
        logger=log,
        engineio_logger=log,
    )
    add_api(app, socketio, identity, moderation)
    add_socket_handlers(socketio, state, AttemptLimiter(flags.rate_limit, flags.rate_window))

    # A catch-all handler would acknowledge events that deployed servers ignore, so this wrapper counts packets instead.
    sio: Any = socketio.server  # pyright: ignore[reportAttributeAccessIssue]
    handle_event = sio._handle_event

    def count_and_handle(eio_sid: str, namespace: str, ack_id: int | None, data: Any) -> Any:
        state.count_event(data)
        return handle_event(eio_sid, namespace, ack_id, data)

    sio._handle_event = count_and_handle

    class Handler(WSGIRequestHandler):
        def log(self, type: str, message: str, *args: Any) -> None:
            if flags.verbose:
                super().log(type, message, *args)

    server = TrackingServer(flags.port, app, Handler)
    admin_url = start_admin(admin_calls(app, socketio, server, state, moderation))
    exit_with_the_test(watch_stdin=not flags.no_stdin)
    print_ready_line(identity, server.port, admin_url)
    server.serve_forever()


if __name__ == "__main__":
    main()
