"""``psyche-bench data``: list, get, check and locate the data sets."""

import argparse
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from psyche_bench.table import add_format, render

SHOWN = 5
_NAME = "a data set's name (`psyche-bench data list`)"


def configure(parser: argparse.ArgumentParser) -> None:
    """The five actions."""
    actions = parser.add_subparsers(dest="action", required=True)
    add_format(actions.add_parser("list", help="data sets, their licences and where they stand"))
    get = actions.add_parser("get", help="fetch the pinned release, or take a folder you have")
    get.add_argument("name", help=_NAME)
    get.add_argument("--from", dest="folder", type=Path, help="a folder that holds the files")
    get.add_argument("--archive", help="another address of the same archive (a mirror)")
    get.add_argument(
        "--with-test-key", action="store_true", help="CPsyExam: also the test split's answers"
    )
    check = actions.add_parser("check", help="counts, repairs and oddities; fails if counts differ")
    check.add_argument("name", help=_NAME)
    check.add_argument("--skip-bad", action="store_true", help="set bad rows aside and list them")
    check.add_argument("--all", action="store_true", help="list every repair and oddity")
    add_format(check)
    path = actions.add_parser("path", help="print a data set's folder")
    path.add_argument("name", help=_NAME)
    ids = actions.add_parser("ids", help="print the ids of a data set's items, one a line")
    ids.add_argument("name", help=_NAME)


def handle(args: argparse.Namespace) -> int:
    """Dispatch to the action."""
    actions = {"list": _list, "get": _get, "check": _check, "path": _path, "ids": _ids}
    return actions[args.action](args)


def _list(args: argparse.Namespace) -> int:
    from psyche_bench import sources

    rows = []
    for name, source in sources.catalogue().items():
        there = sources.data_root() / name
        rows.append(
            {
                "name": name,
                "items": sum(n for split in source.counts.values() for n in split.values()),
                "revision": source.revision[:12],
                "folder": str(there) if there.is_dir() else None,
                "title": source.title,
                "licence": source.licence,
            }
        )
    if args.format == "table":  # the licences are long; they stand below
        short = [{k: v for k, v in row.items() if k != "licence"} for row in rows]
        print(render(short, "table"))
        print("\n".join(f"{row['name']}: {row['licence']}" for row in rows), file=sys.stderr)
    else:
        print(render(rows, args.format))
    return 0


def _get(args: argparse.Namespace) -> int:
    from psyche_bench import fetch

    print(f"Getting {args.name} …", file=sys.stderr)
    print(
        fetch.get(
            args.name, source_folder=args.folder, archive=args.archive, key=args.with_test_key
        )
    )
    return 0


def _path(args: argparse.Namespace) -> int:
    from psyche_bench import sources

    print(sources.folder(args.name))
    return 0


def _ids(args: argparse.Namespace) -> int:
    from psyche_bench import sources

    for question in sources.load(args.name):
        print(question.id)
    return 0


def _check(args: argparse.Namespace) -> int:
    from psyche_bench import check

    report = check.check(args.name, skip_bad=args.skip_bad)
    if args.format in ("json", "csv", "md"):
        print(render(report.rows(), args.format, report.payload()))
    else:
        print(render(report.rows(), "table"))
    for line in _talk(report, whole=args.all):
        print(line, file=sys.stderr)
    return 0 if report.ok else 1


def _talk(report: Any, *, whole: bool) -> list[str]:
    lines = [f"{report.name}: {len(report.repairs)} repairs in {report.repaired_items} items"]
    reasons = Counter(repair.reason for repair in report.repairs)
    lines += [f"  {count:>6}  {reason}" for reason, count in reasons.most_common()]
    lines.append(f"{len(report.oddities)} oddities left as they are")
    kinds = Counter(oddity.problem for oddity in report.oddities)
    lines += [f"  {count:>6}  {problem}" for problem, count in kinds.most_common()]
    if whole:
        lines += [f"{r.item}\t{r.field}\t{r.before!r} → {r.after!r}" for r in report.repairs]
        lines += [f"{o.item}\t{o.field}\t{o.problem}" for o in report.oddities]
    lines += [f"set aside: {problem}" for problem in report.rejected]
    lines += [f"not the pinned file: {path}" for path in report.differing_files]
    lines += [f"WRONG COUNT {problem}" for problem in report.count_problems]
    lines.append("The counts are those of the release." if report.ok else "This copy is not whole.")
    return lines
