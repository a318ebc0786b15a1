"""Pages that compare two runs item by item: differences, adjusted p, and every flipped item.

All pairs of a hundred runs are 4,950 pages that nobody reads, so by default the best re-run of a
task group is set against the next ones; ``--compare A B`` asks for any other pair.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from psyche_bench.compare import Comparison, Flips, Place, compare
from psyche_bench.compare import Run as Side
from psyche_bench.errors import RunError
from psyche_bench.leaderboard import collect
from psyche_bench.leaderboard.board import Both, Column, Figure, Row, Table
from psyche_bench.leaderboard.columns import NOTHING
from psyche_bench.leaderboard.digest import cluster
from psyche_bench.leaderboard.records import BoardOutcome, Result
from psyche_bench.leaderboard.tables import Run
from psyche_bench.schemas import Outcome

NEXT = 3
"""How many runs the best one of a task group is set against."""
DRAWS = 4_000
SHAPE = (
    Column("measure", NOTHING, Both("Measure", "指标"), kind="text"),
    Column("first", NOTHING, Both("First", "甲")),
    Column("second", NOTHING, Both("Second", "乙")),
    Column("difference", NOTHING, Both("Difference", "差")),
    Column("p", NOTHING, Both("p", "p"), kind="text"),
    Column("only first", Both("Right only in", "仅一方答对"), Both("first", "甲"), kind="text"),
    Column("only second", Both("Right only in", "仅一方答对"), Both("second", "乙"), kind="text"),
)


class Page(NamedTuple):
    """A comparison's page: who, whether it may be made at all, the table, the flipped items."""

    first: str
    second: str
    group: str
    label: str | None
    table: Table
    flips: Flips | None
    items: int


def called(result: Result) -> str:
    """A run in words: model, protocol, and what else tells it from others of that model."""
    told = [result.protocol, *([result.lang] if result.lang != "zh" else [])]
    settings = {name: result.passport.get(name) for name in ("limit", "rotation")}
    told += [f"{name} {value}" for name, value in settings.items() if value]
    return f"{result.model.name} ({', '.join(told)})"


def chosen(runs: Sequence[Run], asked: Iterable[tuple[str, str]]) -> list[tuple[Run, Run]]:
    """The pairs that get a page.

    Args:
        asked: pairs of record names (``NAME.json`` without the suffix).

    Raises:
        RunError: there is no such record, or it has no outcomes.
    """
    whole = [run for run in runs if run.digest is not None]
    named = {run.result.stem: run for run in whole}
    pairs = [(_named(a, named), _named(b, named)) for a, b in asked]
    if pairs:
        return pairs
    for group in dict.fromkeys(run.result.group for run in whole):
        ranked = sorted((run for run in whole if run.result.group == group), key=_place)
        pairs += [(ranked[0], other) for other in ranked[1 : NEXT + 1]]
    return pairs


def _place(run: Run) -> float:
    groups = run.result.groups
    score = groups[0].scores.get("standard") if groups else None
    return -(score or 0.0)


def _named(name: str, known: dict[str, Run]) -> Run:
    if name not in known:
        raise RunError(
            f"no record {name!r} with outcomes to compare. There are: {', '.join(known) or 'none'}."
        )
    return known[name]


def page(first: Run, second: Run, folder: Path | None) -> Page | None:
    """The comparison of two runs; None where they share no scored item."""
    sides = [_side(run.result, folder) for run in (first, second)]
    shared = {o.id for o in sides[0].outcomes} & {o.id for o in sides[1].outcomes}
    if not shared:
        return None
    places = {
        outcome.id: Place(_subset(outcome), cluster(outcome.id), first.result.group)
        for side in sides
        for outcome in side.outcomes
    }
    found = compare(sides, places, anyway=True, draws=DRAWS)
    names = [called(run.result) for run in (first, second)]
    return Page(
        names[0],
        names[1],
        first.result.group,
        found.label,
        _table(found),
        found.flips[0] if found.flips else None,
        found.compared,
    )


def _subset(outcome: Outcome) -> str:
    return outcome.task or "items"


def _side(result: Result, folder: Path | None) -> Side:
    outcomes = [_outcome(kept, result) for kept in collect.outcomes(result, folder)]
    choices = [outcome for outcome in outcomes if "standard" in outcome.scores]
    return Side(result.stem, choices, result.passport)


def _outcome(kept: BoardOutcome, result: Result) -> Outcome:
    """The outcome as far as a comparison needs it: the board keeps no gold."""
    fields = kept.model_dump(exclude={"hits", "extra", "missed", "reply"})
    return Outcome(**fields, protocol=result.protocol, reply=None, gold=None)


def _table(found: Comparison) -> Table:
    rows = []
    for row in found.differences:
        gap = row.difference
        figures = {
            "measure": Figure(text=row.measure),
            "first": Figure(row.first_value),
            "second": Figure(row.second_value),
            "difference": Figure(
                gap.estimate,
                gap.low,
                gap.high,
                gap.note or "",
                f"{gap.estimate:+.2f}".replace("-", "−"),
            ),
            "p": Figure(text=_p(row.p_holm)),
            "only first": Figure(text=_count(gap.only_first)),
            "only second": Figure(text=_count(gap.only_second)),
        }
        rows.append(Row(row.column, "", "re-run", figures))
    caption = Both(
        "First minus second on the same items, in percentage points; 95 % intervals and p from "
        "cluster draws.",
        "同题之差（甲 − 乙，百分点）；95% 区间与 p 值按题组重抽样。",
    )
    title = Both("Differences", "差异")
    return Table("differences", title, caption, SHAPE, tuple(rows), Both("Column", "列"))


def _p(value: float | None) -> str:
    if value is None:
        return ""
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def _count(value: int | None) -> str:
    return "" if value is None else str(value)
