"""The SDK's messages for `logging`.

They go to the logger `automoderate` and its children. A Python thread fetches them, so the SDK's own threads never wait
for the GIL, and a slow handler delays nothing else.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
from typing import Any

from . import _native
from ._port import heard

logger = logging.getLogger("automoderate")

# Keyed by process: a forked child has no thread yet.
_ports: dict[int, _native.Port] = {}


def listen() -> None:
    """Starts fetching messages. A second call in a process does nothing."""
    process = os.getpid()
    if process not in _ports:
        port = _native.Port()
        if _ports.setdefault(process, port) is port:
            _native._listen_to_logs(port)
            threading.Thread(target=_tell, args=(port,), name="automoderate-logging", daemon=True).start()


def _tell(port: _native.Port) -> None:
    for level, _, record in heard(port):
        try:
            _log(level, *record)
        except Exception as error:
            # An error in a handler or a filter; the next message may succeed.
            sys.excepthook(type(error), error, error.__traceback__)


def _log(level: int, topic: str, message: str) -> None:
    # The level is read now, so that one set later counts too.
    logger.getChild(topic).log(level, "%s", message)


def failed(what: str, *arguments: Any) -> None:
    """Logs that a user's function raised, with the traceback."""
    logger.exception(what, *arguments)
