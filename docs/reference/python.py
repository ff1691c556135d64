"""Makes the Python package's reference with pdoc: python.py [FOLDER].

It fails if a public item has no docstring; without a folder it does only that. The package must have been built.
"""

from __future__ import annotations

import ast
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pdoc.render
from pdoc.doc import Class, Doc, Function, Module, Namespace, Variable

PACKAGE = Path(__file__).parents[2] / "bindings-python/python"
PUBLIC = ["automoderate", "automoderate.testing"]


def executable_stub(folder: str) -> None:
    """pdoc executes stubs, whose order need not allow that: this makes a copy that can be executed."""
    text = (PACKAGE / "automoderate/_native.pyi").read_text()
    text = re.sub(r"(: TypeAlias = )(.+)", r'\1"\2"', text)
    text = text.replace("\nfrom ", "\nfrom __future__ import annotations\nfrom ", 1)
    stub = Path(folder, "automoderate/_native.pyi")
    stub.parent.mkdir()
    stub.write_text(text)


def complete(doc: Doc, source: Doc) -> None:
    """Data that pdoc does not find at a name's origin: types in a stub, docstrings after variables."""
    doc.docstring = doc.docstring or source.docstring
    if isinstance(doc, Function) and isinstance(source, Function):
        doc.signature = source.signature
    elif isinstance(doc, Variable) and isinstance(source, Variable):
        doc.annotation = source.annotation
    elif isinstance(doc, Namespace) and isinstance(source, Namespace):
        for name in doc.members.keys() & source.members.keys():
            complete(doc.members[name], source.members[name])


def adopt(owner: Class, order: list[str]) -> None:
    """Shows members inherited from private classes as a public class's own, and native ones in the stub's order."""
    names = sorted(owner.members, key=lambda name: order.index(name) if name in order else -1)
    owner.members = {name: owner.members[name] for name in names}
    owner.bases = [base for base in owner.bases if "._" not in base[0]]
    for member in owner.members.values():
        if "._" in member.taken_from[0]:
            member.taken_from = (owner.modulename, member.qualname)


def read(name: str, sources: list[Module]) -> Module:
    """A module with the data of its imported names."""
    stub = ast.parse((PACKAGE / "automoderate/_native.pyi").read_text())
    orders = {
        one.name: [member.name for member in one.body if isinstance(member, ast.FunctionDef)]
        for one in stub.body
        if isinstance(one, ast.ClassDef)
    }
    module = Module.from_name(name)
    for member in module.members.values():
        order: list[str] = []
        for source in sources:
            origin = source.members.get(member.name)
            if origin is not None and origin.obj is member.obj:
                complete(member, origin)
                if source.name == "_native":
                    order = orders.get(member.name, [])
        if isinstance(member, Class):
            adopt(member, order)
    return module


def public(within: Namespace) -> Iterator[Doc]:
    """The public members of a module and of its classes."""
    for member in within.own_members if isinstance(within, Class) else within.members.values():
        if not member.name.startswith("_") or member.name == "__init__" and member.docstring:
            yield member
            if isinstance(member, Class):
                yield from public(member)


def main(folder: str | None) -> int:
    private = sorted({path.name.split(".")[0] for path in (PACKAGE / "automoderate").glob("_[a-z]*.py*")} - {"_pytest"})
    with tempfile.TemporaryDirectory() as stubs:
        executable_stub(stubs)
        sys.path[:0] = [stubs, str(PACKAGE)]
        sources = [Module.from_name(f"automoderate.{name}") for name in private]
        modules = {name: read(name, sources) for name in PUBLIC}
    bare = [doc for module in modules.values() for doc in [module, *public(module)] if not doc.docstring.strip()]
    for doc in bare:
        print(f"FAILED: {doc.fullname} has no docstring", file=sys.stderr)
    if folder is None or bare:
        return bool(bare)
    pdoc.render.configure(docformat="google", show_source=False, footer_text="automoderate for Python")
    pages = {f"{name.replace('.', '/')}.html": pdoc.render.html_module(doc, modules) for name, doc in modules.items()}
    pages |= {"index.html": pdoc.render.html_index(modules), "search.js": pdoc.render.search_index(modules)}
    for name, text in pages.items():
        page = Path(folder, name)
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(text)
    return False


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:] or [None]))
