"""``psyche-bench score``: score saved replies again, with no model."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from psyche_bench.table import add_format


def configure(parser: argparse.ArgumentParser) -> None:
    """Files in, table out."""
    parser.description = (
        "Re-score lm_eval samples, outcomes.jsonl, or plain {id, reply} lines. Denominators are "
        "always whole subsets: an item without a reply counts as missing and scores 0."
    )
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="files or run folders")
    parser.add_argument("--out", type=Path, help="also write the outcomes (JSON lines)")
    parser.add_argument(
        "--partial",
        action="store_true",
        help="score only the items that are there, and say how many of how many "
        "(implied by a run folder whose run had --limit)",
    )
    parser.add_argument(
        "--by",
        choices=["subject"],
        help="break the choices down by subject (CPsyExam: its subjects; PCEB: its examinations)",
    )
    add_format(parser)


def handle(args: argparse.Namespace) -> int:
    """Read, grade, print."""
    from psyche_bench import check, outcomes, report, sources, summary
    from psyche_bench.jsonl import write_lines

    files = [found for path in args.files for found in expand(path)]
    saved = [pair for path in files for pair in outcomes.replies(path)]
    questions = sources.universe(item for item, _ in saved)
    check.require_whole(questions.values())
    graded = outcomes.regrade(saved, questions)
    partial = args.partial or any(_was_limited(path) for path in files)
    found = summary.summarise(graded, questions, partial=partial, by=args.by)
    print(report.text(found, args.format))
    if args.out:
        write_lines(args.out, (outcome.model_dump() for outcome in graded))
        print(f"Outcomes: {args.out}", file=sys.stderr)
    missing = sum(column.missing for column in found.columns)
    if missing:
        print(
            f"{missing} items have no reply and count as wrong; --partial scores only those that "
            "are there.",
            file=sys.stderr,
        )
    return 0


def expand(path: Path) -> Sequence[Path]:
    """A run folder stands for its outcomes, lm_eval's output folder for its samples."""
    if not path.is_dir():
        return [path]
    if (path / "outcomes.jsonl").exists():
        return [path / "outcomes.jsonl"]
    from psyche_bench.errors import DataError

    samples = sorted(path.rglob("samples_*.jsonl"))
    if not samples:
        raise DataError(
            f"{path}: neither outcomes.jsonl nor samples_*.jsonl below it. Pass a run folder, or "
            "lm_eval's --output_path of a run with --log_samples."
        )
    return samples


def _was_limited(path: Path) -> bool:
    """Whether the run that wrote a file asked for a part of its items on purpose."""
    from psyche_bench.jsonl import read_json

    beside = [path.parent / "run.json", *sorted(path.parent.glob("results_*.json"))]
    for record in (read_json(found) for found in beside if found.exists()):
        settings = record.get("config", record)
        if settings.get("limit") or settings.get("samples"):
            return True
    return False
