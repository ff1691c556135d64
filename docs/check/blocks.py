"""Finds the fenced code blocks of the documentation.

A block can have flags after its language. `run.py` runs blocks with the flag `run`. `walkthrough` also uses the flags
`file=NAME` (the content of a file), `debian` (commands for root on Debian), and `endless` and `run=server` (programs
that run until they are stopped).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = [
    *sorted(ROOT.glob("docs/*.md")),
    *(ROOT / name for name in ["README.md", "core/README.md"] if (ROOT / name).exists()),
    *sorted(ROOT.glob("bindings-*/README.md")),
]
HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)
FENCE = re.compile(r"^```(\w*)([^\n`]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    page: str
    line: int
    language: str
    flags: tuple[str, ...]
    text: str
    section: str  # the heading above the block

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"

    @property
    def name(self) -> str:
        return re.sub(r"\W", "_", f"{self.page}_{self.line}").lower()

    def flag_value(self, name: str) -> str | None:
        """Returns the value of a flag, such as `main.rs` for the name `file` and the flag `file=main.rs`."""
        return next((flag.partition("=")[2] for flag in self.flags if flag.startswith(f"{name}=")), None)


def page_blocks(page: Path) -> list[Block]:
    text = page.read_text()
    # Code is blanked out first, because a comment in a block may look like a heading.
    without_code = FENCE.sub(lambda block: re.sub(r"[^\n]", " ", block[0]), text)
    headings = [(heading.start(), heading[1]) for heading in HEADING.finditer(without_code)]
    found = []
    for match in FENCE.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        section = next((name for start, name in reversed(headings) if start < match.start()), "")
        found.append(Block(str(page.relative_to(ROOT)), line, match[1], tuple(match[2].split()), match[3], section))
    return found


def blocks_with_flag(language: str, flag: str = "run") -> list[Block]:
    """Returns all blocks of one language that have a flag, such as `run`."""
    all_blocks = (block for page in PAGES for block in page_blocks(page))
    return [block for block in all_blocks if block.language == language and flag in block.flags]
