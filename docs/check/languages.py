"""Turns code blocks into programs. A program first creates the `client` and the `project` that its block uses but does
not create.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Sequence
from pathlib import Path

from blocks import ROOT, Block
from server import ReferenceServer

Command = Sequence[str]
TARGET_FOLDER = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")).resolve()


def empty_folder(name: str) -> Path:
    """Returns a folder for the programs of one language, with an empty `src`."""
    created = TARGET_FOLDER / "pages" / name
    shutil.rmtree(created / "src", ignore_errors=True)
    (created / "src").mkdir(parents=True)
    return created


def shell_commands(blocks: Sequence[Block], server: ReferenceServer) -> list[tuple[Block, Command]]:
    return [(block, ["sh", "-ec", server.fill_placeholders(block.text)]) for block in blocks]


def python_commands(blocks: Sequence[Block], server: ReferenceServer) -> list[tuple[Block, Command]]:
    """Returns programs for the Python interpreter that runs this script and that must have the package installed."""

    def complete_program(text: str) -> str:
        top_level_await = re.search(r"^(async |.*\bawait )", text, re.MULTILINE) and "asyncio.run" not in text
        if not top_level_await:
            return text
        has_client = "AsyncClient(" in text
        body = text if has_client else f"project = await client.join('proj_1')\n{text}"
        opening = "" if has_client else "async with AsyncClient('http://localhost:6217', api_key='am_…') as client:"
        body = textwrap.indent(body, "    " if has_client else "        ")
        return f"import asyncio\nfrom automoderate import *\nasync def main():\n    {opening}\n{body}\nasyncio.run(main())\n"

    where = empty_folder("python")
    for block in blocks:
        (where / "src" / f"{block.name}.py").write_text(server.fill_placeholders(complete_program(block.text)))
    return [(block, [sys.executable, "-u", str(where / "src" / f"{block.name}.py")]) for block in blocks]


def node_commands(blocks: Sequence[Block], server: ReferenceServer) -> list[tuple[Block, Command]]:
    """Returns programs for `node`, with the package linked as `npm install …/bindings-node` would link it."""
    prelude = (
        "import { Client } from 'automoderate'\n"
        "const client = await Client.connect('http://localhost:6217', { apiKey: 'am_…' })\n"
        "const project = await client.join('proj_1')\n"
    )
    where = empty_folder("node")
    modules = where / "node_modules"
    modules.mkdir(exist_ok=True)
    link = modules / "automoderate"
    link.unlink(missing_ok=True)
    link.symlink_to(ROOT / "bindings-node")
    for block in blocks:
        is_program = re.search(r"^import \{.*\bClient\b", block.text, re.MULTILINE)
        text = block.text if is_program else f"{prelude}{block.text}\nawait client.close()\n"
        (where / "src" / f"{block.name}.mjs").write_text(server.fill_placeholders(text))
    return [(block, ["node", str(where / "src" / f"{block.name}.mjs")]) for block in blocks]


def rust_commands(blocks: Sequence[Block], server: ReferenceServer) -> list[tuple[Block, Command]]:
    """Builds one package with a program for each block, with the dependency versions of the workspace."""
    where = empty_folder("rust")
    manifest = textwrap.dedent(f"""\
        [package]
        name = "pages"
        version = "0.0.0"
        edition = "2024"
        [dependencies]
        automoderate = {{ path = "{ROOT / "core"}", features = ["test-server"] }}
        serde_json = "1"
        tokio = {{ version = "1", features = ["macros", "rt-multi-thread"] }}
        [workspace]
        """)
    (where / "Cargo.toml").write_text(manifest)
    shutil.copy(ROOT / "Cargo.lock", where / "Cargo.lock")
    (where / "src" / "bin").mkdir()
    prelude = (
        "#[tokio::main]\nasync fn main() -> Result<(), Box<dyn std::error::Error>> {\n"
        'let client = automoderate::Client::builder("http://localhost:6217").api_key("am_…").connect().await?;\n'
        'let project = client.join("proj_1").await?;\n'
    )
    for block in blocks:
        text = re.sub(r"^#(?: |$)", "", block.text, flags=re.MULTILINE)
        text = text if "fn main" in text else f"#![allow(unused)]\n{prelude}{text}\nOk(())\n}}\n"
        (where / "src" / "bin" / f"{block.name}.rs").write_text(server.fill_placeholders(text))
    cargo = os.environ.get("CARGO", "cargo")
    subprocess.run([cargo, "build", "--quiet", "--bins", "--target-dir", TARGET_FOLDER], cwd=where, check=True)
    return [(block, [str(TARGET_FOLDER / "debug" / block.name)]) for block in blocks]


def swift_commands(blocks: Sequence[Block], server: ReferenceServer) -> list[tuple[Block, Command]]:
    """Builds one program for all blocks, with the library that `bindings-swift/check.sh` has built. The commands that
    build and run the program start with the words in `AUTOMODERATE_SWIFT`.
    """
    run = os.environ.get("AUTOMODERATE_SWIFT", "env").split()
    where = empty_folder("swift")
    (where / "src" / "Pages").mkdir()
    manifest = textwrap.dedent(f"""\
        // swift-tools-version: 6.0
        import PackageDescription
        let package = Package(
            name: "Pages",
            platforms: [.macOS(.v13)],
            dependencies: [.package(path: "{ROOT / "bindings-swift"}")],
            targets: [.executableTarget(
                name: "Pages",
                dependencies: ["AutoModerate", "AutoModerateTesting"].map {{ .product(name: $0, package: "bindings-swift") }},
                path: "src/Pages")]
        )
        """)
    (where / "Package.swift").write_text(manifest)
    functions, cases = [], []
    for block in blocks:
        text = block.text
        if "import AutoModerate" in text:
            text = re.sub(r"^import \w+$", "", text, flags=re.MULTILINE)
        else:
            connect = 'let client = try await Client.connect("http://localhost:6217", .init(apiKey: "am_…"))'
            text = f'{connect}\nlet project = try await client.join("proj_1")\n{text}'
        functions.append(f"func {block.name}() async throws {{\n{text}\n}}\n")
        cases.append(f'case "{block.name}": try await {block.name}()')
    choice = "\n".join([*cases, 'default: fatalError("no such page")'])
    # Flush the output periodically, so that it appears while the program runs. Swift 6 does not allow access to
    # `stdout` itself, so `fflush(nil)` flushes all streams.
    flush_task = "Task.detached { while true { fflush(nil); try await Task.sleep(for: .milliseconds(100)) } }\n"
    source = f"import AutoModerate\nimport AutoModerateTesting\nimport Foundation\n{''.join(functions)}{flush_task}switch CommandLine.arguments[1] {{\n{choice}\n}}\n"
    (where / "src" / "Pages" / "main.swift").write_text(server.fill_placeholders(source))
    flags = [
        "--package-path",
        str(where),
        "--scratch-path",
        str(TARGET_FOLDER / "swift-pages"),
        "-Xlinker",
        f"-L{TARGET_FOLDER / 'swift-lib'}",
    ]
    # The blocks are incomplete programs, so the compiler would warn about unused values.
    flags += ["-Xswiftc", "-suppress-warnings"]
    if sys.platform == "linux":
        flags += ["-Xswiftc", "-DAUTOMODERATE_OBSERVATION", "-Xlinker", "--allow-shlib-undefined"]
    subprocess.run([*run, "swift", "build", "--quiet", *flags], cwd=ROOT / "bindings-swift", check=True)
    shown = subprocess.run(
        [*run, "swift", "build", "--show-bin-path", *flags],
        cwd=ROOT / "bindings-swift",
        check=True,
        capture_output=True,
        text=True,
    )
    program = str(Path(shown.stdout.strip()) / "Pages")
    return [(block, [*run, program, block.name]) for block in blocks]


COMMANDS = {
    "sh": shell_commands,
    "python": python_commands,
    "js": node_commands,
    "rust": rust_commands,
    "swift": swift_commands,
}
