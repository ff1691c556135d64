"""Compares this package with python-socketio in events per second and CPU time per event.

All readers access the same five fields. A sender in a separate process sends events as fast as TCP accepts them. The
readers are measured in turn, each in a new process, whose CPU time is therefore that of the reader alone. The results
are medians and ranges over all rounds.

Finally, the benchmark measures the memory used by 100,000 events and by 1,000 clients. `cargo xtask bench python` runs
the benchmark. To run the benchmark by hand:

python bench.py [--rounds N]
"""

from __future__ import annotations

import asyncio
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent


class Meter:
    """Meter for wall-clock time and CPU time, from `start` to `stop`."""

    def __init__(self, events: int) -> None:
        self.events, self.seen = events, 0
        self.wall = self.cpu = 0.0

    def start(self) -> None:
        self.wall, self.cpu = time.perf_counter(), time.process_time()

    def stop(self) -> None:
        wall, cpu = time.perf_counter() - self.wall, time.process_time() - self.cpu
        print(json.dumps({"rate": self.events / wall, "cpu": cpu / self.events * 1e6}))


def access_fields(event: Any) -> tuple[Any, ...]:
    return event.content_id, event.status, event.content_preview, event.moderator_name, event.processing_time


def access_dict_fields(event: dict[str, Any]) -> tuple[Any, ...]:
    return (
        event["content_id"],
        event["status"],
        event["content_preview"],
        event["moderator_name"],
        event["processing_time"],
    )


OPTIONS: dict[str, Any] = {"transports": "websocket", "event_buffer": 1_000_000, "api_key": "k"}


async def automoderate_async(url: str, events: int) -> None:
    from automoderate import AsyncClient, ModerationUpdate

    async with AsyncClient(url, **OPTIONS) as client:
        meter, seen = Meter(events), 0
        meter.start()
        project = await client.join(str(events))
        async for event in project.events(ModerationUpdate):
            access_fields(event)
            seen += 1
            if seen == events:
                break
        meter.stop()


async def automoderate_batches(url: str, events: int) -> None:
    from automoderate import AsyncClient, ModerationUpdate

    async with AsyncClient(url, **OPTIONS) as client:
        meter, seen = Meter(events), 0
        meter.start()
        stream = (await client.join(str(events))).events(ModerationUpdate)
        while seen < events:
            batch = await stream.next_batch(1024)
            for event in batch:
                access_fields(event)
            seen += len(batch)
        meter.stop()


async def automoderate_handler(url: str, events: int) -> None:
    from automoderate import AsyncClient, ModerationUpdate

    client = AsyncClient(url, **OPTIONS)
    meter = Meter(events)
    done = asyncio.Event()

    @client.on(ModerationUpdate)
    def on_update(event: ModerationUpdate) -> None:
        access_fields(event)
        meter.seen += 1
        if meter.seen == events:
            done.set()

    async with client:
        running = asyncio.create_task(client.run())
        meter.start()
        await client.join(str(events))
        await done.wait()
        meter.stop()
        running.cancel()


def automoderate_blocking(url: str, events: int) -> None:
    from automoderate import Client, ModerationUpdate

    with Client(url, **OPTIONS) as client:
        meter, seen = Meter(events), 0
        meter.start()
        for event in client.join(str(events)).events(ModerationUpdate):
            access_fields(event)
            seen += 1
            if seen == events:
                break
        meter.stop()


def automoderate_blocking_handler(url: str, events: int) -> None:
    from automoderate import Client, ModerationUpdate

    client = Client(url, **OPTIONS)
    meter = Meter(events)

    @client.on(ModerationUpdate)
    def on_update(event: ModerationUpdate) -> None:
        access_fields(event)
        meter.seen += 1
        if meter.seen == events:
            meter.stop()
            client.close()

    with client:
        meter.start()
        client.join(str(events))
        client.run()


async def socketio_async(url: str, events: int) -> None:
    import socketio

    client = socketio.AsyncClient(handle_sigint=False)
    meter = Meter(events)
    done = asyncio.Event()

    @client.on("moderation_update")
    async def on_update(data: dict[str, Any]) -> None:
        access_dict_fields(data)
        meter.seen += 1
        if meter.seen == events:
            done.set()

    await client.connect(url, transports=["websocket"])
    meter.start()
    await client.emit("join_project", {"project_id": str(events)})
    await done.wait()
    meter.stop()
    await client.disconnect()


def socketio_blocking(url: str, events: int) -> None:
    import threading

    import socketio

    client = socketio.Client(handle_sigint=False)
    meter = Meter(events)
    done = threading.Event()
    lock = threading.Lock()

    @client.on("moderation_update")
    def on_update(data: dict[str, Any]) -> None:
        access_dict_fields(data)
        with lock:  # python-socketio handles each event in a new thread
            meter.seen += 1
            if meter.seen == events:
                done.set()

    client.connect(url, transports=["websocket"])
    meter.start()
    client.emit("join_project", {"project_id": str(events)})
    done.wait()
    meter.stop()
    client.disconnect()


