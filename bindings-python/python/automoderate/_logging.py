"""Forwards the SDK's log messages to `logging`.

Messages are logged by the logger `automoderate` and its children. A Python thread fetches the messages, so the SDK's
threads never wait for the GIL, and a slow log handler does not delay the SDK.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
from typing import Any

from . import _native
from ._bridge import iterate_completions

logger = logging.getLogger("automoderate")

# Queues by process id. A forked child needs its own queue, because the forwarding thread does not exist in the child.
_queues: dict[int, _native.CompletionQueue] = {}


def start_forwarding() -> None:
    """Start forwarding messages, unless an earlier call in this process has already started forwarding."""
    process = os.getpid()
    if process not in _queues:
        queue = _native.CompletionQueue()
        if _queues.setdefault(process, queue) is queue:
            _native._forward_logs(queue)
            threading.Thread(target=_forward_records, args=(queue,), name="automoderate-logging", daemon=True).start()


def _forward_records(queue: _native.CompletionQueue) -> None:
    for level, _, record in iterate_completions(queue):
        try:
            _log_record(level, *record)
        except Exception as error:
            # A log handler or filter failed. Report the error and continue with the next message.
            sys.excepthook(type(error), error, error.__traceback__)


def _log_record(level: int, topic: str, message: str) -> None:
    # The logger's level is checked for each message, so that later changes to the level take effect.
    logger.getChild(topic).log(level, "%s", message)


def log_exception(message: str, *arguments: Any) -> None:
    """Log the exception that a user's function raised, with its traceback."""
    logger.exception(message, *arguments)
