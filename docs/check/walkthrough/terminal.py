"""A terminal with a running program and the program's output."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from typing import TextIO

# Escape sequences for colours and cursor movements.
ESCAPE_SEQUENCES = re.compile(r"\x1b(\[[0-9;?]*[a-zA-Z]|[()][A-Z0-9]|\][^\x07]*\x07)")


class PageMismatch(Exception):
    """A result of a command that differs from what the page describes."""


class Terminal:
    """Runs one command as it would run for a person: on a terminal that accepts Ctrl-C."""

    def __init__(self, command: Sequence[str], name: str, log: TextIO) -> None:
        self._name = name
        self._log = log
        self._lines: list[str] = []
        self._changed = threading.Condition()
        self._keys, screen = pty.openpty()
        self._process = subprocess.Popen(
            ["setsid", "--ctty", *command], stdin=screen, stdout=screen, stderr=screen, close_fds=True
        )
        os.close(screen)
        self._reader = threading.Thread(target=self._read_output, daemon=True)
        self._reader.start()

    @property
    def lines(self) -> list[str]:
        with self._changed:
            return list(self._lines)

    @property
    def is_running(self) -> bool:
        return self._process.poll() is None

    def wait_for(self, is_match: Callable[[str], bool], expected: str, timeout: float) -> str:
        """Returns the first matching line. Raises `PageMismatch` if the command exits or the time is up before that."""
        deadline = time.monotonic() + timeout
        seen = 0
        while True:
            # Check for the exit before reading lines, so that output just before the exit is not missed.
            ended = self._process.poll() is not None
            if ended:
                self._reader.join(1)
            with self._changed:
                fresh, seen = self._lines[seen:], len(self._lines)
            for line in fresh:
                if is_match(line):
                    return line
            if ended:
                raise PageMismatch(f"it exited with {self._process.returncode} instead of printing {expected}")
            if time.monotonic() > deadline:
                raise PageMismatch(f"it did not print {expected} within {timeout:.0f} s")
            with self._changed:
                self._changed.wait_for(lambda known=seen: len(self._lines) > known, timeout=0.2)

    def wait(self, timeout: float) -> None:
        """Waits until the command exits. Raises `PageMismatch` if the command fails or does not exit in time."""
        if self._exit_status(timeout) != 0:
            raise PageMismatch(f"it exited with {self._process.returncode}")

    def interrupt(self, timeout: float) -> int:
        """Presses Ctrl-C, and returns the exit status."""
        os.write(self._keys, b"\x03")
        return self._exit_status(timeout)

    def _exit_status(self, timeout: float) -> int:
        try:
            status = self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise PageMismatch(f"it did not exit within {timeout:.0f} s") from None
        self._reader.join(1)
        return status

    def _read_output(self) -> None:
        rest = b""
        while True:
            try:
                data = os.read(self._keys, 65536)
            except OSError:  # no process has the terminal open any more
                data = b""
            # Carriage returns also separate lines, because progress bars overwrite themselves.
            *whole, rest = re.split(rb"[\r\n]+", rest + data) if data else (rest, b"")
            lines = [ESCAPE_SEQUENCES.sub("", line.decode(errors="replace")) for line in whole]
            with self._changed:
                for line in filter(str.strip, lines):
                    self._lines.append(line)
                    print(f"{self._name} {time.strftime('%H:%M:%S')} {line}", file=self._log, flush=True)
                self._changed.notify_all()
            if not data:
                return
