"""Saved replies as a judge gets them: one text an item, without its reasoning."""

from pathlib import Path
from typing import Any, NamedTuple

from psyche_bench import answers, outcomes, sources
from psyche_bench.cli_score import expand
from psyche_bench.errors import ScoreError
from psyche_bench.jsonl import read_json
from psyche_bench.passport import masked
from psyche_bench.schemas import Question

JUDGED_KINDS = ("counselling", "qa")


class Replies(NamedTuple):
    """Items with their replies, in the order of the release; what else is known of the run."""

    pairs: list[tuple[Question, str]]
    missing: int
    model: str
    tasks: tuple[str, ...]
    passport: dict[str, Any]
    talk: list[str]


def read_replies(path: Path, *, task: str | None = None, limit: int | None = None) -> Replies:
    """Read the replies that a judge can look at: counselling turns and written answers.

    A run without a limit of its own has every item of its subset: items without a reply are
    counted as missing. A reply that is only unfinished reasoning is judged as the empty reply it
    is.

    Raises:
        ScoreError: no such replies, replies to several data sets, or an item twice.
    """
    saved = [pair for file in expand(path) for pair in outcomes.replies(file)]
    known = sources.universe(item for item, _ in saved)
    strange = next((item for item, _ in saved if item not in known), None)
    if strange is not None:
        raise ScoreError(f"{strange!r} is no item of the data sets at hand.")
    written = [(known[item], line) for item, line in saved if known[item].kind in JUDGED_KINDS]
    wanted = [(q, line) for q, line in written if task in (None, line.get("task"))]
    if not wanted:
        held = ", ".join(sorted({str(line.get("task") or q.subset) for q, line in written}))
        raise ScoreError(
            f"{path} holds no replies to judge{f' of task {task}' if task else ''}. Judged are "
            f"counselling turns and written answers; it holds: {held or 'none'}."
        )
    _refuse_mixture(path, wanted)
    record = _passport(path)
    given = {q.id: line.get("reply") for q, line in wanted}
    subset = [q for q in known.values() if q.subset in {w.subset for w, _ in wanted}]
    subset = [q for q in subset if q.benchmark == wanted[0][0].benchmark]
    partial = bool(record.get("limit") or record.get("samples")) or not record
    expected = [q for q in subset if q.id in given] if partial else subset
    kept = expected[:limit]
    pairs = [(q, _visible(given[q.id])) for q in kept if given.get(q.id) is not None]
    missing = len(kept) - len(pairs)
    return Replies(
        pairs=pairs,
        missing=missing,
        model=str(record.get("name") or path.stem),
        tasks=tuple(sorted({str(line["task"]) for _, line in wanted if line.get("task")})),
        passport=masked(record),
        talk=[
            f"{len(pairs)} replies to judge, {missing} missing, {len(subset)} items in the whole "
            f"set; {len(saved) - len(wanted)} other lines left alone."
        ],
    )


def _visible(reply: Any) -> str:
    return (answers.visible(str(reply)) or "").strip()


def _refuse_mixture(path: Path, wanted: list[tuple[Question, Any]]) -> None:
    places = sorted({q.benchmark for q, _ in wanted})
    if len(places) > 1:
        tasks = ", ".join(sorted({str(line.get("task")) for _, line in wanted}))
        raise ScoreError(
            f"{path} holds replies to {' and '.join(places)}: one mean over them says nothing. "
            f"Choose with --task: {tasks}."
        )
    seen: set[str] = set()
    for question, line in wanted:
        if question.id in seen:
            raise ScoreError(f"{question.id} has two replies. Choose with --task {line['task']}.")
        seen.add(question.id)


def _passport(path: Path) -> dict[str, Any]:
    folder = path if path.is_dir() else path.parent
    found = folder / "run.json"
    return dict(read_json(found)) if found.is_file() else {}
