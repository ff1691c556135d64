"""Pytest plugin, which pytest finds automatically when the package is installed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .testing import Server


@pytest.fixture
def automoderate_server() -> Iterator[Server]:
    """Test server for this test; see `automoderate.testing`."""
    from .testing import Server

    with Server() as server:
        yield server
