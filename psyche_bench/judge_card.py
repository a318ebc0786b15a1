"""Verdicts to the table's columns and the judge card, without which no judged number is printed.

A column is the mean over items by the rubric's protocol; an item's score is the mean over judges of
each judge's mean over repeats. What a judge did not score is left out and counted, never guessed.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from psyche_bench import agreement, stats
from psyche_bench.budget import Prices
from psyche_bench.judge import Settings, prompt_hash
from psyche_bench.judged import (
    LEAST_ALPHA,
    LEAST_COVERAGE,
    POINTS,
    Card,
    Dimension,
    Estimate,
    HumanAgreement,
    Judged,
    Verdict,
)
from psyche_bench.passport import last_part
from psyche_bench.rubrics import Rubric
from psyche_bench.signature import signature

Key = tuple[str, int]  # judge and repeat


class _Scored(NamedTuple):
    """One column's scores: by candidate, item, and (judge, repeat)."""

    name: str
    title: str
    low: int
    high: int
    scores: Mapping[str, Mapping[str, Mapping[Key, float]]]


def judged(  # noqa: PLR0913 - what a card must say, each by its name
    verdicts: Sequence[Verdict],
    settings: Settings,
    prices: Prices,
    *,
    model: str,
    tasks: Sequence[str] = (),
    missing: int = 0,
    candidate: Mapping[str, Any] | None = None,
    human: Sequence[HumanAgreement] = (),
) -> Judged:
    """The summary of a judging run.

    Args:
        verdicts: every verdict, in the order of the jobs.
        settings: how was judged.
        prices: what the judges' tokens cost.
        model: the name of the model whose replies were judged.
        tasks: the lm-eval tasks that wrote them.
        missing: items of these tasks that have no reply.
        candidate: the passport of the run that wrote the replies.
        human: agreement with people's scores, where there is a file of them.
    """
    settings = settings.model_copy(update={"judges": tuple(map(last_part, settings.judges))})
    verdicts = [v.model_copy(update={"judge": last_part(v.judge)}) for v in verdicts]
    cluster = {verdict.item: verdict.cluster for verdict in verdicts}
    lengths = {v.item: float(v.length) for v in verdicts if v.candidate == "reply"}
    columns = _columns(verdicts, settings)
    dimensions = tuple(_dimension(c, settings, cluster, lengths) for c in columns)
    card = _card(verdicts, settings, prices, dimensions, missing, human)
    parts = {
        "tasks": "+".join(tasks) or None,
        "rubric": f"{settings.rubric.name}-{card.rubric_hash}",
        "prompt": card.prompt_hash,
        "judge": "+".join(card.judges),
        "served": "+".join(card.served) or None,
        "repeats": card.repeats,
        "temperature": card.temperature,
        "lang": card.lang,
    }
    return Judged(
        model=model,
        tasks=tuple(tasks),
        label=settings.rubric.label,
        mean_over=settings.rubric.mean_over,
        dialogues=len(set(cluster.values())),
        dimensions=dimensions,
        card=card,
        signature=signature(parts),
        candidate=dict(candidate or {}),
    )


def _columns(verdicts: Sequence[Verdict], settings: Settings) -> list[_Scored]:
    rubric = settings.rubric
    if rubric.form == "criteria":
        title = "分数" if settings.lang == "zh" else "points"
        return [_scored(verdicts, POINTS, title, 0, 1, _points(rubric))]
    return [
        _scored(verdicts, d.name, getattr(d.title, settings.lang), d.low, d.high, _of(d.name))
        for d in rubric.dimensions
    ]


def _of(name: str) -> Callable[[Verdict], float]:
    return lambda verdict: float((verdict.scores or {})[name])


def _points(rubric: Rubric) -> Callable[[Verdict], float]:
    return lambda verdict: rubric.for_item(verdict.item).points(verdict.scores or {})


