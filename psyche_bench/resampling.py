"""Cluster-aware standard errors and bootstrap draws, computed on per-cluster sums.

Items that share a vignette, a dialogue or a question are not independent, and one vignette puts
items into several columns at once. So every figure here is a contrast ``L m`` of column means
``m_k = sum of scores / number of items``, and the unit that varies, or is drawn again, is the
cluster, with all its items in all columns together. SciPy and statsmodels have neither CR2 errors
nor a cluster bootstrap; these are the two pieces written here, and tests hold them against both.

Letters: n items, J clusters, K columns, P score vectors (runs, or pairs of runs), E contrasts.
"""

from collections.abc import Hashable, Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from psyche_bench.errors import ScoreError

Floats = NDArray[np.float64]
Codes = NDArray[np.intp]

CELLS_AT_ONCE = 1_000_000
"""Draws x clusters held in memory at a time (8 MB each as float64)."""
AVERAGE, WEIGHTED = "average", "item-weighted"
WORTH_MERGING = 8
"""Clusters to one pattern, on average, from which drawing patterns is faster."""
NEGLIGIBLE = 1e-9
"""A standard error below this share of the largest score is rounding, not spread."""


class Table(NamedTuple):
    """Per-cluster totals: ``sums`` of scores (J, K, P) and ``sizes`` in items (J, K)."""

    sums: Floats
    sizes: Floats


class Layout(NamedTuple):
    """Runs by column: a Table of runs, contrasts (E, K), their names, values and items (E, n)."""

    table: Table
    contrasts: Floats
    names: list[str]
    values: Floats
    items: NDArray[np.bool_]

    @property
    def best(self) -> int:
        """The contrast to rank by: the unweighted average, or the only column."""
        return self.names.index(AVERAGE) if AVERAGE in self.names else 0


class Linearised(NamedTuple):
    """Contrasts (E, P), their standard errors (E, P; NaN: unknowable), degrees of freedom (E)."""

    value: Floats
    error: Floats
    df: Floats


class Draws(NamedTuple):
    """Studentised draws ``|t*|`` (draws, E, P) and the errors (E, P) they are to be scaled by."""

    t: NDArray[np.float32]
    error: Floats


def encode(labels: Iterable[Hashable]) -> tuple[Codes, list[Hashable]]:
    """Number labels in the order of their first appearance; return codes and labels.

    >>> codes, names = encode(["v2", "v1", "v2"])
    >>> codes.tolist(), names
    ([0, 1, 0], ['v2', 'v1'])
    """
    seen: dict[Hashable, int] = {}
    codes = [seen.setdefault(label, len(seen)) for label in labels]
    return np.array(codes, dtype=np.intp), list(seen)


def checked(scores: ArrayLike, clusters: Sequence[Hashable] | None) -> Floats:
    """Scores (P, n) as floats, after refusing what would end as a silent NaN.

    Raises:
        ScoreError: there is no item, or a score is not a finite number.
        ValueError: labels and scores differ in length.
    """
    matrix = np.atleast_2d(np.asarray(scores, dtype=np.float64))
    if matrix.shape[1] == 0:
        raise ScoreError("no items: the mean of nothing does not exist. Leave the column out.")
    if clusters is not None and len(clusters) != matrix.shape[1]:
        raise ValueError(f"{matrix.shape[1]} scores but {len(clusters)} cluster labels")
    bad = np.flatnonzero(~np.isfinite(matrix).all(axis=0))
    if bad.size:
        raise ScoreError(
            f"{bad.size} of {matrix.shape[1]} scores are not finite (first at position {bad[0]}). "
            "Score an unreadable answer 0, or leave an ungraded item out."
        )
    return matrix


def tabulate(matrix: Floats, columns: Codes, clusters: Codes) -> Table:
    """Sum items to clusters: scores (P, n) with column and cluster codes (n) to a Table."""
    shape = (int(clusters.max()) + 1, int(columns.max()) + 1)
    cell = clusters * shape[1] + columns

    def total(weights: Floats) -> Floats:
        sums: Floats = np.bincount(cell, weights, shape[0] * shape[1]).astype(np.float64)
        return sums.reshape(shape)

    return Table(np.stack([total(row) for row in matrix], -1), total(np.ones(len(cell))))


def lay_out(
    scores: Floats, columns: Sequence[str] | None, clusters: Sequence[Hashable] | None
) -> Layout:
    """Runs (R, n) by columns; with several columns also their average and item-weighted mean."""
    count = scores.shape[1]
    codes, labels = encode(["all"] * count if columns is None else columns)
    if len(codes) != count:
        raise ValueError(f"{count} scores but {len(codes)} column names")
    witnesses = encode(range(count) if clusters is None else clusters)[0]
    table = tabulate(scores, codes, witnesses)
    totals = table.sizes.sum(axis=0)
    names, contrasts = [str(label) for label in labels], np.eye(len(labels))
    if len(names) > 1:
        means = [np.full(len(totals), 1 / len(totals)), totals / totals.sum()]
        names, contrasts = [*names, AVERAGE, WEIGHTED], np.vstack([contrasts, *means])
    values = contrasts @ (table.sums.sum(axis=0) / totals[:, None])
    return Layout(table, contrasts, names, values, (contrasts != 0)[:, codes])


