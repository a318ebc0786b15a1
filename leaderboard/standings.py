"""Rank intervals of a table's rows, in every view, among the rows they can be ranked with.

Published rows are ranked by their printed percentages alone (unpaired binomial approximation).
Runs that met the same items are ranked by their items, paired and clustered by vignette. Rows of
different origins are never ranked together.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from psyche_bench import ranks, resampling, stats
from psyche_bench.contamination import is_clean
from psyche_bench.errors import DataError
from psyche_bench.leaderboard import columns
from psyche_bench.leaderboard.board import Figure, View, every
from psyche_bench.leaderboard.digest import Digest, cluster
from psyche_bench.ranks import RankInterval
from psyche_bench.resampling import Floats

DRAWS = 4_000
QUANTILE = 1.959964
"""Half a 95 % interval of a published average, in standard errors."""

Figures = Mapping[str, Figure]


def published(rows: Sequence[Figures], prefix: str = "") -> list[dict[str, Figure]]:
    """Ranks of published rows by their averages' intervals; one mapping a row, by column key."""
    found: list[dict[str, Figure]] = [{} for _ in rows]
    for view in every("metric", "items", "mean"):
        key, name = (prefix + columns.key(kind, view) for kind in ("avg", "rank"))
        told = [n for n, row in enumerate(rows) if row.get(key, Figure()).low is not None]
        figures = [rows[n][key] for n in told]
        if len(told) > 1:
            errors = [((f.high or 0) - (f.low or 0)) / (2 * QUANTILE) for f in figures]
            values = [f.value or 0.0 for f in figures]
            spread = np.diag(np.square(errors))
            got = ranks.normal_ranks(values, spread, draws=DRAWS, label=stats.BINOMIAL)
            for n, rank in zip(told, got, strict=True):
                found[n][name] = _figure(rank, len(told))
    return found


def _figure(rank: RankInterval, rows: int) -> Figure:
    return Figure(rank.rank, rank.low, rank.high, f"of {rows}; {rank.label}")


class Panel(NamedTuple):
    """Runs on the same items: which rows they are, and the items' layout."""

    members: list[int]
    ids: tuple[str, ...]
    tasks: tuple[str, ...]


def panels(digests: Sequence[Digest | None]) -> list[Panel]:
    """Runs that met the same items of the same columns, in groups of two or more."""
    found: dict[tuple[tuple[str, ...], tuple[str, ...]], list[int]] = {}
    for n, digest in enumerate(digests):
        if digest is not None and len(digest.ids):
            found.setdefault((digest.ids, digest.tasks), []).append(n)
    return [Panel(members, *key) for key, members in found.items() if len(members) > 1]


def paired(digests: Sequence[Digest | None], prefix: str = "") -> list[dict[str, Figure]]:
    """Ranks of runs by their items; one mapping a run, empty where it has no company."""
    found: list[dict[str, Figure]] = [{} for _ in digests]
    for panel in panels(digests):
        runs = [digests[n] for n in panel.members]
        for view, got in _ranked(panel, [run for run in runs if run is not None]):
            for n, rank in zip(panel.members, got, strict=True):
                found[n][prefix + columns.key("rank", view)] = _figure(rank, len(got))
    return found


def _ranked(panel: Panel, runs: Sequence[Digest]) -> Iterable[tuple[View, list[RankInterval]]]:
    clusters = resampling.encode(map(cluster, panel.ids))[0]
    names = resampling.encode(panel.tasks)[0]
    clean = _clean(panel.ids)
    for metric in ("standard", "elastic"):
        matrix = 100 * np.array([getattr(run, metric) for run in runs], dtype=float)
        graded = ~np.isnan(matrix).any(axis=0)
        for items, kept in (("all", graded), ("clean", graded & clean)):
            if not kept.any():
                continue
            part = matrix[:, kept]
            column = resampling.encode(names[kept].tolist())[0]
            labels = resampling.encode(clusters[kept].tolist())[0]
            for mean in ("columns", "items"):
                view = View(metric, items, mean)  # type: ignore[arg-type]
                yield view, _rank(part, column, labels, mean == "items")


def _clean(ids: Iterable[str]) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Which items are clean; none where no list speaks of them."""
    known = []
    for item in ids:
        try:
            known.append(is_clean(item))
        except DataError:
            known.append(False)
    return np.array(known, dtype=bool)


def _rank(
    matrix: Floats, column: resampling.Codes, labels: resampling.Codes, by_item: bool
) -> list[RankInterval]:
    sizes = np.bincount(column)
    weights = sizes if by_item else np.ones(len(sizes))
    shares = weights / weights.sum() / sizes
    values = matrix @ shares[column]
    if labels.max() < 1:
        return []
    spread = ranks.covariance(matrix, weights, column, labels)
    return ranks.normal_ranks(values.tolist(), spread, draws=DRAWS, label="paired, by clusters")
