"""Folders of results for tests of the board: real schemas, made-up models, no real item.

The ids have the form of the released ones; figures are computed from the made-up outcomes with
plain means, since what is tested is how a page shows them.
"""

import random
from collections.abc import Iterable, Sequence
from pathlib import Path

from psyche_bench import sources
from psyche_bench.jsonl import dumps, write_json, write_text
from psyche_bench.leaderboard.records import BoardOutcome, Column, Group, Model, Result
from psyche_bench.means import Interval
from psyche_bench.schemas import State

PCEB = {
    "case_smcq": 748, "case_mmcq": 878, "moral_smcq": 152, "moral_mmcq": 158,
    "theory_smcq": 1143, "theory_mmcq": 784,
}  # fmt: skip
EXAM = {"kg_smcq": 2321, "kg_mmcq": 781, "ca_smcq": 600, "ca_mmcq": 200}


def item_ids(group: str, subset: str, n: int) -> list[str]:
    """Ids of a column; five case questions hang on each vignette."""
    area, kind = subset.split("_")
    if group == "pceb" and area == "case":
        return [f"pceb/case/{kind}/sample/{k // 5:04d}-{k % 5:02d}" for k in range(n)]
    return [f"{group.split('_', maxsplit=1)[0]}/{area}/{kind}/sample/{k:04d}" for k in range(n)]


def outcome(item: str, task: str, skill: float, rng: random.Random, reply: str) -> BoardOutcome:
    """One item's outcome by a model that knows it with probability ``skill``."""
    gold = 1 if task.endswith("smcq") else rng.choice((2, 3, 4))
    luck = rng.random()
    state: State = "right" if luck < skill else "partial" if gold > 1 and luck < 0.9 else "wrong"
    if luck > 0.98:
        state = "unparsed"
    hits = {"right": gold, "partial": gold - 1, "wrong": 0}.get(state)
    extra = None if hits is None else int(state == "wrong")
    elastic = {"right": 1.0, "partial": (gold - 1) / gold}.get(state, 0.0)
    return BoardOutcome(
        id=item,
        task=task,
        prompt_hash="0" * 16,
        predicted=None if hits is None else "ABCDE"[: hits + (extra or 0)],
        state=state,
        scores={"standard": float(state == "right"), "elastic": elastic},
        hits=hits,
        extra=extra,
        missed=None if hits is None else gold - hits,
        reply=reply or None,
    )


def _mean(outcomes: Sequence[BoardOutcome], metric: str) -> float:
    return 100 * sum(o.scores[metric] for o in outcomes) / len(outcomes)


def _around(value: float) -> Interval:
    return Interval(low=max(value - 2, 0), high=min(value + 2, 100))


def _column(name: str, group: str, subset: str, outcomes: Sequence[BoardOutcome]) -> Column:
    scores = {metric: _mean(outcomes, metric) for metric in ("standard", "elastic")}
    return Column(
        column=name,
        group=group,
        subset=subset,
        n=len(outcomes),
        whole=len(outcomes),
        missing=0,
        scores=dict(scores),
        intervals={metric: _around(value) for metric, value in scores.items()},
        chance={"standard": 20.0, "elastic": 25.0},
        answered=98.0,
        truncated=1.0,
    )


def _group(group: str, columns: Sequence[Column], outcomes: Sequence[BoardOutcome]) -> Group:
    scores = {}
    for metric in ("standard", "elastic"):
        scores[metric] = sum(c.scores[metric] or 0 for c in columns) / len(columns)
        scores[f"{metric}_by_item"] = _mean(outcomes, metric)
    return Group(
        group=group,
        n=len(outcomes),
        columns=len(columns),
        of=len(columns),
        scores=dict(scores),
        intervals={name: _around(value) for name, value in scores.items()},
        answered=98.0,
        truncated=1.0,
    )


def write_run(
    folder: Path,
    model: Model,
    group: str = "pceb",
    *,
    skill: float = 0.5,
    seed: int = 0,
    share: float = 1.0,
    replies: Sequence[str] = (),
    subjects: Iterable[str] = (),
    protocol: str = "direct",
    passport: dict[str, object] | None = None,
    stem: str = "",
) -> Result:
    """Write one record and its outcomes, by its own stem or another; return the record."""
    rng = random.Random(seed)  # noqa: S311 - no secret
    sizes = PCEB if group == "pceb" else EXAM
    columns, every = [], []
    for subset, n in sizes.items():
        name = f"{group}_{subset}"
        ids = item_ids(group, subset, max(10, round(share * n)))
        found = [
            outcome(item, name, skill, rng, replies[k % len(replies)] if replies else "")
            for k, item in enumerate(ids)
        ]
        columns.append(_column(name, group, subset, found))
        every += found
    parts = [
        _column(f"{group} {subject}", group, subject, every[k % 7 :: 7][:30])
        for k, subject in enumerate(subjects)
    ]
    result = Result(
        model=model,
        origin="re-run",
        group=group,
        protocol=protocol,
        groups=(_group(group, columns, every),),
        columns=tuple(columns),
        subjects=tuple(parts),
        passport=passport or {"model": "hf", "seed": seed},
        items=len(every),
        replies=bool(replies),
    )
    lines = "".join(dumps(o.model_dump(exclude_defaults=True)) + "\n" for o in every)
    stem = stem or result.stem
    beside = folder / f"{stem}.outcomes.jsonl"
    write_text(beside, lines)
    digest = sources.digest(beside)
    result = result.model_copy(update={"outcomes": beside.name, "outcomes_sha256": digest})
    write_json(folder / f"{stem}.json", result.model_dump(mode="json", exclude_defaults=True))
    return result
