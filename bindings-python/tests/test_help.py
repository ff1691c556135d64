"""The text that `help()` says."""

from __future__ import annotations

from pathlib import Path

from .conftest import run_python


def test_help_says_it(tmp_path: Path) -> None:
    done = run_python("import automoderate; help(automoderate.AsyncClient); help(automoderate.ModerationUpdate)")
    assert done.returncode == 0
    for words in ("All times are seconds", "Raises:", "content_preview_html", "JoinTimeout"):
        assert words in done.stdout
