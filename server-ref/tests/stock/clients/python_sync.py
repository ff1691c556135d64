"""A client on python-socketio's Client: it reads commands as lines of JSON from stdin and writes events to stdout."""

import json
import os
import sys
import threading

import socketio

lock = threading.Lock()


def report(event, *args):
    with lock:
        print(json.dumps({"event": event, "args": args}), flush=True)


sio = socketio.Client()
sio.on("connect", lambda: report("connect"))
sio.on("connect_error", lambda data=None: report("connect_error", error_message(data)))
sio.on("disconnect", lambda reason: report("disconnect", reason))
sio.on("*", report)


def error_message(data):
    return data.get("message") if isinstance(data, dict) else str(data)


def connect(url, transports, query, headers, delay=1, **_):
    sio.reconnection_delay = delay
    query = "&".join(f"{name}={value}" for name, value in query.items())
    try:
        sio.connect(f"{url}?{query}", headers=headers, transports=transports, wait_timeout=20)
    except socketio.exceptions.ConnectionError:
        pass  # the handler has reported it


def emit(event, args, ack=False, **_):
    callback = (lambda *answer: report("ack", *answer)) if ack else None
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
