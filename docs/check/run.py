"""Runs every code block of the documentation that is marked `run` against the reference server.

python3 docs/check/run.py LANGUAGE...      sh, rust, python (with the package installed), js, swift
python3 docs/check/run.py links            checks that no link between pages is broken
"""

from __future__ import annotations

import sys

import links
from blocks import ROOT, blocks_with_flag
from languages import COMMANDS
from running import run_program
from server import ReferenceServer


def run_blocks(language: str) -> bool:
    found = blocks_with_flag(language)
    assert found, f"no page has a {language} block marked `run`"
    failed = 0
    with ReferenceServer() as server:
        for block, command in COMMANDS[language](found, server):
            failure = run_program(command, ROOT / "bindings-swift" if language == "swift" else ROOT)
            if failure:
                failed += 1
                print(f"FAILED: {block}: {failure}", file=sys.stderr)
    print(f"documentation: {len(found) - failed} of {len(found)} {language} blocks passed")
    return not failed


if __name__ == "__main__":
    chosen = sys.argv[1:]
    if not chosen or any(name not in {*COMMANDS, "links"} for name in chosen):
        raise SystemExit(__doc__)
    results = [links.check_links() if name == "links" else run_blocks(name) for name in chosen]
    raise SystemExit(not all(results))
