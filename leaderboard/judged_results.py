"""Judged runs on the board: a record with the judge's card, and its verdicts beside it.

``psyche-bench judge … --out DIR`` leaves ``judged.json`` and ``verdicts.jsonl``
(:mod:`psyche_bench.judged`). The verdicts are what the means are computed from again.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from psyche_bench import passport
from psyche_bench.errors import DataError, RunError
from psyche_bench.judged import POINTS, Dimension, Judged, Verdict, read_judged
from psyche_bench.leaderboard.records import Column, Result
from psyche_bench.means import Interval
from psyche_bench.rubrics import Rubric, names, rubric_of
from psyche_bench.schemas import records

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
    yield from records(
        path,
        Verdict.model_validate,
        "Verdicts are written by `psyche-bench judge`; judge again (stored calls cost nothing).",
    )


def result_of(judged: Judged, settings: Mapping[str, Any]) -> Result:
    """The record of a judging run.

    Args:
        judged: its summary.
        settings: whose it is and where from: fields of :class:`Result`.
    """
    rubric = judged.card.rubric
    group = GROUP if rubric == "psydt" else f"{GROUP}_{rubric}"
    column = Column(
        column=group,
        group=group,
        subset=rubric,
        n=judged.card.items,
        whole=judged.card.items + judged.card.missing,
        missing=judged.card.missing,
        **figures(judged.dimensions),
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


def figures(dimensions: Sequence[Dimension]) -> dict[str, Any]:
    """Means and intervals as fields of a :class:`Column`."""
    means = {dimension.name: dimension.mean for dimension in dimensions}
    return {
        "scores": {name: mean.value for name, mean in means.items()},
        "intervals": {
            name: Interval(low=mean.low, high=mean.high)
            for name, mean in means.items()
            if mean.low is not None and mean.high is not None
        },
    }


def recomputed(
    card: Mapping[str, Any], found: Sequence[Verdict], missing: int, rubrics: Sequence[Rubric] = ()
) -> Judged:
    """The summary that a record's verdicts give: means, intervals, agreement, coverage, reasons.

    Args:
        card: the record's; it says who judged, how often, and by which rubric.
        found: the verdicts beside the record.
        missing: items without a reply.
        rubrics: rubrics beyond those that ship with the package.

    Raises:
        DataError: the points follow from a rubric that is not at hand.
        RunError: a library is missing.
    """
    try:
        from psyche_bench import judge_card
        from psyche_bench.budget import Prices
        from psyche_bench.judge import Settings

        settings = Settings(
            rubric=_rubric(card, rubrics),
            judges=card["judges"],
            repeats=card["repeats"],
            lang=card["lang"],
            probes=sum(verdict.candidate != "reply" for verdict in found),
        )
        return judge_card.judged(found, settings, Prices(), model="", missing=missing)
    except ImportError as error:
        raise RunError(
            f"computing judged figures again needs {error.name}. Install it with: "
            "pip install 'psyche-bench[judge]'"
        ) from error


def _rubric(card: Mapping[str, Any], more: Sequence[Rubric]) -> Rubric:
    """The rubric of a record, known by its hash.

    Whole numbers on a scale need no more of it than the record holds; points for criteria do.
    """
    known = {rubric.digest: rubric for rubric in (*map(rubric_of, names()), *more)}
    name, digest = card["rubric"], card["rubric_hash"]
    if digest in known:
        return known[digest]
    dimensions = card["dimensions"]
    if any(dimension["name"] == POINTS for dimension in dimensions):
        raise DataError(
            f"rubric {name!r} ({digest}) is not at hand, and the points of its criteria follow "
            "from it. Name its file: psyche-bench board check --rubric FILE."
        )
    plain = [
        {
            "name": dimension["name"],
            "title": dict.fromkeys(("zh", "en"), dimension["title"]),
            "definition": dict.fromkeys(("zh", "en"), ""),
            "low": dimension["low"],
            "high": dimension["high"],
            "source": "the record",
        }
        for dimension in dimensions
    ]
    return Rubric.model_validate(
        {
            "name": name,
            "form": "scale",
            "label": card["label"],
            "source": "the record",
            "mean_over": card["mean_over"],
            "dimensions": plain,
            "digest": digest,
        }
    )
