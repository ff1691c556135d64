"""A user's shell on an empty machine, which runs the commands of a page."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TextIO

from walkthrough.terminal import PageMismatch, Terminal

COMPILE_TIMEOUT = 3600.0  # seconds within which a command that compiles must finish
HOME = "/root"


class Shell:
    def __init__(self, name: str, root: Path, variables: dict[str, str], log: TextIO) -> None:
        self._name = name
        self._root = root
        self._variables = [f"{name}={value}" for name, value in variables.items()]
        self._log = log
        self.folder = HOME

    def run(self, text: str) -> list[str]:
        """Runs a command to its end, and returns its output. A `cd` in it also applies to later commands."""
        terminal = self.start(text, "pwd >/run/folder")
        try:
            terminal.wait(COMPILE_TIMEOUT)
        except PageMismatch as mismatch:
            raise PageMismatch(f"{'; '.join(text.strip().splitlines())}: {mismatch}") from None
        self.folder = (self._root / "run/folder").read_text().strip()
        return terminal.lines

    def start(self, text: str, then: str = "") -> Terminal:
        """Starts a command without waiting for it to finish."""
        for line in text.strip().splitlines():
            print(f"{self._name} {self.folder}# {line}", file=self._log, flush=True)
        command = f"set -e\ncd {shlex.quote(self.folder)}\n{text.strip()}\n{then}"
        return Terminal(
            ["chroot", str(self._root), "/usr/bin/env", "-i", *self._variables, "bash", "-c", command],
            self._name,
            self._log,
        )

    def write_file(self, name: str, text: str) -> None:
        print(f"{self._name} {self.folder}# (writes {name})", file=self._log, flush=True)
        path = self._root / self.folder.lstrip("/") / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
