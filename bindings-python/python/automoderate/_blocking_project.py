"""Projects, streams and states of the blocking client."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast, overload

from . import _native
from ._events import Event
from ._live_view import LiveView
from ._models import Snapshot, State
from ._options import check_count, check_seconds, kind_name
from ._rest import to_snapshot
from ._shared import BaseProject, BaseStream, E


class EventStream(BaseStream[E], Iterator[E]):
    """Stream of events, each yielded once and in order: `for event in stream`.

    Waiting releases the GIL and can be interrupted with Ctrl-C. The stream continues after a lost connection. It ends
    without an error when you leave the project or close the client; if it ends for any other reason, the loop raises
    the error. No event is lost if you break out of a loop and continue with the same stream. Several threads may share
    a stream; each event goes to one of them.
    """

    __slots__ = ()

    def __iter__(self) -> Iterator[E]:  # noqa: PYI034 - the native iterator is faster than `__next__`
        return cast("Iterator[E]", _native.BlockingIterator(self._native))

    def __next__(self) -> E:
        event = self._native.next_blocking()
        if event is None:
            raise StopIteration
        return cast("E", event)

    def next_batch(self, max: int = 1024, timeout: float | None = None) -> list[E]:
        """Wait for an event, and return all events that are ready, up to `max`. Return an empty list at the end.

        Raises:
            TimeoutError: No event arrived within `timeout` seconds.
            AutoModerateError: The stream ended with this error. Raised once.

        """
        timeout = None if timeout is None else check_seconds("timeout", timeout)
        return cast("list[E]", self._native.take_blocking(check_count("max", max), timeout))


class Project(BaseProject):
    """Joined project. It stays joined across interruptions, until you leave it or the client is closed, or the server
    withdraws access or permanently refuses a rejoin.
    """

    __slots__ = ()

    @overload
    def events(self) -> EventStream[Event]: ...
    @overload
    def events(self, kind: type[E]) -> EventStream[E]: ...
    @overload
    def events(self, kind: str | None) -> EventStream[Event]: ...
    def events(self, kind: Any = None) -> EventStream[Any]:
        """Return a stream of the project's events, or of one kind of event, given as a class or a name.

        The project's first stream starts at the join, or after the cursor passed to `join`. Later streams start when
        they are created. The stream also yields system notifications, server errors and malformed events that name no
        project.
        """
        return EventStream(self._native.events(kind_name(kind)))

    def snapshot(self) -> Snapshot:
        """Fetch the project's statistics, rules and review queue, all as of the same position in its event log.

        To receive the later events, leave the project and call `join(…, after=snapshot.cursor)`, or use another client.

        Raises:
            ApiError: The server responded with an error. The `status` is 404 on servers without snapshots.

        """
        return to_snapshot(self._native.snapshot(None))

    def live_view(self) -> LiveView:
        """Open a view of the project's counters, rules and review queue that follows the project's events.

        Raises:
            ApiError: The server responded with an error. The `status` is 404 on servers without snapshots.

        """
        return LiveView(cast("_native.LiveView", self._native.live_view(None)))

    def leave(self) -> None:
        """Leave the project. Its streams yield their buffered events and then end."""
        self._native.leave(None)


class States(Iterator[State]):
    """State changes of a client."""

    __slots__ = ("_states",)

    def __init__(self, states: _native.States) -> None:
        self._states = states

    def __next__(self) -> State:
        state = cast("Any", self._states.next(None))
        if state is None:
            raise StopIteration
        return State(*state)
