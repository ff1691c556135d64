"""Live views of projects, for asyncio and for the blocking client."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING, Any, cast

from . import _native
from ._bridge import running_bridge
from ._events import Event
from ._models import LiveState
from ._rest import to_live_state

if TYPE_CHECKING:
    from typing_extensions import Self


class BaseLiveView:
    """Base class of live views."""

    __slots__ = ("_native",)

    def __init__(self, native: _native.LiveView) -> None:
        self._native = native

    @property
    def state(self) -> LiveState:
        """Current state. Each access creates a new object."""
        return to_live_state(self._native.state())

    def close(self) -> None:
        """End the view, also for a reader that is waiting."""
        self._native.close()


class AsyncLiveView(BaseLiveView, AsyncIterator[Event]):
    """View of a project's counters, rules and review queue that follows the project's events.

    `async for event in view` yields each event of the project once the `state` includes it. The state may already
    include later events, because the view fetches a new snapshot after an event that does not contain enough data, such
    as a `Gap`. If the snapshot can't be fetched, the loop raises the error; the next loop continues where it stopped,
    and the state is outdated until the view has fetched a snapshot. A view has one reader. Cancelling a wait loses no
    event. To resume later, store the state's `cursor` and not that of the project, which may be further ahead.
    """

    __slots__ = ("_pending_next",)

    def __init__(self, native: _native.LiveView) -> None:
        super().__init__(native)
        self._pending_next: asyncio.Future[Any] | None = None

    async def __anext__(self) -> Event:
        # If this call is cancelled, the wait continues, and the next call returns the event.
        if self._pending_next is None:
            self._pending_next = running_bridge().start(self._native.next)
        pending = self._pending_next
        try:
            event = await asyncio.shield(pending)
        finally:
            if pending.done() and self._pending_next is pending:
                self._pending_next = None
        if event is None:
            raise StopAsyncIteration
        return cast("Event", event)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()


class LiveView(BaseLiveView, Iterator[Event]):
    """View of a project's counters, rules and review queue that follows the project's events.

    `for event in view` yields each event of the project once the `state` includes it. The state may already include
    later events, because the view fetches a new snapshot after an event that does not contain enough data, such as a
    `Gap`. If the snapshot can't be fetched, the loop raises the error; the next loop continues where it stopped, and
    the state is outdated until the view has fetched a snapshot. A view has one reader. To resume later, store the
    state's `cursor` and not that of the project, which may be further ahead.
    """

    __slots__ = ()

    def __next__(self) -> Event:
        event = self._native.next(None)
        if event is None:
            raise StopIteration
        return cast("Event", event)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