def sides(pairs: Sequence[tuple[int, int]]) -> tuple[Codes, Codes]:
    """First and second members of pairs, each (P)."""
    array = np.array(pairs, dtype=np.intp).reshape(-1, 2)
    return array[:, 0], array[:, 1]


def subtract(table: Table, pairs: Sequence[tuple[int, int]]) -> Table:
    """A Table of runs to a Table of first minus second, one for each pair."""
    first, second = sides(pairs)
    return Table(table.sums[..., first] - table.sums[..., second], table.sizes)


def linearise(table: Table, contrasts: Floats) -> Linearised:
    r"""Contrasts of column means with CR2 cluster-robust errors.

    With residual sums ``r_jk = sum_jk - m_k n_jk`` and ``N_k = sum_j n_jk``::

        u_j = sum_k L_k r_jk / (N_k sqrt(1 - n_jk / N_k)),   error = sqrt(sum_j u_j^2)

    which is ``s / sqrt(n)`` for single items and the error of the mean of cluster means for equal
    clusters. Degrees of freedom are Satterthwaite's under independence: ``n - 1`` and ``J - 1``
    in those two cases, fewer where cluster sizes are uneven (Bell & McCaffrey, 2002, Survey
    Methodology 28). A contrast on a column that lies in one cluster has no error: NaN.
    """
    sums, sizes = table
    totals = sizes.sum(axis=0)
    means = sums.sum(axis=0) / totals[:, None]
    leverage = sizes / totals
    unknowable = contrasts[:, (leverage >= 1).any(axis=0)].any(axis=1)
    scale = 1 / (totals * np.sqrt(np.where(leverage < 1, 1 - leverage, 1)))
    residuals = (sums - means * sizes[..., None]) * scale[..., None]
    error = np.stack([_root_squares(residuals, row) for row in contrasts])
    df = np.array([_satterthwaite(row * scale, sizes, totals) for row in contrasts])
    flat = error <= NEGLIGIBLE * np.abs(sums).max(initial=0)
    error = np.where(flat, 0.0, error)
    error[unknowable], df[unknowable] = np.nan, np.nan
    return Linearised(contrasts @ means, error, df)


def _root_squares(residuals: Floats, row: Floats) -> Floats:
    """``sqrt(sum_j u_j^2)`` of residuals (J, K, P) for one contrast (K)."""
    total = np.zeros_like(residuals[:, 0])
    for column in np.flatnonzero(row):
        total += row[column] * residuals[:, column]
    error: Floats = np.sqrt(np.einsum("jp,jp->p", total, total))
    return error


def _satterthwaite(weights: Floats, sizes: Floats, totals: Floats) -> float:
    """``tr(G)^2 / tr(G^2)``, where ``G = diag(d) - B B'`` is the covariance for iid items."""
    diagonal = (weights**2 * sizes).sum(axis=1)
    spread = weights * sizes / np.sqrt(totals)
    trace = diagonal.sum() - (spread**2).sum()
    squares = (diagonal**2).sum() - 2 * (diagonal[:, None] * spread**2).sum()
    squares += ((spread.T @ spread) ** 2).sum()
    return float(trace**2 / squares) if squares > 0 else np.nan


class _Term(NamedTuple):
    """What two columns with shared clusters add to the variances: rows (J') and products."""

    first: int
    second: int
    clusters: Codes
    products: Floats


def bootstrap(table: Table, contrasts: Floats, draws: int, seed: int) -> Draws:
    """Draw clusters with replacement and studentise: ``|t*| = |L m* - L m| / error*``.

    Clusters are drawn within strata (columns that share no cluster are resampled apart, so that
    column sizes stay what they are). A draw that cannot be studentised, because it shows no
    spread, counts as infinitely far: that widens intervals and raises p, never the reverse.
    Errors are the plain linearised ones, in the sample as in the draws.
    """
    table, strata = _strata(table)
    alike = np.concatenate([stratum.alike for stratum in strata])
    totals = alike @ table.sizes
    means = np.tensordot(alike, table.sums, 1) / totals[:, None]
    centred = table.sums - means * table.sizes[..., None]
    terms = _terms(centred, table.sizes)
    shift, variance = _moments(alike[None, :], centred, table.sizes, terms, contrasts)
    error = np.sqrt(variance[0])
    error[error <= NEGLIGIBLE * np.abs(table.sums).max(initial=0)] = 0
    studentised = []
    for counts in _counts(strata, draws, np.random.default_rng(seed)):
        shift, variance = _moments(counts, centred, table.sizes, terms, contrasts)
        spread = np.sqrt(variance)
        with np.errstate(divide="ignore", invalid="ignore"):
            t = np.where(spread > NEGLIGIBLE * error, np.abs(shift) / spread, np.inf)
        studentised.append(np.where(error > 0, t, 0).astype(np.float32))
    return Draws(np.concatenate(studentised), error)


