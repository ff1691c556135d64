"""The blocking client: the asyncio client without `await`."""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections.abc import Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Any, cast, overload

from . import _native
from ._events import Event
from ._logging import failed, listen
from ._models import Content, ContentPage, Health, Moderation, State, Statistics, Status, content_page
from ._options import (
    BaseClient,
    CredentialsProvider,
    after_text,
    count,
    kind_name,
    page_wanted,
    refusal,
    seconds,
    text,
)
from ._port import heard
from ._shared import BaseProject, BaseStream, E, Pages

if TYPE_CHECKING:
    from typing_extensions import Self


class EventStream(BaseStream[E], Iterator[E]):
    """Events, in order, each once: `for event in stream`.

    Waiting releases the GIL and responds to Ctrl-C. A lost connection doesn't end the stream. It ends without an error
    if you left the project or closed the client; if it ends for another reason, the loop raises that error. Breaking
    out of a loop loses nothing: continue with the same stream. Several threads may share a stream; each event goes to
    one.
    """

    __slots__ = ()

    def __iter__(self) -> Iterator[E]:  # noqa: PYI034 - quicker than `__next__`
        return cast("Iterator[E]", _native.BlockingIterator(self._native))

    def __next__(self) -> E:
        event = self._native.next_blocking()
        if event is None:
            raise StopIteration
        return cast("E", event)

    def next_batch(self, max: int = 1024, timeout: float | None = None) -> list[E]:
        """Wait for an event, and return it with all others that are ready, up to `max`. Empty at the end.

        Raises:
            TimeoutError: No event came within `timeout` seconds.
            AutoModerateError: The error that ended the stream, once.

        """
        timeout = None if timeout is None else seconds("timeout", timeout)
        return cast("list[E]", self._native.take_blocking(count("max", max), timeout))


class Project(BaseProject):
    """A joined project. It stays joined across interruptions, until it is left."""

    __slots__ = ()

    @overload
    def events(self) -> EventStream[Event]: ...
    @overload
    def events(self, kind: type[E]) -> EventStream[E]: ...
    @overload
    def events(self, kind: str | None) -> EventStream[Event]: ...
    def events(self, kind: Any = None) -> EventStream[Any]:
        """The project's events, or one kind of them, given as a class or by name.

        The first stream begins at the join (or after the cursor `after`), later ones when they are created.
        """
        return EventStream(self._native.events(kind_name(kind)))

    def leave(self) -> None:
        """Leave the project. Its streams end at once, after the events in their buffers."""
        self._native.leave(None)


class States(Iterator[State]):
    """The changes of a client's state."""

    __slots__ = ("_states",)

    def __init__(self, states: _native.States) -> None:
        self._states = states

    def __next__(self) -> State:
        state = cast("Any", self._states.next(None))
        if state is None:
            raise StopIteration
        return State(*state)


class Contents(Pages, Iterator[Content]):
    """A project's items, newest first, fetched page by page as they are read."""

    def __init__(self, client: Client, status: Status | None, per_page: int | None) -> None:
        super().__init__()
        self._client, self._status, self._per_page = client, status, per_page

    def __next__(self) -> Content:
        while (content := self.pop()) is None:
            if not self.more:
                raise StopIteration
            self.add(self._client.contents_page(self.page, status=self._status, per_page=self._per_page))
        return content


