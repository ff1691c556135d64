"""Prints a project's decisions as they arrive, and resumes where it stopped.

python script.py http://127.0.0.1:6217 am_… PROJECT [COUNT]
"""

import contextlib
import sys
from pathlib import Path

from automoderate import Client, Gap, Lagged, ModerationUpdate

CURSOR = Path("cursor.txt")


def main(url: str, api_key: str, project_id: str, count: int) -> None:
    after = CURSOR.read_text() if CURSOR.exists() else None
    with Client(url, api_key=api_key) as client:
        project = client.join(project_id, after=after)
        for event in project.events():
            match event:
                case ModerationUpdate(content_id, status):
                    print(f"{content_id} is {status}: {event.content_preview}", flush=True)
                    count -= 1
                case Gap() | Lagged():
                    print("events are missing:", event, flush=True)
                case _:
                    pass
            CURSOR.write_text(project.cursor or "")
            if count == 0:
                break


if __name__ == "__main__":
    url, api_key, project_id, *rest = sys.argv[1:]
    with contextlib.suppress(KeyboardInterrupt):
        main(url, api_key, project_id, int(rest[0]) if rest else -1)
