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

    Interruptions that are being mended don't end it. If you left or closed, it just ends; if it ends for another
    reason, the loop raises that error. Breaking out of a loop or cancelling it loses nothing: go on with the same
    stream. A stream may be shared by several tasks; each event goes to one of them.
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
        """Wait for an event, and return it with those that are there as well, up to `max`. Empty at the end.

        Raises:
            AutoModerateError: The error for which the stream ends, once.

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
        """The project's events, or those of one kind, given as a class or by name.

        The first stream taken begins at the join (or behind `after`), later ones when they are made.
        """
        return AsyncEventStream(self._native.events(kind_name(kind)))

    async def leave(self) -> None:
        """Leave the project. Its streams end behind what they hold, at once."""
        await port().call(self._native.leave)


class AsyncStates(AsyncIterator[State]):
    """The changes of a client's state, for one reader. A cancelled wait loses none."""

    __slots__ = ("_next", "_states")

    def __init__(self, states: _native.States) -> None:
        self._states = states
        self._next: asyncio.Future[Any] | None = None

    async def __anext__(self) -> State:
        # It goes on if this is cancelled, and whoever asks next is given its result.
        if self._next is None:
            self._next = port().begin(self._states.next)
        state = await asyncio.shield(self._next)
        self._next = None
        if state is None:
            raise StopAsyncIteration
        return State(*state)


class AsyncContents(Pages, AsyncIterator[Content]):
    """The contents of a project, newest first, fetched page by page as they are read."""

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
    """A connection to an AutoModerate server that mends itself, for asyncio.

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

    One client may be used from several event loops and threads.
    """

    async def __aenter__(self) -> Self:
        return await self.connect()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    async def connect(self) -> Self:
        """Connect. Returns the client when the server has acknowledged and refused nothing.

        If that is under way or done, also because an earlier `connect` was cancelled, its outcome is awaited.
        A credentials provider is asked on the event loop of the first `connect`, for as long as that runs.

        Raises:
            AuthenticationFailed: The server refused the credentials.
            RateLimited: It allows no further connections now.
            ConnectTimeout: There was no usable connection within `connect_timeout`.
            ConnectFailed: The connection could not be made.
            Closed: The client was closed, or a first connection has failed before; make a new one.

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
            after: A cursor, or the `event_id`, behind which to go on: the first stream starts with what came after
                it, or with a `Gap` that tells what can't be had any more.

        Raises:
            AccessDenied: The credentials are not for this project.
            ProjectNotFound: There is no such project.
            RoomLimit: The server allows no further projects on this connection.
            RateLimited: The server allows no further events now.
            JoinTimeout: The server did not confirm within `join_timeout`.
            InvalidArgument: The id is empty, `after` is no cursor, or it is given for a project that is joined.
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
        """The events of all projects and those that belong to none, or those of one kind. The stream starts now."""
        return AsyncEventStream(self._native.events(kind_name(kind)))

    def state_changes(self) -> AsyncStates:
        """The present state and all changes from now on; ends after `closed`."""
        return AsyncStates(self._native.state_changes())

    async def run(self) -> None:
        """Call the functions registered by `on`, until the client is closed. Coroutine functions are awaited.

        Raises:
            AutoModerateError: The error for which the client ended, unless you closed it.

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
        """Send an event of your own. `None` is sent as no argument.

        Raises:
            Disconnected: There is no connection: nothing is kept for later.
            RateLimited: The limit per minute is used up; see `retry_in`.
            InvalidArgument: The name is empty or reserved.
            TypeError: The data can't be written as JSON.

        """
        await port().call(self._native.emit, text("name", name), data)

    async def emit_with_ack(self, name: str, data: Any = None) -> Any:
        """Send an event of your own and wait for the acknowledgement, at most `ack_timeout` seconds.

        Returns its argument; `None` if it has none, a list if several.

        Raises:
            AckTimeout: The server did not acknowledge in time.
            Disconnected: There is no connection, or it was lost meanwhile.
            RateLimited: The limit per minute is used up; see `retry_in`.

        """
        return await port().call(self._native.emit_with_ack, text("name", name), data)

    async def moderate(
        self, content: str, *, type: str = "text", metadata: Any = None, idempotency_key: str | None = None
    ) -> Moderation:
        """Submit content for a decision.

        Args:
            content: The content.
            type: What it is.
            metadata: Anything to go with it; `user_id` in it tracks the user.
            idempotency_key: The name of this submission, 1 to 255 visible ASCII characters. A server that knows such
                keys takes what is submitted again by the same one, for 24 hours, for the same submission. Default: a
                random one for each call.

        Raises:
            ApiError: The server answered with an error; see `status` and `body`.
            AuthenticationFailed: The server refused the key.
            RateLimited: The server allows no further calls now.
            ConnectFailed: The server could not be reached.
            Disconnected: The server did not answer within `request_timeout`, or the connection was lost: the outcome
                is unknown, and `retryable` is false.
            InvalidArgument: The `idempotency_key` can't be used.

        """
        kind, content = text("type", type), text("content", content)
        key = None if idempotency_key is None else text("idempotency_key", idempotency_key)
        return Moderation(**await port().call(self._native.moderate, kind, content, metadata, key))

    async def content(self, id: str) -> Content:
        """Look up a piece of content.

        Raises:
            ApiError: The server answered with an error; `status` is 404 if there is no such content.

        """
        return Content(**await port().call(self._native.content, text("id", id)))

    def contents(self, *, status: Status | None = None, per_page: int | None = None) -> AsyncContents:
        """The contents, newest first, fetched page by page: `async for content in client.contents()`.

        Rows that can't be read are left out and logged; `contents_page` tells them.
        """
        return AsyncContents(self, status, per_page)

    async def contents_page(
        self, page: int = 1, *, status: Status | None = None, per_page: int | None = None
    ) -> ContentPage:
        """One page of the contents, newest first; pages are counted from 1.

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
        """Whether the server is well. Needs no credentials.

        Raises:
            ApiError: The server answered with an error.

        """
        return Health(**await port().call(self._native.health))

    async def close(self) -> None:
        """Say goodbye, within 2 s, and end all streams behind what they hold. A second time does nothing."""
        await port().call(self._native.close)


_background: set[asyncio.Task[None]] = set()


def _keep(task: asyncio.Task[None]) -> None:
    """Event loops hold tasks only weakly."""
    _background.add(task)
    task.add_done_callback(_background.discard)


async def _answer(requests: _native.CredentialRequests, provider: CredentialsProvider) -> None:
    """Ask the provider whenever the session wants credentials; a newer request takes the place of an older one."""
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
