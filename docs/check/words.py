"""Finds words and phrases that read as if translated. Their number must not increase in any file.

python3 docs/check/words.py              checks every file against docs/check/words.json
python3 docs/check/words.py --write      writes the current counts to that file, unless their total has increased
python3 docs/check/words.py --list FILE  prints the findings in a file
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import prose

ROOT = Path(__file__).resolve().parents[2]
BASELINE = ROOT / "docs/check/words.json"
# Files of this check, and generated files.
SKIPPED_PREFIXES = ("docs/check/words", "server-ref/dashboard/dist/", "bindings-swift/Sources/AutoModerateFFI/")

# "behind" is correct before the words in PLACES, and after the words in LAG_VERBS.
PLACES = r"prox(?:y|ies)|NAT|firewall|balancer|address|gateway|feature|flag|TLS|server|origin|host|lock|interface|trait"
LAG_VERBS = ("fall", "falls", "fell", "falling", "lag", "lags", "far", "left", "leave")
NOT_LAGGING = "".join(f"(?<!{verb} )" for verb in LAG_VERBS)
PATTERNS: list[tuple[str, str]] = [
    (r"\bwho(?:m)?ever\b", "anyone who; every client that"),
    (r"\b(?:be|been|being|is|are|was|were)\s+had\b", "is available; can be obtained, recovered, installed"),
    (r"\b(?:be|been|being|is|are|was|were)\s+told\b", "receives; learns; is notified; the stream reports"),
    (r"\bmend(?:s|ed|ing)?\b", "fix; repair; recover"),
    (r"\bbeside\b", "next to; compared with; besides"),
    (rf"{NOT_LAGGING}\bbehind\b(?!\s+(?:[\w'-]+\s+){{0,3}}(?:{PLACES})\b)", "after"),
    (r"\b(?:a|each|every|one|another|this|that)\s+content\s+(?:is|was|that|which|has|of|may|must|can)\b", "an item"),
    (r"(?<!table of )(?<!file )(?<!'s )\bcontents\b", "items"),
    (r"\balso\s+if\b", "even if; including when"),
    (r"\bstrokes?\b", "steps; writes"),
    (r"\bgo(?:es|ing)?\s+on\b", "continue; resume"),
    (r"\btells?\s+of\b", "report"),
    (r"\b(?:a\s+mend|with\s+it\s+in\s+it|for\s+so\s+many|from\s+when\b)", "rephrase"),
    (r"\bthe\s+ones?\s+that\s+(?:wants?|needs?)\b", "callers that need"),
]
SENTENCE_OPENING = re.compile(r"(?:\A|(?<=[.!?:]\s))[*_]*(?:Who|What)\b(?![^.!]*\?)")
DOC_OPENING = re.compile(r"\A(?:Who|What|How|Whether|That)\b(?![^.!]*\?)")
SQL_STATEMENT = re.compile(r"\s*(?:SELECT|INSERT|UPDATE|DELETE|CREATE|ALTER)\b")
WORDS = [(re.compile(pattern, re.I), better) for pattern, better in PATTERNS]


def findings(path: Path, text: str) -> Iterator[tuple[int, str, str]]:
    """Yields the line, the words and a suggestion for each finding."""
    for block in prose.prose_blocks(path, text):
        if SQL_STATEMENT.match(block.text):
            continue
        for pattern, better in WORDS:
            for found in pattern.finditer(block.text):
                yield block.line + block.text.count("\n", 0, found.start()), found[0], better
        if block.kind == "heading":
            continue
        opening = DOC_OPENING.match(block.text) if block.kind == "doc" else None
        for found in [opening] if opening else SENTENCE_OPENING.finditer(block.text):
            better = "a noun phrase or a verb" if opening else "name the subject"
            yield block.line + block.text.count("\n", 0, found.start()), found[0] + " …", better


def count_findings(names: list[str]) -> dict[str, int]:
    """Returns the number of findings in each file that has any."""
    found = {name: len(list(findings(Path(name), (ROOT / name).read_text()))) for name in names}
    return {name: count for name, count in found.items() if count}


def tracked_files() -> list[str]:
    """Returns the files to check: every tracked file that contains prose, exists, and is not skipped."""
    listed = subprocess.check_output(["git", "ls-files"], cwd=ROOT, text=True).splitlines()
    kinds = prose.SLASH_COMMENT_SUFFIXES | prose.HASH_COMMENT_SUFFIXES | prose.PYTHON_SUFFIXES | {".md"}
    wanted = (name for name in listed if Path(name).suffix in kinds or name in {"Makefile", ".ci/run"})
    return [name for name in wanted if not name.startswith(SKIPPED_PREFIXES) and (ROOT / name).is_file()]


def compare_counts(now: dict[str, int], before: dict[str, int]) -> tuple[list[str], int]:
    """Returns the files whose counts have increased, and the sum by which the other counts have decreased."""
    worse = [name for name in now if now[name] > before.get(name, 0)]
    fewer = sum(max(0, count - now.get(name, 0)) for name, count in before.items())
    return worse, fewer


def print_findings(name: str) -> None:
    """Prints the findings in a file to stderr, one per line."""
    for line, words, better in findings(Path(name), (ROOT / name).read_text()):
        print(f"{name}:{line}: {' '.join(words.split())!r}: {better}", file=sys.stderr)


def main(arguments: list[str]) -> int:
    """Runs a command from the module's docstring; returns its exit status."""
    if arguments[:1] == ["--list"]:
        for name in arguments[1:]:
            print_findings(name)
        return 0
    now = count_findings(tracked_files())
    before: dict[str, int] = json.loads(BASELINE.read_text()) if BASELINE.exists() else {}
    worse, fewer = compare_counts(now, before)
    if arguments == ["--write"]:
        if before and sum(now.values()) > sum(before.values()):
            print("FAILED: the total has increased; rephrase the findings in", *worse, sep="\n  ", file=sys.stderr)
            return 1
        BASELINE.write_text(json.dumps(now, indent=0, sort_keys=True) + "\n")
        return 0
    for name in worse:
        print(f"FAILED: {name} has {now[name]} findings, and had {before.get(name, 0)} before:", file=sys.stderr)
        print_findings(name)
    if fewer:
        print(f"{fewer} fewer than docs/check/words.json allows; python3 docs/check/words.py --write updates it")
    print(f"words: {sum(now.values())} findings in {len(now)} files, {len(worse)} files have more than before")
    return 1 if worse else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
