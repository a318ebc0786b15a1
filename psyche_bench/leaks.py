"""Which items stand in a training file, whatever its format.

A question inside a long prompt has a tiny Jaccard similarity with it, so MinHash cannot propose
it. Here the share of a question's own 3-grams that stand in the record proposes, for all items and
a batch of records at once, as a product of two sparse matrices.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz
from scipy.sparse import csr_array

from psyche_bench.contamination import Match
from psyche_bench.duplicates import (
    CARRIED,
    NEGATIONS,
    RELATED,
    TELLING,
    THRESHOLD,
    Item,
    Kind,
    grams,
    jaccard,
    normalise,
    prepare,
    same_telling,
)
from psyche_bench.errors import DataError
from psyche_bench.jsonl import read_lines
from psyche_bench.schemas import Question

BATCH = 2_000_000
"""Characters searched at once: about 100 MB."""
LONG = 12
"""A question so long is telling without its options."""


class Text(NamedTuple):
    """One record of a training file: ``file.jsonl:line``, and all its strings in normal form."""

    id: str
    text: str


def read_texts(path: Path) -> list[Text]:
    """Every record of a JSONL file: all strings in it, however deep, whatever the keys.

    Raises:
        DataError: the file cannot be read, a line is no JSON object or holds no text; file and
            line are named.
    """
    if not path.is_file():
        raise DataError(f"{path}: no such file. Check the path, or name a data set.")
    found = []
    for number, row in read_lines(path):
        text = normalise("\n".join(_strings(row)))
        if not text:
            raise DataError(f"{path}, line {number}: holds no text. Remove the line, or fill it.")
        found.append(Text(f"{path.name}:{number}", text))
    if not found:
        raise DataError(f"{path}: holds no records. Check the path.")
    return found


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _strings(part)


def leaks(
    questions: Iterable[Question], texts: Sequence[Text], threshold: float = THRESHOLD
) -> list[Match]:
    """The items that stand in training records.

    *exact*: question and every option stand in the record word for word (in normal form), and
    80 % of the vignette's 4-grams. *near*: the stretch of the record that is most like the
    question reaches the threshold with no telling character changed, so does the share of options
    that stand in the record, and half of the vignette does. A question of 12 characters or more
    that stands word for word beside its gold options is near even if no other option is there:
    training data made from a choice often keep the right one alone.

    Returns:
        Matches of an item (``a_id``) and a record (``b_id``), ordered by item, then record.
    """
    asked = list(questions)
    golds = [[normalise(q.options.get(x, x)) for x in q.gold or ""] for q in asked]
    items = [prepare(question) for question in asked]
    matches = []
    for i, j in sorted(_candidates(items, texts, min(threshold, THRESHOLD))):
        verdict = judge_text(items[i], golds[i], texts[j].text, threshold)
        if verdict:
            kind, similarity = verdict
            matches.append(
                Match(a_id=items[i].id, b_id=texts[j].id, kind=kind, similarity=similarity)
            )
    return matches


def judge_text(
    item: Item, gold: Sequence[str], text: str, threshold: float = THRESHOLD
) -> tuple[Kind, float] | None:
    """Whether an item stands in a normalised text; see :func:`leaks`."""
    carried = _carried(item.context, text)
    if carried < RELATED:
        return None
    asked = _asked(item.question, text)
    options = _standing(item.options, text)
    if not item.options and len(item.text) < LONG:
        return None
    similarity = min(asked, options, carried)
    if asked == options == 1.0 and carried >= CARRIED:
        return "exact", similarity
    if asked >= threshold and options >= threshold:
        return "near", similarity
    answered = bool(gold) and all(part in text for part in gold)
    if asked == 1.0 and answered and len(item.question) >= LONG:
        return "near", carried
    return None


def _carried(context: str, text: str) -> float:
    wanted = grams(context, 4)
    return len(wanted & _grams4(text)) / len(wanted) if wanted else 1.0


@lru_cache(maxsize=1024)
def _grams4(text: str) -> frozenset[str]:
    return grams(text, 4)


def _standing(options: Sequence[str], text: str) -> float:
    return sum(option in text for option in options) / len(options) if options else 1.0


def _asked(question: str, text: str) -> float:
    """1 where the question stands in the text with no negation before it, else its best stretch."""
    start = text.find(question)
    while start >= 0:
        if start == 0 or text[start - 1] not in NEGATIONS:
            return 1.0
        start = text.find(question, start + 1)
    found = fuzz.partial_ratio_alignment(question, text)
    if found is None or len(text) < len(question):
        return 0.0
    stretch = text[max(0, found.dest_start - 1) : found.dest_end]
    cuts = [cut for cut in (stretch, stretch[1:]) if same_telling(question, cut, TELLING)]
    if found.dest_start > 0 and stretch[0] in NEGATIONS:
        cuts = [cut for cut in cuts if cut is stretch]
    return max((jaccard(grams(question, 2), grams(cut, 2)) for cut in cuts), default=0.0)


def _candidates(
    items: Sequence[Item], texts: Sequence[Text], share: float
) -> Iterator[tuple[int, int]]:
    """Pairs (item, text) in which so great a share of the question's 3-grams stands."""
    wanted = [np.unique(_codes(_sought(item))) for item in items]
    vocabulary = np.unique(np.concatenate([np.empty(0, np.uint64), *wanted]))
    if not vocabulary.size:
        return
    sought = _incidence(wanted, vocabulary)
    sizes = np.maximum([len(codes) for codes in wanted], 1)
    first = 0
    for batch in _batches(texts):
        held = _incidence([_codes(text.text) for text in batch], vocabulary)
        shared = (sought @ held.T).tocoo()
        enough = shared.data >= share * sizes[shared.row]
        for i, j in zip(shared.row[enough], shared.col[enough], strict=True):
            yield int(i), first + int(j)
        first += len(batch)


def _sought(item: Item) -> str:
    return item.question if len(item.question) >= 3 else item.question + "".join(item.options)


def _batches(texts: Sequence[Text]) -> Iterator[list[Text]]:
    batch: list[Text] = []
    size = 0
    for text in texts:
        batch.append(text)
        size += len(text.text)
        if size >= BATCH:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _codes(text: str) -> NDArray[np.uint64]:
    """The 3-grams of a text as numbers: three code points of 21 bits, no collisions."""
    points = np.frombuffer(text.encode("utf-32-le"), np.uint32).astype(np.uint64)
    if len(points) < 3:
        return np.empty(0, np.uint64)
    return (points[:-2] << np.uint64(42)) | (points[1:-1] << np.uint64(21)) | points[2:]


def _incidence(rows: Sequence[NDArray[np.uint64]], vocabulary: NDArray[np.uint64]) -> Any:
    """A 0/1 matrix: which numbers of the vocabulary each row holds."""
    columns, ends = [], [0]
    for codes in rows:
        places = np.searchsorted(vocabulary, codes).clip(max=len(vocabulary) - 1)
        columns.append(np.unique(places[vocabulary[places] == codes]))
        ends.append(ends[-1] + len(columns[-1]))
    values = np.ones(ends[-1], np.int32)
    return csr_array((values, np.concatenate(columns), ends), shape=(len(rows), len(vocabulary)))
