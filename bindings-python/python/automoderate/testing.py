"""Test server for programs that use this package.

With pytest, the fixture `automoderate_server` starts a server for each test that uses the fixture:

    def test_the_feed(automoderate_server):
        with Client(automoderate_server.url, api_key="any") as client:
            events = client.join("proj_1").events()
            automoderate_server.publish("proj_1", "moderation_update", {"content_id": "c1", "status": "approved"})
            assert next(events).content_id == "c1"
"""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any

from . import _native
from ._options import check_count, check_seconds, check_text

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["Server"]


class Server:
    """Test server on a free port of 127.0.0.1, which publishes events and simulates failures on request.

    The server speaks the reference server's protocol over WebSocket. It accepts any credentials and approves every
    submission. A project exists as soon as its id is used. REST covers submitted items, items of published
    `moderation_update` events, and items added with `store`. An API key that equals a project's id belongs to that
    project; any other key belongs to the first project used.

    The server stops at the end of its `with` block, or when it is no longer referenced. Its methods return at once and
    may be called from coroutines, except for `joined` and `connected`, which block the calling thread.
    """

    def __init__(self, *, event_log: bool = True) -> None:
        """Start a server.

        Args:
            event_log: True if the server keeps an event log. Without one, it behaves like deployed servers: events have
                no ids, and missed decisions can be recovered only over REST. Timestamps have no `Z`, refusals of joins
                have no code, and unknown events are never acknowledged.

        """
        self._native = _native.TestServer(bool(event_log))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.set_offline(True)

    @property
    def url(self) -> str:
        """URL for clients, `http://127.0.0.1:…`."""
        return self._native.url

    def publish(self, project: str, name: str, data: Mapping[str, Any]) -> int | None:
        """Publish an event to all clients that have joined the project, and log it for disconnected clients.

        Adds `project_id` and, if the event is logged, `event_id` to the data. Returns the event's id, or `None` if the
        event is not logged: for `stats_update`, and on a server without an event log.

        Raises:
            InvalidArgument: The data is not a mapping, or can't be serialized as JSON.

        """
        return self._native.publish(check_text("project", project), check_text("name", name), data)

    def store(self, project: str, content: Mapping[str, Any]) -> None:
        """Set fields of the item with this `id` in REST responses, and create the item if necessary.

        Publishes no event, like deployed servers when they store a review.

        Raises:
            InvalidArgument: The content is not a mapping with an `id`, or can't be serialized as JSON.

        """
        self._native.store(check_text("project", project), content)

    def cut(self) -> None:
        """Cut all connections without notice. Clients may reconnect at once."""
        self._native.cut()

    def set_offline(self, offline: bool) -> None:
        """Take the server offline or bring it back online."""
        self._native.set_offline(offline)

    def set_silent(self, silent: bool) -> None:
        """Set whether later REST calls are performed without being answered."""
        self._native.set_silent(silent)

    def refuse_credentials(self, refuse: bool = True) -> None:
        """Set whether later connections and REST calls are refused with `authentication_failed`."""
        self._native.refuse_credentials(refuse)

    def refuse_joins(self, project: str, code: str | None = "access_denied") -> None:
        """Refuse joins of this project with a code such as `project_not_found`. `None` allows joins again."""
        self._native.refuse_joins(check_text("project", project), code)

    def forget(self, project: str) -> None:
        """Empty the project's log. Clients that missed events then receive a `Gap` with the reason `expired`."""
        self._native.forget(check_text("project", project))

    def joined(self, project: str, connections: int = 1, timeout: float = 10.0) -> None:
        """Wait until exactly `connections` connections have joined the project.

        Raises:
            TimeoutError: The connections did not join within `timeout` seconds.

        """
        id, count, seconds = (
            check_text("project", project),
            check_count("connections", connections, 0),
            check_seconds("timeout", timeout),
        )
        if not self._native.joined(id, count, seconds):
            raise TimeoutError(f"{connections} connections have not joined {project!r} within {timeout} s")

    def connected(self, connections: int = 1, timeout: float = 10.0) -> None:
        """Wait until exactly `connections` connections are open.

        Raises:
            TimeoutError: The connections were not open within `timeout` seconds.

        """
        if not self._native.connected(check_count("connections", connections, 0), check_seconds("timeout", timeout)):
            raise TimeoutError(f"{connections} connections are not open within {timeout} s")

    def received(self) -> list[tuple[str, Any]]:
        """Return the names and data of the first 10,000 events that clients have emitted, including `heartbeat`."""
        return self._native.received()