ASYNC, UVLOOP, BLOCKING = "asyncio", "uvloop", "blocking"
# Readers, each with its name, its number of events, its event loop (or `BLOCKING`), and its function.
READERS: list[tuple[str, int, str, Callable[..., Any]]] = [
    ("`AsyncClient`, `async for`", 200_000, ASYNC, automoderate_async),
    ("`AsyncClient`, `async for`, uvloop", 200_000, UVLOOP, automoderate_async),
    ("`AsyncClient`, `next_batch`", 200_000, ASYNC, automoderate_batches),
    ("`AsyncClient`, `on` and `run`", 200_000, ASYNC, automoderate_handler),
    ("`AsyncClient`, `on` and `run`, uvloop", 200_000, UVLOOP, automoderate_handler),
    ("`Client`, `for`", 200_000, BLOCKING, automoderate_blocking),
    ("`Client`, `on` and `run`", 200_000, BLOCKING, automoderate_blocking_handler),
    ("python-socketio `AsyncClient`", 40_000, ASYNC, socketio_async),
    ("python-socketio `AsyncClient`, uvloop", 40_000, UVLOOP, socketio_async),
    ("python-socketio `Client`", 10_000, BLOCKING, socketio_blocking),
]


def run_reader(name: str, port: str) -> None:
    _, events, loop_kind, reader = next(row for row in READERS if row[0] == name)
    url = f"http://127.0.0.1:{port}"
    if loop_kind == BLOCKING:
        reader(url, events)
    elif loop_kind == UVLOOP:
        import uvloop

        uvloop.run(reader(url, events))
    else:
        asyncio.run(reader(url, events))


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


async def memory_of_events(url: str) -> None:
    from automoderate import AsyncClient, ModerationUpdate

    async with AsyncClient(url, **OPTIONS) as client:
        before, held = resident_bytes(), []
        async for event in (await client.join("100000")).events(ModerationUpdate):
            held.append(event)
            if len(held) == 100_000:
                break
        print(f"100,000 events held: {(resident_bytes() - before) / 1e5 / 1e3:.2f} KB each")


async def memory_of_clients(url: str) -> None:
    from automoderate import AsyncClient

    clients = [AsyncClient(url, transports="websocket", api_key="k") for _ in range(1100)]
    for client in clients[:100]:  # warm up, so that one-time allocations are not measured
        await client.connect()
    before = resident_bytes()
    for client in clients[100:]:
        await client.connect()
    print(f"1,000 clients in one process: {(resident_bytes() - before) / 1e3 / 1e3:.1f} KB each")
    await asyncio.gather(*(client.close() for client in clients))


# Each of these benchmarks runs in a new process; otherwise, it would reuse memory freed by an earlier one and measure
# too little.
MEMORY_BENCHMARKS = {"--events": memory_of_events, "--clients": memory_of_clients}


def main() -> None:
    if "--reader" in sys.argv:
        return run_reader(*sys.argv[sys.argv.index("--reader") + 1 :][:2])
    for what, measure in MEMORY_BENCHMARKS.items():
        if what in sys.argv:
            return asyncio.run(measure(f"http://127.0.0.1:{sys.argv[-1]}"))
    rounds = int(sys.argv[sys.argv.index("--rounds") + 1]) if "--rounds" in sys.argv else 5
    with subprocess.Popen([sys.executable, HERE / "event_server.py"], stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            port = server.stdout.readline().strip()
            print_table(port, rounds)
            for what in MEMORY_BENCHMARKS:
                subprocess.run([sys.executable, __file__, what, port], check=True)
        finally:
            server.kill()
    return None


def print_table(port: str, rounds: int) -> None:
    results: dict[str, list[dict[str, float]]] = {name: [] for name, *_ in READERS}
    for _ in range(rounds):
        for name, found in results.items():
            command = [sys.executable, __file__, "--reader", name, port]
            found.append(json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout))
    versions = f"CPython {platform.python_version()}, python-socketio {version('python-socketio')}"
    print(f"{versions}, uvloop {version('uvloop')}. {rounds} rounds, interleaved: median [range].\n")
    print("| reader | events/s | of python-socketio | CPU µs per event | of python-socketio |\n|---|--:|--:|--:|--:|")

    def median(name: str, what: str) -> float:
        return statistics.median(one[what] for one in results[name])

    for name, _, loop_kind, reader in READERS:
        rates, cpus = ([one[what] for one in results[name]] for what in ("rate", "cpu"))
        [peer] = [row[0] for row in READERS if row[2] == loop_kind and row[3] in (socketio_async, socketio_blocking)]
        faster = f"{median(name, 'rate') / median(peer, 'rate'):.1f} x"
        cheaper = f"1/{median(peer, 'cpu') / median(name, 'cpu'):.1f}"
        if reader in (socketio_async, socketio_blocking):
            faster = cheaper = "-"
        rate = f"{statistics.median(rates) / 1e3:.0f}k [{min(rates) / 1e3:.0f}-{max(rates) / 1e3:.0f}]"
        cpu = f"{statistics.median(cpus):.2f} [{min(cpus):.2f}-{max(cpus):.2f}]"
        print(f"| {name} | {rate} | {faster} | {cpu} | {cheaper} |")
        if results_file := os.environ.get("BENCH_RESULTS"):  # for the table printed by `make bench`
            row = {"part": "Python", "name": name, "of": peer}
            figures = {"per_second": median(name, "rate"), "cpu_micros": median(name, "cpu")}
            with Path(results_file).open("a") as file:
                print(json.dumps(row | figures), file=file)


if __name__ == "__main__":
    main()
