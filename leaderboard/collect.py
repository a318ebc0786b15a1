"""Results of all origins in one shape: read from a folder, and made from the published tables.

Published and re-run records of one model stand side by side; :func:`differences` says how far
apart they are. Nothing here merges them.
"""

import os
from collections.abc import Iterable, Iterator
from importlib.resources import files
from pathlib import Path

from psyche_bench import sources
from psyche_bench.errors import BoardError, DataError
from psyche_bench.jsonl import read_json
from psyche_bench.leaderboard import published
from psyche_bench.leaderboard.records import BoardOutcome, Column, Group, Result
from psyche_bench.schemas import Record, checked, records

_REMEDY = "Results are written by `psyche-bench board add`; add the run again."


def default_folder() -> Path:
    """``PSYCHE_BENCH_RESULTS``, else the results that ship with the package."""
    named = os.environ.get("PSYCHE_BENCH_RESULTS")
    return Path(named) if named else Path(str(files("psyche_bench.leaderboard") / "results"))


def writable_folder(named: Path | None = None) -> Path:
    """Where results are written: as named, or the default one where that is a checkout's.

    Raises:
        BoardError: nothing is named, and the default folder belongs to an installed package.
    """
    folder = named or default_folder()
    shipped = not (named or os.environ.get("PSYCHE_BENCH_RESULTS"))
    if shipped and not (folder.parent.parent / "pyproject.toml").is_file():
        raise BoardError(
            "results are not written into an installed package. Name a folder with --results, or "
            "set PSYCHE_BENCH_RESULTS."
        )
    return folder


def load_results(folder: Path | None = None) -> list[Result]:
    """Every record of a folder, by file name, each with its outcomes' hash checked.

    Raises:
        DataError: the folder is missing, a record breaks the schema (file and field are named),
            or its outcomes are missing or not those it was made from.
    """
    root = default_folder() if folder is None else folder
    if not root.is_dir():
        raise DataError(f"{root}: no such folder. Name one with --results, or add a run to it.")
    paths = sorted(root.glob("*.json"))
    return [_with_its_files(load_result(path), path) for path in paths]


def load_result(path: Path) -> Result:
    """One record.

    Raises:
        DataError: it is missing or breaks the schema; file and field are named.
    """
    return checked(Result.model_validate, read_json(path), str(path), _REMEDY)


def _with_its_files(result: Result, path: Path) -> Result:
    for name, digest in (
        (result.outcomes, result.outcomes_sha256),
        (result.verdicts, result.verdicts_sha256),
    ):
        if name is not None:
            _refuse_other(path, path.parent / name, digest)
    return result


def _refuse_other(path: Path, beside: Path, digest: str | None) -> None:
    if not beside.is_file():
        raise DataError(f"{path}: its outcomes {beside.name} are missing. Add the run again.")
    if sources.digest(beside) != digest:
        raise DataError(
            f"{beside}: not the outcomes {path.name} was made from (SHA-256 differs). Add the run "
            "again."
        )


def outcomes(result: Result, folder: Path | None = None) -> Iterator[BoardOutcome]:
    """The outcomes of a record, one by one; none where it has none (published rows).

    Raises:
        DataError: a line is no outcome; file and line are named.
    """
    if result.outcomes is None:
        return
    path = (default_folder() if folder is None else folder) / result.outcomes
    yield from records(path, BoardOutcome.model_validate, _REMEDY)


def everything(folder: Path | None = None) -> list[Result]:
    """The published rows, then the folder's results."""
    return [*published.results(), *load_results(folder)]


class Difference(Record):
    """One figure of a baseline as published and as run again: ``run - published``.

    ``where`` names a column or a group. ``partial`` says that the run asked fewer items or columns,
    and ``inside`` whether the published figure lies in the run's interval (None without one).
    """

    baseline: str
    where: str
    metric: str
    protocol: str
    published: float
    run: float
    difference: float
    inside: bool | None
    partial: bool


def differences(results: Iterable[Result]) -> list[Difference]:
    """Published against every other record of the same baseline and task group.

    Only metrics of one name are compared: the paper's text metrics name no tokeniser, so ours,
    which do, are never held against them.
    """
    listed = list(results)
    printed = {(r.model.baseline, r.group): r for r in listed if r.origin == "paper"}
    found = []
    for run in listed:
        theirs = printed.get((run.model.baseline, run.group))
        if run.origin != "paper" and run.model.baseline and theirs:
            found += list(_between(theirs, run))
    return found


def _between(theirs: Result, run: Result) -> Iterator[Difference]:
    own = {_where(part): part for part in run.parts}
    for part in theirs.parts:
        same = own.get(_where(part))
        for metric, printed in part.scores.items():
            value = same.scores.get(metric) if same else None
            if same is None or printed is None or value is None:
                continue
            interval = same.intervals.get(metric)
            yield Difference(
                baseline=str(run.model.baseline),
                where=_where(part),
                metric=metric,
                protocol=run.protocol,
                published=printed,
                run=value,
                difference=value - printed,
                inside=interval and interval.low <= printed <= interval.high,
                partial=not run.whole,
            )


def _where(part: Group | Column) -> str:
    return part.group if isinstance(part, Group) else part.column
