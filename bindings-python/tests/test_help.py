"""Documentation shown by `help()`."""

from __future__ import annotations

from pathlib import Path

from .conftest import run_python


def test_help_shows_the_docstrings(tmp_path: Path) -> None:
    done = run_python("import automoderate; help(automoderate.AsyncClient); help(automoderate.ModerationUpdate)")
    assert done.returncode == 0
    for words in ("All durations are in seconds", "Raises:", "content_preview_html", "JoinTimeout"):
        assert words in done.stdout
