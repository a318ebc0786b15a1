"""One row's whole life: source, document, segment, question, each round, verdicts, and its end.

Read from the step files; a row is followed back to what it was made from and forward to what was
made from it.
"""

from pathlib import Path
from typing import Any

from psyche_bench.errors import DataError
from psyche_bench.jsonl import read_lines
from psyche_bench.synthesis import state
from psyche_bench.synthesis.steps import STEPS

Event = dict[str, Any]


def life(folder: Path, wanted: str) -> list[Event]:
    """What every step did with a row and its forebears, in order: ``step``, ``id``, ``row`` or
    ``reason`` with ``raw``.

    Raises:
        DataError: no step knows the id.
    """
    on = state.open_folder(folder)["steps"]
    names = [s.name for s in STEPS if s.name in on and state.mark_file(folder, s.name).is_file()]
    found = _search(folder, names, wanted)
    if not found:
        raise DataError(f"{folder}: no finished step knows {wanted!r}. Ids stand in steps/*.jsonl.")
    before: list[Event] = []
    parent = next((p for event in found if (p := _parent(event))), "")
    while parent:
        earlier = _search(folder, names, parent)
        before = earlier + before
        parent = next((p for event in earlier if (p := _parent(event))), "")
    return before + found


def _parent(event: Event) -> str:
    origin = (event.get("row") or {}).get("origin")  # an item's; an example names its data set
    return str(origin.get("parent", "")) if isinstance(origin, dict) else ""


def _search(folder: Path, names: list[str], wanted: str) -> list[Event]:
    found: list[Event] = []
    for name in names:
        for _, row in read_lines(state.rows_file(folder, name)):
            held = [member["id"] for member in row.get("members", ())]
            if wanted in (row["id"], *held):
                found.append({"step": name, "id": row["id"], "row": row})
        found += [
            {"step": name} | line
            for line in state.set_aside(folder, name)
            if line["id"] == wanted or line["raw"].startswith(f"{wanted}: ")
        ]
    return found


def text(events: list[Event]) -> str:
    """The life in lines to read."""
    lines: list[str] = []
    last: dict[str, Any] = {}
    for event in events:
        lines.append(f"── {event['step']} · {event['id']}")
        if "reason" in event:
            what = "part rejected" if event["part"] else "SET ASIDE"
            lines.append(f"   {what}: {event['reason']}")
            lines += [f"   │ {line}" for line in event["raw"].splitlines()[:20]]
            continue
        row = _flat(event["row"])
        new = {name: value for name, value in row.items() if last.get(name) != value}
        lines += [line for name, value in new.items() for line in _shown(name, value)] or [
            "   goes on unchanged"
        ]
        last = row
    return "\n".join(lines)


def _flat(row: dict[str, Any], before: str = "") -> dict[str, Any]:
    """Fields with dotted names; empty ones are left out."""
    flat: dict[str, Any] = {}
    for name, value in row.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{before}{name}.")
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            for number, part in enumerate(value):
                flat |= _flat(part, f"{before}{name}[{number}].")
        elif value not in (None, "", [], 0) and name not in ("id", "form"):
            flat[f"{before}{name}"] = value
    return flat


def _shown(name: str, value: Any) -> list[str]:
    first, *more = str(value).splitlines() or [""]
    return [f"   {name}: {first}", *(f"   │ {line}" for line in more)]
