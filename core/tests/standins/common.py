"""The parts that the Python stand-ins share: flags, identities, counters, the admin interface, and shutdown."""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import logging
import os
import secrets
import signal
import sys
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Json = dict[str, Any]
AdminCall = Callable[[Json], Json]


def argument_parser(description: str) -> argparse.ArgumentParser:
    """Returns a parser with the flags that all stand-ins share."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--port", type=int, default=0, help="loopback port; 0 lets the system choose (default)")
    parser.add_argument(
        "--seed", help="derive ids, key, and secrets from this text, so that a restarted server keeps them"
    )
    parser.add_argument("--projects", type=int, default=1, help="number of projects of the user (default 1)")
    parser.add_argument("--ping-interval", type=int, default=25_000, help="milliseconds (default 25000)")
    parser.add_argument("--ping-timeout", type=int, help="milliseconds (default: see README)")
    parser.add_argument("--max-payload", type=int, default=1_000_000, help="bytes (default 1000000)")
    parser.add_argument("--no-stdin", action="store_true", help="do not stop when stdin closes")
    parser.add_argument("--verbose", action="store_true", help="log to stderr")
    return parser


@dataclass
class Identity:
    """The server's projects, user, and secrets."""

    project_ids: list[str]
    other_project_id: str
    api_key: str
    secret_key: str
    email: str = "admin@example.com"
    password: str = "Admin-Pass-123"

    @classmethod
    def create(cls, seed: str | None, projects: int) -> Identity:
        root = seed if seed is not None else secrets.token_hex(16)

        def derive(name: str) -> bytes:
            return hashlib.sha256(f"{root}/{name}".encode()).digest()

        def project(name: str) -> str:
            return str(uuid.UUID(bytes=derive(name)[:16], version=4))

        key = base64.urlsafe_b64encode(derive("api_key")).rstrip(b"=").decode()
        return cls(
            project_ids=[project(f"project {n}") for n in range(max(projects, 1))],
            other_project_id=project("other project"),
            api_key=f"am_{key}",
            secret_key=derive("secret").hex(),
        )

    @property
    def project_id(self) -> str:
        """The project that the API key belongs to."""
        return self.project_ids[0]


@dataclass
class ServerState:
    """State that tests read and change while a server runs."""

    identity: Identity
    members: set[str] = field(init=False)
    is_refusing: bool = False
    join_error: str | None = None
    is_join_silent: bool = False
    join_delay: float | None = None
    connections_total: int = 0
    attempt_times: list[float] = field(default_factory=list)
    events_received: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.members = set(self.identity.project_ids)

    def project_exists(self, project_id: str) -> bool:
        return project_id in self.identity.project_ids or project_id == self.identity.other_project_id

    def count_attempt(self) -> None:
        self.attempt_times.append(time.time())

    def count_event(self, packet: Any) -> None:
        """Counts an EVENT packet, even if no handler exists for the event."""
        if isinstance(packet, list) and packet:
            self.events_received[str(packet[0])] += 1

    def snapshot(self, rooms: Json, connected: int) -> Json:
        """Returns the answer to the admin call `/stats`."""
        prefix = "project_"
        return {
            "connections_total": self.connections_total,
            "attempts_total": len(self.attempt_times),
            "attempt_times": self.attempt_times,
            "connected": connected,
            "events_received": dict(self.events_received),
            "joined": {str(room)[len(prefix) :]: n for room, n in rooms.items() if str(room).startswith(prefix)},
        }

    def admin_calls(self) -> dict[str, AdminCall]:
        """Returns the admin calls that change only this state."""

        def refuse(body: Json) -> Json:
            self.is_refusing = bool(body.get("on", True))
            return {"refusing": self.is_refusing}

        def set_join_behavior(body: Json) -> Json:
            self.join_error = body.get("error")
            self.is_join_silent = bool(body.get("silent", False))
            self.join_delay = body["delay_ms"] / 1000 if "delay_ms" in body else None
            return {}

        def set_membership(body: Json) -> Json:
            project_id = body.get("project_id", self.identity.project_id)
            (self.members.add if body.get("member", True) else self.members.discard)(project_id)
            return {"members": sorted(self.members)}

        return {"/refuse": refuse, "/joins": set_join_behavior, "/access": set_membership}


def event_arguments(body: Json) -> tuple[Any, ...]:
    """Returns the arguments that `/emit` sends: all of `args`, only `data`, or none."""
    if "args" in body:
        return tuple(body["args"])
    return (body["data"],) if "data" in body else ()


def start_admin(calls: dict[str, AdminCall]) -> str:
    """Serves the admin calls on a free loopback port and returns its base URL."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            call = calls.get(self.path)
            if call is None:
                self.answer(404, {"error": f"no such call: {self.path}", "calls": sorted(calls)})
                return
            try:
                self.answer(200, {"ok": True, **call(json.loads(raw) if raw.strip() else {})})
            except Exception as error:  # the test needs to see the error
                self.answer(500, {"ok": False, "error": f"{type(error).__name__}: {error}"})

        do_GET = do_POST

        def answer(self, status: int, body: Json) -> None:
            data = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_address[1]}"


def exit_with_the_test(watch_stdin: bool) -> None:
    """Ends the process on SIGTERM or SIGINT and, if `watch_stdin` is set, when stdin closes.

    A test that crashes therefore leaves no server running. The process exits without closing its connections, so peers
    see no CLOSE frame, as when a server is killed.
    """
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: os._exit(0))
    if watch_stdin:

        def wait() -> None:
            try:
                while os.read(0, 4096):
                    pass
            except OSError:
                pass
            os._exit(0)

        threading.Thread(target=wait, daemon=True).start()


def create_logger(verbose: bool) -> logging.Logger:
    """Returns a logger to stderr; unless `verbose` is set, it hides the errors that tests provoke."""
    logging.basicConfig(level=logging.INFO if verbose else logging.CRITICAL)
    log = logging.getLogger("standin")
    if not verbose:
        for quiet in (log, logging.getLogger("werkzeug")):
            quiet.setLevel(logging.CRITICAL)
        threading.excepthook = lambda _: None
    return log


def print_ready_line(identity: Identity, port: int, admin_url: str) -> None:
    """Prints one line of JSON that tells the test how to reach the server."""
    line = {
        "base_url": f"http://127.0.0.1:{port}",
        "project_id": identity.project_id,
        "project_ids": identity.project_ids,
        "other_project_id": identity.other_project_id,
        "api_key": identity.api_key,
        "email": identity.email,
        "password": identity.password,
        "admin_url": admin_url,
    }
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()
