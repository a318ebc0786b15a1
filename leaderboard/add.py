"""``psyche-bench board add``: a run folder becomes records of the board.

The run's outcomes are the source: nothing is taken from its table, every figure is computed here.
"""

import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import JsonValue

from psyche_bench import outcomes as grading
from psyche_bench import passport, sources
from psyche_bench.errors import BoardError, DataError
from psyche_bench.jsonl import dumps, read_json, write_json, write_text
from psyche_bench.judged import Judged
from psyche_bench.leaderboard import baselines, figures, judged_results
from psyche_bench.leaderboard.records import Category, Model, Origin, Result
from psyche_bench.lineage import Lineage
from psyche_bench.lineage import read as read_lineage
from psyche_bench.schemas import Outcome, Record


class Asked(Record):
    """How a run is to be added.

    ``name`` and ``baseline`` say whose it is; without them the passport's model name stands, and
    joins the baseline of that hub id. ``with_replies`` keeps the replies: only where the licence
    of what they quote allows it.
    """

    origin: Origin = "re-run"
    name: str | None = None
    baseline: str | None = None
    category: Category = "unknown"
    size: float | None = None
    with_replies: bool = False
    replace: bool = False
    lineage: Lineage | None = None


def lineage(
    recipe: Path | None, data_card: Path | None, whole: Path | None = None
) -> Lineage | None:
    """The lineage that ``train publish`` wrote, and recipe and data card by name and hash.

    None where nothing is given.

    Raises:
        DataError: a file is not there.
    """
    named = {"recipe": recipe, "data_card": data_card}
    found: dict[str, str] = {}
    for kind, path in named.items():
        if path is None:
            continue
        if not path.is_file():
            raise DataError(f"{path}: no such file, so its hash cannot be kept. Check the path.")
        found |= {kind: path.name, f"{kind}_sha256": sources.digest(path)}
    if whole is not None:
        return read_lineage(whole).model_copy(update=found)
    return Lineage(**found) if found else None


def add(run: Path, folder: Path, asked: Asked) -> list[Path]:
    """Write one record and its outcomes for every task group of a run.

    Args:
        run: a folder that ``psyche-bench eval`` or ``psyche-bench judge`` finished.
        folder: where results lie.

    Returns:
        The records written.

    Raises:
        DataError: the run is not finished or cannot be read.
        BoardError: the folder holds another record of that name; nothing is written then.
    """
    if judged_results.is_judged(run):
        return [_add_judged(run, folder, asked)]
    results = results_of(run_outcomes(run), _passport(run), asked)
    for result, _ in results:
        _refuse_other(folder / f"{result.stem}.json", result, replace=asked.replace)
    return [_write(folder, result, outcomes, asked) for result, outcomes in results]


def _add_judged(run: Path, folder: Path, asked: Asked) -> Path:
    judged, found = judged_results.read(run)
    judged = Judged.model_validate(_homeless(judged.model_dump(mode="json")))
    settings = {
        "model": _model({"name": judged.model}, asked),
        "origin": asked.origin,
        "lineage": asked.lineage,
    }
    result = judged_results.result_of(judged, settings)
    _refuse_other(folder / f"{result.stem}.json", result, replace=asked.replace)
    beside = folder / f"{result.stem}.verdicts.jsonl"
    # What a judge wrote may quote the dialogue: its words stay out, its scores come along.
    lines = (_homeless(verdict.model_dump(exclude={"detail"})) for verdict in found)
    write_text(beside, passport.scrubbed("".join(dumps(line) + "\n" for line in lines)))
    told = {"verdicts": beside.name, "verdicts_sha256": sources.digest(beside)}
    return write_result(folder, result.model_copy(update=told))


def run_outcomes(run: Path) -> list[Outcome]:
    """The outcomes of a finished run.

    Raises:
        DataError: the folder holds none.
    """
    path = run / "outcomes.jsonl"
    if not path.is_file():
        raise DataError(
            f"{run}: no outcomes.jsonl, so this is no finished run. Give the folder of a run that "
            "`psyche-bench eval` finished (start it again to finish it)."
        )
    return grading.load(path)


_ABSOLUTE = re.compile(r"(?<![\w./~-])(?:/[\w.+@-]+)+/(?=[\w.+@-])")


def _passport(run: Path) -> dict[str, JsonValue]:
    """The run's passport without secrets and without the folders of somebody's machine."""
    record: dict[str, JsonValue] = _homeless(passport.masked(read_json(run / "run.json")))
    return record


def _homeless(record: Any) -> Any:
    """A record whose paths, such as a judge's that was served from a folder, are names alone."""
    return json.loads(_ABSOLUTE.sub("", dumps(record)))


def results_of(
    outcomes: Sequence[Outcome], record: dict[str, JsonValue], asked: Asked
) -> list[tuple[Result, list[Outcome]]]:
    """One result per task group, each with its outcomes; nothing is written.

    Args:
        outcomes: one run's, all task groups together.
        record: its passport.
    """
    universe = sources.universe(outcome.id for outcome in outcomes)
    partial = bool(record.get("limit") or record.get("samples"))
    parts = figures.tasks_of(outcomes, universe)
    shown = figures.by_group(outcomes, universe, partial=partial)
    settings: dict[str, Any] = {
        "model": _model(record, asked),
        "origin": asked.origin,
        "protocol": outcomes[0].protocol or record.get("protocol"),
        "lang": record.get("lang", "zh"),
        "partial": partial,
        "signature": record.get("signature"),
        "passport": record,
        "lineage": asked.lineage,
        "replies": asked.with_replies,
    }
    return [
        (
            Result(
                group=group,
                shots=5 if group.endswith("_5shot") else 0,
                items=len(parts[group]),
                **settings,
                **figures_of._asdict(),
            ),
            parts[group],
        )
        for group, figures_of in shown.items()
    ]


def _model(record: dict[str, JsonValue], asked: Asked) -> Model:
    name = str(record.get("name") or "unnamed")
    known = baselines.baseline(asked.baseline) if asked.baseline else baselines.by_hub_id(name)
    if known is None:
        return Model(name=asked.name or name, category=asked.category, size=asked.size)
    return baselines.model(known.name).model_copy(update={"name": asked.name or known.name})


def _refuse_other(path: Path, result: Result, *, replace: bool) -> None:
    if path.exists() and not replace:
        raise BoardError(
            f"{path} is there already. Add the run with --replace to put it in that one's place, "
            f"or with --name to give it another name than {result.model.name!r}."
        )


def _write(folder: Path, result: Result, outcomes: Sequence[Outcome], asked: Asked) -> Path:
    """Outcomes first: a record never stands there without them."""
    lines = [figures.line(outcome, with_reply=asked.with_replies) for outcome in outcomes]
    beside = folder / f"{result.stem}.outcomes.jsonl"
    text = "".join(dumps(line.model_dump(exclude_defaults=True)) + "\n" for line in lines)
    write_text(beside, passport.scrubbed(text))
    return write_result(
        folder,
        result.model_copy(
            update={"outcomes": beside.name, "outcomes_sha256": sources.digest(beside)}
        ),
    )


def write_result(folder: Path, result: Result) -> Path:
    """Write a record under its stem, atomically."""
    path = folder / f"{result.stem}.json"
    content = {"format": result.format, **result.model_dump(mode="json", exclude_defaults=True)}
    write_json(path, passport.masked(content))
    print(f"wrote {path}", file=sys.stderr)
    return path
