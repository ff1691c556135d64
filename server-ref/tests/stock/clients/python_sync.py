"""python-socketio's Client, controlled by lines of JSON on stdin; its events go to stdout."""

import json
import os
import sys
import threading

import socketio

lock = threading.Lock()


def say(event, *args):
    with lock:
        print(json.dumps({"event": event, "args": args}), flush=True)


sio = socketio.Client()
sio.on("connect", lambda: say("connect"))
sio.on("connect_error", lambda data=None: say("connect_error", message(data)))
sio.on("disconnect", lambda reason: say("disconnect", reason))
sio.on("*", say)


def message(data):
    return data.get("message") if isinstance(data, dict) else str(data)


def connect(url, transports, query, headers, delay=1, **_):
    sio.reconnection_delay = delay
    query = "&".join(f"{name}={value}" for name, value in query.items())
    try:
        sio.connect(f"{url}?{query}", headers=headers, transports=transports, wait_timeout=20)
    except socketio.exceptions.ConnectionError:
        pass  # the handler has told it


def emit(event, args, ack=False, **_):
    callback = (lambda *answer: say("ack", *answer)) if ack else None
    sio.emit(event, *args, callback=callback)


for line in sys.stdin:
    command = json.loads(line)
    match command["do"]:
        case "connect":
            connect(**command)
        case "emit":
            emit(**command)
        case "disconnect":
            sio.disconnect()
os._exit(0)
