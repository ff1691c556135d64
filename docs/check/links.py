"""Checks that every link between the documentation's pages works, and that docs/SUMMARY.md lists every page."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from blocks import FENCE, HEADING, PAGES, ROOT

LINK = re.compile(r"\[(?:[^\[\]]|\[[^\]]*\])*\]\(([^)\s]+)\)")
# Pages that `make docs` generates next to the documentation.
GENERATED = {f"docs/api/{name}" for name in ["rust/automoderate/index.html", "python/index.html", "node/index.html"]}
# DocC's script takes the name of the page from the URL, so this link names no file.
GENERATED.add("docs/api/swift/documentation/automoderate")
# mdBook copies this folder into the website.
PLOTS_FOLDER = ROOT / "docs/plots"
OTHER_PAGES = ["ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"]


def anchors(page: Path) -> set[str]:
    """Returns the anchors that GitHub and mdBook generate for the headings."""
    text = FENCE.sub("", page.read_text())
    plain = (re.sub(r"[^\w\- ]", "", heading.lower()).strip() for heading in HEADING.findall(text))
    return {heading.replace(" ", "-") for heading in plain}


def check_links() -> bool:
    errors, count = [], 0
    for page in [*PAGES, *(ROOT / name for name in OTHER_PAGES if (ROOT / name).exists())]:
        for target in LINK.findall(FENCE.sub("", page.read_text())):
            if re.match(r"[a-z]+:", target):
                continue
            count += 1
            name, _, anchor = target.partition("#")
            to = (page.parent / name).resolve() if name else page
            if str(to.relative_to(ROOT)) in GENERATED:
                continue
            if page.parent == ROOT / "docs" and to.parent not in (page.parent, PLOTS_FOLDER):
                errors.append(f"{page.relative_to(ROOT)}: {target} is not part of the website that `make docs` builds")
            elif not to.exists():
                errors.append(f"{page.relative_to(ROOT)}: {target} does not exist")
            elif anchor and anchor not in anchors(to):
                errors.append(f"{page.relative_to(ROOT)}: {target}: no such heading")
    listed = (ROOT / "docs/SUMMARY.md").read_text()
    errors += [
        f"docs/SUMMARY.md does not list {page.name}"
        for page in ROOT.glob("docs/*.md")
        if page.name not in listed + "SUMMARY.md"
    ]
    for line in errors:
        print(f"FAILED: {line}", file=sys.stderr)
    print(f"documentation: {count} links, {len(errors)} of them broken")
    return not errors
