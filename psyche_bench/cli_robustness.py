"""``psyche-bench robustness``: one model's runs with the options moved, or in another language."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from psyche_bench.table import Form, add_format, render

if TYPE_CHECKING:
    from psyche_bench.robustness import Consistency, Flip, Position, Rate, Robustness

Row = dict[str, object]


def configure(parser: argparse.ArgumentParser) -> None:
    """Runs in, tables out."""
    parser.description = (
        "Hold runs of one model against each other that differ only in the order of the options "
        "or in the language of the prompt: accuracy by position of the gold, share of answers by "
        "position, items answered alike in every rotation, and the items that flip."
    )
    parser.epilog = (
        "Make such runs with: psyche-bench eval … --metadata '{\"rotation\": 1}' (also 2 and 3), "
        "and with --lang en."
    )
    parser.add_argument(
        "runs", nargs="+", type=Path, metavar="RUN", help="a run's folder, as eval wrote it"
    )
    add_format(parser)


def handle(args: argparse.Namespace) -> int:
    """Hold the runs against each other and print."""
    from psyche_bench import sources
    from psyche_bench.cli_compare import load
    from psyche_bench.robustness import robustness

    runs = load(args.runs)
    known = sources.universe(outcome.id for run in runs for outcome in run.outcomes)
    print(text(robustness(runs, known), args.format))
    return 0


def text(found: "Robustness", form: Form) -> str:
    """The tables: positions, consistency, flips. CSV is one table of all their rates."""
    if form == "json":
        return render([], "json", found.model_dump(mode="json"))
    if form == "csv":
        return render(list(_flat(found)), "csv")
    positions, flips = _telling(found)
    parts = [
        (POSITIONS, [_position(row) for row in positions]),
        (CONSISTENCY, [_consistency(row) for row in found.consistency]),
        (FLIPS, [_flip(row) for row in flips]),
    ]
    heading = f"{found.model}, {found.protocol}: {found.items} choices in {len(found.runs)} runs"
    blocks = [f"{title}\n\n{render(rows, form)}" for title, rows in parts if rows]
    return "\n\n".join([heading, *blocks])


def _telling(found: "Robustness") -> "tuple[list[Position], list[Flip]]":
    """What fits a page: of many runs, positions over all rotations and flips over all columns."""
    if len(found.runs) <= FEW_RUNS:
        return list(found.positions), list(found.flips)
    print(
        "rotations together and columns together; --format json or csv holds each", file=sys.stderr
    )
    pooled = {row.lang for row in found.positions if row.run not in found.runs}
    positions = [r for r in found.positions if r.lang not in pooled or r.run not in found.runs]
    columns = {row.column for row in found.flips}
    wanted = {"all"} if "all" in columns else columns
    flips = [row for row in found.flips if row.differs != "both" and row.column in wanted]
    return positions, flips


FEW_RUNS = 2
POSITIONS = (
    "By position, as shown. accuracy: of items whose gold stands there; chosen: share of answers\n"
    "that hold the letter; gold: share of golds that do"
)
CONSISTENCY = "Over rotations: items answered with the same options in all of them"
FLIPS = "Item by item. flipped: right in one run alone; changed: another option set"


def _share(rate: "Rate | None") -> str | None:
    if rate is None or rate.interval is None:
        return None if rate is None else f"{rate.percent:.1f}"
    return f"{rate.percent:.1f} ({rate.interval.low:.1f}–{rate.interval.high:.1f})"


def _position(row: "Position") -> Row:
    return {
        "run": row.run,
        "kind": row.kind,
        "letter": row.letter,
        "gold here": row.accuracy.n if row.accuracy else 0,
        "accuracy (95 %)": _share(row.accuracy),
        "chosen": row.chosen,
        "gold": row.gold,
    }


def _consistency(row: "Consistency") -> Row:
    return {
        "prompt": row.lang,
        "rotations": " ".join(map(str, row.rotations)),
        "column": row.column,
        "n": row.same.n,
        "same answer (95 %)": _share(row.same),
        "always right": _share(row.right_always),
        "at least once": _share(row.right_sometimes),
    }


def _flip(row: "Flip") -> Row:
    return {
        "differs": row.differs,
        "first": row.first,
        "second": row.second,
        "column": row.column,
        "n": row.flipped.n,
        "flipped (95 %)": _share(row.flipped),
        "right → wrong": row.lost,
        "wrong → right": row.won,
        "changed (95 %)": _share(row.changed),
    }


def _flat(found: "Robustness") -> "list[Row]":
    """One row a rate, so that CSV is one table."""
    rows: list[Row] = []

    def add(figure: str, run: str, other: str, column: str, rate: "Rate | None") -> None:
        ends = rate.interval if rate else None
        rows.append(
            {
                "figure": figure,
                "run": run,
                "other run": other,
                "column": column,
                "n": rate.n if rate else 0,
                "percent": rate.percent if rate else None,
                "low": ends.low if ends else None,
                "high": ends.high if ends else None,
            }
        )

    for at in found.positions:
        place = f"{at.kind} {at.letter}"
        add("accuracy by position", at.run, "", place, at.accuracy)
        rows.append(
            dict.fromkeys(rows[-1])
            | {
                "figure": "chosen",
                "run": at.run,
                "other run": "",
                "column": place,
                "percent": at.chosen,
            }
        )
    for over in found.consistency:
        run = f"{over.lang} all rotations"
        add("same answer", run, "", over.column, over.same)
        add("always right", run, "", over.column, over.right_always)
        add("right at least once", run, "", over.column, over.right_sometimes)
    for flip in found.flips:
        add("flipped", flip.first, flip.second, flip.column, flip.flipped)
        add("changed", flip.first, flip.second, flip.column, flip.changed)
    return rows
