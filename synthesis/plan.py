"""What a run would take: rows, calls, tokens, money and hours, worked out from the recipe.

Nothing is sent. Each step's ``[expected.<step>]`` says what it does with a row; rows flow from step
to step. Finished steps count as they are. Time is

    tokens read / prefill + tokens written / decode

of the model's machine, as declared under ``[models]`` with its source; a model without speeds or
prices leaves its column unknown.
"""

from pathlib import Path

from psyche_bench.synthesis import state
from psyche_bench.synthesis.recipe import Expected, Recipe
from psyche_bench.synthesis.run import check, inputs
from psyche_bench.synthesis.steps import STEPS

Row = dict[str, object]


def plan(recipe: Recipe, folder: Path | None = None) -> list[Row]:
    """One row for each step that is on, and one for all.

    ``rows in`` and ``rows out`` are whole numbers, expected unless the step is finished; hours are
    of one machine as the recipe describes it.
    """
    options = check(recipe)
    flow: dict[str, float] = {}
    table: list[Row] = []
    for step in STEPS:
        if step.name not in options:
            continue
        mark = state.read_mark(folder, step.name) if folder else None
        expected = recipe.expected.get(step.name, Expected())
        before = sum(flow[name] for name in inputs(recipe, step))
        start = expected.start if expected.start is not None else before
        flow[step.name] = mark.written if mark else start * expected.rows
        names = step.models(options[step.name])
        asked = [] if mark else _calls(recipe, names, start, expected)
        table.append(
            _line(step.name, mark.read if mark else start, flow[step.name], asked, bool(mark))
        )
    return [*table, _total(table)]


Share = tuple[float, float, float, float | None, float | None]
"""Calls, tokens read, tokens written, cost, hours."""


def _calls(recipe: Recipe, names: tuple[str, ...], start: float, expected: Expected) -> list[Share]:
    """The calls of a step, in equal parts for each of its models."""
    found: list[Share] = []
    for name in names:
        model = recipe.models[name]
        calls = start * expected.calls / len(names)
        read, written = calls * expected.read, calls * expected.written
        cost = recipe.prices.cost(model.model, read, written)
        hours = None
        if model.prefill and model.decode:
            hours = (read / model.prefill + written / model.decode) / 3600
        found.append((calls, read, written, cost, hours))
    return found


def _line(name: str, start: float, out: float, asked: list[Share], finished: bool) -> Row:
    def summed(place: int) -> float | None:
        values = [share[place] for share in asked]
        return sum(v for v in values if v is not None) if None not in values else None

    return {
        "step": name,
        "state": "finished" if finished else "to run",
        "rows in": round(start),
        "rows out": round(out),
        "calls": round(summed(0) or 0),
        "tokens in": round(summed(1) or 0),
        "tokens out": round(summed(2) or 0),
        "cost": summed(3),
        "hours": summed(4),
    }


def _total(table: list[Row]) -> Row:
    def summed(name: str) -> float | None:
        values = [row[name] for row in table if row["calls"]]
        if any(value is None for value in values):
            return None
        return sum(float(str(value)) for value in values)

    whole = {name: round(summed(name) or 0) for name in ("calls", "tokens in", "tokens out")}
    blank: Row = {"step": "all", "state": "", "rows in": None, "rows out": None}
    return blank | whole | {"cost": summed("cost"), "hours": summed("hours")}
