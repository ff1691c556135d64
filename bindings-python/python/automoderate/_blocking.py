"""Blocking client, with the methods of the asyncio client."""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Any, cast, overload

from . import _native
from ._blocking_project import EventStream, Project, States
from ._bridge import iterate_completions
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


class Contents(PagedItems, Iterator[Content]):
    """Items of a project, newest first. Pages are fetched as needed."""

    def __init__(self, client: Client, status: Status | None, per_page: int | None) -> None:
        super().__init__()
        self._client, self._status, self._per_page = client, status, per_page

    def __next__(self) -> Content:
        while (content := self.pop_fetched()) is None:
            if not self.has_more:
                raise StopIteration
            self.add_page(self._client.contents_page(self.next_page, status=self._status, per_page=self._per_page))
        return content


class Client(BaseClient):
    """Self-healing connection to an AutoModerate server, with blocking calls.

    ```python
    with Client("http://localhost:6217", api_key="am_…") as client:
        for event in client.join("proj_1").events():
            print(event)
    ```

    Calls release the GIL and can be interrupted with Ctrl-C. A client may be shared by several threads.
    """

    def __enter__(self) -> Self:
        return self.connect()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def connect(self) -> Self:
        """Connect, and return the client once the server has acknowledged the connection.

        If the client is already connecting or connected, waits for the outcome of that connection, even if an earlier
        `connect` was interrupted.

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
            _ProviderThread(*requests).start()
        self._native.connect(None)
        return self

    def join(self, project: str, *, after: str | int | None = None) -> Project:
        """Join a project. Returns once the server has confirmed the join.

        Args:
            project: Id of the project.
            after: Cursor or `event_id` to resume after. The project's first stream starts with the next event. If
                events after the cursor are no longer available, the stream starts with a `Gap`.

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
        return Project(cast("_native.Project", self._native.join(None, id, cursor)))

    @overload
    def events(self) -> EventStream[Event]: ...
    @overload
    def events(self, kind: type[E]) -> EventStream[E]: ...
    @overload
    def events(self, kind: str | None) -> EventStream[Event]: ...
    def events(self, kind: Any = None) -> EventStream[Any]:
        """Return a stream of the client's events: those of all projects, and those without a project. With `kind`, the
        stream yields only that kind, given as a class or a name. The stream starts now.
        """
        return EventStream(self._native.events(kind_name(kind)))

    def state_changes(self) -> States:
        """Return an iterator over the current state and later states, which ends after the state `closed`. A reader
        that lags by more than 64 changes misses the oldest ones.
        """
        return States(self._native.state_changes())

    def run(self) -> None:
        """Call the handlers registered with `on`, on this thread, until the client is closed.

        Raises:
            AutoModerateError: The client ended with this error. Not raised if you closed the client.

        """
        for event in EventStream[Event](self._open_handler_stream()):
            for handler in self._handlers_for(event):
                try:
                    handler(event)
                except Exception:
                    log_exception("a handler of %s failed", event.event)

    def emit(self, name: str, data: Any = None) -> None:
        """Send a custom event. If `data` is `None`, the event has no argument.

        Raises:
            Disconnected: There is no connection. The event is not queued.
            RateLimited: Four fifths of `rate_limit` are used up, or the connection is congested; see `retry_in`.
            InvalidArgument: The name is empty or reserved.
            TypeError: A value in the data has a type that JSON does not support.
            ValueError: A value in the data can't be serialized: for example, it is infinite or nested too deeply.

        """
        self._native.emit(None, check_text("name", name), data)

    def emit_with_ack(self, name: str, data: Any = None) -> Any:
        """Send a custom event and wait up to `ack_timeout` for its acknowledgement.

        Returns the argument of the acknowledgement: `None` if there is none, a list if there are several.

        Raises:
            AckTimeout: The server did not acknowledge in time.
            Disconnected: There is no connection, or the connection was lost during the call.
            RateLimited: Four fifths of `rate_limit` are used up, or the connection is congested; see `retry_in`.

        """
        return self._native.emit_with_ack(None, check_text("name", name), data)

    def moderate(
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
        return Moderation(**cast("Any", self._native.moderate(None, kind, content, metadata, key)))

    def moderate_batch(
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
        return to_batch_results(self._native.moderate_batch(None, *batch_arguments(items, idempotency_key)))

    def content(self, id: str) -> Content:
        """Fetch an item by its id.

        Raises:
            ApiError: The server responded with an error. The `status` is 404 if the item does not exist.

        """
        return Content(**cast("Any", self._native.content(None, check_text("id", id))))

    def contents(self, *, status: Status | None = None, per_page: int | None = None) -> Contents:
        """List the items of the project that the credentials belong to, newest first, and fetch the pages as
        needed: `for content in client.contents()`.

        Rows that are too large or can't be parsed are skipped and logged; `contents_page` reports their errors.
        """
        return Contents(self, status, per_page)

    def contents_page(self, page: int = 1, *, status: Status | None = None, per_page: int | None = None) -> ContentPage:
        """Fetch one page of items, newest first. Pages are numbered from 1.

        Raises:
            ApiError: The server responded with an error.

        """
        return to_content_page(self._native.contents_page(None, *page_arguments(page, per_page, status)))

    def statistics(self) -> Statistics:
        """Fetch the counters of the project that the credentials belong to.

        Raises:
            ApiError: The server responded with an error.

        """
        return Statistics(**cast("Any", self._native.statistics(None)))

    def health(self) -> Health:
        """Fetch the server's health. Requires no credentials.

        Raises:
            ApiError: The server responded with an error.

        """
        return Health(**cast("Any", self._native.health(None)))

    def close(self) -> None:
        """Disconnect within 2 s. Streams yield their buffered events and then end. Further calls have no effect."""
        self._native.close(None)


class _ProviderThread(threading.Thread):
    """Thread that calls the credentials provider."""

    def __init__(self, requests: _native.CredentialRequests, provider: CredentialsProvider) -> None:
        super().__init__(name="automoderate-credentials", daemon=True)
        self._requests, self._provider = requests, provider

    def run(self) -> None:
        queue = _native.CompletionQueue()
        self._requests.next((queue, 1))
        for _, _, request in iterate_completions(queue):
            if request is None:
                break
            self._answer_request(*request)
            self._requests.next((queue, 1))

    def _answer_request(self, number: int, reason: Any) -> None:
        try:
            answer = self._provider(reason)
            if inspect.iscoroutine(answer):
                answer = asyncio.run(answer)
            self._requests.answer(number, answer)
        except Exception as error:
            log_exception("the credentials provider failed")
            self._requests.fail(number, *describe_provider_error(error))
