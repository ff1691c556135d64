"""Sends the packets of these files to a client, over a hand-written WebSocket so that they arrive byte for byte.

Needs only Python 3. Prints one line of JSON with its `base_url`, and stops when stdin closes. A client connects by
WebSocket with any credentials and emits `play` with the name of a file, such as `"moderation_update"`. The server then
sends all packets of that file in order. It also confirms joins, and ends the connection on `cut`.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import os
import re
import sys
import threading
from pathlib import Path

HERE = Path(__file__).resolve().parent
OPEN_PACKET = {"sid": "golden", "upgrades": [], "pingInterval": 25000, "pingTimeout": 20000, "maxPayload": 1000000}


def text_frame(text: str) -> bytes:
    payload = text.encode()
    if len(payload) < 126:
        return bytes([0x81, len(payload)]) + payload
    return b"\x81\x7e" + len(payload).to_bytes(2, "big") + payload


async def read_frame(reader: asyncio.StreamReader) -> tuple[int, str]:
    """Returns the opcode and the text of a client's frame."""
    head = await reader.readexactly(2)
    length = head[1] & 0x7F
    if length == 126:
        length = int.from_bytes(await reader.readexactly(2), "big")
    mask = await reader.readexactly(4)
    payload = await reader.readexactly(length)
    return head[0] & 0x0F, bytes(byte ^ mask[at % 4] for at, byte in enumerate(payload)).decode()


async def upgrade(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    head = await reader.readuntil(b"\r\n\r\n")
    key = re.search(rb"(?i)sec-websocket-key: *(\S+)", head)
    if key is None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        raise ConnectionError("WebSocket only")
    accept = base64.b64encode(hashlib.sha1(key[1] + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
    answer = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    writer.write(answer + b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n")


def packets_in_answer(text: str) -> list[str]:
    """Returns the packets that answer a client's packet."""
    if text.startswith("40"):
        return ['42["connected",{"status":"connected"}]', '40{"sid":"golden"}']
    event = re.match(r"42(\d*)(\[.*)", text)
    if event is None:
        return []
    name, *arguments = json.loads(event[2])
    sent: list[str] = []
    if name == "play":
        sent += [case["packet"] for case in json.loads((HERE / f"{arguments[0]}.json").read_text("utf-8"))]
    elif name in ("join_project", "leave_project"):
        answer = "joined_project" if name == "join_project" else "left_project"
        sent.append("42" + json.dumps([answer, {"project_id": arguments[0]["project_id"]}]))
    elif name == "cut":
        raise ConnectionError("the client asked for a cut")
    if event[1]:
        sent.append(f"43{event[1]}[]")
    return sent


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        await upgrade(reader, writer)
        writer.write(text_frame("0" + json.dumps(OPEN_PACKET)))
        while True:
            opcode, text = await read_frame(reader)
            if opcode == 8:
                break
            for packet in packets_in_answer(text):
                writer.write(text_frame(packet))
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass  # the client has disconnected
    finally:
        writer.close()


def exit_when_stdin_closes() -> None:
    def wait() -> None:
        while os.read(0, 4096):
            pass
        os._exit(0)

    threading.Thread(target=wait, daemon=True).start()


async def main() -> None:
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    sys.stdout.write(json.dumps({"base_url": f"http://127.0.0.1:{port}"}) + "\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    exit_when_stdin_closes()
    asyncio.run(main())
