"""Which rank a run may hold: rank intervals for a whole table."""

from collections.abc import Hashable, Sequence
from itertools import combinations
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from psyche_bench import resampling
from psyche_bench.resampling import Floats
from psyche_bench.schemas import Record


class RankInterval(Record):
    """The ranks (1 is best) a run may have at the stated level; ties share the better rank.

    ``coverage`` is ``simultaneous`` when all runs' intervals hold together at that level, and
    ``marginal`` when each does by itself.
    """

    estimate: float
    rank: int
    low: int
    high: int
    level: float
    coverage: Literal["simultaneous", "marginal"]
    label: str


class Contest(NamedTuple):
    """All pairs of runs, the errors (P) of their differences and studentised draws (draws, P)."""

    pairs: list[tuple[int, int]]
    error: Floats
    t: NDArray[np.floating]


def rank_intervals(  # noqa: PLR0913 - settings are keywords with defaults
    matrix: ArrayLike,
    clusters: Sequence[Hashable] | None = None,
    *,
    columns: Sequence[str] | None = None,
    level: float = 0.95,
    simultaneous: bool = True,
    draws: int = 10_000,
    seed: int = 0,
) -> list[RankInterval]:
    """Ranks of runs (rows) on the same items, from joint studentised cluster draws.

    Two runs differ for certain when ``|t| > c``, where c is the quantile of the largest ``|t*|``
    over all pairs (``simultaneous``) or over the pairs of one run (marginal). A run's interval
    goes from 1 + the number of runs surely better to the number of runs - those surely worse
    (Mogstad, Romano, Shaikh & Wilhelm, 2024, Review of Economic Studies 91). Percentiles of
    bootstrapped ranks, the common choice, fail when runs are nearly tied.

    Args:
        matrix: scores, runs x items; with ``columns`` (one name an item) runs are ranked by the
            unweighted mean of column means, else by the mean over items.

    >>> import numpy as np
    >>> better = np.tile([1, 1, 1, 0], 50)
    >>> worse = np.tile([0, 1, 0, 0], 50)
    >>> [(r.rank, r.low, r.high) for r in rank_intervals([worse, better, better])]
    [(3, 3, 3), (1, 1, 2), (1, 1, 2)]
    """
    layout = resampling.lay_out(resampling.checked(matrix, clusters), columns, clusters)
    pairs = list(combinations(range(layout.values.shape[1]), 2))
    contrast = layout.contrasts[[layout.best]]
    draw = resampling.bootstrap(resampling.subtract(layout.table, pairs), contrast, draws, seed)
    contest = Contest(pairs, draw.error[0], draw.t[:, 0])
    return possible_ranks(layout.values[layout.best], contest, level, simultaneous)


def unpaired_ranks(  # noqa: PLR0913 - settings are keywords with defaults
    values: Sequence[float],
    errors: Sequence[float],
    *,
    level: float = 0.95,
    simultaneous: bool = True,
    draws: int = 10_000,
    seed: int = 0,
) -> list[RankInterval]:
    """Rank intervals of published rows from their standard errors alone.

    Rows are taken as independent normals: an unpaired binomial approximation when the errors are
    those of :func:`stats.binomial_interval` or :func:`stats.binomial_average`.

    >>> [(r.rank, r.low, r.high) for r in unpaired_ranks([80.0, 60.0, 59.0], [1.0, 1.0, 1.0])]
    [(1, 1, 1), (2, 2, 3), (3, 2, 3)]
    """
    figures, spread = np.asarray(values, dtype=float), np.asarray(errors, dtype=float)
    pairs = list(combinations(range(len(figures)), 2))
    left, right = resampling.sides(pairs)
    error = np.hypot(spread[left], spread[right])
    noise = np.random.default_rng(seed).normal(size=(draws, len(figures))) * spread
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.where(error > 0, np.abs(noise[:, left] - noise[:, right]) / error, 0)
    ranks = possible_ranks(figures, Contest(pairs, error, t), level, simultaneous)
    label = "unpaired binomial approximation"
    return [rank.model_copy(update={"label": label}) for rank in ranks]


