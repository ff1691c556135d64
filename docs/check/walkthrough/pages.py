"""The walkthroughs of the pages: the order of their commands, and the results that the pages describe."""

from __future__ import annotations

import time

from blocks import Block
from walkthrough.shell import COMPILE_TIMEOUT
from walkthrough.steps import EXIT_TIMEOUT, Walk, blocks_by_section, only_block_with_flag
from walkthrough.terminal import PageMismatch, Terminal

PAGE = "docs/getting-started.md"
LANGUAGES = {"rust": "Rust", "python": "Python", "node": "Node", "swift": "Swift"}
RECONNECT_TIMEOUT = 120.0  # seconds within which a program must reconnect
SUBMIT_INTERVAL = 1.0  # seconds between submissions while a program compiles or starts


def walk_getting_started(walk: Walk, section: str) -> None:
    """Follows the first section of getting-started.md, the section of one language, and the last steps."""
    page = blocks_by_section(PAGE)
    start = page["A server to try the SDK with"]
    served, curl = only_block_with_flag(start, "run=server"), only_block_with_flag(start, "run")
    walk.install(only_block_with_flag(start, "debian"))
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
            program = walk.shell.start(walk.fill_placeholders(block.text))
        elif block.language == "sh" or block.flag_value("file"):
            walk.run_step(block)
    if program is None:
        raise PageMismatch(f"{PAGE}: the section {section} starts no program")
    submitted = submit_until_printed(walk, program, curl)
    walk.row.first_event = walk.elapsed()
    walk.row.program = time.monotonic() - began - (walk.row.debian - debian)
    walk.log("the program has printed its first event")

    check_nothing_is_lost(walk, server, served, program, curl, submitted)


def submit_until_printed(walk: Walk, program: Terminal, curl: Block) -> list[str]:
    """Submits until the program prints an item; returns the expected output lines from that item on."""
    submitted: list[str] = []
    deadline = time.monotonic() + COMPILE_TIMEOUT
    while time.monotonic() < deadline:
        submitted.append(submit_item(walk, curl))
        try:
            first = program.wait_for(lambda line: line in submitted, "a submitted item", SUBMIT_INTERVAL)
            return submitted[submitted.index(first) :]
        except PageMismatch:
            if not program.is_running:
                raise
    raise PageMismatch("the program never printed a submitted item")


def submit_item(walk: Walk, curl: Block) -> str:
    """Submits an item, and returns the line that the program must print for it."""
    content_id, _ = walk.submit(curl)
    return f"{content_id} is rejected"


def check_nothing_is_lost(
    walk: Walk, server: Terminal, served: Block, program: Terminal, curl: Block, submitted: list[str]
) -> None:
    """Follows the section "See that nothing is lost", and checks that each event arrived once and in order."""
    server.interrupt(EXIT_TIMEOUT)
    walk.log("the server has stopped")
    server = walk.start_server(served)
    submitted += [submit_item(walk, curl) for _ in range(2)]
    program.wait_for(lambda line: line == submitted[-1], "the item submitted after the restart", RECONNECT_TIMEOUT)
    printed = [line for line in program.lines if line.endswith(" is rejected")]
    if printed != submitted:
        raise PageMismatch(f"the program printed {printed} instead of {submitted}")
    if any("missing" in line for line in program.lines):
        raise PageMismatch("the program printed a gap")
    walk.log(f"the program resumed and printed {len(printed)} events, each once")
    program.interrupt(EXIT_TIMEOUT)
    server.interrupt(EXIT_TIMEOUT)


def walk_readme(walk: Walk) -> None:
    """Follows the README: the demo, the server, the command-line client and `curl`."""
    page = blocks_by_section("README.md")
    walk.install(only_block_with_flag((block for blocks in page.values() for block in blocks), "debian"))
    walk.clone()

    (example,) = page["See it"]
    command = next(line for line in example.text.splitlines() if line.startswith("$ "))[2:]
    began = time.monotonic()
    demo = walk.server_shell.start(command)
    demo.wait_for(lambda line: line.lstrip().startswith("#"), "an event", COMPILE_TIMEOUT)
    walk.row.program, walk.row.first_event = time.monotonic() - began, walk.elapsed()
    walk.log(f"{command} has printed its first event")
    demo.wait_for(lambda line: line.startswith("lost 0, twice 0, of "), "lost 0, twice 0", COMPILE_TIMEOUT)
    demo.wait(EXIT_TIMEOUT)
    walk.log("the demo lost no events")

    served, tail, curl = (block for block in page["Use it"] if block.language == "sh")
    server = walk.start_server(served)
    ready = walk.ready
    walk.add_placeholders(
        {
            "http://127.0.0.1:6217": ready["base_url"],
            "AUTOMODERATE_API_KEY=…": f"AUTOMODERATE_API_KEY={ready['api_key']}",
            "--project ID": f"--project {ready['project_id']}",
        }
    )
    walk.shell.folder = walk.server_shell.folder
    client = walk.shell.start(walk.fill_placeholders(tail.text))
    client.wait_for(lambda line: line.startswith("-- connected"), "-- connected", COMPILE_TIMEOUT)
    walk.submit(curl)
    client.wait_for(lambda line: "moderation_update" in line and "BUY NOW" in line, "the submitted item", EXIT_TIMEOUT)
    walk.log("automod-tail has printed the item submitted with curl")
    client.interrupt(EXIT_TIMEOUT)
    server.interrupt(EXIT_TIMEOUT)
