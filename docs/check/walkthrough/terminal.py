"""A terminal: its program, and the program's output."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from typing import TextIO

# Colours, and cursor movements.
ESCAPES = re.compile(r"\x1b(\[[0-9;?]*[a-zA-Z]|[()][A-Z0-9]|\][^\x07]*\x07)")


class Stumble(Exception):
    """A difference from the page."""


class Terminal:
    """Runs one command as a person would see it: on a terminal that accepts Ctrl-C."""

    def __init__(self, command: Sequence[str], name: str, log: TextIO) -> None:
        self._name = name
        self._log = log
        self._lines: list[str] = []
        self._news = threading.Condition()
        self._keys, screen = pty.openpty()
        self._process = subprocess.Popen(
            ["setsid", "--ctty", *command], stdin=screen, stdout=screen, stderr=screen, close_fds=True
        )
        os.close(screen)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def lines(self) -> list[str]:
        with self._news:
            return list(self._lines)

    @property
    def runs(self) -> bool:
        return self._process.poll() is None

    def wait_for(self, sign: Callable[[str], bool], promised: str, patience: float) -> str:
        """The first matching line; a stumble if the command ends first, or prints no match in time."""
        deadline = time.monotonic() + patience
        seen = 0
        while True:
            # Checked before the lines, so that the last output counts.
            ended = self._process.poll() is not None
            if ended:
                self._reader.join(1)
            with self._news:
                fresh, seen = self._lines[seen:], len(self._lines)
            for line in fresh:
                if sign(line):
                    return line
            if ended:
                raise Stumble(f"it ended with {self._process.returncode} instead of printing {promised}")
            if time.monotonic() > deadline:
                raise Stumble(f"in {patience:.0f} s it did not print {promised}")
            with self._news:
                self._news.wait_for(lambda known=seen: len(self._lines) > known, timeout=0.2)

    def end(self, patience: float) -> None:
        """Waits until the command ends by itself; a stumble if it fails."""
        if self._ended(patience) != 0:
            raise Stumble(f"it ended with {self._process.returncode}")

    def interrupt(self, patience: float) -> int:
        """Presses Ctrl-C, and returns the exit status."""
        os.write(self._keys, b"\x03")
        return self._ended(patience)

    def _ended(self, patience: float) -> int:
        try:
            status = self._process.wait(patience)
        except subprocess.TimeoutExpired:
            raise Stumble(f"it did not end in {patience:.0f} s") from None
        self._reader.join(1)
        return status

    def _read(self) -> None:
        rest = b""
        while True:
            try:
                data = os.read(self._keys, 65536)
            except OSError:  # nobody has the terminal open any more
                data = b""
            # Progress bars overwrite themselves.
            *whole, rest = re.split(rb"[\r\n]+", rest + data) if data else (rest, b"")
            lines = [ESCAPES.sub("", line.decode(errors="replace")) for line in whole]
            with self._news:
                for line in filter(str.strip, lines):
                    self._lines.append(line)
                    print(f"{self._name} {time.strftime('%H:%M:%S')} {line}", file=self._log, flush=True)
                self._news.notify_all()
            if not data:
                return
