"""Intervals for scores: what a mean over items is worth, when items come in clusters.

``t`` is the default: a cluster-robust t interval, exact in the textbook cases and right at the
nominal level on PCEB's clusters (tests/perf/coverage_simulation.py prints its coverage beside the
naive interval's). Paired comparison and rank intervals live in :mod:`psyche_bench.paired` and are
importable from here.
"""

from collections.abc import Hashable, Sequence
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from psyche_bench import resampling
from psyche_bench.errors import ScoreError
from psyche_bench.paired import Difference, holm, paired
from psyche_bench.ranks import RankInterval, rank_intervals, unpaired_ranks
from psyche_bench.schemas import Record

__all__ = [
    "Column",
    "Difference",
    "Interval",
    "RankInterval",
    "average_interval",
    "binomial_average",
    "binomial_interval",
    "holm",
    "interval",
    "paired",
    "rank_intervals",
    "unpaired_ranks",
]

Method = Literal["t", "bootstrap"]
Bounds = tuple[float, float]
BINOMIAL = "unpaired binomial approximation"


class Column(NamedTuple):
    """One column of a table: a score for each item, and the items' cluster labels.

    Without labels every item is its own cluster. The same label in two columns is the same
    cluster: a vignette with single-answer and multiple-answer questions stands in both.
    """

    scores: ArrayLike
    clusters: Sequence[Hashable] | None = None


class Interval(Record):
    """An estimate and its interval, in the unit of the scores.

    ``low``, ``high`` and ``standard_error`` are None where the data cannot tell; ``note`` says why.
    ``n`` counts items, ``clusters`` what was resampled; ``df`` are the degrees of freedom of t.
    """

    estimate: float
    low: float | None
    high: float | None
    level: float
    label: str
    n: int
    clusters: int
    standard_error: float | None
    df: float | None = None
    note: str | None = None


def interval(  # noqa: PLR0913 - settings are keywords with defaults
    scores: ArrayLike,
    clusters: Sequence[Hashable] | None = None,
    *,
    level: float = 0.95,
    method: Method = "t",
    bounds: Bounds | None = None,
    draws: int = 10_000,
    seed: int = 0,
) -> Interval:
    """Mean of item scores with a cluster-robust interval: ``mean ± quantile x error``.

    The error is CR2 with Satterthwaite degrees of freedom (:func:`resampling.linearise`). For
    ``bootstrap`` the quantile is that of ``|t*|`` over studentised cluster draws (symmetric
    bootstrap-t). With ``bounds`` (0 and 1, or 0 and 100) the t interval takes Wilson's form with
    the effective number of items, so that it stays inside and holds near 0 and 100 %.

    Args:
        scores: one number an item, in any unit; the interval has the same.
        clusters: one label an item; None makes each item its own cluster.

    Raises:
        ScoreError: no items, or a score that is not finite.

    >>> result = interval([1.0, 2.0, 3.0, 4.0])
    >>> result.estimate, round(result.low, 3), round(result.high, 3)
    (2.5, 0.446, 4.554)
    >>> interval([1, 1, 0, 0], ["v1", "v1", "v1", "v1"]).note
    'all items lie in one cluster, so the spread between clusters is unknown'
    """
    return average_interval(
        [Column(scores, clusters)],
        level=level,
        method=method,
        bounds=bounds,
        draws=draws,
        seed=seed,
    )


def average_interval(  # noqa: PLR0913 - settings are keywords with defaults
    columns: Sequence[Column],
    *,
    weights: Sequence[float] | None = None,
    level: float = 0.95,
    method: Method = "t",
    bounds: Bounds | None = None,
    draws: int = 10_000,
    seed: int = 0,
) -> Interval:
    """Mean of column means, ``sum_k w_k mean_k``, with one interval for all columns together.

    By default ``w_k = 1/K``: PCEB's Avg. ``weights`` in proportion to the columns' numbers of
    items give the item-weighted mean; they are scaled to sum 1. Clusters that put items into
    several columns count once, with all their items.

    Raises:
        ScoreError: a column without items, or a score that is not finite.

    >>> smcq, mmcq = Column([1, 0, 1], ["v1", "v2", "v3"]), Column([0, 0, 1], ["v1", "v2", "v3"])
    >>> result = average_interval([smcq, mmcq])
    >>> result.estimate, result.n, result.clusters
    (0.5, 6, 3)
    """
    table = _table(columns)
    shares = np.full(len(columns), 1.0) if weights is None else np.array(weights, dtype=float)
    contrast = (shares / shares.sum())[None, :]
    value, error, df = (float(part.ravel()[0]) for part in resampling.linearise(table, contrast))
    unknown = Interval(
        estimate=value,
        low=None,
        high=None,
        level=level,
        label=f"cluster {method}",
        n=int(table.sizes.sum()),
        clusters=len(table.sizes),
        standard_error=None,
    )
    if np.isnan(error):
        where = "" if len(columns) == 1 else "of a column "
        note = f"all items {where}lie in one cluster, so the spread between clusters is unknown"
        return unknown.model_copy(update={"note": note})
    if method == "bootstrap":
        draw = resampling.bootstrap(table, contrast, draws, seed)
        error = float(draw.error[0, 0])
        quantile = float(np.quantile(draw.t, level, method="higher"))
    else:
        quantile = float(special.stdtrit(df, (1 + level) / 2))
    found = limits(value, error, quantile, bounds if method == "t" else None, unknown.clusters)
    if found is None:
        note = "the scores show no spread, so that of further items is unknown"
        return unknown.model_copy(update={"note": note})
    return unknown.model_copy(
        update={
            "low": found[0],
            "high": found[1],
            "standard_error": error,
            "df": df if method == "t" else None,
        }
    )


