"""Writes the event classes in `_native.pyi` from the getters in `src/events`, so that neither types nor docs drift.

`python stubs.py` writes the stubs; `python stubs.py --check` fails if they have changed.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
STUB = HERE / "python/automoderate/_native.pyi"
MODULES = ("moderation", "stats", "rule", "notification", "activity", "control", "losses")
MARK = "# stubs.py writes the following from src/events.\n"
TYPES = {
    "&str": "str",
    "&'static str": "str",
    "Option<&str>": "str | None",
    "Option<String>": "str | None",
    "String": "str",
    "u64": "int",
    "Option<u64>": "int | None",
    "Option<f64>": "float | None",
    "bool": "bool",
    "jiff::Timestamp": "datetime",
    "Option<jiff::Timestamp>": "datetime | None",
    "PyResult<Bound<'py, PyDict>>": "dict[str, Any]",
}
NOTIFICATION = 'Literal["info", "warning", "error", "success"] | str'
# Types that Rust does not express.
PRECISE = {
    "ModerationUpdate.meta_data": "Any",
    "ModerationUpdate.status": "Status",
    "ModerationUpdate.content_type": 'Literal["text", "image"] | str | None',
    "ModerationUpdate.moderator_type": 'Literal["rule", "ai", "manual", "unknown"] | str | None',
    "StatsUpdate.recent_activity": "tuple[RecentActivity, ...]",
    "RuleUpdate.action": 'Literal["created", "updated", "deleted"] | str',
    "RuleUpdate.rule": "Rule",
    "SystemNotification.type": NOTIFICATION,
    "SystemNotification.notification_type": NOTIFICATION,
    "UserActivity.activity": "Activity",
    "UnknownEvent.data": "Any",
    "UnknownEvent.attachments": "tuple[bytes, ...]",
    "Gap.reason": "Literal[\n        "
    '"interrupted", "expired", "log_changed", "cursor_ahead", "replay_failed", "backfill_incomplete"\n    ]',
    "Meta.origin": 'Literal["live", "replay", "backfill"]',
}
GETTER = re.compile(
    r"((?:[ ]*///.*\n)+)[ ]*#\[getter\]\n[ ]*fn (?:r#)?(\w+)(?:<'py>)?\(&self(?:, py: Python<'py>)?\) -> (.+) \{"
)
CLASS = re.compile(
    r'event_class! \{\n    /// ([^\n]+)\n    (\w+) = "(\w+)",\n    shows \[[^\]]*\],\n    matches \[([^\]]*)\],\n'
    r"    \{\n(.*?)\n    \}\n\}\n",
    re.DOTALL,
)
VALUE = """    def __eq__(self, value: object, /) -> bool: ...
    def __hash__(self) -> int: ...
    def __reduce__(self) -> tuple[Any, tuple[str]]: ...
"""
COMMON = (
    '''    @property
    def meta(self) -> Meta:
        """Data that the SDK adds to the event."""
    def to_dict(self) -> dict[str, Any]:
        """The event as a dict for `json.dumps`: `event`, the documented fields, `extra` if not empty, and `meta`.
        Timestamps are RFC 3339 text ending in `Z`.
        """
    def to_json(self) -> str:
        """`to_dict()` as JSON."""
'''
    + VALUE
)


def docstring(comment: str) -> str:
    lines = [line.strip().removeprefix("///").strip() for line in comment.strip().splitlines()]
    if len(lines) == 1:
        return f'        """{lines[0]}"""\n'
    return "\n".join([f'        """{lines[0]}', *(f"        {line}" for line in lines[1:]), '        """\n'])


def getters(name: str, body: str) -> str:
    text = ""
    for comment, field, rust in GETTER.findall(body):
        python = PRECISE.get(f"{name}.{field}") or TYPES[rust]
        text += f"    @property\n    def {field}(self) -> {python}:\n{docstring(comment)}"
    return text


def classes() -> str:
    meta = (HERE / "src/events/meta.rs").read_text()
    text = '\n@final\nclass Meta:\n    """Data that the SDK adds to an event."""\n\n'
    text += '    __match_args__ = ("project_id", "event_id", "origin", "received_at")\n' + getters("Meta", meta) + VALUE
    sources = "".join((HERE / f"src/events/{module}.rs").read_text() for module in MODULES)
    for comment, name, kind, matched, body in CLASS.findall(sources):
        names = matched if "," in matched else f"{matched},"
        text += f'\n@final\nclass {name}:\n    """{comment}"""\n\n    __match_args__ = ({names})\n'
        text += f'    event: Final = "{kind}"\n    """The name of the kind of event, the same in every language."""\n'
        text += getters(name, body) + COMMON
    return text


def main() -> int:
    written = STUB.read_text()
    wanted = written.split(MARK)[0] + MARK + classes()
    if "--check" in sys.argv:
        if wanted != written:
            print("_native.pyi has drifted from src/events: run stubs.py", file=sys.stderr)
        return int(wanted != written)
    STUB.write_text(wanted)
    return 0


if __name__ == "__main__":
    sys.exit(main())
