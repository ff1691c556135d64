"""Between the SDK's threads and event loops."""

from __future__ import annotations

import asyncio
import itertools
import selectors
import threading
from collections.abc import Callable, Iterator
from typing import Any
from weakref import WeakKeyDictionary, ref

from . import _native


class Port:
    """One event loop's connection to the SDK: one wake-up returns everything that is done.

    Calls have odd numbers, and waits for streams have the streams' even keys. A wait returns only the news that events
    are ready, so a cancelled wait loses nothing.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.native = _native.Port()
        self._numbers = itertools.count(1, 2)
        self._futures: dict[int, list[asyncio.Future[Any]]] = {}
        try:
            loop.add_reader(self.native.fileno(), self._wake)
        except NotImplementedError:
            # Windows' default loop watches no foreign sockets.
            threading.Thread(target=_listen, args=(self.native, ref(loop), ref(self)), daemon=True).start()

    def begin(self, method: Callable[..., object], *arguments: object) -> asyncio.Future[Any]:
        """Begin a call of the native module."""
        number = next(self._numbers)
        future = asyncio.get_running_loop().create_future()
        self._futures[number] = [future]
        try:
            method((self.native, number), *arguments)
        except BaseException:
            del self._futures[number]
            raise
        # Nobody waits for the result once the future is cancelled.
        future.add_done_callback(lambda _: self._futures.pop(number, None))
        return future

    async def call(self, method: Callable[..., object], *arguments: object) -> Any:
        """Await a call of the native module."""
        return await self.begin(method, *arguments)

    async def wait(self, stream: _native.Stream) -> None:
        """Wait until events are ready, or the end, or nothing: check again."""
        future = asyncio.get_running_loop().create_future()
        futures = self._futures.setdefault(stream.key, [])
        futures.append(future)
        try:
            stream.watch(self.native)
            await future
        except BaseException:
            if future in futures:
                futures.remove(future)
            raise

    def _wake(self) -> None:
        for number, well, outcome in self.native.drain():
            for future in self._futures.pop(number, ()):
                if future.done():
                    continue
                if well:
                    future.set_result(outcome)
                else:
                    future.set_exception(outcome)


def _listen(
    native: _native.Port, loop: ref[asyncio.AbstractEventLoop], port: ref[Port]
) -> None:  # pragma: no cover - Windows only
    while native.wait():
        here, there = port(), loop()
        if here is None or there is None or there.is_closed():
            return
        there.call_soon_threadsafe(here._wake)  # pyright: ignore[reportPrivateUsage]
        del here, there


def heard(native: _native.Port) -> Iterator[tuple[int, bool, Any]]:
    """Everything that arrives at a port, awaited on this thread, in Python, so that the interpreter may end at any
    time.
    """
    with selectors.DefaultSelector() as selector:
        selector.register(native, selectors.EVENT_READ)
        while True:
            selector.select()
            yield from native.drain()


_ports: WeakKeyDictionary[asyncio.AbstractEventLoop, Port] = WeakKeyDictionary()


def port() -> Port:
    """The port of the running event loop."""
    loop = asyncio.get_running_loop()
    found = _ports.get(loop)
    if found is None:
        found = _ports[loop] = Port(loop)
    return found