class Client(BaseClient):
    """A self-healing connection to an AutoModerate server. Calls block.

    ```python
    with Client("http://localhost:6217", api_key="am_…") as client:
        for event in client.join("proj_1").events():
            print(event)
    ```

    Calls release the GIL, can be interrupted with Ctrl-C, and may come from several threads.
    """

    def __enter__(self) -> Self:
        return self.connect()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def connect(self) -> Self:
        """Connect. Returns the client once the server has acknowledged the connection.

        If a connection is under way or established, this waits for its outcome, even if an earlier `connect` was
        interrupted.

        Raises:
            AuthenticationFailed: The server refused the credentials.
            RateLimited: The server allows no more connections now.
            ConnectTimeout: There was no usable connection within `connect_timeout`.
            ConnectFailed: The connection failed.
            Closed: The client was closed, or its first connection failed earlier; create a new one.

        """
        listen()
        requests = self._requests_to_answer()
        if requests is not None:
            _Asker(*requests).start()
        self._native.connect(None)
        return self

    def join(self, project: str, *, after: str | int | None = None) -> Project:
        """Join a project. Returns when the server has confirmed it.

        Args:
            project: The project's id.
            after: A cursor or `event_id` to resume after: the first stream starts with the events after it, or with
                a `Gap` for those that are no longer available.

        Raises:
            AccessDenied: The credentials are not for this project.
            ProjectNotFound: There is no such project.
            RoomLimit: The server allows no more projects on this connection.
            RateLimited: The server allows no more events now.
            JoinTimeout: The server did not confirm within `join_timeout`.
            InvalidArgument: The id is empty, `after` is not a cursor, or the project is already joined.
            Closed: The client is closed.

        """
        return Project(cast("_native.Project", self._native.join(None, text("project", project), after_text(after))))

    @overload
    def events(self) -> EventStream[Event]: ...
    @overload
    def events(self, kind: type[E]) -> EventStream[E]: ...
    @overload
    def events(self, kind: str | None) -> EventStream[Event]: ...
    def events(self, kind: Any = None) -> EventStream[Any]:
        """The events of all projects and those without a project, or only one kind. The stream starts now."""
        return EventStream(self._native.events(kind_name(kind)))

    def state_changes(self) -> States:
        """The current state and all later changes; ends after `closed`."""
        return States(self._native.state_changes())

    def run(self) -> None:
        """Call the functions registered with `on`, on this thread, until the client is closed.

        Raises:
            AutoModerateError: The error that ended the client, unless you closed it.

        """
        for event in EventStream[Event](self._stream_of_handlers()):
            for handler in self._handlers_of(event):
                try:
                    handler(event)
                except Exception:
                    failed("a handler of %s failed", event.event)

    def emit(self, name: str, data: Any = None) -> None:
        """Send a custom event. `None` sends no argument.

        Raises:
            Disconnected: There is no connection; the event is not kept for later.
            RateLimited: The limit per minute is used up; see `retry_in`.
            InvalidArgument: The name is empty or reserved.
            TypeError: The data can't be written as JSON.

        """
        self._native.emit(None, text("name", name), data)

    def emit_with_ack(self, name: str, data: Any = None) -> Any:
        """Send a custom event and wait for its acknowledgement, at most `ack_timeout` seconds.

        Returns the acknowledgement's argument; `None` if it has none, a list if it has several.

        Raises:
            AckTimeout: The server did not acknowledge in time.
            Disconnected: There is no connection, or it was lost during the call.
            RateLimited: The limit per minute is used up; see `retry_in`.

        """
        return self._native.emit_with_ack(None, text("name", name), data)

    def moderate(
        self, content: str, *, type: str = "text", metadata: Any = None, idempotency_key: str | None = None
    ) -> Moderation:
        """Submit content for a decision.

        Args:
            content: The text or other content.
            type: The content's type.
            metadata: Any data to store with it; its `user_id` tracks the user.
            idempotency_key: A name for this submission, 1 to 255 visible ASCII characters. A server that supports
                these keys treats a call repeated with the same key within 24 hours as the same submission. The
                default is a random key for each call.

        Raises:
            ApiError: The server answered with an error; see `status` and `body`.
            AuthenticationFailed: The server refused the key.
            RateLimited: The server allows no more calls now.
            ConnectFailed: The server could not be reached.
            Disconnected: The server did not answer within `request_timeout`, or the connection was lost: the outcome
                is unknown, and `retryable` is false.
            InvalidArgument: The `idempotency_key` is invalid.

        """
        kind, content = text("type", type), text("content", content)
        key = None if idempotency_key is None else text("idempotency_key", idempotency_key)
        return Moderation(**cast("Any", self._native.moderate(None, kind, content, metadata, key)))

    def content(self, id: str) -> Content:
        """Look up an item.

        Raises:
            ApiError: The server answered with an error; `status` is 404 if there is no such item.

        """
        return Content(**cast("Any", self._native.content(None, text("id", id))))

    def contents(self, *, status: Status | None = None, per_page: int | None = None) -> Contents:
        """The items, newest first, fetched page by page: `for content in client.contents()`.

        Unreadable rows are left out and logged; `contents_page` returns their errors.
        """
        return Contents(self, status, per_page)

    def contents_page(self, page: int = 1, *, status: Status | None = None, per_page: int | None = None) -> ContentPage:
        """One page of items, newest first; the first page is 1.

        Raises:
            ApiError: The server answered with an error.

        """
        return content_page(self._native.contents_page(None, *page_wanted(page, per_page, status)))

    def statistics(self) -> Statistics:
        """The project's counters.

        Raises:
            ApiError: The server answered with an error.

        """
        return Statistics(**cast("Any", self._native.statistics(None)))

    def health(self) -> Health:
        """The server's health. Needs no credentials.

        Raises:
            ApiError: The server answered with an error.

        """
        return Health(**cast("Any", self._native.health(None)))

    def close(self) -> None:
        """Disconnect within 2 s, and end all streams after the events in their buffers. A second call does nothing."""
        self._native.close(None)


class _Asker(threading.Thread):
    """Calls the credentials provider, while other threads wait."""

    def __init__(self, requests: _native.CredentialRequests, provider: CredentialsProvider) -> None:
        super().__init__(name="automoderate-credentials", daemon=True)
        self._requests, self._provider = requests, provider

    def run(self) -> None:
        port = _native.Port()
        self._requests.next((port, 1))
        for _, _, request in heard(port):
            if request is None:
                break
            self._answer(*request)
            self._requests.next((port, 1))

    def _answer(self, number: int, reason: Any) -> None:
        try:
            answer = self._provider(reason)
            if inspect.iscoroutine(answer):
                answer = asyncio.run(answer)
            self._requests.answer(number, answer)
        except Exception as error:
            failed("the credentials provider failed")
            self._requests.refuse(number, *refusal(error))