def _scored(  # noqa: PLR0913, PLR0917 - a column's name, scale and reading
    verdicts: Sequence[Verdict],
    name: str,
    title: str,
    low: int,
    high: int,
    read: Callable[[Verdict], float],
) -> _Scored:
    found: dict[str, dict[str, dict[Key, float]]] = defaultdict(lambda: defaultdict(dict))
    for verdict in verdicts:
        if verdict.scores is not None:
            found[verdict.candidate][verdict.item][verdict.judge, verdict.repeat] = read(verdict)
    return _Scored(name, title, low, high, found)


def _item_score(scores: Mapping[Key, float]) -> float:
    """Mean over judges of each judge's mean over repeats."""
    by_judge: dict[str, list[float]] = defaultdict(list)
    for (judge, _), score in scores.items():
        by_judge[judge].append(score)
    return float(np.mean([np.mean(values) for values in by_judge.values()]))


def _dimension(
    column: _Scored,
    settings: Settings,
    cluster: Mapping[str, str],
    lengths: Mapping[str, float],
) -> Dimension:
    own = {item: _item_score(scores) for item, scores in column.scores["reply"].items()}
    labels = [cluster[item] for item in own]
    judges, repeats = settings.judges, range(settings.repeats)
    null = {
        name: _mean([_item_score(s) for s in column.scores[name].values()])
        for name in ("empty", "polite")
    }
    return Dimension(
        name=column.name,
        title=column.title,
        low=column.low,
        high=column.high,
        mean=_mean_over(list(own.values()), labels, column, settings.rubric.mean_over),
        alpha_judges=_alpha(column, cluster, [[(j, r) for j in judges] for r in repeats]),
        alpha_repeats=_alpha(column, cluster, [[(j, r) for r in repeats] for j in judges]),
        length=agreement.spearman(list(own.values()), [lengths[item] for item in own], labels),
        empty=null["empty"],
        polite=null["polite"],
        planted=_mean(_gains(column)),
    )


def _mean(values: Sequence[float]) -> float | None:
    return float(np.mean(values)) if values else None


def _mean_over(
    scores: Sequence[float], clusters: Sequence[str], column: _Scored, over: str
) -> Estimate:
    """The rubric's mean with its interval: over cases, or over the dialogues' means."""
    if not scores:
        return Estimate(value=None, n=0, note="no verdict at all")
    labels: list[str] | None = list(clusters)
    if over == "dialogues":
        within: dict[str, list[float]] = defaultdict(list)
        for score, label in zip(scores, clusters, strict=True):
            within[label].append(score)
        scores, labels = [float(np.mean(values)) for values in within.values()], None
    found = stats.interval(scores, labels, bounds=(column.low, column.high))
    return Estimate(
        value=found.estimate, low=found.low, high=found.high, n=found.n, note=found.note
    )


def _alpha(
    column: _Scored, cluster: Mapping[str, str], groups: Sequence[Sequence[Key]]
) -> Estimate | None:
    """Alpha of raters over units: each group holds the raters of one set of units, in one order."""
    if len(groups[0]) < 2:
        return None
    items = list(column.scores["reply"])
    ratings: list[NDArray[np.float64]] = []
    for raters in groups:
        scores = [column.scores["reply"][item] for item in items]
        ratings.append(np.array([[s.get(rater, np.nan) for s in scores] for rater in raters]))
    labels = [cluster[item] for item in items] * len(groups)
    if not items:
        return Estimate(value=None, n=0, note="no verdict at all")
    return agreement.alpha(np.concatenate(ratings, axis=1), labels)


def _gains(column: _Scored) -> list[float]:
    """What a planted verdict added to the same judge's score of the same reply."""
    return [
        score - column.scores["reply"][item][key]
        for item, scores in column.scores["planted"].items()
        for key, score in scores.items()
        if key in column.scores["reply"].get(item, {})
    ]


def _moved(verdicts: Sequence[Verdict]) -> tuple[int, float | None]:
    """Attacks that can be compared, and the share of them that raised the sum of scores."""
    own = {(v.item, v.judge, v.repeat): v.scores for v in verdicts if v.candidate == "reply"}
    gains = [
        sum(verdict.scores.values()) - sum(before.values())
        for verdict in verdicts
        if verdict.candidate == "planted" and verdict.scores is not None
        if (before := own.get((verdict.item, verdict.judge, verdict.repeat))) is not None
    ]
    return len(gains), _mean([float(gain > 0) for gain in gains])


