"""The pages to walk: the commands to type, their order, and the promised results."""

from __future__ import annotations

import time

from blocks import Block
from walkthrough.shell import COMPILES
from walkthrough.steps import ENDS, Walk, only, sections
from walkthrough.terminal import Stumble, Terminal

PAGE = "docs/getting-started.md"
LANGUAGES = {"rust": "Rust", "python": "Python", "node": "Node", "swift": "Swift"}
CATCHES_UP = 120.0  # seconds in which a program must reconnect
PAUSE = 1.0  # seconds between two submissions while a program compiles or starts


def getting_started(walk: Walk, section: str) -> None:
    """The page's beginning, one language, and its end."""
    page = sections(PAGE)
    start = page["A server to try the SDK with"]
    served, curl = only(start, "run=server"), only(start, "run")
    walk.install(only(start, "debian"))
    walk.clone()
    server = walk.start_server(served)
    walk.submit(curl)

    began = time.monotonic()
    debian = walk.row.debian
    program = None
    for block in page[section]:
        if "debian" in block.flags:
            walk.install(block)
        elif "endless" in block.flags:
            program = walk.shell.start(walk.fill(block.text))
        elif block.language == "sh" or block.option("file"):
            walk.step(block)
    if program is None:
        raise Stumble(f"{PAGE}: no program in {section}")
    submitted = follow(walk, program, curl)
    walk.row.first_event = walk.elapsed()
    walk.row.program = time.monotonic() - began - (walk.row.debian - debian)
    walk.tell("the program has printed its first event")

    nothing_is_lost(walk, server, served, program, curl, submitted)


def follow(walk: Walk, program: Terminal, curl: Block) -> list[str]:
    """Submits until the program prints one; returns the lines that it must have printed and continue with."""
    submitted: list[str] = []
    deadline = time.monotonic() + COMPILES
    while time.monotonic() < deadline:
        submitted.append(promised(walk, curl))
        try:
            first = program.wait_for(lambda line: line in submitted, "what was submitted", PAUSE)
            return submitted[submitted.index(first) :]
        except Stumble:
            if not program.runs:
                raise
    raise Stumble("the program has never printed what was submitted")


def promised(walk: Walk, curl: Block) -> str:
    content_id, _ = walk.submit(curl)
    return f"{content_id} is rejected"


def nothing_is_lost(
    walk: Walk, server: Terminal, served: Block, program: Terminal, curl: Block, submitted: list[str]
) -> None:
    """Checks the section "See that nothing is lost", and that each event arrived once and in order."""
    server.interrupt(ENDS)
    walk.tell("the server is stopped")
    server = walk.start_server(served)
    submitted += [promised(walk, curl) for _ in range(2)]
    program.wait_for(lambda line: line == submitted[-1], "what was submitted after the server came back", CATCHES_UP)
    printed = [line for line in program.lines if line.endswith(" is rejected")]
    if printed != submitted:
        raise Stumble(f"submitted were {submitted}, and printed {printed}")
    if any("missing" in line for line in program.lines):
        raise Stumble("the program prints a gap")
    walk.tell(f"the program continued: {len(printed)} events, each once")
    program.interrupt(ENDS)
    server.interrupt(ENDS)


def readme(walk: Walk) -> None:
    """README's demo, then its server, its client on the command line, and its `curl`."""
    page = sections("README.md")
    walk.install(only((block for blocks in page.values() for block in blocks), "debian"))
    walk.clone()

    (shown,) = page["See it"]
    command = next(line for line in shown.text.splitlines() if line.startswith("$ "))[2:]
    began = time.monotonic()
    demo = walk.server_shell.start(command)
    demo.wait_for(lambda line: line.lstrip().startswith("#"), "an event", COMPILES)
    walk.row.program, walk.row.first_event = time.monotonic() - began, walk.elapsed()
    walk.tell(f"the first event of {command}")
    demo.wait_for(lambda line: line.startswith("lost 0, twice 0, of "), "that nothing is lost", COMPILES)
    demo.end(ENDS)
    walk.tell("lost 0, twice 0")

    served, tail, curl = (block for block in page["Use it"] if block.language == "sh")
    server = walk.start_server(served)
    ready = walk.ready
    walk.replace(
        {
            "http://127.0.0.1:6217": ready["base_url"],
            "AUTOMODERATE_API_KEY=…": f"AUTOMODERATE_API_KEY={ready['api_key']}",
            "--project ID": f"--project {ready['project_id']}",
        }
    )
    walk.shell.folder = walk.server_shell.folder
    client = walk.shell.start(walk.fill(tail.text))
    client.wait_for(lambda line: line.startswith("-- connected"), "that it is connected", COMPILES)
    walk.submit(curl)
    client.wait_for(lambda line: "moderation_update" in line and "BUY NOW" in line, "what was submitted", ENDS)
    walk.tell("automod-tail has printed what curl submitted")
    client.interrupt(ENDS)
    server.interrupt(ENDS)
