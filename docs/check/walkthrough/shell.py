"""A user's shell on an empty machine, in which the page's commands are typed."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TextIO

from walkthrough.terminal import Stumble, Terminal

COMPILES = 3600.0  # seconds for a command that compiles
HOME = "/root"


class Shell:
    def __init__(self, name: str, root: Path, variables: dict[str, str], log: TextIO) -> None:
        self._name = name
        self._root = root
        self._variables = [f"{name}={value}" for name, value in variables.items()]
        self._log = log
        self.folder = HOME

    def run(self, text: str) -> list[str]:
        """Types a command, waits for its end, and returns its output. A `cd` in it applies to later commands."""
        terminal = self.start(text, "pwd >/run/folder")
        try:
            terminal.end(COMPILES)
        except Stumble as stumble:
            raise Stumble(f"{'; '.join(text.strip().splitlines())}: {stumble}") from None
        self.folder = (self._root / "run/folder").read_text().strip()
        return terminal.lines

    def start(self, text: str, then: str = "") -> Terminal:
        """Types a command, and does not wait."""
        for line in text.strip().splitlines():
            print(f"{self._name} {self.folder}# {line}", file=self._log, flush=True)
        command = f"set -e\ncd {shlex.quote(self.folder)}\n{text.strip()}\n{then}"
        return Terminal(
            ["chroot", str(self._root), "/usr/bin/env", "-i", *self._variables, "bash", "-c", command],
            self._name,
            self._log,
        )

    def write(self, name: str, text: str) -> None:
        print(f"{self._name} {self.folder}# (writes {name})", file=self._log, flush=True)
        path = self._root / self.folder.lstrip("/") / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
