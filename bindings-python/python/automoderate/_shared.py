"""The common part of both clients' streams and projects: all calls that need no waiting."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Generic, TypeVar

from . import _native
from ._events import Event
from ._models import Content, ContentPage, Losses
from ._options import seconds

if TYPE_CHECKING:
    from typing_extensions import Self

E = TypeVar("E", bound=Event)


class BaseStream(Generic[E]):
    """A stream of events."""

    __slots__ = ("_native",)

    def __init__(self, native: _native.Stream) -> None:
        self._native = native

    def throttle(self, interval: float) -> Self:
        """At most one event per `interval` seconds: the first at once, then the latest. The last one is never lost.

        Notices of loss pass without delay. This stream ends; use the returned one.

        Raises:
            InvalidArgument: The interval is not a number of seconds, or the stream is already throttled or has ended.

        """
        return type(self)(self._native.throttle(seconds("interval", interval)))

    @property
    def losses(self) -> Losses:
        """Losses that a stream of one kind can't show as events."""
        return Losses(*self._native.losses)

    def close(self) -> None:
        """End the stream for all its readers, including waiting ones."""
        self._native.cancel()


class BaseProject:
    """A joined project."""

    __slots__ = ("_native",)

    def __init__(self, native: _native.Project) -> None:
        self._native = native

    @property
    def id(self) -> str:
        """The project's id."""
        return self._native.id

    @property
    def cursor(self) -> str | None:
        """The position of the project's slowest reader: it has received every event before the cursor.

        Store it, and pass it to `join(…, after=…)` to resume later, also in another process. `None` on servers without
        an event log.
        """
        return self._native.cursor

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.id}>"


class Pages:
    """Items fetched page by page. A page that could not be fetched is requested again."""

    def __init__(self) -> None:
        self.page, self.more = 1, True
        self._ready: deque[Content] = deque()

    def pop(self) -> Content | None:
        """The next item that is already fetched."""
        return self._ready.popleft() if self._ready else None

    def add(self, page: ContentPage) -> None:
        """Add a fetched page."""
        self.page, self.more = page.page + 1, page.has_more
        self._ready.extend(page.items)
