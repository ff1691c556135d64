"""A server for tests of programs that use this package: on loopback, with an event log, doing what the test says.

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
    """A server on a free port of 127.0.0.1: what a client can be told, and can suffer, at the test's word.

    It speaks what the reference server speaks, over WebSocket; it checks no credentials, decides nothing, and has no
    REST. Projects exist as soon as they are named. It ends when nobody refers to it any more, or with its `with` block.
    Its calls are quick, and may be made from a coroutine; `joined` and `connected` wait, on the calling thread, while
    the SDK goes on in threads of its own.
    """

    def __init__(self) -> None:
        self._native = _native.TestServer()

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
        """Publish an event to everybody who has joined the project, and log it for those who are away.

        `project_id` and `event_id` are added to the data. Returns the id; `None` for a `stats_update`, which is not
        logged.

        Raises:
            InvalidArgument: The data is no mapping, or can't be written as JSON.

        """
        return self._native.publish(text("project", project), text("name", name), data)

    def cut(self) -> None:
        """End all connections, without a word. Clients may come back at once."""
        self._native.cut()

    def set_offline(self, offline: bool) -> None:
        """Be away: present connections end, new ones get no answer; or be back."""
        self._native.set_offline(offline)

    def refuse_credentials(self, refuse: bool = True) -> None:
        """Refuse connections with `authentication_failed`, from the next one on."""
        self._native.refuse_credentials(refuse)

    def refuse_joins(self, project: str, code: str | None = "access_denied") -> None:
        """Let nobody join this project, with a code such as `project_not_found`; with `None`, let them again."""
        self._native.refuse_joins(text("project", project), code)

    def forget(self, project: str) -> None:
        """Forget what the project's log holds: who was away is told of a `Gap` (`expired`)."""
        self._native.forget(text("project", project))

    def joined(self, project: str, connections: int = 1, timeout: float = 10.0) -> None:
        """Wait until so many connections have joined the project.

        Raises:
            TimeoutError: They have not within `timeout` seconds.

        """
        if not self._native.joined(
            text("project", project), count("connections", connections, 0), seconds("timeout", timeout)
        ):
            raise TimeoutError(f"{connections} connections have not joined {project!r} within {timeout} s")

    def connected(self, connections: int = 1, timeout: float = 10.0) -> None:
        """Wait until so many connections are open.

        Raises:
            TimeoutError: They are not within `timeout` seconds.

        """
        if not self._native.connected(count("connections", connections, 0), seconds("timeout", timeout)):
            raise TimeoutError(f"{connections} connections are not open within {timeout} s")

    def received(self) -> list[tuple[str, Any]]:
        """The events that clients have emitted on their own: each one's name and data; the first 10,000."""
        return self._native.received()
