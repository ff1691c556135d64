"""Common part of both clients' streams and projects: all methods that don't wait."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Generic, TypeVar

from . import _native
from ._events import Event
from ._models import Content, ContentPage, Losses
from ._options import check_seconds

if TYPE_CHECKING:
    from typing_extensions import Self

E = TypeVar("E", bound=Event)


class BaseStream(Generic[E]):
    """Base class of event streams."""

    __slots__ = ("_native",)

    def __init__(self, native: _native.Stream) -> None:
        self._native = native

    def throttle(self, interval: float) -> Self:
        """Limit the stream to one event per `interval` seconds, the latest of each interval.

        The first event, or the latest if several are already available, is yielded at once. The last event is never
        dropped, and `Gap`, `Lagged`, `ServerError` and `MalformedEvent` are not delayed. This stream ends; use the
        returned stream instead.

        Raises:
            InvalidArgument: The interval is invalid, or the stream is already throttled or has ended.

        """
        return type(self)(self._native.throttle(check_seconds("interval", interval)))

    @property
    def losses(self) -> Losses:
        """Losses of a stream of one kind, which does not yield loss events."""
        return Losses(*self._native.losses)

    def close(self) -> None:
        """End the stream for all readers, including those that are waiting."""
        self._native.cancel()


class BaseProject:
    """Base class of projects."""

    __slots__ = ("_native",)

    def __init__(self, native: _native.Project) -> None:
        self._native = native

    @property
    def id(self) -> str:
        """Id of the project."""
        return self._native.id

    @property
    def cursor(self) -> str | None:
        """Cursor up to which all of the project's streams have been read.

        To resume later, even in another process, store the cursor and pass it to `join(…, after=…)`. It stays before
        any loss that a replay could still repair. Without a stream, it is the last known position. It is `None` on
        servers without an event log.
        """
        return self._native.cursor

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.id}>"


class PagedItems:
    """Base class of listings, which are fetched page by page. If fetching a page fails, the next read requests it
    again.
    """

    def __init__(self) -> None:
        self.next_page, self.has_more = 1, True
        self._fetched: deque[Content] = deque()

    def pop_fetched(self) -> Content | None:
        """Remove and return the next fetched item. Return `None` if there is none."""
        return self._fetched.popleft() if self._fetched else None

    def add_page(self, page: ContentPage) -> None:
        """Add a fetched page."""
        self.next_page, self.has_more = page.page + 1, page.has_more
        self._fetched.extend(page.items)
