"""The client for asyncio."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncGenerator, AsyncIterator
from types import TracebackType
from typing import TYPE_CHECKING, Any, overload

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
    text,
)
from ._port import port
from ._shared import BaseProject, BaseStream, E, Pages

if TYPE_CHECKING:
    from typing_extensions import Self


class AsyncEventStream(BaseStream[E], AsyncIterator[E]):
    """Events, in order, each once: `async for event in stream`.

    A lost connection doesn't end it. It ends without an error if you left the project or closed the client; if it ends
    for another reason, the loop raises that error. Breaking out of a loop or cancelling it loses nothing: continue with
    the same stream. Several tasks may share a stream; each event goes to one of them.
    """

    __slots__ = ()

    def __aiter__(self) -> AsyncIterator[E]:  # noqa: PYI034 - quicker than the other way
        return self._each()

    async def _each(self) -> AsyncGenerator[E, None]:
        native: Any = self._native
        while True:
            for event in native:
                yield event
            if native.more():
                await asyncio.sleep(0)
            elif not await self._readable():
                return

    async def __anext__(self) -> E:
        native: Any = self._native
        while True:
            for event in native:
                return event  # type: ignore[no-any-return]
            if native.more():
                await asyncio.sleep(0)
            elif not await self._readable():
                raise StopAsyncIteration

    async def next_batch(self, max: int = 1024) -> list[E]:
        """Wait for an event, and return it with all others that are ready, up to `max`. Empty at the end.

        Raises:
            AutoModerateError: The error that ended the stream, once.

        """
        max = count("max", max)
        native: Any = self._native
        while True:
            batch: list[E] = native.take(max)
            if batch:
                return batch
            if not await self._readable():
                return []

    async def _readable(self) -> bool:
        if self._native.ended():
            return False
        await port().wait(self._native)
        return True


class AsyncProject(BaseProject):
    """A joined project. It stays joined across interruptions, until it is left."""

    __slots__ = ()

    @overload
    def events(self) -> AsyncEventStream[Event]: ...
    @overload
    def events(self, kind: type[E]) -> AsyncEventStream[E]: ...
    @overload
    def events(self, kind: str | None) -> AsyncEventStream[Event]: ...
    def events(self, kind: Any = None) -> AsyncEventStream[Any]:
        """The project's events, or one kind of them, given as a class or by name.

        The first stream begins at the join (or after the cursor `after`), later ones when they are created.
        """
        return AsyncEventStream(self._native.events(kind_name(kind)))

    async def leave(self) -> None:
        """Leave the project. Its streams end at once, after the events in their buffers."""
        await port().call(self._native.leave)


class AsyncStates(AsyncIterator[State]):
    """The changes of a client's state, for one reader. Cancelling a wait loses none."""

    __slots__ = ("_next", "_states")

    def __init__(self, states: _native.States) -> None:
        self._states = states
        self._next: asyncio.Future[Any] | None = None

    async def __anext__(self) -> State:
        # The fetch continues if this is cancelled, and the next caller receives its result.
        if self._next is None:
            self._next = port().begin(self._states.next)
        state = await asyncio.shield(self._next)
        self._next = None
        if state is None:
            raise StopAsyncIteration
        return State(*state)


class AsyncContents(Pages, AsyncIterator[Content]):
    """A project's items, newest first, fetched page by page as they are read."""

    def __init__(self, client: AsyncClient, status: Status | None, per_page: int | None) -> None:
        super().__init__()
        self._client, self._status, self._per_page = client, status, per_page

    async def __anext__(self) -> Content:
        while (content := self.pop()) is None:
            if not self.more:
                raise StopAsyncIteration
            self.add(await self._client.contents_page(self.page, status=self._status, per_page=self._per_page))
        return content


