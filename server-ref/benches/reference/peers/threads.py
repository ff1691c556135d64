"""Flask-SocketIO in threading mode, with simple-websocket, which is a common deployment."""

from __future__ import annotations

import json
import logging
import sys
import threading
import time

from common import LONG_PING, ROOM, paced_payloads, print_ready, print_usage
from flask import Flask
from flask_socketio import SocketIO, emit, join_room
from werkzeug.serving import make_server

logging.getLogger("werkzeug").setLevel(logging.ERROR)
app = Flask(__name__)
socketio = SocketIO(app, async_mode="threading", ping_interval=LONG_PING, ping_timeout=LONG_PING)


@socketio.on("connect")
def connect() -> None:
    emit("connected", {"message": "Connected to AutoModerate"})


@socketio.on("join_project")
def join_project(data: dict[str, str]) -> None:
    join_room(f"project_{data['project_id']}")
    emit("joined_project", {"project_id": data["project_id"]})


server = make_server("127.0.0.1", 0, app, threaded=True)
threading.Thread(target=server.serve_forever, daemon=True).start()
print_ready(server.server_port)
for line in sys.stdin:
    for payload, pause in paced_payloads(json.loads(line)):
        if pause:
            time.sleep(pause)
        socketio.emit("moderation_update", payload, to=ROOM)
    print_usage()
