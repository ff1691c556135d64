"""The SDK's messages for `logging`.

They go to the logger `automoderate` and those below it. A thread of Python's fetches them: the SDK's own threads never
wait for Python's lock, and what a slow handler does holds up nobody.
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

# By process: a forked child has no thread yet.
_ports: dict[int, _native.Port] = {}


def listen() -> None:
    """Has the messages fetched from now on. A second time in a process does nothing."""
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
            # A handler's or a filter's own fault; the next message may fare better.
            sys.excepthook(type(error), error, error.__traceback__)


def _log(level: int, topic: str, message: str) -> None:
    # The level is asked now, so that one that was set later counts too.
    logger.getChild(topic).log(level, "%s", message)


def failed(what: str, *arguments: Any) -> None:
    """Tells that a function of the user's has raised, with the traceback."""
    logger.exception(what, *arguments)
