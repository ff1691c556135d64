"""Starts the reference server as documented, and submits items to it continuously."""

from __future__ import annotations

import itertools
import json
import os
import shlex
import subprocess
import tempfile
import threading
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

from blocks import ROOT, blocks_with_flag


def fill_placeholders(text: str, ready: Mapping[str, str]) -> str:
    """Replaces the documentation's address, key and project with the values that a server printed."""
    places = {"http://localhost:6217": "base_url", "am_…": "api_key", "proj_1": "project_id"}
    for place, name in places.items():
        text = text.replace(place, ready[name])
    return text


class ReferenceServer:
    """Runs the documented command that is marked `run=server`, on a free port and with its own database."""

    def __enter__(self) -> ReferenceServer:
        self._folder = tempfile.TemporaryDirectory()
        (block,) = blocks_with_flag("sh", "run=server")
        command = shlex.split(block.text.strip())
        words = iter(command)
        run_server = list(itertools.takewhile(lambda word: word != "--", words))
        assert run_server[:2] == ["cargo", "run"] and run_server[-1] == "automoderate-server", run_server
        # `make test` sets this variable to the path of the server that it has built, because `cargo run` would compile
        # the dependencies again.
        built = os.environ.get("AUTOMODERATE_SERVER")
        program = [built] if built else [os.environ.get("CARGO", "cargo"), *run_server[1:], "--"]
        database = f"sqlite://{Path(self._folder.name) / 'automoderate.db'}"
        command = [*program, *words, "--listen", "127.0.0.1:0", "--database", database]
        # All programs connect from the same address, so the limit per address is turned off.
        limits = {"AUTOMODERATE_MAX_CONNECTIONS_PER_IP": "0", "AUTOMODERATE_LOG": "warn"}
        self._process = subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, text=True, env={**os.environ, **limits}
        )
        assert self._process.stdout is not None
        ready = self._process.stdout.readline()
        if not ready:
            raise SystemExit("the server did not start")
        self._ready = json.loads(ready)
        self._done = threading.Event()
        self._submitting = threading.Thread(target=self._submit_continuously, daemon=True)
        self._submitting.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._done.set()
        self._submitting.join()
        self._process.terminate()
        self._process.wait()
        self._folder.cleanup()

    def fill_placeholders(self, text: str) -> str:
        return fill_placeholders(text, self._ready)

    def _submit_continuously(self) -> None:
        texts = ["BUY NOW", "A kind remark about roses."]
        while not self._done.wait(0.2):
            texts.append(texts.pop(0))
            body = json.dumps({"content": texts[0], "metadata": {"user_id": "u_1"}}).encode()
            headers = {"X-API-Key": self._ready["api_key"], "content-type": "application/json"}
            request = urllib.request.Request(f"{self._ready['base_url']}/api/moderate", body, headers)
            urllib.request.urlopen(request, timeout=30).close()
