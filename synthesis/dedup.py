"""De-duplicate: clusters of texts that are nearly the same (paper §2.1), one kept of each.

Texts in normal form (:func:`psyche_bench.duplicates.normalise`: punctuation, spaces and letter case
go) are sets of character 3-grams. MinHash signatures (datasketch, 128 permutations) are cut into
bands of rows; texts that share a band are candidates, the exact Jaccard similarity of their sets
decides, and connected components are the clusters. A pair of similarity s shares a band with
probability 1 - (1 - s^rows)^bands; :func:`shape` picks the most selective shape that misses fewer
than one pair in a thousand at the threshold.

datasketch's own index keeps 32 dictionaries (2.4 GB for 200,000 texts) and proposes every pair of
a bucket, which is quadratic where thousands of texts follow one template. Here a band is sorted,
and each text is held against its next :data:`NEIGHBOURS` in its bucket: memory and time stay
linear, and templates join through their neighbours. Figures: ``tests/perf/dedup_speed.py``.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components

from psyche_bench.duplicates import normalise, sketches

PERMUTATIONS = 128
GRAM = 3
THRESHOLD = 0.8
NEIGHBOURS = 16
"""Comparisons of a text inside one bucket of one band: up to 17 texts are compared whole."""
MISSED = 1e-3
"""Greatest share of pairs at the threshold that share no band."""
_PAIRS = 100_000  # compared at once: about 100 MB


def shape(threshold: float) -> tuple[int, int]:
    """Bands and rows: most rows with (1 - threshold^rows)^bands <= 0.001.

    >>> shape(0.7), shape(0.8)
    ((32, 4), (25, 5))
    """
    shapes = [(PERMUTATIONS // rows, rows) for rows in range(8, 0, -1)]
    fit = [(b, r) for b, r in shapes if (1 - threshold**r) ** b <= MISSED]
    return fit[0] if fit else shapes[-1]


def cluster(texts: Sequence[str], threshold: float = THRESHOLD) -> list[list[int]]:
    """Indices of the texts, each in exactly one cluster.

    Two texts are in one cluster when a chain of texts joins them in which neighbours have a
    Jaccard similarity of at least the threshold. Texts of the same normal form are equal; one
    without letters and digits (？？？) equals only its own kind.

    Args:
        texts: any strings, also empty ones.
        threshold: least similarity of two neighbours, in (0, 1].

    Returns:
        Clusters in the order of their first text, indices in each ascending.

    Raises:
        ValueError: the threshold lies outside (0, 1].
        PsycheBenchError: datasketch is not installed.

    >>> cluster(["什么是自我效能感？", "什么是 自我效能感", "焦虑症有哪些表现？", ""])
    [[0, 1], [2], [3]]
    """
    if not 0 < threshold <= 1:
        raise ValueError(f"threshold {threshold}: above 0 and at most 1 is expected.")
    keys = [normalise(text) or text.strip() for text in texts]
    place: dict[str, int] = {}
    unique = [place.setdefault(key, len(place)) for key in keys]
    labels = _labels(incidence(list(place)), threshold)
    members: dict[int, list[int]] = {}
    for index, row in enumerate(unique):
        members.setdefault(int(labels[row]), []).append(index)
    return list(members.values())


@dataclass(frozen=True, slots=True)
class Grams:
    """Which 3-grams each text holds: a 0/1 matrix (texts × vocabulary), and its row sums."""

    matrix: Any
    sizes: NDArray[np.int64]


def incidence(texts: Sequence[str]) -> Grams:
    """Grams as three code points of 21 bits; a text shorter than three has none of its own."""
    lengths = np.array([len(text) for text in texts], np.int64)
    raw = "".join(texts).encode("utf-32-le", "surrogatepass")
    points = np.frombuffer(raw, np.uint32).astype(np.uint64)
    if len(points) < GRAM:
        return Grams(csr_array((len(texts), 1), dtype=np.int32), np.zeros(len(texts), np.int64))
    codes = (points[:-2] << np.uint64(42)) | (points[1:-1] << np.uint64(21)) | points[2:]
    row = np.repeat(np.arange(len(texts)), lengths)
    inside = row[:-2] == row[2:]  # grams that cross into the next text are none
    vocabulary, column = np.unique(codes[inside], return_inverse=True)
    ones = np.ones(len(column), np.int32)
    size = (len(texts), max(1, len(vocabulary)))
    matrix = csr_array((ones, (row[:-2][inside], column)), shape=size)
    matrix.data[:] = 1  # a gram that stands twice counts once
    return Grams(matrix, np.diff(matrix.indptr).astype(np.int64))


def signatures(grams: Grams) -> NDArray[np.uint32]:
    """MinHash values, texts × permutations; the columns of the matrix are what is hashed."""
    ends, columns = grams.matrix.indptr, grams.matrix.indices
    rows = (columns[a:b].tolist() for a, b in pairwise(ends))
    found = np.empty((len(ends) - 1, PERMUTATIONS), np.uint32)
    # A column's number is its own hash: datasketch mixes it, and no two grams collide.
    how = {"scheme": "affine32", "hashfunc": lambda column: column}
    for i, sketch in enumerate(sketches(rows, PERMUTATIONS, **how)):
        found[i] = sketch.hashvalues
    return found


def _labels(grams: Grams, threshold: float) -> NDArray[np.int32]:
    """The component of each row; pairs that are joined already are not compared again."""
    count = len(grams.sizes)
    labels = np.arange(count, dtype=np.int32)
    held = np.flatnonzero(grams.sizes)
    if len(held) < 2:
        return labels
    joined: list[NDArray[np.int64]] = []
    for pairs in candidates(signatures(grams), *shape(threshold)):
        apart = pairs[:, labels[pairs[0]] != labels[pairs[1]]]
        alike = apart[:, similar(grams, apart, threshold)]
        if alike.shape[1]:
            joined.append(alike)
            labels = _components(np.hstack(joined), count)
    return labels


def candidates(signed: NDArray[np.uint32], bands: int, rows: int) -> Iterator[NDArray[np.int64]]:
    """Pairs that share a band, 2 × pairs, band by band.

    Inside a bucket texts stand in the order of the next band, so that the likest are neighbours.
    """
    keys = [_band(signed[:, band * rows : (band + 1) * rows]) for band in range(bands)]
    for band, key in enumerate(keys):
        order = np.lexsort((keys[(band + 1) % bands], key))
        placed = key[order]
        found = []
        for step in range(1, min(NEIGHBOURS, len(order) - 1) + 1):
            same = np.flatnonzero(placed[:-step] == placed[step:])
            if not same.size:
                break
            found.append(np.stack([order[same], order[same + step]]))
        if found:
            yield np.hstack(found)


def _band(values: NDArray[np.uint32]) -> NDArray[np.uint64]:
    """One number for a band's rows (FNV's multiply and add; a collision costs a comparison)."""
    key = np.full(len(values), 14695981039346656037, np.uint64)
    for column in values.T:
        key = (key ^ column) * np.uint64(1099511628211)
    return key


def similar(grams: Grams, pairs: NDArray[np.int64], threshold: float) -> NDArray[np.bool_]:
    """Which pairs have |A ∩ B| / |A ∪ B| >= threshold, exactly."""
    found = [
        _jaccard(grams, pairs[:, start : start + _PAIRS]) >= threshold - 1e-12
        for start in range(0, pairs.shape[1], _PAIRS)
    ]
    return np.concatenate(found) if found else np.zeros(0, np.bool_)


def _jaccard(grams: Grams, pairs: NDArray[np.int64]) -> NDArray[np.float64]:
    a, b = pairs
    shared = grams.matrix[a].multiply(grams.matrix[b]).sum(axis=1)
    ratio: NDArray[np.float64] = shared / np.maximum(grams.sizes[a] + grams.sizes[b] - shared, 1)
    return ratio


def _components(pairs: NDArray[np.int64], count: int) -> NDArray[np.int32]:
    graph = coo_array(
        (np.ones(pairs.shape[1], np.int8), (pairs[0], pairs[1])), shape=(count, count)
    )
    labels: NDArray[np.int32] = connected_components(graph, directed=False)[1]
    return labels
