"""Extracts the prose of a source file: Markdown text without code, comments, docstrings, and strings with words."""

from __future__ import annotations

import io
import re
import token
import tokenize
from dataclasses import dataclass
from pathlib import Path

SLASH_COMMENT_SUFFIXES = {".rs", ".ts", ".tsx", ".js", ".mjs", ".cjs", ".swift", ".kt"}
HASH_COMMENT_SUFFIXES = {".sh", ".toml", ".yml", ".yaml"}
PYTHON_SUFFIXES = {".py", ".pyi"}

FENCE = re.compile(r"^[ \t]*(```|~~~).*?^[ \t]*\1[ \t]*$", re.M | re.S)
INLINE_CODE = re.compile(r"`+[^`\n]+`+")
LINK_TARGET = re.compile(r"\]\([^)\s]*\)")
LIST_MARKER = re.compile(r"^(?:[-*+]|\d+[.)])\s+")
SLASH_TOKEN = re.compile(
    r"""(?P<comment>//[^\n]*|/\*.*?\*/)
    |(?P<string>r(?P<hash>\#*)".*?"(?P=hash)|"(?:\\.|[^"\\])*"|`(?:\\.|[^`\\])*`|'(?:\\[^\n]|[^'\\\n ])')""",
    re.X | re.S,
)
HASH_TOKEN = re.compile(r"""(?P<comment>(?:^|(?<=\s))\#[^\n]*)|(?P<string>"(?:\\.|[^"\\])*")""", re.M)
COMMENT_MARKER = re.compile(r"\A(?:///|//!|//|#+:?)")


@dataclass
class ProseBlock:
    """A paragraph, a list item, a heading, a paragraph of a comment, or a string."""

    line: int
    text: str
    kind: str = "text"  # or "doc" for the first paragraph of a doc comment, or "heading"


def prose_blocks(path: Path, text: str) -> list[ProseBlock]:
    """Returns the blocks of prose in a file; none if the type of the file is unknown."""
    if path.suffix == ".md":
        return markdown_blocks(1, text)
    if path.suffix in PYTHON_SUFFIXES:
        return python_blocks(text)
    if path.suffix in SLASH_COMMENT_SUFFIXES:
        return token_blocks(SLASH_TOKEN, text)
    if path.suffix in HASH_COMMENT_SUFFIXES or path.name in {"Makefile", "run"}:
        return token_blocks(HASH_TOKEN, text)
    return []


def markdown_blocks(first: int, text: str, kind: str = "text") -> list[ProseBlock]:
    """Splits Markdown into blocks. Code becomes empty lines, so line numbers remain correct."""
    text = FENCE.sub(lambda fence: "\n" * fence[0].count("\n"), text)
    text = LINK_TARGET.sub("]", INLINE_CODE.sub("`_`", text))
    blocks: list[ProseBlock] = []
    going = False
    for number, line in enumerate(text.split("\n"), first):
        line = line.strip()
        heading = line.startswith("#")
        if not line or heading or LIST_MARKER.match(line) or line.startswith("|"):
            going = False
        line = LIST_MARKER.sub("", line)
        if not line:
            continue
        if going:
            blocks[-1].text += "\n" + line
        else:
            start = kind if not blocks else "text"
            blocks.append(ProseBlock(number, line, "heading" if heading else start))
            going = not heading
    return blocks


def token_blocks(pattern: re.Pattern[str], text: str) -> list[ProseBlock]:
    """Returns comments, joining those on adjacent lines, and strings with at least two words."""
    blocks: list[ProseBlock] = []
    run: list[str] = []
    begun = following = 0
    mark = ""

    def flush() -> None:
        if run:
            blocks.extend(markdown_blocks(begun, "\n".join(run), "doc" if mark in {"///", "//!"} else "text"))
        run.clear()

    for found in pattern.finditer(text):
        line = text.count("\n", 0, found.start()) + 1
        part = found[0]
        if found["comment"] is None:
            flush()
            if re.search(r"[A-Za-z] [A-Za-z]", part):
                blocks.append(ProseBlock(line, part.strip("`\"'r#")))
        elif part.startswith("/*"):
            flush()
            body = re.sub(r"^[ \t]*\*(?!/)", "", part.strip("/*"), flags=re.M)
            blocks.extend(markdown_blocks(line, body, "doc" if part.startswith("/**") else "text"))
        else:
            its = COMMENT_MARKER.match(part)
            its_mark = its[0] if its else ""
            alone = not text[text.rfind("\n", 0, found.start()) + 1 : found.start()].strip()
            if line != following or its_mark != mark or not alone:
                flush()
                begun, mark = line, its_mark
            run.append(part[len(its_mark) :])
            following = line + 1
    flush()
    return blocks


def python_blocks(text: str) -> list[ProseBlock]:
    """Returns the comments, docstrings and strings of a Python file."""
    blocks: list[ProseBlock] = []
    opening = {token.NEWLINE, token.NL, token.INDENT, token.DEDENT, token.ENCODING, token.COMMENT}
    before = token.ENCODING
    depth = 0
    middle = getattr(token, "FSTRING_MIDDLE", -1)
    for part in tokenize.generate_tokens(io.StringIO(text).readline):
        line = part.start[0]
        if part.type == token.COMMENT:
            comment = part.string.lstrip("#:").strip()
            last = blocks[-1] if blocks else None
            adjoins = last is not None and last.kind == "text" and last.line + last.text.count("\n") + 1 == line
            if adjoins and last is not None and before == token.NL:
                last.text += "\n" + comment
            elif comment:
                blocks.append(ProseBlock(line, comment))
        elif part.type == token.STRING and before in opening and not depth:
            blocks.extend(markdown_blocks(line, part.string.strip("rbf").strip("\"'"), "doc"))
        elif part.type in {token.STRING, middle} and re.search(r"[A-Za-z] [A-Za-z]", part.string):
            blocks.append(ProseBlock(line, INLINE_CODE.sub("`_`", part.string.strip("\"'"))))
        depth += (part.string in "([{") - (part.string in ")]}") if part.type == token.OP else 0
        before = part.type
    return blocks
