"""Client for asyncio."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Iterable
from types import TracebackType
from typing import TYPE_CHECKING, Any, overload

from . import _native
from ._async_project import AsyncEventStream, AsyncProject, AsyncStates
from ._bridge import running_bridge
from ._errors import AutoModerateError
from ._events import Event
from ._logging import log_exception, start_forwarding
from ._models import Content, ContentPage, Health, Moderation, Statistics, Status, Submission
from ._options import (
    BaseClient,
    CredentialsProvider,
    check_text,
    cursor_text,
    describe_provider_error,
    kind_name,
)
from ._rest import batch_arguments, page_arguments, to_batch_results, to_content_page
from ._shared import E, PagedItems

if TYPE_CHECKING:
    from typing_extensions import Self


class AsyncContents(PagedItems, AsyncIterator[Content]):
    """Items of a project, newest first. Pages are fetched as needed."""

    def __init__(self, client: AsyncClient, status: Status | None, per_page: int | None) -> None:
        super().__init__()
        self._client, self._status, self._per_page = client, status, per_page

    async def __anext__(self) -> Content:
        while (content := self.pop_fetched()) is None:
            if not self.has_more:
                raise StopAsyncIteration
            page = await self._client.contents_page(self.next_page, status=self._status, per_page=self._per_page)
            self.add_page(page)
        return content


class AsyncClient(BaseClient):
    """Self-healing connection to an AutoModerate server, for asyncio.

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

    A client may be shared by several event loops and threads.
    """

    async def __aenter__(self) -> Self:
        return await self.connect()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    async def connect(self) -> Self:
        """Connect, and return the client once the server has acknowledged the connection.

        If the client is already connecting or connected, waits for the outcome of that connection attempt, even if the
        earlier `connect` was cancelled. A credentials provider runs on the event loop of the first `connect`, so keep
        that loop running.

        Raises:
            AuthenticationFailed: The server refused the credentials.
            RateLimited: The server allows no more connections at the moment.
            ConnectTimeout: The connection was not established within `connect_timeout`.
            ConnectFailed: The connection failed.
            Closed: The client was closed, or an earlier `connect` failed. Create a new client.

        """
        start_forwarding()
        requests = self._take_credential_requests()
        if requests is not None:
            _keep_alive(asyncio.create_task(_answer_requests(*requests)))
        await running_bridge().call(self._native.connect)
        return self

    async def join(self, project: str, *, after: str | int | None = None) -> AsyncProject:
        """Join a project. Returns once the server has confirmed the join.

        Args:
            project: Id of the project.
            after: Cursor or `event_id` to resume after: the project's first stream starts with the event that follows.
                If events after the cursor are no longer available, the stream starts with a `Gap`.

        Raises:
            AccessDenied: The credentials do not grant access to this project.
            ProjectNotFound: The project does not exist.
            RoomLimit: The server allows no more projects on this connection.
            RateLimited: The server allows no more events at the moment.
            JoinTimeout: The server did not confirm the join within `join_timeout`.
            InvalidArgument: The id is empty or consists of white space, `after` is invalid, or `after` is set and the
                project is already joined or being joined.
            Closed: The client is closed.

        """
        id, cursor = check_text("project", project), cursor_text(after)
        return AsyncProject(await running_bridge().call(self._native.join, id, cursor))

    @overload
    def events(self) -> AsyncEventStream[Event]: ...
    @overload
    def events(self, kind: type[E]) -> AsyncEventStream[E]: ...
    @overload
    def events(self, kind: str | None) -> AsyncEventStream[Event]: ...
    def events(self, kind: Any = None) -> AsyncEventStream[Any]:
        """Return a stream of the events of all joined projects, and of events without a project. With `kind`, a class
        or a name, the stream yields only events of that kind. The stream starts with the next event that arrives.
        """
        return AsyncEventStream(self._native.events(kind_name(kind)))

    def state_changes(self) -> AsyncStates:
        """Return an iterator over the current state and later states, which ends after the state `closed`. A reader
        that lags by more than 64 changes misses the oldest ones.
        """
        return AsyncStates(self._native.state_changes())

    async def run(self) -> None:
        """Call the handlers registered with `on` until the client is closed. Coroutines that handlers return are
        awaited.

        Raises:
            AutoModerateError: The client ended with this error. Not raised if you closed the client.

        """
        async for event in AsyncEventStream[Event](self._open_handler_stream()):
            for handler in self._handlers_for(event):
                try:
                    outcome = handler(event)
                    if inspect.isawaitable(outcome):
                        await outcome
                except Exception:
                    log_exception("a handler of %s failed", event.event)

    async def emit(self, name: str, data: Any = None) -> None:
        """Send a custom event. If `data` is `None`, the event has no argument.

        Raises:
            Disconnected: There is no connection. The event is not queued.
            RateLimited: Four fifths of `rate_limit` are used up, or the connection is congested; see `retry_in`.
            InvalidArgument: The name is empty or reserved.
            TypeError: A value in the data has a type that JSON does not support.
            ValueError: A value in the data can't be serialized: for example, it is infinite or nested too deeply.

        """
        await running_bridge().call(self._native.emit, check_text("name", name), data)

    async def emit_with_ack(self, name: str, data: Any = None) -> Any:
        """Send a custom event and wait up to `ack_timeout` for its acknowledgement.

        Returns the acknowledgement's argument: `None` if it has no argument, and a list if it has several.

        Raises:
            AckTimeout: The server did not acknowledge the event within `ack_timeout`.
            Disconnected: There is no connection, or the connection was lost during the call.
            RateLimited: Four fifths of `rate_limit` are used up, or the connection is congested; see `retry_in`.

        """
        return await running_bridge().call(self._native.emit_with_ack, check_text("name", name), data)

    async def moderate(
        self, content: str, *, type: str = "text", metadata: Any = None, idempotency_key: str | None = None
    ) -> Moderation:
        """Submit content for a decision.

        Args:
            content: Text or other content.
            type: Content type.
            metadata: Data to store with the content. If it contains a `user_id`, the submission is attributed to that
                user.
            idempotency_key: Idempotency key: 1 to 255 visible ASCII characters. On servers that support idempotency
                keys, calls with the same key within 24 hours count as one submission. Default: a random key for each
                call.

        Raises:
            ApiError: The server responded with an error; see `status` and `body`.
            AuthenticationFailed: The server refused the API key.
            RateLimited: The server allows no more calls at the moment.
            ConnectFailed: The server could not be reached, or credentials could not be obtained.
            Disconnected: The server did not respond within `request_timeout`, or the connection was lost and the client
                can't safely repeat the submission. The outcome is unknown, and `retryable` is false.
            InvalidArgument: The `idempotency_key` is invalid.

        """
        kind, content = check_text("type", type), check_text("content", content)
        key = None if idempotency_key is None else check_text("idempotency_key", idempotency_key)
        return Moderation(**await running_bridge().call(self._native.moderate, kind, content, metadata, key))

    async def moderate_batch(
        self, items: Iterable[str | Submission], *, idempotency_key: str | None = None
    ) -> list[Moderation | AutoModerateError]:
        """Submit several items for decisions, and return one result for each item, in the same order.

        Each result is a `Moderation`, or the error with which the submission of the item failed. That error is
        returned, not raised. A batch of more than 100 items is sent in several requests. Servers without batches
        receive the items one by one.

        Args:
            items: Items to submit. A `str` is submitted as text.
            idempotency_key: Idempotency key of the whole batch: 1 to 240 visible ASCII characters. On servers that
                support idempotency keys, calls with the same items and the same key within 24 hours count as one
                submission. Default: a random key for each call.

        Raises:
            AutoModerateError: The first request failed; the errors are those of `moderate`. If a later request fails,
                its error is the result for its items and for all further items.
            InvalidArgument: The `idempotency_key` is invalid.
            TypeError: An item has the wrong type, or its metadata has a type that JSON does not support.
            ValueError: An item can't be serialized.

        """
        arguments = batch_arguments(items, idempotency_key)
        return to_batch_results(await running_bridge().call(self._native.moderate_batch, *arguments))

    async def content(self, id: str) -> Content:
        """Fetch an item by its id.

        Raises:
            ApiError: The server responded with an error. The `status` is 404 if the item does not exist.

        """
        return Content(**await running_bridge().call(self._native.content, check_text("id", id)))

    def contents(self, *, status: Status | None = None, per_page: int | None = None) -> AsyncContents:
        """List the items of the project that the credentials belong to, newest first, and fetch the pages as
        needed: `async for content in client.contents()`.

        Rows that are too large or can't be parsed are skipped and logged; `contents_page` reports their errors.
        """
        return AsyncContents(self, status, per_page)

    async def contents_page(
        self, page: int = 1, *, status: Status | None = None, per_page: int | None = None
    ) -> ContentPage:
        """Fetch one page of items, newest first. Pages are numbered from 1.

        Raises:
            ApiError: The server responded with an error.

        """
        arguments = page_arguments(page, per_page, status)
        return to_content_page(await running_bridge().call(self._native.contents_page, *arguments))

    async def statistics(self) -> Statistics:
        """Fetch the counters of the project that the credentials belong to.

        Raises:
            ApiError: The server responded with an error.

        """
        return Statistics(**await running_bridge().call(self._native.statistics))

    async def health(self) -> Health:
        """Fetch the server's health. Requires no credentials.

        Raises:
            ApiError: The server responded with an error.

        """
        return Health(**await running_bridge().call(self._native.health))

    async def close(self) -> None:
        """Disconnect within 2 s. Streams yield their buffered events and then end. A second call has no effect."""
        await running_bridge().call(self._native.close)


_background_tasks: set[asyncio.Task[None]] = set()


def _keep_alive(task: asyncio.Task[None]) -> None:
    """Keep a strong reference to a running task, because event loops keep only weak references."""
    _background_tasks.add(task)
    task.add_done_callback(_background_tasks.discard)


async def _answer_requests(requests: _native.CredentialRequests, provider: CredentialsProvider) -> None:
    """Call the provider for each request for credentials. A newer request cancels the previous call."""
    running: asyncio.Task[None] | None = None
    while (request := await running_bridge().call(requests.next)) is not None:
        if running is not None:
            running.cancel()
        running = asyncio.create_task(_answer_request(requests, provider, *request))
    if running is not None:
        running.cancel()


async def _answer_request(
    requests: _native.CredentialRequests, provider: CredentialsProvider, number: int, reason: Any
) -> None:
    try:
        answer = provider(reason)
        if inspect.isawaitable(answer):
            answer = await answer
        requests.answer(number, answer)
    except Exception as error:
        log_exception("the credentials provider failed")
        requests.fail(number, *describe_provider_error(error))
