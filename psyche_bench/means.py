"""What a set of graded items scores: means with cluster intervals, of one column and of several.

The same figures are made of all items and of the clean ones, so they are made in one place. Means
come from items, never from rounded sub-scores.
"""

from collections.abc import Iterable, Mapping, Sequence

from psyche_bench import stats
from psyche_bench.schemas import Outcome, Question, Record

GRADED = ("standard", "elastic")

Items = list[tuple[Question, Outcome]]


class Interval(Record):
    """A 95 % interval, in the unit of the figure it belongs to."""

    low: float
    high: float


Scores = dict[str, float | None]
Intervals = dict[str, Interval | None]


def percent(values: Iterable[float]) -> float:
    """100 x mean."""
    listed = list(values)
    return 100 * sum(listed) / len(listed)


def mean_known(values: Iterable[float | None]) -> float | None:
    """Mean of the values that are known; None where none is."""
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def share(items: Items, *states: str) -> float:
    """Percentage of items in one of these states."""
    return percent(outcome.state in states for _, outcome in items)


def answered(items: Items) -> float:
    """Percentage of items with an answer of any kind."""
    return 100 - share(items, "unparsed", "truncated", "missing")


def column(items: Items, metrics: Sequence[str], scale: float) -> tuple[Scores, Intervals]:
    """Mean and interval of each metric; None where there is no item, or one without a score.

    Args:
        scale: what a score is multiplied with: 100 for shares, 1 for text metrics.
    """
    if not items or not all(outcome.scores for _, outcome in items):
        return dict.fromkeys(metrics), dict.fromkeys(metrics)
    clusters = [question.cluster for question, _ in items]
    values = {metric: _values(items, metric, scale) for metric in metrics}
    return (
        {metric: mean_known(row) for metric, row in values.items()},
        {
            metric: _ends(stats.interval(row, clusters, bounds=(0, 100)))
            for metric, row in values.items()
        },
    )


def group(members: Mapping[str, Items]) -> tuple[Scores, Intervals]:
    """A benchmark's means: ``standard`` and ``elastic`` over columns, and each ``_by_item``.

    Columns without items do not enter; None throughout where an item has no score.
    """
    filled = [items for items in members.values() if items]
    names = [f"{metric}{how}" for metric in GRADED for how in ("", "_by_item")]
    if not filled or not all(outcome.scores for items in filled for _, outcome in items):
        return dict.fromkeys(names), dict.fromkeys(names)
    scores: Scores = {}
    intervals: Intervals = {}
    sizes = [float(len(items)) for items in filled]
    for metric in GRADED:
        columns = [
            stats.Column(_values(items, metric, 100.0), [question.cluster for question, _ in items])
            for items in filled
        ]
        for name, weights in ((metric, None), (f"{metric}_by_item", sizes)):
            found = stats.average_interval(columns, weights=weights, bounds=(0, 100))
            scores[name], intervals[name] = found.estimate, _ends(found)
    return scores, intervals


def _values(items: Items, metric: str, scale: float) -> list[float]:
    return [scale * outcome.scores[metric] for _, outcome in items]


def _ends(found: stats.Interval) -> Interval | None:
    """The interval's ends; None where the data cannot tell (one item, one vignette)."""
    if found.low is None or found.high is None:
        return None
    return Interval(low=found.low, high=found.high)
