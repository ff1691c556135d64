"""The exceptions, one class for each error code."""

from __future__ import annotations

from typing import Any

__all__ = [
    "AccessDenied",
    "AckTimeout",
    "ApiError",
    "AuthenticationFailed",
    "AutoModerateError",
    "Closed",
    "ConnectFailed",
    "ConnectTimeout",
    "Disconnected",
    "GaveUp",
    "InvalidArgument",
    "JoinTimeout",
    "Overflow",
    "ProjectNotFound",
    "ProtocolError",
    "RateLimited",
    "RoomLimit",
]


class AutoModerateError(Exception):
    """The base class of this package's errors. The text is for people; programs use `code` or the class.

    No error contains a key, a password or a cookie. The failure that caused this one is its `__cause__`.
    """

    code: str = "error"
    """The stable error code, the same string in every language."""
    retryable: bool
    """True if the same call may succeed later, unchanged."""
    retry_in: float | None
    """The seconds to wait before a retry, if known."""
    stage: str | None
    """The stage that a connection attempt had reached: `credentials`, `network`, `tls`, `http`, `engine_io`,
    `namespace`.
    """
    status: int | None
    """The HTTP status of the refusal."""
    body: str | None
    """The beginning of the body of the refusal."""
    attempts: int | None
    """The number of attempts before giving up."""

    def __init__(
        self,
        message: str = "",
        *,
        retryable: bool = False,
        retry_in: float | None = None,
        stage: str | None = None,
        status: int | None = None,
        body: str | None = None,
        attempts: int | None = None,
    ) -> None:
        super().__init__(message)
        self.retryable = retryable
        self.retry_in = retry_in
        self.stage = stage
        self.status = status
        self.body = body
        self.attempts = attempts

    def __reduce__(self) -> tuple[Any, ...]:
        return _make, (self.code, str(self), self.__cause__), self.__dict__


class AuthenticationFailed(AutoModerateError):
    """The server refused the credentials, or the credentials provider gave up. Ends the client."""

    code = "authentication_failed"


class AccessDenied(AutoModerateError, PermissionError):
    """The credentials are valid, but not for this project, or access was withdrawn later."""

    code = "access_denied"


class ProjectNotFound(AutoModerateError, LookupError):
    """No such project on this server."""

    code = "project_not_found"


class RoomLimit(AutoModerateError):
    """The server allows no more rooms on this connection."""

    code = "room_limit"


class RateLimited(AutoModerateError):
    """Too many events or connections; `retry_in` says when to try again."""

    code = "rate_limited"


class JoinTimeout(AutoModerateError, TimeoutError):
    """The server did not confirm a join in time."""

    code = "join_timeout"


class ConnectTimeout(AutoModerateError, TimeoutError):
    """No usable connection within the connect timeout."""

    code = "connect_timeout"


class ConnectFailed(AutoModerateError, ConnectionError):
    """The connection failed; see `stage` and `status`."""

    code = "connect_failed"


class Disconnected(AutoModerateError, ConnectionError):
    """There is no connection, or it was lost during the operation."""

    code = "disconnected"


class GaveUp(AutoModerateError, ConnectionError):
    """All configured attempts failed; `__cause__` is the last failure."""

    code = "gave_up"


class AckTimeout(AutoModerateError, TimeoutError):
    """The server did not acknowledge an event in time."""

    code = "ack_timeout"


class InvalidArgument(AutoModerateError, ValueError):
    """An argument or option is invalid; the message names it."""

    code = "invalid_argument"


class ProtocolError(AutoModerateError):
    """The server broke the Socket.IO protocol."""

    code = "protocol"


class ApiError(AutoModerateError):
    """The server answered a REST call with an error; see `status` and `body`."""

    code = "api"


class Overflow(AutoModerateError):
    """A stream with `overflow="close"` ended because its reader was too slow."""

    code = "overflow"


class Closed(AutoModerateError):
    """The client is closed, or belongs to the parent of this forked process."""

    code = "closed"


_CLASSES: dict[str, type[AutoModerateError]] = {
    error.code: error
    for error in (
        AuthenticationFailed,
        AccessDenied,
        ProjectNotFound,
        RoomLimit,
        RateLimited,
        JoinTimeout,
        ConnectTimeout,
        ConnectFailed,
        Disconnected,
        GaveUp,
        AckTimeout,
        InvalidArgument,
        ProtocolError,
        ApiError,
        Overflow,
        Closed,
    )
}


def _make(code: str, message: str, cause: BaseException | None = None, **fields: Any) -> AutoModerateError:
    error = _CLASSES[code](message, **fields)
    error.__cause__ = cause
    return error
