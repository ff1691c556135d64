"""Projects, streams and states for asyncio."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any, overload

from . import _native
from ._bridge import running_bridge
from ._events import Event
from ._live_view import AsyncLiveView
from ._models import Snapshot, State
from ._options import check_count, kind_name
from ._rest import to_snapshot
from ._shared import BaseProject, BaseStream, E


class AsyncEventStream(BaseStream[E], AsyncIterator[E]):
    """Stream of events, each yielded once and in order: `async for event in stream`.

    The stream continues after a lost connection. It ends without an error when you close it or the client; a project's
    stream also ends when you leave the project. If an error ends the stream, the loop raises that error. No event is
    lost if you break out of a loop or cancel it, and continue with the same stream. Several tasks may share a stream;
    each event is delivered to one task.
    """

    __slots__ = ()

    def __aiter__(self) -> AsyncIterator[E]:  # noqa: PYI034 - a generator is faster than `__anext__`
        return self._iterate()

    async def _iterate(self) -> AsyncGenerator[E, None]:
        native: Any = self._native
        while True:
            for event in native:
                yield event
            if native.take_pause_flag():
                await asyncio.sleep(0)
            elif not await self._wait_readable():
                return

    async def __anext__(self) -> E:
        native: Any = self._native
        while True:
            for event in native:
                return event  # type: ignore[no-any-return]
            if native.take_pause_flag():
                await asyncio.sleep(0)
            elif not await self._wait_readable():
                raise StopAsyncIteration

    async def next_batch(self, max: int = 1024) -> list[E]:
        """Wait for an event, and return all events that are ready, up to `max`. Return an empty list at the end.

        Raises:
            AutoModerateError: The stream ended with this error. Raised once.

        """
        max = check_count("max", max)
        native: Any = self._native
        while True:
            batch: list[E] = native.take(max)
            if batch:
                return batch
            if not await self._wait_readable():
                return []

    async def _wait_readable(self) -> bool:
        if self._native.has_ended():
            return False
        await running_bridge().wait_readable(self._native)
        return True


class AsyncProject(BaseProject):
    """Joined project. It stays joined across interruptions, until you leave it or the client is closed, or the server
    withdraws access or permanently refuses a rejoin.
    """

    __slots__ = ()

    @overload
    def events(self) -> AsyncEventStream[Event]: ...
    @overload
    def events(self, kind: type[E]) -> AsyncEventStream[E]: ...
    @overload
    def events(self, kind: str | None) -> AsyncEventStream[Event]: ...
    def events(self, kind: Any = None) -> AsyncEventStream[Any]:
        """Return a stream of the project's events, or of one kind of event, given as a class or a name.

        The project's first stream starts at the join, or after the cursor passed to `join`. Later streams start when
        they are created. The stream also yields system notifications, server errors and malformed events that name no
        project.
        """
        return AsyncEventStream(self._native.events(kind_name(kind)))

    async def snapshot(self) -> Snapshot:
        """Fetch the project's statistics, rules and review queue, all as of the same position in its event log.

        To receive the later events, leave the project and call `join(…, after=snapshot.cursor)`, or use another client.

        Raises:
            ApiError: The server responded with an error. The `status` is 404 on servers without snapshots.

        """
        return to_snapshot(await running_bridge().call(self._native.snapshot))

    async def live_view(self) -> AsyncLiveView:
        """Open a view of the project's counters, rules and review queue that follows the project's events.

        Raises:
            ApiError: The server responded with an error. The `status` is 404 on servers without snapshots.

        """
        return AsyncLiveView(await running_bridge().call(self._native.live_view))

    async def leave(self) -> None:
        """Leave the project. Its streams yield their buffered events and then end."""
        await running_bridge().call(self._native.leave)


class AsyncStates(AsyncIterator[State]):
    """Current state of a client and later states, for one reader. Cancelling a wait loses no state. A reader that lags
    by more than 64 changes misses the oldest ones.
    """

    __slots__ = ("_pending_next", "_states")

    def __init__(self, states: _native.States) -> None:
        self._states = states
        self._pending_next: asyncio.Future[Any] | None = None

    async def __anext__(self) -> State:
        # If this call is cancelled, the fetch continues, and the next call returns the fetched state.
        if self._pending_next is None:
            self._pending_next = running_bridge().start(self._states.next)
        state = await asyncio.shield(self._pending_next)
        self._pending_next = None
        if state is None:
            raise StopAsyncIteration
        return State(*state)
