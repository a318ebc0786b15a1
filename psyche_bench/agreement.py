"""How far raters agree: alpha, weighted kappa, rank correlation, bias, each with its interval.

Intervals are percentiles of a cluster bootstrap: dialogues are drawn with all their turns, since
turns of one dialogue are no independent witnesses.
"""

import warnings
from collections.abc import Callable, Hashable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from psyche_bench.judged import Estimate
from psyche_bench.resampling import encode

Floats = NDArray[np.float64]
DRAWS = 500
ALL_EQUAL = "all scores are equal, so agreement cannot be told from chance"


def alpha(ratings: ArrayLike, clusters: Sequence[Hashable], *, seed: int = 0) -> Estimate:
    """Ordinal Krippendorff alpha of ratings (raters, units); NaN where there is none.

    ``1 - observed / expected`` disagreement (the ``krippendorff`` package). Units with fewer than
    two ratings say nothing and are left out; ``n`` counts the others.

    >>> alpha([[0, 1, 2, 3], [0, 1, 2, 3]], "abcd").value
    1.0
    """
    table = np.asarray(ratings, dtype=np.float64)
    kept = (~np.isnan(table)).sum(axis=0) >= 2
    table, labels = table[:, kept], [c for c, keep in zip(clusters, kept, strict=True) if keep]
    return _estimated(lambda rows: _alpha(table[:, rows]), labels, ALL_EQUAL, seed)


def _alpha(table: Floats) -> float:
    import krippendorff

    if len(np.unique(table[~np.isnan(table)])) < 2:
        return np.nan
    return float(krippendorff.alpha(table, level_of_measurement="ordinal"))


def kappa(
    a: ArrayLike,
    b: ArrayLike,
    clusters: Sequence[Hashable],
    labels: Sequence[int],
    *,
    seed: int = 0,
) -> Estimate:
    """Cohen's kappa with quadratic weights between two raters; ``labels`` is the whole scale."""
    from sklearn.metrics import cohen_kappa_score

    first, second = np.asarray(a, dtype=int), np.asarray(b, dtype=int)

    def statistic(rows: NDArray[np.intp]) -> float:
        x, y = first[rows], second[rows]
        if len(np.unique(np.concatenate([x, y]))) < 2:
            return np.nan
        return float(cohen_kappa_score(x, y, labels=list(labels), weights="quadratic"))

    return _estimated(statistic, clusters, ALL_EQUAL, seed)


def spearman(
    a: ArrayLike, b: ArrayLike, clusters: Sequence[Hashable], *, seed: int = 0
) -> Estimate:
    """Spearman's rank correlation."""
    from scipy.stats import spearmanr

    first, second = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)

    def statistic(rows: NDArray[np.intp]) -> float:
        x, y = first[rows], second[rows]
        if len(np.unique(x)) < 2 or len(np.unique(y)) < 2:
            return np.nan
        return float(spearmanr(x, y).statistic)

    return _estimated(statistic, clusters, "one of the two does not vary", seed)


def bias(a: ArrayLike, b: ArrayLike, clusters: Sequence[Hashable], *, seed: int = 0) -> Estimate:
    """Mean of ``a - b``: above zero ``a`` gives more."""
    difference = np.asarray(a, dtype=np.float64) - np.asarray(b, dtype=np.float64)
    return _estimated(lambda rows: float(difference[rows].mean()), clusters, "no pairs", seed)


def _estimated(
    statistic: Callable[[NDArray[np.intp]], float],
    clusters: Sequence[Hashable],
    unknown: str,
    seed: int,
) -> Estimate:
    """A statistic over units, with the 2.5 and 97.5 percentiles over drawn clusters."""
    size = len(clusters)
    if size == 0:
        return Estimate(value=None, n=0, note="nothing to compare")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a degenerate draw is left out below
        value = statistic(np.arange(size))
        if not np.isfinite(value):
            return Estimate(value=None, n=size, note=unknown)
        codes, names = encode(clusters)
        if len(names) < 2:
            note = "all units lie in one cluster: no interval"
            return Estimate(value=value, n=size, note=note)
        members = [np.flatnonzero(codes == code) for code in range(len(names))]
        rng = np.random.default_rng(seed)
        drawn = rng.integers(len(members), size=(DRAWS, len(members)))
        found = np.array([statistic(np.concatenate([members[m] for m in row])) for row in drawn])
    found = found[np.isfinite(found)]
    if len(found) < DRAWS / 2:
        return Estimate(value=value, n=size, note="too few clusters for an interval")
    low, high = np.quantile(found, [0.025, 0.975])
    return Estimate(value=value, low=float(low), high=float(high), n=size)
