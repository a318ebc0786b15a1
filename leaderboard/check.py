"""``psyche-bench board check``: every figure of every record, computed again from its outcomes.

A line's scores are graded again by the gold at hand, kept replies are read again, and sums, means,
intervals, clean figures and the breakdown by subject follow. A judged record's means, intervals,
agreement and reasons follow from its verdicts. Whatever differs is named by its cell.
"""

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from psyche_bench import passport, sources
from psyche_bench.errors import BoardError
from psyche_bench.leaderboard import collect, figures, judged_results
from psyche_bench.leaderboard.records import BoardOutcome, Result
from psyche_bench.rubrics import Rubric
from psyche_bench.schemas import Outcome, Question, Record

TOLERANCE = 1e-6
"""Percentage points two machines' arithmetic may differ by."""


class Deviation(Record):
    """One cell of a record that its outcomes, or the gold, do not give."""

    file: str
    cell: str
    stored: str
    computed: str


def check(folder: Path | None = None, rubrics: Sequence[Rubric] = ()) -> list[Deviation]:
    """All deviations of a folder's records; none for an honest folder.

    Args:
        folder: where the records lie.
        rubrics: what judged records were judged by, beyond the package's own rubrics.

    Raises:
        DataError: a record or its outcomes cannot be read, or a data set is not at hand.
    """
    return [
        found
        for result in collect.load_results(folder)
        for found in deviations(result, folder, rubrics)
    ]


def refuse(found: Sequence[Deviation]) -> None:
    """Raise for the first deviation.

    Raises:
        BoardError: there is one; file, cell and both figures are named.
    """
    if not found:
        return
    first, more = found[0], f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    raise BoardError(
        f"{first.file}, {first.cell}: the record says {first.stored}, its outcomes give "
        f"{first.computed}{more}. Records are not edited: add the run again with --replace."
    )


def deviations(
    result: Result, folder: Path | None = None, rubrics: Sequence[Rubric] = ()
) -> Iterator[Deviation]:
    """What of one record does not follow from its outcomes."""
    name = f"{result.stem}.json"
    if result.verdicts:
        for cell, stored, computed in _judged_cells(result, folder, rubrics):
            yield _deviation(name, cell, stored, computed)
        return
    lines = list(collect.outcomes(result, folder))
    if not lines:
        yield Deviation(file=name, cell="outcomes", stored="figures", computed="nothing")
        return
    universe = sources.universe(line.id for line in lines)
    again = [figures.outcome(line, universe[line.id], result.protocol) for line in lines]
    for line, outcome in zip(lines, again, strict=True):
        for cell, stored, computed in _line_cells(line, outcome):
            yield _deviation(result.outcomes or name, cell, stored, computed)
    for cell, stored, computed in _record_cells(result, again, universe):
        yield _deviation(name, cell, stored, computed)


Cell = tuple[str, Any, Any]


RESTING = {"cost", "currency", "human", "rubric", "rubric_hash", "prompt_hash", "temperature"}
"""What of a judge card does not follow from verdicts: prices, people's scores, the settings."""


def _judged_cells(result: Result, folder: Path | None, rubrics: Sequence[Rubric]) -> Iterator[Cell]:
    """Means, intervals, agreement, coverage and reasons of a judged record."""
    root = collect.default_folder() if folder is None else folder
    found = list(judged_results.verdicts(root / str(result.verdicts)))
    card: dict[str, Any] = dict(result.card or {})
    (column,) = result.columns
    new = judged_results.recomputed(card, found, column.missing or 0, rubrics)
    figures_again = judged_results.figures(new.dimensions)
    yield from _differing(f"columns.{column.column}.scores", column.scores, figures_again["scores"])
    old, again = (
        {name: interval and interval.model_dump() for name, interval in found.items()}
        for found in (column.intervals, figures_again["intervals"])
    )
    yield from _differing(f"columns.{column.column}.intervals", old, again)
    computed = new.card.model_dump(mode="json", exclude=RESTING)
    yield from _differing("card", {name: card.get(name) for name in computed}, computed)
    told = {dimension["name"]: dimension for dimension in card["dimensions"]}
    for dimension in new.dimensions:
        computed = dimension.model_dump(mode="json")
        yield from _differing(f"card.{dimension.name}", told.get(dimension.name, {}), computed)


def _line_cells(line: BoardOutcome, again: Outcome) -> Iterator[Cell]:
    new = figures.line(again, with_reply=line.reply is not None)
    for name in ("predicted", "state", "scores", "hits", "extra", "missed"):
        stored, computed = getattr(line, name), getattr(new, name)
        if name in ("hits", "extra", "missed") and again.gold is None:
            continue  # the gold is withheld here: whoever added the run had it
        yield from _differing(f"{line.id}.{name}", stored, computed)


def _record_cells(
    result: Result, again: list[Outcome], universe: dict[str, Question]
) -> Iterator[Cell]:
    shown = figures.by_group(again, universe, partial=result.partial)
    yield from _differing("groups of tasks", [result.group], list(shown))
    new = shown.get(result.group)
    if new is None:
        return
    for kind, label in (("groups", "group"), ("columns", "column"), ("subjects", "column")):
        stored = {getattr(part, label): part.model_dump() for part in getattr(result, kind)}
        computed = {getattr(part, label): part.model_dump() for part in getattr(new, kind)}
        yield from _differing(kind, stored, computed)
    limited = bool(result.passport.get("limit") or result.passport.get("samples"))
    yield from _differing("partial", result.partial, limited)
    yield from _differing("items", result.items, len(again))
    yield from _differing("signature", result.signature, result.passport.get("signature"))
    hashes = passport.prompt_hashes(again)
    theirs = result.passport.get("prompt_hashes") or {}
    if isinstance(theirs, dict) and any(outcome.prompt_hash for outcome in again):
        told = {task: value for task, value in theirs.items() if task in hashes}
        yield from _differing("passport.prompt_hashes", told, hashes)


def _differing(cell: str, stored: Any, computed: Any) -> Iterator[Cell]:
    """Leaves of two trees that differ, floats by more than :data:`TOLERANCE`."""
    if isinstance(stored, dict) and isinstance(computed, dict):
        for key in dict.fromkeys([*stored, *computed]):
            yield from _differing(f"{cell}.{key}", stored.get(key), computed.get(key))
    elif isinstance(stored, float) and isinstance(computed, float | int):
        if not math.isclose(stored, computed, rel_tol=0, abs_tol=TOLERANCE):
            yield cell, stored, computed
    elif stored != computed:
        yield cell, stored, computed


def _deviation(file: str, cell: str, stored: Any, computed: Any) -> Deviation:
    return Deviation(file=file, cell=cell, stored=_shown(stored), computed=_shown(computed))


def _shown(value: Any) -> str:
    return (
        "nothing" if value is None else f"{value:.4f}" if isinstance(value, float) else str(value)
    )
