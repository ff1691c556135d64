"""Delivers results from the SDK's threads to event loops."""

from __future__ import annotations

import asyncio
import itertools
import selectors
import threading
from collections.abc import Callable, Iterator
from typing import Any
from weakref import WeakKeyDictionary, ref

from . import _native


class LoopBridge:
    """Connection between an event loop and the SDK. One wake-up of the event loop delivers all completed calls.

    Calls are identified by odd keys, and waits for a stream by the stream's key, which is even. A wait only reports
    that events are ready, so a cancelled wait loses no event.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.queue = _native.CompletionQueue()
        self._call_ids = itertools.count(1, 2)
        self._futures: dict[int, list[asyncio.Future[Any]]] = {}
        try:
            loop.add_reader(self.queue.fileno(), self._dispatch)
        except NotImplementedError:
            # The default event loop on Windows does not support `add_reader`.
            threading.Thread(target=_watch_from_thread, args=(self.queue, ref(loop), ref(self)), daemon=True).start()

    def start(self, method: Callable[..., object], *arguments: object) -> asyncio.Future[Any]:
        """Start a call to the native module, and return a future for its result."""
        key = next(self._call_ids)
        future = asyncio.get_running_loop().create_future()
        self._futures[key] = [future]
        try:
            method((self.queue, key), *arguments)
        except BaseException:
            del self._futures[key]
            raise
        # Forget the future of a cancelled call, whose result is not needed.
        future.add_done_callback(lambda _: self._futures.pop(key, None))
        return future

    async def call(self, method: Callable[..., object], *arguments: object) -> Any:
        """Start a call to the native module and await its result."""
        return await self.start(method, *arguments)

    async def wait_readable(self, stream: _native.Stream) -> None:
        """Wait until events are ready or the stream ends. May also return early, so check for events again."""
        future = asyncio.get_running_loop().create_future()
        futures = self._futures.setdefault(stream.key, [])
        futures.append(future)
        try:
            stream.notify_readable(self.queue)
            await future
        except BaseException:
            if future in futures:
                futures.remove(future)
            raise

    def _dispatch(self) -> None:
        for key, succeeded, outcome in self.queue.drain():
            for future in self._futures.pop(key, ()):
                if future.done():
                    continue
                if succeeded:
                    future.set_result(outcome)
                else:
                    future.set_exception(outcome)


def _watch_from_thread(
    queue: _native.CompletionQueue, loop_ref: ref[asyncio.AbstractEventLoop], bridge_ref: ref[LoopBridge]
) -> None:  # pragma: no cover - Windows only
    while queue.wait_for_wakeup():
        bridge, loop = bridge_ref(), loop_ref()
        if bridge is None or loop is None or loop.is_closed():
            return
        loop.call_soon_threadsafe(bridge._dispatch)  # pyright: ignore[reportPrivateUsage]
        del bridge, loop


def iterate_completions(queue: _native.CompletionQueue) -> Iterator[tuple[int, bool, Any]]:
    """Yield completed calls, waiting for them on this thread. The wait is in Python code, so that the interpreter may
    exit at any time.
    """
    with selectors.DefaultSelector() as selector:
        selector.register(queue, selectors.EVENT_READ)
        while True:
            selector.select()
            yield from queue.drain()


_bridges: WeakKeyDictionary[asyncio.AbstractEventLoop, LoopBridge] = WeakKeyDictionary()


def running_bridge() -> LoopBridge:
    """Return the bridge of the running event loop."""
    loop = asyncio.get_running_loop()
    found = _bridges.get(loop)
    if found is None:
        found = _bridges[loop] = LoopBridge(loop)
    return found
