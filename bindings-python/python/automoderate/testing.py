"""A server for tests of programs that use this package: on loopback, with or without an event log.

With pytest, the fixture `automoderate_server` starts one for each test that asks for it:

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
from ._options import count, seconds, text

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["Server"]


class Server:
    """A server on a free port of 127.0.0.1 that does what the test says: it sends events, and causes failures.

    It speaks the reference server's protocol, over WebSocket. It accepts any credentials and approves every submission.
    Projects exist as soon as they are named. REST lists, looks up and counts the items of published `moderation_update`
    events, submitted items, and items added with `store`. An API key that equals a project's id is valid for that
    project; any other key is valid for the project that was named first.

    It ends when nothing refers to it any more, or with its `with` block. Its calls are quick, and may be made from a
    coroutine. `joined` and `connected` wait on the calling thread, while the SDK continues on its own threads.
    """

    def __init__(self, *, event_log: bool = True) -> None:
        """Start a server.

        Args:
            event_log: `False`: it is as deployed servers are. Events have no ids, and what was missed can only be made
                up for by REST. Timestamps have no `Z`, refusals no code, and events without a handler are never
                acknowledged.

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
        """The address for clients, `http://127.0.0.1:…`."""
        return self._native.url

    def publish(self, project: str, name: str, data: Mapping[str, Any]) -> int | None:
        """Publish an event to all clients in the project, and log it for clients that are away.

        `project_id` and `event_id` are added to the data. Returns the id; `None` for a `stats_update`, which is not
        logged, and on a server without an event log.

        Raises:
            InvalidArgument: The data is not a mapping, or can't be written as JSON.

        """
        return self._native.publish(text("project", project), text("name", name), data)

    def store(self, project: str, content: Mapping[str, Any]) -> None:
        """Set fields of the item with this `id`, as REST lists it, and add the item if it is new.

        No event is published; deployed servers store reviews this way.

        Raises:
            InvalidArgument: The content is not a mapping with an `id`, or can't be written as JSON.

        """
        self._native.store(text("project", project), content)

    def cut(self) -> None:
        """End all connections without notice. Clients may reconnect at once."""
        self._native.cut()

    def set_offline(self, offline: bool) -> None:
        """Go offline: existing connections end, and new ones get no answer. Or come back."""
        self._native.set_offline(offline)

    def set_silent(self, silent: bool) -> None:
        """Perform REST calls without answering them, from the next one on; or answer them again."""
        self._native.set_silent(silent)

    def refuse_credentials(self, refuse: bool = True) -> None:
        """Refuse connections and REST calls with `authentication_failed`, from the next one on."""
        self._native.refuse_credentials(refuse)

    def refuse_joins(self, project: str, code: str | None = "access_denied") -> None:
        """Refuse joins of this project, with a code such as `project_not_found`; `None` allows them again."""
        self._native.refuse_joins(text("project", project), code)

    def forget(self, project: str) -> None:
        """Empty the project's log: clients that were away receive a `Gap` (`expired`)."""
        self._native.forget(text("project", project))

    def joined(self, project: str, connections: int = 1, timeout: float = 10.0) -> None:
        """Wait until this many connections have joined the project.

        Raises:
            TimeoutError: They have not within `timeout` seconds.

        """
        if not self._native.joined(
            text("project", project), count("connections", connections, 0), seconds("timeout", timeout)
        ):
            raise TimeoutError(f"{connections} connections have not joined {project!r} within {timeout} s")

    def connected(self, connections: int = 1, timeout: float = 10.0) -> None:
        """Wait until this many connections are open.

        Raises:
            TimeoutError: They are not within `timeout` seconds.

        """
        if not self._native.connected(count("connections", connections, 0), seconds("timeout", timeout)):
            raise TimeoutError(f"{connections} connections are not open within {timeout} s")

    def received(self) -> list[tuple[str, Any]]:
        """The custom events that clients have emitted, each with name and data; the first 10,000."""
        return self._native.received()
