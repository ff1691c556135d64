"""Exceptions, one class for each error code."""

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
    """Base class of this package's errors. The message is meant for humans; programs should check the class or `code`.

    Keys, passwords and cookies of at least six bytes are redacted in all errors. `__cause__` is the error that caused
    this error.
    """

    code: str = "error"
    """Stable error code, the same in every programming language."""
    retryable: bool
    """True if the operation may succeed later, if necessary with a new client or stream."""
    retry_in: float | None
    """Time to wait before a retry, in seconds, if known."""
    stage: str | None
    """Stage at which the connection attempt failed: `credentials`, `network`, `tls`, `http`, `engine_io` or
    `namespace`.
    """
    status: int | None
    """HTTP status of the server's response."""
    body: str | None
    """Beginning of the body of the server's response."""
    attempts: int | None
    """Number of attempts before the client gave up, counted from the loss of the last stable connection. If no
    connection was stable, the first attempt is not counted.
    """

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
        return _make_error, (self.code, str(self), self.__cause__), self.__dict__


class AuthenticationFailed(AutoModerateError):
    """The server refused the credentials, or the credentials provider failed permanently. The client is closed."""

    code = "authentication_failed"


class AccessDenied(AutoModerateError, PermissionError):
    """The credentials are valid but do not grant access to the project, or access was withdrawn."""

    code = "access_denied"


class ProjectNotFound(AutoModerateError, LookupError):
    """The project does not exist on this server."""

    code = "project_not_found"


class RoomLimit(AutoModerateError):
    """The server allows no more projects on this connection."""

    code = "room_limit"


class RateLimited(AutoModerateError):
    """A limit on events, calls or connections was reached; retry after `retry_in` seconds."""

    code = "rate_limited"


class JoinTimeout(AutoModerateError, TimeoutError):
    """The server did not confirm a join within `join_timeout`."""

    code = "join_timeout"


class ConnectTimeout(AutoModerateError, TimeoutError):
    """The connection was not established within `connect_timeout`."""

    code = "connect_timeout"


class ConnectFailed(AutoModerateError, ConnectionError):
    """A connection attempt failed, a REST call could not obtain credentials or reach the server, or a REST call other
    than a submission received no complete response; see `stage` and `status`.
    """

    code = "connect_failed"


class Disconnected(AutoModerateError, ConnectionError):
    """There is no connection, the connection was lost during the operation, or a submission received no complete
    response.
    """

    code = "disconnected"


class GaveUp(AutoModerateError, ConnectionError):
    """All allowed attempts failed; `__cause__` is the last failure."""

    code = "gave_up"


class AckTimeout(AutoModerateError, TimeoutError):
    """The server did not acknowledge an event within `ack_timeout`."""

    code = "ack_timeout"


class InvalidArgument(AutoModerateError, ValueError):
    """An argument or option is invalid, or a method was called when that is not possible; the message explains
    which.
    """

    code = "invalid_argument"


class ProtocolError(AutoModerateError):
    """The server violated the Socket.IO protocol."""

    code = "protocol"


class ApiError(AutoModerateError):
    """The server responded to a REST call with an error; see `status` and `body`."""

    code = "api"


class Overflow(AutoModerateError):
    """A stream with `overflow="close"` was closed because its reader was too slow."""

    code = "overflow"


class Closed(AutoModerateError):
    """The client is closed, or was created before this process was forked."""

    code = "closed"


_CLASSES_BY_CODE: dict[str, type[AutoModerateError]] = {
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


def _make_error(code: str, message: str, cause: BaseException | None = None, **fields: Any) -> AutoModerateError:
    error = _CLASSES_BY_CODE[code](message, **fields)
    error.__cause__ = cause
    return error
