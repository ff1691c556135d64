"""Performs a page's steps on an empty machine, and times them."""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from blocks import ROOT, Block, page_blocks
from server import fill_placeholders
from walkthrough.shell import COMPILE_TIMEOUT, HOME, Shell
from walkthrough.terminal import PageMismatch, Terminal

CLONE_PATH = f"{HOME}/automoderate"
EXIT_TIMEOUT = 30.0  # seconds within which a program must exit after Ctrl-C


@dataclass
class TimingRow:
    """A table row with the times of one walkthrough, in seconds."""

    name: str
    packages: list[str] = field(default_factory=list)
    debian: float = 0.0
    server: float = 0.0
    program: float = 0.0
    first_event: float = 0.0

    def __str__(self) -> str:
        times = [self.debian, self.server, self.program, self.first_event]
        return f"| {self.name} | {' '.join(self.packages)} | {' | '.join(f'{time:.0f}' for time in times)} |"


TABLE_HEAD = (
    "| | Debian packages | install them, s | compile the server, s | compile the program, s "
    "| total until the first event, s |\n"
    "|---|---|---:|---:|---:|---:|"
)


class Walk:
    """A user who follows a page, with one shell for the server and one for everything else."""

    def __init__(self, name: str, open_shell: Callable[[str], Shell], repository: str) -> None:
        self.row = TimingRow(name)
        self._repository = repository
        self._began = time.monotonic()
        self.server_shell, self.shell = open_shell("server"), open_shell("user")
        self._placeholders = {"…/": f"{CLONE_PATH}/"}
        self._ready: dict[str, str] = {}

    def log(self, what: str) -> None:
        print(f"{self.row.name:>7} {time.monotonic() - self._began:6.0f} s  {what}", flush=True)

    def elapsed(self) -> float:
        return time.monotonic() - self._began

    def install(self, block: Block) -> None:
        began = time.monotonic()
        self.shell.run(block.text)
        self.row.debian += time.monotonic() - began
        words = (line.split() for line in block.text.splitlines() if " install " in line)
        self.row.packages += [word for line in words for word in line[2:] if not word.startswith("-")]
        self.log(f"installed {' '.join(self.row.packages)}")

    def clone(self) -> None:
        """Clones the repository. The pages assume a clone, because the repository's address varies."""
        self.shell.run(f"git clone --quiet {self._repository} {CLONE_PATH}")
        self.server_shell.folder = CLONE_PATH

    def start_server(self, block: Block) -> Terminal:
        began = time.monotonic()
        terminal = self.server_shell.start(block.text)
        line = terminal.wait_for(lambda line: '"base_url"' in line, "its line of JSON", COMPILE_TIMEOUT)
        # The values from the first start remain valid after a restart.
        self._ready = self._ready or json.loads(line)
        self.row.server = self.row.server or time.monotonic() - began
        self.log("the server is ready")
        return terminal

    def add_placeholders(self, places: dict[str, str]) -> None:
        """Adds placeholders of the page and their values."""
        self._placeholders |= places

    def fill_placeholders(self, text: str) -> str:
        for place, value in self._placeholders.items():
            text = text.replace(place, value)
        return fill_placeholders(text, self._ready) if self._ready else text

    @property
    def ready(self) -> dict[str, str]:
        return self._ready

    def run_step(self, block: Block) -> None:
        """Runs a block whose commands exit by themselves, or writes the block to its file."""
        name = block.flag_value("file")
        if name is not None:
            self.shell.write_file(name, self.fill_placeholders(block.text))
            return
        for line in self.shell.run(self.fill_placeholders(block.text)):
            if re.fullmatch(r"-Xlinker -L\S+", line):
                self.add_placeholders({"-Xlinker -L…": line})
        self.log(f"finished: {block.text.strip().splitlines()[-1]}")

    def submit(self, block: Block) -> tuple[str, str]:
        """Runs the page's `curl` in the home folder; returns the id and the status of the submitted item."""
        where, self.shell.folder = self.shell.folder, HOME
        answer = "".join(self.shell.run(self.fill_placeholders(block.text)))
        self.shell.folder = where
        try:
            content = json.loads(answer[answer.index("{") : answer.rindex("}") + 1])
            return content["content_id"], content["status"]
        except (ValueError, KeyError):
            raise PageMismatch(f"curl printed {answer}") from None


def blocks_by_section(page: str) -> dict[str, list[Block]]:
    found: dict[str, list[Block]] = {}
    for block in page_blocks(ROOT / page):
        found.setdefault(block.section, []).append(block)
    return found


def only_block_with_flag(blocks: Iterable[Block], flag: str) -> Block:
    (block,) = (block for block in blocks if flag in block.flags)
    return block


def clone_repository(root: Path) -> str:
    """Clones this repository's committed state into the root folder; returns the clone's path on the empty machine."""
    there = root / "mnt/automoderate.git"
    subprocess.run(["git", "clone", "--quiet", "--bare", "--no-hardlinks", str(ROOT), str(there)], check=True)
    return f"/{there.relative_to(root)}"
