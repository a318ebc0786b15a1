"""Judged runs on the board: a record with the judge's card, and its verdicts beside it.

``psyche-bench judge … --out DIR`` leaves ``judged.json`` and ``verdicts.jsonl``
(:mod:`psyche_bench.judged`). The verdicts are what the means are computed from again.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

from pydantic import ValidationError

from psyche_bench import passport
from psyche_bench.errors import DataError
from psyche_bench.jsonl import read_lines
from psyche_bench.judged import Dimension, Judged, Verdict, read_judged
from psyche_bench.leaderboard.records import Column, Result
from psyche_bench.means import Interval

GROUP = "counselling"


def is_judged(run: Path) -> bool:
    """Whether a folder is a judging run's."""
    return (run / "judged.json").is_file()


def read(run: Path) -> tuple[Judged, list[Verdict]]:
    """A judging run.

    Raises:
        DataError: a file is missing or broken; file, line and field are named.
    """
    return read_judged(run), list(verdicts(run / "verdicts.jsonl"))


def verdicts(path: Path) -> Iterator[Verdict]:
    """The verdicts of a file.

    Raises:
        DataError: a line is none; file, line and field are named.
    """
    for number, row in read_lines(path):
        try:
            yield Verdict.model_validate(row)
        except ValidationError as error:
            first = error.errors()[0]
            field = ".".join(map(str, first["loc"]))
            raise DataError(
                f"{path}, line {number}, field '{field}': {first['msg']}. Verdicts are written by "
                "`psyche-bench judge`; judge again (stored calls cost nothing)."
            ) from error


def result_of(judged: Judged, settings: Mapping[str, Any]) -> Result:
    """The record of a judging run.

    Args:
        judged: its summary.
        settings: whose it is and where from: fields of :class:`Result`.
    """
    rubric = judged.card.rubric
    group = GROUP if rubric == "psydt" else f"{GROUP}_{rubric}"
    known = [d for d in judged.dimensions if d.mean.low is not None and d.mean.high is not None]
    column = Column(
        column=group,
        group=group,
        subset=rubric,
        n=judged.card.items,
        whole=judged.card.items + judged.card.missing,
        missing=judged.card.missing,
        scores={dimension.name: dimension.mean.value for dimension in judged.dimensions},
        intervals={dimension.name: _interval(dimension) for dimension in known},
    )
    card = judged.model_dump(mode="json", exclude={"card", "candidate", "model", "signature"})
    return Result(
        group=group,
        protocol=f"{rubric} by {' + '.join(judged.card.judges)}",
        lang=judged.card.lang,
        shots=0,
        columns=(column,),
        signature=judged.signature,
        passport=passport.masked({**judged.candidate, "signature": judged.signature}),
        card={**judged.card.model_dump(mode="json"), **card},
        items=judged.card.items,
        **settings,
    )


def _interval(dimension: Dimension) -> Interval:
    return Interval(low=float(dimension.mean.low or 0), high=float(dimension.mean.high or 0))


def recomputed(found: Sequence[Verdict], mean_over: str) -> dict[str, float]:
    """Mean of each dimension over the verdicts on the model's replies.

    An item's score is the mean over judges of each judge's mean over repeats; then the mean over
    items, or within each dialogue and over dialogues.
    """
    told = [verdict for verdict in found if verdict.candidate == "reply" and verdict.scores]
    means = {}
    for name in dict.fromkeys(name for verdict in told for name in verdict.scores or {}):
        items: dict[tuple[str, str], dict[str, list[float]]] = defaultdict(
            lambda: defaultdict(list)
        )
        for verdict in told:
            place = verdict.cluster, verdict.item
            items[place][verdict.judge].append(float((verdict.scores or {})[name]))
        means[name] = _mean(items, mean_over)
    return means


def _mean(items: Mapping[tuple[str, str], Mapping[str, list[float]]], over: str) -> float:
    scores = {place: fmean(map(fmean, judges.values())) for place, judges in items.items()}
    if over != "dialogues":
        return fmean(scores.values())
    within: dict[str, list[float]] = defaultdict(list)
    for (cluster, _), score in scores.items():
        within[cluster].append(score)
    return fmean(map(fmean, within.values()))