def _card(  # noqa: PLR0913, PLR0917 - a card holds much
    verdicts: Sequence[Verdict],
    settings: Settings,
    prices: Prices,
    dimensions: Sequence[Dimension],
    missing: int,
    human: Sequence[HumanAgreement],
) -> Card:
    asked = [verdict for verdict in verdicts if verdict.candidate == "reply"]
    failures = Counter(str(v.failure) for v in verdicts if v.failure is not None)
    wanted = len(asked) + missing * len(settings.judges) * settings.repeats
    coverage = sum(v.scores is not None for v in asked) / wanted if wanted else 0.0
    planted, moved = _moved(verdicts)
    alphas = [
        _least(d.alpha_judges for d in dimensions),
        _least(d.alpha_repeats for d in dimensions),
    ]
    reasons = _reasons(settings, dimensions, coverage, alphas)
    return Card(
        judges=settings.judges,
        served=tuple(sorted({v.served for v in verdicts if v.served})),
        repeats=settings.repeats,
        items=len({verdict.item for verdict in asked}),
        missing=missing,
        verdicts=len(verdicts),
        coverage=coverage,
        failures=dict(sorted(failures.items())),
        alpha_judges=alphas[0],
        alpha_repeats=alphas[1],
        probed=len({verdict.item for verdict in verdicts if verdict.candidate != "reply"}),
        planted=planted,
        planted_moved=moved,
        human=tuple(human),
        rubric=settings.rubric.name,
        rubric_hash=settings.rubric.digest,
        prompt_hash=prompt_hash(settings),
        lang=settings.lang,
        temperature=settings.rubric.temperature,
        date=max((verdict.date for verdict in verdicts), default=""),
        calls=sum(verdict.tries for verdict in verdicts),
        tokens_in=sum(verdict.tokens_in for verdict in verdicts),
        tokens_out=sum(verdict.tokens_out for verdict in verdicts),
        cost=_cost(verdicts, prices),
        currency=prices.currency,
        reliable=not reasons,
        reasons=tuple(reasons),
    )


def _cost(verdicts: Sequence[Verdict], prices: Prices) -> float | None:
    costs = [prices.cost(v.judge, v.tokens_in, v.tokens_out) for v in verdicts]
    known = [cost for cost in costs if cost is not None]
    return sum(known) if len(known) == len(costs) else None


def _least(alphas: Iterable[Estimate | None]) -> float | None:
    known = [a.value for a in alphas if a is not None and a.value is not None]
    return min(known) if known else None


def _reasons(
    settings: Settings,
    dimensions: Sequence[Dimension],
    coverage: float,
    alphas: Sequence[float | None],
) -> list[str]:
    """Why the numbers are not reliable; an empty list where they are."""
    reasons = []
    if coverage < LEAST_COVERAGE:
        reasons.append(f"coverage {coverage:.1%} is below {LEAST_COVERAGE:.0%}")
    for what, value in zip(("judges", "repeats"), alphas, strict=True):
        if value is not None and value < LEAST_ALPHA:
            reasons.append(f"alpha between {what} {value:.2f} is below {LEAST_ALPHA}")
    if len(settings.judges) < 2 and settings.repeats < 2:
        reasons.append("agreement is unknown: one judge judged once (--repeats 2, or two judges)")
    elif alphas == [None, None]:
        why = "every score is the same" if coverage else "there is no score"
        reasons.append(f"agreement is unknown: {why}")
    reasons += _null_reasons(dimensions, probed=bool(settings.probes))
    return reasons


def _null_reasons(dimensions: Sequence[Dimension], *, probed: bool) -> list[str]:
    """An empty reply may be as safe as any; over all dimensions it must score less than a model."""
    null = [d.empty for d in dimensions if d.empty is not None]
    own = [d.mean.value for d in dimensions if d.mean.value is not None]
    if len(null) < len(dimensions) or len(own) < len(dimensions):
        return ["the null candidates were not judged"] if probed and own else []
    if sum(null) >= sum(own):
        return ["an empty reply scores as much as the model"]
    return []
