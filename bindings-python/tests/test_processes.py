"""Clients in forked and spawned processes."""

from __future__ import annotations

import multiprocessing
from typing import Any

from automoderate import (
    Client,
    ModerationUpdate,
)

from .conftest import Server, run_client_code


def test_a_client_from_before_a_fork_raises_closed(shared_server: Server) -> None:
    done = run_client_code(
        shared_server,
        """
import os, automoderate
client = Client(url, api_key=key).connect()
stream = client.join(project).events()
pid = os.fork()
if pid == 0:
    for call in (lambda: client.join(project), lambda: client.events(), lambda: next(stream)):
        try: call()
        except automoderate.Closed as error: assert "fork" in str(error), error
        else: os._exit(1)
    with Client(url, api_key=key) as own:
        own.join(project)
    os._exit(0)
assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
client.moderate("text")
assert next(stream)
client.close()
""",
    )
    assert (done.returncode, done.stderr) == (0, "")


def run_child(url: str, key: str, project: str, events: Any) -> None:
    with Client(url, api_key=key) as client:
        stream = client.join(project).events(ModerationUpdate)
        client.moderate("from a child")
        events.put(next(stream))


def test_spawned_processes_can_use_clients_and_pass_events(shared_server: Server) -> None:
    context = multiprocessing.get_context("spawn")
    events = context.Queue()
    with Client(shared_server.base_url, api_key=shared_server.api_key):
        arguments = (shared_server.base_url, shared_server.api_key, shared_server.project_id, events)
        process = context.Process(target=run_child, args=arguments)
        process.start()
        event = events.get(timeout=20)
        process.join(20)
    assert isinstance(event, ModerationUpdate)
    assert event.content_preview == "from a child"
    events.close()
    events.join_thread()
