"""``psyche-bench compare``: saved runs side by side, with what can and cannot be told."""

import argparse
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from psyche_bench.table import Form, add_format, render

if TYPE_CHECKING:
    from psyche_bench.compare import Comparison, Flips, Place, Row, Run, Standing

TESTS = {
    "exact McNemar": "McNemar",
    "paired cluster bootstrap-t": "bootstrap",
    "paired cluster t": "cluster t",
}
"""Names of the tests in the table, which is wide enough; JSON and CSV give them in full."""
FEW_FLIPS = 5
"""So many flipped items are named for each side of a pair; JSON names all."""
FEW_PAIRS = 3
"""Up to this many pairs every column is printed; beyond, the averages (JSON and CSV hold all)."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    parser.description = (
        "Compare saved runs item by item: the difference on every column with a 95 % interval "
        "that knows which items share a vignette, p (exact McNemar, or a paired cluster "
        "bootstrap) and p after Holm over all pairs, the items that flipped (--format json), and "
        "the ranks each run may hold. Runs that differ in protocol, items or prompts are refused "
        "with the reason."
    )
    parser.epilog = (
        "1st and 2nd are the runs' scores in percent, difference the first minus the second in "
        "points; only 1st and only 2nd count the items that one run alone has right."
    )
    parser.add_argument(
        "runs",
        nargs="+",
        type=Path,
        metavar="RUN",
        help="a run's folder (outcomes.jsonl and run.json), or an outcomes.jsonl",
    )
    parser.add_argument(
        "--anyway",
        action="store_true",
        help="compare runs that differ in protocol, items or prompts; the table says so",
    )
    parser.add_argument(
        "--view",
        choices=("all", "clean"),
        default="all",
        help="clean: only items with no duplicate in public training sets (default: all)",
    )
    parser.add_argument("--baseline", metavar="NAME", help="compare every run with this one alone")
    parser.add_argument(
        "--draws", type=int, default=10_000, help="bootstrap draws (default: 10000)"
    )
    add_format(parser)


def handle(args: argparse.Namespace) -> int:
    """Compare the runs and print."""
    from psyche_bench.compare import compare

    if len(args.runs) < 2 or args.draws < 100:
        print("compare needs two or more runs, and 100 or more draws.", file=sys.stderr)
        return 2
    runs = load(args.runs)
    known = places(runs)
    found = compare(
        runs if args.view == "all" else clean(runs, known),
        known,
        baseline=args.baseline,
        anyway=args.anyway,
        draws=args.draws,
    )
    print(text(found, args.format, args.view))
    return 0


def load(paths: list[Path]) -> "list[Run]":
    """Read runs; a run is called by its model, or by its path where models repeat.

    Raises:
        DataError: a file is missing, or a line is no outcome; file and line are named.
    """
    from psyche_bench import outcomes
    from psyche_bench.compare import Run
    from psyche_bench.errors import RunError
    from psyche_bench.jsonl import read_json

    found = []
    for path in paths:
        folder = path if path.is_dir() else path.parent
        lines = path / "outcomes.jsonl" if path.is_dir() else path
        card = folder / "run.json"
        passport: Any = read_json(card) if card.is_file() else {}
        if not isinstance(passport, dict):
            raise RunError(f"{card}: a JSON object is expected. Was it written by hand?")
        name = passport.get("name") or passport.get("model") or path
        found.append(Run(str(name), outcomes.load(lines), passport))
    counts = Counter(run.name for run in found)
    return [
        run if counts[run.name] == 1 else run._replace(name=str(path))
        for run, path in zip(found, paths, strict=True)
    ]


def places(runs: "list[Run]") -> "dict[str, Place]":
    """Column and cluster of every item of the data sets that the runs touch."""
    from psyche_bench import sources
    from psyche_bench.compare import Place

    known = sources.universe(outcome.id for run in runs for outcome in run.outcomes)
    return {
        item: Place(question.subset, question.cluster, question.benchmark)
        for item, question in known.items()
    }


def clean(runs: "list[Run]", known: "Mapping[str, Place]") -> "list[Run]":
    """The runs without the items that also stand in a public training set.

    Items of no known data set stay, to be refused by name.

    Raises:
        DataError: no clean list ships for a data set that the runs touch.
    """
    from psyche_bench.contamination import clean_ids

    touched = {outcome.id for run in runs for outcome in run.outcomes} & known.keys()
    lists = {(known[item].benchmark, _split(item)) for item in touched}
    kept = frozenset().union(*(clean_ids(*name) for name in sorted(lists)))
    print(f"clean view: {len(touched - kept)} of {len(touched)} items left out", file=sys.stderr)
    return [
        run._replace(outcomes=[o for o in run.outcomes if o.id in kept or o.id not in known])
        for run in runs
    ]


def _split(item: str) -> str:
    """The split an id names: ``cpsyexam/dev/…``; the other data sets are all test."""
    name, split = (*item.split("/"), "")[:2]
    return split if name == "cpsyexam" else "test"


def text(found: "Comparison", form: Form, view: str = "all") -> str:
    """The comparison as text; talk about what was left out goes to stderr."""
    if form == "json":
        return render([], "json", {"view": view} | found.model_dump(mode="json"))
    if form == "csv":
        label = {"view": view, "label": found.label or ""}
        return render([_exact(row) | label for row in found.differences], "csv")
    rows = _telling(found.differences)
    if len(rows) and len({(row.first, row.second) for row in rows}) > FEW_PAIRS:
        averaged = {(row.benchmark, row.measure) for row in rows if row.column == "average"}
        rows = [
            row
            for row in rows
            if row.column == "average" or (row.benchmark, row.measure) not in averaged
        ]
        print("averages only; --format json or csv holds every column", file=sys.stderr)
    blocks = [found.label] if found.label else []
    blocks.append(_counts(found))
    several = len({row.benchmark for row in rows}) > 1
    blocks.append(render([_short(row, several) for row in rows], form))
    if len(found.flips) <= FEW_PAIRS:
        blocks += ["\n".join(lines) for flips in found.flips if (lines := _flipped(flips))]
    blocks.append(render([_standing(standing) for standing in found.ranks], form))
    return "\n\n".join(blocks)


def _flipped(flips: "Flips") -> list[str]:
    """The first items that one run of a pair alone has right."""
    sides = (
        (flips.first, flips.second, flips.only_first),
        (flips.second, flips.first, flips.only_second),
    )
    lines = []
    for run, other, items in sides:
        more = f", … {len(items) - FEW_FLIPS} more in --format json" * (len(items) > FEW_FLIPS)
        if items:
            named = ", ".join(items[:FEW_FLIPS])
            lines.append(f"right in {run}, not in {other}: {len(items)} ({named}{more})")
    return lines


def _telling(rows: "Sequence[Row]") -> "list[Row]":
    """Rows without the elastic ones that only repeat the standard ones (single-answer columns)."""
    standard = {_key(row): _figures(row) for row in rows if row.measure == "standard"}
    return [
        row for row in rows if row.measure != "elastic" or standard.get(_key(row)) != _figures(row)
    ]


def _key(row: "Row") -> tuple[str, str, str, str]:
    return row.first, row.second, row.benchmark, row.column


def _figures(row: "Row") -> tuple[float, float]:
    # Elastic is never below standard, so equal means are equal items.
    return row.first_value, row.second_value


def _counts(found: "Comparison") -> str:
    sizes = ", ".join(f"{name} {count}" for name, count in found.items.items())
    ungraded = f"; {found.ungraded} without a score" if found.ungraded else ""
    return f"{found.compared} items compared (in the runs: {sizes}){ungraded}"


def _exact(row: "Row") -> dict[str, object]:
    pair = row.model_dump(exclude={"difference"})
    return pair | row.difference.model_dump()


def _short(row: "Row", several: bool) -> dict[str, object]:
    difference = row.difference
    known = difference.low is not None and difference.high is not None
    benchmark = {"benchmark": row.benchmark} if several else {}
    return {
        "first": row.first,
        "second": row.second,
        **benchmark,
        "measure": row.measure,
        "column": row.column,
        "n": difference.n,
        "1st": row.first_value,
        "2nd": row.second_value,
        "difference": f"{difference.estimate:+.2f}",
        "95 %": f"{difference.low:+.2f} to {difference.high:+.2f}" if known else None,
        "p": _p(difference.p),
        "p (Holm)": _p(row.p_holm),
        "test": TESTS[difference.test],
        "only 1st": difference.only_first,
        "only 2nd": difference.only_second,
    }


def _standing(standing: "Standing") -> dict[str, object]:
    ranks = standing.ranks
    return {
        "run": standing.run,
        "benchmark": standing.benchmark,
        "measure": standing.measure,
        "average": ranks.estimate,
        "rank": ranks.rank,
        "95 % ranks": f"{ranks.low} to {ranks.high}",
        "coverage": ranks.coverage,
    }


def _p(p: float | None) -> str | None:
    if p is None:
        return None
    return "<0.001" if p < 0.001 else f"{p:.3f}"