def normal_ranks(  # noqa: PLR0913 - settings are keywords with defaults
    values: Sequence[float],
    covariance: ArrayLike,
    *,
    level: float = 0.95,
    draws: int = 10_000,
    seed: int = 0,
    label: str = "clusters, normal approximation",
) -> list[RankInterval]:
    """Simultaneous rank intervals of rows whose errors are jointly normal.

    The same rule as :func:`rank_intervals`, with draws from ``N(0, covariance)`` in place of
    bootstrapped items: enough for a board of a hundred rows, where drawing items takes minutes.

    Args:
        covariance: (rows, rows); of runs on the same items, :func:`covariance`.

    >>> [
    ...     (r.low, r.high)
    ...     for r in normal_ranks([80.0, 60.0, 59.0], [[1, 0, 0], [0, 1, 0], [0, 0, 1]])
    ... ]
    [(1, 1), (2, 3), (2, 3)]
    """
    figures, spread = np.asarray(values, dtype=float), np.asarray(covariance, dtype=float)
    pairs = list(combinations(range(len(figures)), 2))
    left, right = resampling.sides(pairs)
    variance = np.diag(spread)[left] + np.diag(spread)[right] - 2 * spread[left, right]
    error = np.sqrt(np.maximum(variance, 0))
    roots, vectors = np.linalg.eigh(spread)
    noise = np.random.default_rng(seed).normal(size=(draws, len(figures)))
    noise = noise @ (vectors * np.sqrt(np.maximum(roots, 0))).T
    apart = error > resampling.NEGLIGIBLE * max(1.0, float(np.abs(figures).max(initial=0)))
    left, right, scale = left[apart], right[apart], error[apart]
    at_once = max(1, resampling.CELLS_AT_ONCE // max(1, len(scale)))
    worst = np.zeros((draws, 1))
    for start in range(0, draws if len(scale) else 0, at_once):
        some = noise[start : start + at_once]
        worst[start : start + at_once, 0] = (np.abs(some[:, left] - some[:, right]) / scale).max(1)
    ranks = possible_ranks(figures, Contest(pairs, np.where(apart, error, 0), worst), level)
    return [rank.model_copy(update={"label": label}) for rank in ranks]


def covariance(
    matrix: ArrayLike, weights: ArrayLike, columns: ArrayLike, clusters: ArrayLike
) -> Floats:
    """Cluster-robust covariance (R, R) of runs' weighted means of column means.

    With ``w_k`` the weight of column k, ``n_k`` its items and ``m_rk`` the run's mean in it, the
    influence of cluster g on run r is ``u_rg = Σ_(i in g) w_k (x_ri - m_rk) / n_k`` and the result
    ``G / (G - 1) Σ_g u_rg u_sg``.

    Args:
        matrix: scores, runs x items. weights: one a column, scaled to sum 1.
        columns, clusters: codes from 0, one an item.

    >>> covariance([[1.0, 0.0, 1.0, 0.0]], [1], [0, 0, 0, 0], [0, 1, 2, 3]).round(4).tolist()
    [[0.0833]]
    """
    scores = np.asarray(matrix, dtype=float)
    column, cluster = np.asarray(columns, dtype=np.intp), np.asarray(clusters, dtype=np.intp)
    shares = np.asarray(weights, dtype=float)
    sizes = np.bincount(column, minlength=len(shares))
    influence = np.empty((len(scores), int(cluster.max()) + 1))
    for run, row in enumerate(scores):
        means = np.bincount(column, row, minlength=len(shares)) / sizes
        parts = (row - means[column]) * (shares / shares.sum() / sizes)[column]
        influence[run] = np.bincount(cluster, parts, minlength=influence.shape[1])
    groups = influence.shape[1]
    found: Floats = influence @ influence.T * (groups / (groups - 1))
    return found


def possible_ranks(
    values: Floats, contest: Contest, level: float, simultaneous: bool = True
) -> list[RankInterval]:
    """Rank intervals of runs with these values (R) from the contest of all pairs."""
    pairs, error, t = contest
    first, second = resampling.sides(pairs)
    with np.errstate(divide="ignore", invalid="ignore"):
        observed = np.where(error > 0, (values[first] - values[second]) / error, 0.0)
    rounded = np.round(values, 9)  # equal scores summed in another order are still equal
    ranks = []
    for run, value in enumerate(values):
        own = (first == run) | (second == run)
        within = slice(None) if simultaneous else own
        worst = t[:, within].max(axis=1, initial=0)
        bar = np.quantile(worst, level, method="higher")
        lead = np.where(first == run, observed, -observed)[own]
        ranks.append(
            RankInterval(
                estimate=float(value),
                rank=1 + int((rounded > rounded[run]).sum()),
                low=1 + int((lead < -bar).sum()),
                high=len(values) - int((lead > bar).sum()),
                level=level,
                coverage="simultaneous" if simultaneous else "marginal",
                label="cluster bootstrap",
            )
        )
    return ranks