class _Stratum(NamedTuple):
    """Rows of a table that are drawn among themselves: how many clusters are alike each row."""

    alike: Floats
    size: int


def _strata(table: Table) -> tuple[Table, list[_Stratum]]:
    """Sort clusters into strata, and merge those that are the same in every sum and size.

    Single items have few patterns (first right, second right, both, neither), and drawing how
    often each pattern comes is the same as drawing the items, and many times faster.
    """
    present = table.sizes > 0
    linked = np.linalg.matrix_power(present.T.astype(float) @ present > 0, present.shape[1])
    stratum = linked.argmax(axis=1)[present.argmax(axis=1)]
    order, strata = [], []
    rows = np.hstack([table.sums.reshape(len(stratum), -1), table.sizes])
    for label in np.unique(stratum):
        members = np.flatnonzero(stratum == label)
        _, first, alike = np.unique(rows[members], axis=0, return_index=True, return_counts=True)
        if len(first) * WORTH_MERGING > len(members):
            first, alike = np.arange(len(members)), np.ones(len(members), dtype=np.intp)
        order.append(members[first])
        strata.append(_Stratum(alike.astype(np.float64), len(members)))
    kept = np.concatenate(order)
    return Table(table.sums[kept], table.sizes[kept]), strata


def _terms(centred: Floats, sizes: Floats) -> list[_Term]:
    present = sizes > 0
    terms = []
    for first in range(sizes.shape[1]):
        for second in range(first, sizes.shape[1]):
            shared = np.flatnonzero(present[:, first] & present[:, second])
            if not shared.size:
                continue
            x, y = centred[shared, first], centred[shared, second]
            m, n = sizes[shared, first, None], sizes[shared, second, None]
            terms.append(_Term(first, second, shared, np.hstack([x * y, x * n, m * y, m * n])))
    return terms


def _moments(
    counts: Floats, centred: Floats, sizes: Floats, terms: list[_Term], contrasts: Floats
) -> tuple[Floats, Floats]:
    """Contrasts of centred means and their linearised variances, both (draws, E, P)."""
    totals = counts @ sizes
    pairs = centred.shape[2]
    means = np.empty((len(counts), sizes.shape[1], pairs))
    variance = np.zeros((len(counts), len(contrasts), pairs))
    with np.errstate(divide="ignore", invalid="ignore"):  # a column may vanish from a draw
        for column in range(sizes.shape[1]):
            rows = np.flatnonzero(sizes[:, column])
            means[:, column] = counts[:, rows] @ centred[rows, column] / totals[:, [column]]
        for first, second, rows, products in terms:
            xy, xn, my, mn = np.split(counts[:, rows] @ products, [pairs, 2 * pairs, 3 * pairs], 1)
            x, y = means[:, first], means[:, second]
            part = (xy - y * xn - x * my + x * y * mn) / (totals[:, [first]] * totals[:, [second]])
            weights = contrasts[:, first] * contrasts[:, second] * (1 if first == second else 2)
            for row in np.flatnonzero(weights):
                variance[:, row] += weights[row] * part
    shift = np.zeros_like(variance)
    for row, column in zip(*np.nonzero(contrasts), strict=True):
        shift[:, row] += contrasts[row, column] * means[:, column]
    return shift, np.maximum(variance, 0)


def _counts(strata: list[_Stratum], draws: int, rng: np.random.Generator) -> Iterator[Floats]:
    """How often each row of the table is drawn, (draws at once, rows), stratum by stratum."""
    width = sum(len(stratum.alike) for stratum in strata)
    at_once = max(1, min(draws, CELLS_AT_ONCE // width))
    for start in range(0, draws, at_once):
        rows = min(at_once, draws - start)
        parts = [_drawn(stratum, rows, rng) for stratum in strata]
        yield np.concatenate(parts, axis=1, dtype=np.float64)


def _drawn(stratum: _Stratum, rows: int, rng: np.random.Generator) -> NDArray[np.int64]:
    alike, size = stratum
    if len(alike) < size:
        return rng.multinomial(size, alike / size, size=rows)
    picked = rng.integers(size, size=(rows, size)) + size * np.arange(rows)[:, None]
    counts: NDArray[np.int64] = np.bincount(picked.ravel(), minlength=rows * size)
    return counts.reshape(rows, size)
