"""Where a run stands: finished steps from their marks, the one under way from progress.json."""

import time
from pathlib import Path
from typing import Any

from psyche_bench.jsonl import read_json
from psyche_bench.store import Store
from psyche_bench.synthesis import card, state
from psyche_bench.synthesis.steps import STEPS

STALE = 30.0
"""Seconds without news after which a run is taken to have stopped."""


def build(folder: Path) -> dict[str, Any]:
    """Steps with their counts, the step under way with rate and time left, calls in the store."""
    recipe = state.open_folder(folder)
    done = {mark.step: mark for mark in card.marks(folder)}
    running = _running(folder)
    steps = []
    for step in STEPS:
        if step.name not in recipe["steps"]:
            continue
        mark = done.get(step.name)
        line: dict[str, object] = {"step": step.name, "state": "waiting", "rows": None, "of": None}
        line |= {"rows out": None, "set aside": None, "calls": None}
        if running and running["step"] == step.name:
            line |= {"state": "stopped" if running["stale"] else "running"}
            line |= {"rows": running["rows"], "of": running["of"], "calls": running["calls"]}
        elif mark is not None:
            line |= {"state": "finished", "rows": mark.read, "of": mark.read}
            line |= {"rows out": mark.written, "set aside": sum(mark.dropped.values())}
            line |= {"calls": sum(one.calls for one in mark.models.values())}
        steps.append(line)
    store = folder / state.STORE
    answered = 0
    if store.is_file():
        with Store(store) as calls:
            answered = len(calls)
    return {"recipe": recipe["name"], "steps": steps, "running": running, "answered": answered}


def _running(folder: Path) -> dict[str, Any] | None:
    """The step under way with rows and calls a second and the seconds it still needs."""
    path = folder / "progress.json"
    if not path.is_file():
        return None
    found: dict[str, Any] = read_json(path)
    seconds = max(found["now"] - found["begun"], 1e-9)
    rate = found["rows"] / seconds
    left = (found["of"] - found["rows"]) / rate if rate else None
    return found | {
        "stale": time.time() - found["now"] > STALE,
        "rows_per_second": rate,
        "calls_per_second": found["calls"] / seconds,
        "seconds_left": left,
    }


def talk(status: dict[str, Any]) -> str:
    """One line on the step under way."""
    running = status["running"]
    if running is None:
        return f"{status['answered']} answered calls in the store."
    left = running["seconds_left"]
    eta = "unknown" if left is None else f"{left / 60:.1f} min"
    cost = "" if running["cost"] is None else f", {running['cost']:.2f} {running['currency']}"
    return (
        f"{running['step']}: {running['rows']} of {running['of']} rows, "
        f"{running['calls']} calls sent ({running['from_store']} from the store), "
        f"{running['tokens_in']} + {running['tokens_out']} tokens{cost}, "
        f"{running['rows_per_second']:.2f} rows/s, {running['calls_per_second']:.2f} calls/s, "
        f"time left in this step: {eta}. {status['answered']} answered calls in the store."
    )
