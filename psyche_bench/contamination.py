"""Which items of one set also stand in another: exact and near duplicates, and what is clean."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from psyche_bench.duplicates import THRESHOLD, Item, Kind, grams, judge, prepare
from psyche_bench.errors import PsycheBenchError
from psyche_bench.schemas import Question, Record

BANDS, ROWS = 32, 4


class Match(Record):
    """Two items that are one question; ``similarity`` in (0, 1], see :func:`duplicates.judge`."""

    a_id: str
    b_id: str
    kind: Kind
    similarity: float


def overlap(
    a: Iterable[Question], b: Iterable[Question], threshold: float = THRESHOLD, *, near: bool = True
) -> list[Match]:
    """x"""
    left, right = [prepare(question) for question in a], [prepare(question) for question in b]
    pairs = _same_options(left, right)
    if near:
        pairs |= _similar(left, right)
    matches = []
    for i, j in sorted(pairs):
        verdict = judge(left[i], right[j], threshold)
        if verdict and (near or verdict[0] == "exact"):
            matches.append(
                Match(a_id=left[i].id, b_id=right[j].id, kind=verdict[0], similarity=verdict[1])
            )
    return matches


Pairs = set[tuple[int, int]]


def _same_options(a: Sequence[Item], b: Sequence[Item]) -> Pairs:
    places: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for j, item in enumerate(b):
        places[item.key].append(j)
    return {(i, j) for i, item in enumerate(a) if item.key for j in places[item.key]}


def _similar(a: Sequence[Item], b: Sequence[Item]) -> Pairs:
    try:
        from datasketch import MinHash, MinHashLSH
    except ImportError:
        raise PsycheBenchError("x") from None
    index = MinHashLSH(num_perm=BANDS * ROWS, params=(BANDS, ROWS))
    with index.insertion_session() as session:
        for j, sketch in enumerate(MinHash.bulk(map(_shingles, b), num_perm=BANDS * ROWS)):
            session.insert(j, sketch, check_duplication=False)
    sketches = MinHash.bulk(map(_shingles, a), num_perm=BANDS * ROWS)
    return {(i, j) for i, sketch in enumerate(sketches) for j in index.query(sketch)}


def _shingles(item: Item) -> list[bytes]:
    found = grams(item.question, 2).union(*(grams(option, 2) for option in item.options))
    return [gram.encode() for gram in found]
