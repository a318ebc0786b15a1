"""Two runs, or a whole table of runs, on the same items: differences, p and ranks.

Both runs met the same items, so the items' difficulty cancels in the difference of each item; and
the items of one vignette rise and fall together, so clusters, not items, are the witnesses. The
exact McNemar test honours the first fact alone. It is the test for items without clusters; with
clusters it rejects too often, and is then only printed beside a cluster-aware p.
"""

from collections.abc import Hashable, Sequence
from itertools import combinations
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from psyche_bench import resampling
from psyche_bench.ranks import Contest, RankInterval, possible_ranks
from psyche_bench.resampling import AVERAGE, Floats
from psyche_bench.schemas import Record

Kind = Literal["binary", "real"]
Method = Literal["bootstrap", "t"]
MCNEMAR = "exact McNemar"
LABELS: dict[Method, str] = {"bootstrap": "paired cluster bootstrap-t", "t": "paired cluster t"}


class Difference(Record):
    """First run minus second on the same items, in the unit of the scores.

    ``p`` is the one to quote and ``test`` its name. ``p_mcnemar`` stands beside it for binary
    scores; it ignores clusters. ``only_first`` counts items that the first run alone got right.
    None where the data cannot tell; ``note`` says why.
    """

    estimate: float
    low: float | None
    high: float | None
    level: float
    p: float | None
    test: str
    p_mcnemar: float | None
    only_first: int | None
    only_second: int | None
    n: int
    clusters: int
    note: str | None = None


class Family(NamedTuple):
    """All pairs of runs on all columns and on their means, from one set of joint draws.

    ``names`` are the columns, then ``average`` and ``item-weighted`` if there are several;
    ``values[name]`` one figure a run; ``differences[name]`` one Difference a pair.
    """

    names: list[str]
    pairs: list[tuple[int, int]]
    values: dict[str, list[float]]
    differences: dict[str, list[Difference]]
    ranks: list[RankInterval]


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """Holm's step-down adjustment, in the order given: ``max_{i <= j} min(1, (m - i + 1) p_(i))``.

    None (no test could be made) stays None and is not counted in ``m``. Source: Holm, 1979,
    Scandinavian Journal of Statistics 6. SciPy adjusts for false discovery only.

    >>> holm([0.01, 0.04, None, 0.03])
    [0.03, 0.06, None, 0.06]
    """
    known = sorted((p, position) for position, p in enumerate(p_values) if p is not None)
    adjusted: list[float | None] = [None] * len(p_values)
    running = 0.0
    for step, (p, position) in enumerate(known):
        running = max(running, min(1.0, (len(known) - step) * p))
        adjusted[position] = running
    return adjusted


def exact_mcnemar(only_first: int, only_second: int) -> float:
    """Two-sided exact McNemar test: the sign test on the items that only one run has right.

    >>> exact_mcnemar(5, 0), exact_mcnemar(3, 3)
    (0.0625, 1.0)
    """
    fewer, discordant = min(only_first, only_second), only_first + only_second
    return min(1.0, 2 * float(special.bdtr(fewer, discordant, 0.5)))


def paired(  # noqa: PLR0913 - settings are keywords with defaults
    first: ArrayLike,
    second: ArrayLike,
    clusters: Sequence[Hashable] | None = None,
    kind: Kind = "real",
    *,
    level: float = 0.95,
    method: Method = "bootstrap",
    draws: int = 10_000,
    seed: int = 0,
) -> Difference:
    """Mean of ``first - second`` over the same items, with interval and two-sided p.

    For ``binary`` scores without shared clusters p is the exact McNemar test; otherwise it is the
    share of studentised cluster draws with ``|t*| >= |t|`` (add-one: never below 1/(draws + 1)),
    or the cluster t test, and the interval comes from the same draws or the same t.

    Raises:
        ScoreError: no items, or a score that is not finite.
        ValueError: lengths differ, or ``binary`` scores take more than two values.

    >>> result = paired([1, 1, 1, 1, 1, 0, 0, 1], [0, 0, 0, 0, 0, 0, 0, 1], kind="binary")
    >>> result.estimate, result.p, result.test, result.only_first, result.only_second
    (0.625, 0.0625, 'exact McNemar', 5, 0)
    """
    sizes = np.size(first), np.size(second)
    if sizes[0] != sizes[1]:
        raise ValueError(f"paired runs need the same items: {sizes[0]} scores against {sizes[1]}")
    matrix = np.stack([np.asarray(first, dtype=float), np.asarray(second, dtype=float)])
    family = compare_all(
        matrix, clusters=clusters, kind=kind, level=level, method=method, draws=draws, seed=seed
    )
    return family.differences[family.names[0]][0]


