"""The fenced code blocks of the documentation's pages."""

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
FENCE = re.compile(r"^```(\w*)([^\n`]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    page: str
    line: int
    language: str
    flags: tuple[str, ...]
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"

    @property
    def name(self) -> str:
        return re.sub(r"\W", "_", f"{self.page}_{self.line}").lower()


def blocks(language: str, flag: str = "run") -> list[Block]:
    """The blocks of one language that have a flag behind its name, such as `run`."""
    found = []
    for page in PAGES:
        text = page.read_text()
        for match in FENCE.finditer(text):
            flags = tuple(match[2].split())
            if match[1] == language and flag in flags:
                line = text.count("\n", 0, match.start()) + 1
                found.append(Block(str(page.relative_to(ROOT)), line, language, flags, match[3]))
    return found
