"""Builds the Python package's reference with pdoc: python.py [FOLDER].

Fails if a public item has no docstring. Without FOLDER, the script only performs this check. The package must already
be built.
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

PACKAGE_FOLDER = Path(__file__).parents[2] / "bindings-python/python"
PUBLIC_MODULES = ["automoderate", "automoderate.testing"]


def write_executable_stub(folder: str) -> None:
    """Writes a copy of the stub that pdoc can execute; the stub itself may use names before it defines them."""
    text = (PACKAGE_FOLDER / "automoderate/_native.pyi").read_text()
    text = re.sub(r"(: TypeAlias = )(.+)", r'\1"\2"', text)
    text = text.replace("\nfrom ", "\nfrom __future__ import annotations\nfrom ", 1)
    stub = Path(folder, "automoderate/_native.pyi")
    stub.parent.mkdir()
    stub.write_text(text)


def copy_missing_data(doc: Doc, source: Doc) -> None:
    """Copies the types in stubs and the docstrings after variables, which pdoc does not find for re-exported names."""
    doc.docstring = doc.docstring or source.docstring
    if isinstance(doc, Function) and isinstance(source, Function):
        doc.signature = source.signature
    elif isinstance(doc, Variable) and isinstance(source, Variable):
        doc.annotation = source.annotation
    elif isinstance(doc, Namespace) and isinstance(source, Namespace):
        for name in doc.members.keys() & source.members.keys():
            copy_missing_data(doc.members[name], source.members[name])


def adopt_inherited_members(owner: Class, order: list[str]) -> None:
    """Shows members inherited from private classes as the class's own members, in the order of the stub."""
    names = sorted(owner.members, key=lambda name: order.index(name) if name in order else -1)
    owner.members = {name: owner.members[name] for name in names}
    owner.bases = [base for base in owner.bases if "._" not in base[0]]
    for member in owner.members.values():
        if "._" in member.taken_from[0]:
            member.taken_from = (owner.modulename, member.qualname)


def load_module(name: str, sources: list[Module]) -> Module:
    """Loads a public module, and completes its re-exported names with data from the private modules."""
    stub = ast.parse((PACKAGE_FOLDER / "automoderate/_native.pyi").read_text())
    orders = {
        node.name: [member.name for member in node.body if isinstance(member, ast.FunctionDef)]
        for node in stub.body
        if isinstance(node, ast.ClassDef)
    }
    module = Module.from_name(name)
    for member in module.members.values():
        order: list[str] = []
        for source in sources:
            origin = source.members.get(member.name)
            if origin is not None and origin.obj is member.obj:
                copy_missing_data(member, origin)
                if source.name == "_native":
                    order = orders.get(member.name, [])
        if isinstance(member, Class):
            adopt_inherited_members(member, order)
    return module


def public_members(namespace: Namespace) -> Iterator[Doc]:
    """Yields the public members of a module and of its classes."""
    for member in namespace.own_members if isinstance(namespace, Class) else namespace.members.values():
        if not member.name.startswith("_") or member.name == "__init__" and member.docstring:
            yield member
            if isinstance(member, Class):
                yield from public_members(member)


def main(folder: str | None) -> int:
    paths = (PACKAGE_FOLDER / "automoderate").glob("_[a-z]*.py*")
    private = sorted({path.name.split(".")[0] for path in paths} - {"_pytest"})
    with tempfile.TemporaryDirectory() as stubs:
        write_executable_stub(stubs)
        sys.path[:0] = [stubs, str(PACKAGE_FOLDER)]
        sources = [Module.from_name(f"automoderate.{name}") for name in private]
        modules = {name: load_module(name, sources) for name in PUBLIC_MODULES}
    public = (doc for module in modules.values() for doc in [module, *public_members(module)])
    undocumented = [doc for doc in public if not doc.docstring.strip()]
    for doc in undocumented:
        print(f"FAILED: {doc.fullname} has no docstring", file=sys.stderr)
    if folder is None or undocumented:
        return bool(undocumented)
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