def _table(columns: Sequence[Column]) -> resampling.Table:
    scores = [resampling.checked(column.scores, column.clusters)[0] for column in columns]
    labels: list[Hashable] = []
    for position, (row, column) in enumerate(zip(scores, columns, strict=True)):
        own = [(position, item) for item in range(len(row))]  # apart from any label of a caller
        labels += own if column.clusters is None else list(column.clusters)
    codes = np.repeat(np.arange(len(columns)), [len(row) for row in scores])
    return resampling.tabulate(np.concatenate(scores)[None], codes, resampling.encode(labels)[0])


def limits(
    value: float, error: float, quantile: float, bounds: Bounds | None, clusters: int
) -> tuple[float, float] | None:
    """``value ± quantile x error``; between bounds, Wilson's interval for the effective n.

    With the share ``p`` of the range, ``n = p (1 - p) / error^2`` is the number of independent
    right/wrong items that would have this error. None without any spread to go by.

    >>> limits(0.5, 0.05, 2.0, None, 40)
    (0.4, 0.6)
    >>> [round(end, 3) for end in limits(1.0, 0.0, 2.0, (0.0, 1.0), 40)]
    [0.909, 1.0]
    """
    if bounds is None:
        if error == 0 or not np.isfinite(quantile):
            return None
        return value - quantile * error, value + quantile * error
    bottom, width = bounds[0], bounds[1] - bounds[0]
    share = (value - bottom) / width
    if not -1e-9 <= share <= 1 + 1e-9:
        raise ValueError(f"the mean {value} lies outside the bounds {bounds}")
    room = max(share * (1 - share), 0.0)
    if error == 0 and room > 1e-9:
        return None
    # All right, or all wrong: the number of clusters is the number of independent witnesses.
    effective = room / (error / width) ** 2 if error > 0 else clusters
    shrink = quantile**2 / effective
    centre = (share + shrink / 2) / (1 + shrink)
    half = np.sqrt(shrink * room + shrink**2 / 4) / (1 + shrink)
    low = bottom + width * float(centre - half) if share > 0 else bottom
    high = bottom + width * float(centre + half) if share < 1 else bounds[1]
    return max(low, bottom), min(high, bounds[1])


def binomial_interval(percent: float, n: int, *, level: float = 0.95) -> Interval:
    """Wilson interval, in percent, for a published percentage over ``n`` items.

    All that can be said of a row printed without its items: it knows neither clusters nor the
    pairing with other rows. The count is the nearest whole number of items; for elastic accuracy
    the interval is too wide, since a score in [0, 1] varies at most as much as a right/wrong one.

    >>> result = binomial_interval(90.0, 100)
    >>> round(result.low, 2), round(result.high, 2), result.label
    (82.56, 94.48, 'unpaired binomial approximation')
    """
    from scipy.stats import binomtest  # a second to import, and few callers need it

    _check_percent(percent, n)
    ends = binomtest(round(percent * n / 100), n).proportion_ci(level, method="wilson")
    return Interval(
        estimate=percent,
        low=100 * float(ends.low),
        high=100 * float(ends.high),
        level=level,
        label=BINOMIAL,
        n=n,
        clusters=n,
        standard_error=float(np.sqrt(percent * (100 - percent) / n)),
    )


def binomial_average(
    percents: Sequence[float], ns: Sequence[int], *, level: float = 0.95
) -> Interval:
    """Normal interval for the unweighted mean of published percentages over ``ns`` items each.

    ``error = sqrt(sum_k p_k (100 - p_k) / n_k) / K``, columns taken as independent.

    >>> result = binomial_average([50.0, 50.0], [100, 100])
    >>> result.estimate, round(result.standard_error, 3)
    (50.0, 3.536)
    """
    for percent, n in zip(percents, ns, strict=True):
        _check_percent(percent, n)
    shares, counts = np.array(percents) / 100, np.array(ns)
    error = 100 * float(np.sqrt((shares * (1 - shares) / counts).sum())) / len(counts)
    value = float(np.mean(percents))
    half = float(special.ndtri((1 + level) / 2)) * error
    return Interval(
        estimate=value,
        low=value - half if error else None,
        high=value + half if error else None,
        level=level,
        label=BINOMIAL,
        n=sum(ns),
        clusters=sum(ns),
        standard_error=error or None,
        note=None if error else "every column is 0 or 100",
    )


def _check_percent(percent: float, n: int) -> None:
    if not 0 <= percent <= 100 or n < 1:
        raise ScoreError(
            f"{percent} % of {n} items is no score: give a percentage from 0 to 100 and n >= 1."
        )
