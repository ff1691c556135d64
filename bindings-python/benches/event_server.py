"""Benchmark server: performs the handshake, then sends frames as fast as TCP accepts them.

Prints its port. A client that joins project N receives N documented `moderation_update` events, each in its own frame.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import re

UPDATE = {
    "content_id": "content_550e8400-e29b-41d4-a716-446655440000",
    "project_id": "proj_abc123",
    "status": "approved",
    "content_type": "text",
    "content_preview": "This is a sample content that was moderated and is long enough to be cut…",
    "meta_data": {"user_id": "user_123", "source": "web_app", "tags": ["a", "b"]},
    "results_count": 2,
    "processing_time": 1.234,
    "moderator_type": "rule",
    "moderator_name": "Keyword Rule",
    "rule_name": "Spam Detection",
    "timestamp": "2024-01-15T10:30:00Z",
}


def encode_frame(text: str) -> bytes:
    payload = text.encode()
    if len(payload) < 126:
        return bytes([0x81, len(payload)]) + payload
    return b"\x81\x7e" + len(payload).to_bytes(2, "big") + payload


async def read_frame(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    head = await reader.readexactly(2)
    length = head[1] & 0x7F
    if length == 126:
        length = int.from_bytes(await reader.readexactly(2), "big")
    mask = await reader.readexactly(4)
    payload = await reader.readexactly(length)
    return head[0] & 0x0F, bytes(byte ^ mask[at % 4] for at, byte in enumerate(payload))


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        request = await reader.readuntil(b"\r\n\r\n")
        key = re.search(rb"(?i)sec-websocket-key: (\S+)", request)
        assert key is not None, "WebSocket only"
        accept = base64.b64encode(hashlib.sha1(key[1] + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
        writer.write(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
        )
        hello = {"sid": "s", "upgrades": [], "pingInterval": 25000, "pingTimeout": 20000, "maxPayload": 1000000}
        writer.write(encode_frame("0" + json.dumps(hello)))
        while True:
            opcode, payload = await read_frame(reader)
            if opcode == 8:
                break
            text = payload.decode(errors="replace")
            if text.startswith("40"):
                writer.write(encode_frame('40{"sid":"n"}') + encode_frame('42["connected",{"status":"connected"}]'))
            elif '"join_project"' in text:
                project = json.loads(text[text.index("[") :])[1]["project_id"]
                writer.write(encode_frame('42["joined_project",{"project_id":"' + project + '"}]'))
                update = ["moderation_update", {**UPDATE, "project_id": project}]
                one = encode_frame("42" + json.dumps(update, separators=(",", ":"), ensure_ascii=False))
                left = int(project)
                while left > 0:
                    writer.write(one * min(left, 1000))
                    left -= 1000
                    await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


async def main() -> None:
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