def compare_all(  # noqa: PLR0913 - settings are keywords with defaults
    matrix: ArrayLike,
    *,
    columns: Sequence[str] | None = None,
    clusters: Sequence[Hashable] | None = None,
    pairs: Sequence[tuple[int, int]] | None = None,
    kind: Kind = "real",
    level: float = 0.95,
    method: Method = "bootstrap",
    draws: int = 10_000,
    seed: int = 0,
) -> Family:
    """Compare runs (rows) on the same items, column by column and on the columns' means.

    One set of joint cluster draws serves all pairs and all columns. ``pairs`` defaults to all;
    rank intervals (simultaneous) are those of the average, and need all pairs, so they are always
    made from all.

    Args:
        matrix: scores, runs x items. columns, clusters: one label an item.
    """
    scores = resampling.checked(matrix, clusters)
    if kind == "binary" and np.unique(scores[scores != 0]).size > 1:
        raise ValueError("binary scores take two values, 0 and one other")
    every = list(combinations(range(len(scores)), 2))
    layout = resampling.lay_out(scores, columns, clusters)
    table = resampling.subtract(layout.table, every)
    draw = resampling.bootstrap(table, layout.contrasts, draws, seed)
    fit = resampling.linearise(table, layout.contrasts)
    differences = {}
    for row, name in enumerate(layout.names):
        estimate, error, df = fit.value[row], fit.error[row], float(fit.df[row])
        ends = (
            from_draws(estimate, draw.error[row], draw.t[:, row], level)
            if method == "bootstrap"
            else from_t(estimate, error, df, level)
        )
        facts = _facts(layout, row, level, LABELS[method])
        only = _only(scores[:, layout.items[row]]) if kind == "binary" else None
        differences[name] = [
            _difference(facts, float(estimate[at]), ends[:, at], only, pair)
            for at, pair in enumerate(every)
            if pairs is None or pair in pairs
        ]
    values = {
        name: list(map(float, row)) for name, row in zip(layout.names, layout.values, strict=True)
    }
    best = layout.best
    contest = Contest(every, draw.error[best], draw.t[:, best])
    ranks = possible_ranks(layout.values[best], contest, level)
    return Family(layout.names, every if pairs is None else list(pairs), values, differences, ranks)


def from_draws(estimate: Floats, error: Floats, t: NDArray[np.float32], level: float) -> Floats:
    """Low, high and p (3, P) by the symmetric bootstrap-t; NaN where nothing can be said."""
    with np.errstate(divide="ignore", invalid="ignore"):
        observed = np.abs(estimate) / error
        half = np.quantile(t, level, axis=0, method="higher") * error
        p = (1 + (t >= observed).sum(axis=0)) / (len(t) + 1)
    return _unless_flat(estimate, error, np.stack([estimate - half, estimate + half, p]))


def from_t(estimate: Floats, error: Floats, df: float, level: float) -> Floats:
    """Low, high and p (3, P) by the cluster t test; NaN where nothing can be said."""
    with np.errstate(divide="ignore", invalid="ignore"):
        p = 2 * special.stdtr(df, -np.abs(estimate) / error)
    half = special.stdtrit(df, (1 + level) / 2) * error
    return _unless_flat(estimate, error, np.stack([estimate - half, estimate + half, p]))


def _unless_flat(estimate: Floats, error: Floats, ends: Floats) -> Floats:
    """Without any spread there is no interval, and p is known (1) only if nothing differs."""
    flat = ~(error > 0)
    ends[:, flat] = np.nan
    ends[2, flat & (estimate == 0)] = 1.0
    return np.where(np.isfinite(ends), ends, np.nan)


def _only(scores: Floats) -> NDArray[np.intp]:
    """Items, (runs, runs), that the first run has right and the second has not."""
    right = (scores > 0).astype(float)
    both = right @ right.T
    only: NDArray[np.intp] = np.rint(right.sum(axis=1)[:, None] - both).astype(np.intp)
    return only


class _Facts(NamedTuple):
    """What all pairs of one contrast share."""

    level: float
    test: str
    n: int
    clusters: int
    one_column: bool

    @property
    def clustered(self) -> bool:
        return self.clusters < self.n


def _facts(layout: resampling.Layout, row: int, level: float, test: str) -> _Facts:
    sizes = layout.table.sizes[:, layout.contrasts[row] != 0].sum(axis=1)
    uneven = layout.names[row] == AVERAGE
    return _Facts(level, test, int(sizes.sum()), int((sizes > 0).sum()), not uneven)


def _difference(
    facts: _Facts,
    estimate: float,
    ends: Floats,
    only: NDArray[np.intp] | None,
    pair: tuple[int, int],
) -> Difference:
    low, high, p = (None if np.isnan(end) else float(end) for end in ends)
    test, mcnemar, first, second = facts.test, None, None, None
    if only is not None:
        first, second = int(only[pair]), int(only[pair[::-1]])
        if facts.one_column:  # an average of columns weighs items unequally: no McNemar
            mcnemar = exact_mcnemar(first, second)
            if not facts.clustered:
                test, p = MCNEMAR, mcnemar
    flat = "the differences show too little spread for an interval"
    return Difference(
        estimate=estimate,
        low=low,
        high=high,
        level=facts.level,
        p=p,
        test=test,
        p_mcnemar=mcnemar,
        only_first=first,
        only_second=second,
        n=facts.n,
        clusters=facts.clusters,
        note=flat if low is None else None,
    )
