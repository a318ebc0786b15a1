"""``psyche-bench board build`` and ``board table``: the site, and its tables elsewhere."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from psyche_bench.table import FORMS

if TYPE_CHECKING:
    from psyche_bench.leaderboard.board import View


def configure_build(parser: argparse.ArgumentParser) -> None:
    """``board build --out DIR``."""
    parser.description = (
        "Write the leaderboard as pages that open from the file system with no network: tables, "
        "figures, a page per model, comparisons, and the audit of the published figures."
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="the site's folder")
    parser.add_argument(
        "--compare",
        nargs=2,
        action="append",
        default=[],
        metavar=("A", "B"),
        help="a page that compares two records item by item, named as their files without .json "
        "(default: the best run of each task group against the next three); may be repeated",
    )
    parser.add_argument(
        "--selection",
        nargs=2,
        metavar=("CROSS", "RANDOM"),
        help="Figure 3: the records of a model trained on cross-selected questions and of one "
        "trained on as many random ones",
    )
    parser.add_argument(
        "--challenging", type=Path, metavar="FILE", help="Figure 4: challenging ids, one a line"
    )


def handle_build(args: argparse.Namespace) -> int:
    """Write the site, and say where it opens."""
    from psyche_bench import sources
    from psyche_bench.leaderboard import build

    wanted = build.Wanted(
        [(first, second) for first, second in args.compare],
        (args.selection[0], args.selection[1]) if args.selection else None,
        sources.read_ids(args.challenging) if args.challenging else frozenset(),
    )
    written = build.build(args.out, args.results, wanted)
    print(f"{len(written)} files. Open {args.out / 'index.html'}", file=sys.stderr)
    print(args.out / "index.html")
    return 0


def configure_table(parser: argparse.ArgumentParser) -> None:
    """``board table NAME``."""
    parser.description = (
        "Print a table with its intervals. csv and json hold every view; the others the one that "
        "--metric, --items, --mean and --shots choose."
    )
    parser.add_argument("name", nargs="?", metavar="NAME", help="without it, a list of the tables")
    parser.add_argument(
        "--format", choices=(*FORMS, "latex"), default="table", help="default: table"
    )
    parser.add_argument(
        "--metric",
        choices=("standard", "elastic"),
        default="standard",
        help="exact answers only (default), or part of the credit for part of the gold",
    )
    parser.add_argument(
        "--items",
        choices=("all", "clean"),
        default="all",
        help="all (default), or the clean ones (see `psyche-bench contamination`)",
    )
    parser.add_argument(
        "--mean", choices=("columns", "items"), default="columns", help="what the average weights"
    )
    parser.add_argument("--shots", choices=("zero", "five"), default="zero", help="of CPsyExam")
    parser.set_defaults(refuse=parser.error)


def handle_table(args: argparse.Namespace) -> int:
    """Print one table, or the list of tables."""
    from psyche_bench.leaderboard import build, exports

    tables = build.site(build.gather(args.results)).tables
    if args.name is None:
        rows: list[dict[str, object]] = [
            {"table": name, "title": table.title.en} for name, table in tables.items()
        ]
        print(exports.listing(rows, args.format))
        return 0
    if args.name not in tables:
        args.refuse(f"no table {args.name!r}. There are: {', '.join(tables)}")
    print(exports.export(tables[args.name], args.format, _view(args)))
    return 0


def _view(args: argparse.Namespace) -> "View":
    from psyche_bench.leaderboard.board import View

    return View(args.metric, args.items, args.mean, args.shots)


def configure_constants(parser: argparse.ArgumentParser) -> None:
    """``board constants --out DIR``."""
    parser.description = (
        "Compute what guessing, one letter throughout, the most frequent answer and an empty "
        "reply score, from the items at hand; the package ships the result."
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="where the files go")


def handle_constants(args: argparse.Namespace) -> int:
    """Write the figures of the constant rows."""
    from psyche_bench.leaderboard import constant_rows

    for path in constant_rows.write(args.out):
        print(path)
    return 0


class Action(NamedTuple):
    """An action of ``psyche-bench board``: its line of help, its options and what it does."""

    help: str
    configure: Callable[[argparse.ArgumentParser], None]
    handle: Callable[[argparse.Namespace], int]


ACTIONS = {
    "build": Action("write the leaderboard as a static site", configure_build, handle_build),
    "table": Action("print one of the leaderboard's tables", configure_table, handle_table),
    "constants": Action(
        "compute the rows that know nothing again, from the items",
        configure_constants,
        handle_constants,
    ),
}
