"""Flask-SocketIO in threading mode, with simple-websocket, as deployed servers run it."""

from __future__ import annotations

import json
import logging
import sys
import threading
import time

from common import PING, ROOM, pauses, ready, used
from flask import Flask
from flask_socketio import SocketIO, emit, join_room
from werkzeug.serving import make_server

logging.getLogger("werkzeug").setLevel(logging.ERROR)
app = Flask(__name__)
socketio = SocketIO(app, async_mode="threading", ping_interval=PING, ping_timeout=PING)


@socketio.on("connect")
def connect() -> None:
    emit("connected", {"message": "Connected to AutoModerate"})


@socketio.on("join_project")
def join_project(data: dict[str, str]) -> None:
    join_room(f"project_{data['project_id']}")
    emit("joined_project", {"project_id": data["project_id"]})


server = make_server("127.0.0.1", 0, app, threaded=True)
threading.Thread(target=server.serve_forever, daemon=True).start()
ready(server.server_port)
for line in sys.stdin:
    for payload, pause in pauses(json.loads(line)):
        if pause:
            time.sleep(pause)
        socketio.emit("moderation_update", payload, to=ROOM)
    used()