class AsyncClient(BaseClient):
    """A self-healing connection to an AutoModerate server, for asyncio.

    ```python
    async with AsyncClient("http://localhost:6217", api_key="am_…") as client:
        project = await client.join("proj_1")
        async for event in project.events():
            match event:
                case ModerationUpdate(content_id, status):
                    print(content_id, status)
                case Gap():
                    print("events are missing:", event.reason)
    ```

    Several event loops and threads may share a client.
    """

    async def __aenter__(self) -> Self:
        return await self.connect()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    async def connect(self) -> Self:
        """Connect. Returns the client once the server has acknowledged the connection.

        If a connection is under way or established, this awaits its outcome, even if an earlier `connect` was
        cancelled. A credentials provider runs on the event loop of the first `connect`, as long as that loop runs.

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
            _keep(asyncio.create_task(_answer(*requests)))
        await port().call(self._native.connect)
        return self

    async def join(self, project: str, *, after: str | int | None = None) -> AsyncProject:
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
        return AsyncProject(await port().call(self._native.join, text("project", project), after_text(after)))

    @overload
    def events(self) -> AsyncEventStream[Event]: ...
    @overload
    def events(self, kind: type[E]) -> AsyncEventStream[E]: ...
    @overload
    def events(self, kind: str | None) -> AsyncEventStream[Event]: ...
    def events(self, kind: Any = None) -> AsyncEventStream[Any]:
        """The events of all projects and those without a project, or only one kind. The stream starts now."""
        return AsyncEventStream(self._native.events(kind_name(kind)))

    def state_changes(self) -> AsyncStates:
        """The current state and all later changes; ends after `closed`."""
        return AsyncStates(self._native.state_changes())

    async def run(self) -> None:
        """Call the functions registered with `on`, until the client is closed. Coroutine functions are awaited.

        Raises:
            AutoModerateError: The error that ended the client, unless you closed it.

        """
        async for event in AsyncEventStream[Event](self._stream_of_handlers()):
            for handler in self._handlers_of(event):
                try:
                    outcome = handler(event)
                    if inspect.isawaitable(outcome):
                        await outcome
                except Exception:
                    failed("a handler of %s failed", event.event)

    async def emit(self, name: str, data: Any = None) -> None:
        """Send a custom event. `None` sends no argument.

        Raises:
            Disconnected: There is no connection; the event is not kept for later.
            RateLimited: The limit per minute is used up; see `retry_in`.
            InvalidArgument: The name is empty or reserved.
            TypeError: The data can't be written as JSON.

        """
        await port().call(self._native.emit, text("name", name), data)

    async def emit_with_ack(self, name: str, data: Any = None) -> Any:
        """Send a custom event and wait for its acknowledgement, at most `ack_timeout` seconds.

        Returns the acknowledgement's argument; `None` if it has none, a list if it has several.

        Raises:
            AckTimeout: The server did not acknowledge in time.
            Disconnected: There is no connection, or it was lost during the call.
            RateLimited: The limit per minute is used up; see `retry_in`.

        """
        return await port().call(self._native.emit_with_ack, text("name", name), data)

    async def moderate(
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
        return Moderation(**await port().call(self._native.moderate, kind, content, metadata, key))

    async def content(self, id: str) -> Content:
        """Look up an item.

        Raises:
            ApiError: The server answered with an error; `status` is 404 if there is no such item.

        """
        return Content(**await port().call(self._native.content, text("id", id)))

    def contents(self, *, status: Status | None = None, per_page: int | None = None) -> AsyncContents:
        """The items, newest first, fetched page by page: `async for content in client.contents()`.

        Unreadable rows are left out and logged; `contents_page` returns their errors.
        """
        return AsyncContents(self, status, per_page)

    async def contents_page(
        self, page: int = 1, *, status: Status | None = None, per_page: int | None = None
    ) -> ContentPage:
        """One page of items, newest first; the first page is 1.

        Raises:
            ApiError: The server answered with an error.

        """
        return content_page(await port().call(self._native.contents_page, *page_wanted(page, per_page, status)))

    async def statistics(self) -> Statistics:
        """The project's counters.

        Raises:
            ApiError: The server answered with an error.

        """
        return Statistics(**await port().call(self._native.statistics))

    async def health(self) -> Health:
        """The server's health. Needs no credentials.

        Raises:
            ApiError: The server answered with an error.

        """
        return Health(**await port().call(self._native.health))

    async def close(self) -> None:
        """Disconnect within 2 s, and end all streams after the events in their buffers. A second call does nothing."""
        await port().call(self._native.close)


_background: set[asyncio.Task[None]] = set()


def _keep(task: asyncio.Task[None]) -> None:
    """Event loops hold only weak references to tasks."""
    _background.add(task)
    task.add_done_callback(_background.discard)


async def _answer(requests: _native.CredentialRequests, provider: CredentialsProvider) -> None:
    """Call the provider whenever the session needs credentials; a newer request replaces an older one."""
    running: asyncio.Task[None] | None = None
    while (request := await port().call(requests.next)) is not None:
        if running is not None:
            running.cancel()
        running = asyncio.create_task(_answer_one(requests, provider, *request))
    if running is not None:
        running.cancel()


async def _answer_one(
    requests: _native.CredentialRequests, provider: CredentialsProvider, number: int, reason: Any
) -> None:
    try:
        answer = provider(reason)
        if inspect.isawaitable(answer):
            answer = await answer
        requests.answer(number, answer)
    except Exception as error:
        failed("the credentials provider failed")
        requests.refuse(number, *refusal(error))
