"""Which items of one set also stand in another, or twice in one; and which are clean.

A score on an item that stood in the training data is no evidence. Pairs worth judging are those
with the same set of option texts, and those that a MinHash index proposes (datasketch, 32 bands of
4 rows over the character 2-grams of question and options: a pair of similarity 0.6 is proposed in
98.8 %, of 0.7 in 99.99 %); :func:`psyche_bench.duplicates.judge` decides on the texts themselves.
Training files in any format are searched by :mod:`psyche_bench.leaks`.

What comes out on the pinned releases, repaired view (asserted in tests/test_contamination.py):

======================  =====  ====  ============================================
items of … that are in  exact  near  counted before, on equal texts
======================  =====  ====  ============================================
PCEB in train             622   158  616 ± 15 (case MMCQ: 421 of 878, 48 %)
PCEB in test              331   125  about 334
PCEB in train or dev      698   186
CPsyExam test in both     408   212  404 ± 10
CPsyExam dev in train     226    90
======================  =====  ====  ============================================

The 4 test items beyond 404 differ from their copies in a page mark or in a number or kind glued to
the stem (104[多选题]). Inside PCEB: 239 exact groups, 244 extra items, 9 groups with conflicting
golds. Inside CPsyExam 79 exact groups conflict: 12 hold items that agree to the last character
(``verbatim``), the number counted before; of the other 67, 58 hold an item of one run in one file
(train, KG-PCE-心理咨询师三级-多项选择题, rows 237 to 330) that is keyed D whatever the question.

*Near* comes on top of those counts; :class:`CleanList` leaves out both. How good it is was found
by reading, at threshold 0.7, pairs between all these sets. Of 75 drawn at random under the first
rules 4 were no duplicates, all stock questions of the case papers beside an item without a
vignette; of 90 drawn by type, 1, a stub cut out behind a quotation; of 50 more, chosen because
golds or options differ, 6 (stock questions, 最好/最差, 前面…后面 turned round, another letter in
a formula). The rules of :func:`judge` against each came from this. Of 25 drawn at random under the
rules as they stand, none was wrong; of 22 pairs of written questions, 2 were (主要/主观因素,
冲突/整合阶段). Pairs at the threshold are typically the same question with one option in four
exchanged. Golds agree in 901 of 1,021 exact pairs and in 148 of 191 near pairs with equal options;
12 of those 43 differ through the run keyed D.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib.resources import files

from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from psyche_bench.duplicates import (
    THRESHOLD,
    Item,
    Kind,
    grams,
    judge,
    normalise,
    prepare,
    sketches,
)
from psyche_bench.errors import DataError
from psyche_bench.schemas import Question, Record

BANDS, ROWS = 32, 4


class Match(Record):
    """Two items that are one question; ``similarity`` in (0, 1] as :func:`duplicates.judge`."""

    a_id: str
    b_id: str
    kind: Kind
    similarity: float


class Group(Record):
    """Items of one set that are one question.

    ``conflicting``: their golds name different option texts. ``verbatim``: at least two of them
    (with conflicting golds, where the group conflicts) agree to the last character.
    """

    items: tuple[str, ...]
    conflicting: bool
    verbatim: bool


def overlap(
    a: Iterable[Question], b: Iterable[Question], threshold: float = THRESHOLD, *, near: bool = True
) -> list[Match]:
    """The pairs of an item of ``a`` and an item of ``b`` that are one question.

    Args:
        a: items of one set.
        b: items of another, or of the same: then every item matches itself.
        threshold: least similarity of a near duplicate, in (0, 1].
        near: False finds exact duplicates only, and needs no datasketch.

    Returns:
        Matches in the order of ``a``, then of ``b``.

    Raises:
        PsycheBenchError: datasketch is not installed and ``near`` is asked for.

    >>> from psyche_bench import sources
    >>> sample = sources.load("sample")
    >>> twice = [item.model_copy(update={"id": item.id + "-again"}) for item in sample]
    >>> len({match.a_id for match in overlap(sample, twice, near=False)}) == len(sample)
    True
    """
    left, right = [prepare(question) for question in a], [prepare(question) for question in b]
    pairs = _same_options(left, right) | (_similar(left, right) if near else set())
    return _judged(left, right, pairs, threshold, near)


def duplicates(
    questions: Iterable[Question], threshold: float = THRESHOLD, *, near: bool = True
) -> list[Match]:
    """Like :func:`overlap` inside one set: each pair once, no item with itself."""
    items = [prepare(question) for question in questions]
    pairs = _same_options(items, items) | (_similar(items, items) if near else set())
    return _judged(items, items, {(i, j) for i, j in pairs if i < j}, threshold, near)


Pairs = set[tuple[int, int]]


def _judged(
    a: Sequence[Item], b: Sequence[Item], pairs: Pairs, threshold: float, near: bool
) -> list[Match]:
    verdicts = ((i, j, judge(a[i], b[j], threshold)) for i, j in sorted(pairs))
    return [
        Match(a_id=a[i].id, b_id=b[j].id, kind=verdict[0], similarity=verdict[1])
        for i, j, verdict in verdicts
        if verdict and (near or verdict[0] == "exact")
    ]


def _same_options(a: Sequence[Item], b: Sequence[Item]) -> Pairs:
    """Pairs with the same set of option texts; without options, with the same question."""
    places: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for j, item in enumerate(b):
        places[item.key or (item.question,)].append(j)
    return {(i, j) for i, x in enumerate(a) for j in places.get(x.key or (x.question,), ())}


def _similar(a: Sequence[Item], b: Sequence[Item]) -> Pairs:
    """Pairs that share a band of their MinHash."""
    known = list(sketches(map(_shingles, b), BANDS * ROWS))
    asked = known if a is b else sketches(map(_shingles, a), BANDS * ROWS)
    from datasketch import MinHashLSH

    index = MinHashLSH(num_perm=BANDS * ROWS, params=(BANDS, ROWS))
    with index.insertion_session() as session:
        for j, sketch in enumerate(known):
            session.insert(j, sketch, check_duplication=False)
    return {(i, j) for i, sketch in enumerate(asked) for j in index.query(sketch)}


def _shingles(item: Item) -> list[bytes]:
    found = grams(item.question, 2).union(*(grams(option, 2) for option in item.options))
    return [gram.encode() for gram in found]


def gold_texts(question: Question) -> frozenset[str] | None:
    """The gold as option texts, since the order of options differs between releases."""
    if question.gold is None:
        return None
    return frozenset(normalise(question.options.get(letter, letter)) for letter in question.gold)


def conflicting(questions: Iterable[Question]) -> bool:
    """Whether the golds of one question name different option texts; withheld ones say nothing."""
    return len({gold_texts(question) for question in questions} - {None}) > 1


def duplicate_groups(questions: Sequence[Question], matches: Iterable[Match]) -> list[Group]:
    """The groups that matches inside one set form, in the order of their first items."""
    known = {question.id: question for question in questions}
    members: dict[int, list[Question]] = defaultdict(list)
    edges = [(match.a_id, match.b_id) for match in matches]
    for item, label in _components(list(known), edges).items():
        members[label].append(known[item])
    return [_group(group) for group in members.values() if len(group) > 1]


def _group(members: Sequence[Question]) -> Group:
    as_released: dict[object, list[Question]] = defaultdict(list)
    for question in members:
        texts = frozenset(text.strip() for text in question.options.values())
        as_released[question.vignette, question.stem.strip(), texts].append(question)
    same = [group for group in as_released.values() if len(group) > 1]
    conflict = conflicting(members)
    return Group(
        items=tuple(question.id for question in members),
        conflicting=conflict,
        verbatim=any(conflicting(group) for group in same) if conflict else bool(same),
    )


def _components(nodes: Sequence[str], edges: Iterable[tuple[str, str]]) -> dict[str, int]:
    place = {node: i for i, node in enumerate(nodes)}
    ends = [(place[a], place[b]) for a, b in edges]
    rows, columns = [i for i, _ in ends], [j for _, j in ends]
    graph = coo_array(([1] * len(ends), (rows, columns)), shape=(len(nodes), len(nodes)))
    _, labels = connected_components(graph, directed=False)
    return {node: int(label) for node, label in zip(nodes, labels, strict=True)}


def duplicate_clusters(questions: Sequence[Question], *, near: bool = False) -> dict[str, str]:
    """Cluster labels for statistics: item id → label.

    Items share a label when they share a vignette (``Question.cluster``) or are duplicates of one
    question, directly or through others. The label is the least of the ``cluster`` names joined.
    Exact duplicates alone need no datasketch.

    >>> from psyche_bench import sources
    >>> labels = duplicate_clusters(sources.load("sample"))
    >>> len(labels) == len(sources.load("sample"))
    True
    """
    cluster = {question.id: question.cluster for question in questions}
    edges = [
        (cluster[match.a_id], cluster[match.b_id]) for match in duplicates(questions, near=near)
    ]
    joined = _components(sorted(set(cluster.values())), edges)
    least: dict[int, str] = {}
    for name, label in joined.items():
        least.setdefault(label, name)
    return {item: least[joined[name]] for item, name in cluster.items()}


class Contaminated(Record):
    """Ids of one item set that stand elsewhere; an item with an exact copy is not under near."""

    exact: tuple[str, ...]
    near: tuple[str, ...]


def contaminated(questions: Iterable[Question], matches: Iterable[Match]) -> Contaminated:
    """The items of ``questions`` that are an ``a_id`` of the matches."""
    best: dict[str, Kind] = {}
    for match in matches:
        if best.get(match.a_id) != "exact":
            best[match.a_id] = match.kind
    ids = [question.id for question in questions]
    exact = tuple(item for item in ids if best.get(item) == "exact")
    return Contaminated(exact=exact, near=tuple(i for i in ids if best.get(i) == "near"))


Row = dict[str, str | int | float]


def summary(questions: Sequence[Question], found: Contaminated) -> list[Row]:
    """One row for each subset and one for all: n, exact, near, contaminated, share in %."""
    rows: list[Row] = []
    exact, near = frozenset(found.exact), frozenset(found.near)
    for subset in [*dict.fromkeys(question.subset for question in questions), "all"]:
        ids = [question.id for question in questions if subset in (question.subset, "all")]
        counts = Counter("exact" if i in exact else "near" if i in near else "clean" for i in ids)
        both = counts["exact"] + counts["near"]
        row: Row = {"subset": subset, "n": len(ids), "exact": counts["exact"]}
        rows.append(
            row | {"near": counts["near"], "contaminated": both, "share": 100 * both / len(ids)}
        )
    return rows


class CleanList(Record):
    """A shipped list: which items of a set have no duplicate in the sets they were held against.

    Written by ``command``; ``sources`` names revision and data hash of every data set read,
    ``method`` the thresholds, ``counts`` the summary by subset.
    """

    items: str
    against: str
    command: str
    method: dict[str, str | float | int]
    sources: dict[str, dict[str, str]]
    counts: tuple[dict[str, str | int], ...]
    ids_sha256: str
    clean: tuple[str, ...]
    exact: tuple[str, ...]
    near: tuple[str, ...]

    def check(self, questions: Iterable[Question]) -> None:
        """Fail unless these are whole subsets of the items the list speaks of.

        Raises:
            DataError: the list knows an item not, or a subset is not whole; the remedy is named.
        """
        listed = {*self.clean, *self.exact, *self.near}
        given = list(questions)
        strange = [question.id for question in given if question.id not in listed]
        sizes = {row["subset"]: row["n"] for row in self.counts}
        found = Counter(question.subset for question in given)
        short = [
            f"{name} ({n} of {sizes.get(name)})"
            for name, n in found.items()
            if n != sizes.get(name)
        ]
        if strange or short:
            named = ", ".join(strange[:5] or short)
            raise DataError(
                f"the clean list of {self.items} is of another release than the data; they differ "
                f"in {named}. Make the list again: `{self.command}`."
            )


def ids_hash(ids: Iterable[str]) -> str:
    """SHA-256 of the sorted ids, one a line."""
    return hashlib.sha256("\n".join(sorted(ids)).encode()).hexdigest()


CLEAN_LISTS = {
    ("pceb", "test"): "pceb.clean.json",
    ("cpsyexam", "test"): "cpsyexam-test.clean.json",
    ("cpsyexam", "dev"): "cpsyexam-dev.clean.json",
}
"""The shipped lists: benchmark and split to file."""


@cache
def clean_list(benchmark: str, split: str = "test") -> CleanList:
    """The shipped list of a benchmark's split.

    Raises:
        DataError: none ships for it, or the file was changed by hand.

    >>> clean_list("pceb").against.partition("+")[0]
    'cpsyexam:train,dev'
    """
    name = CLEAN_LISTS.get((benchmark, split))
    if name is None:
        raise DataError(
            f"no clean list ships for {benchmark}, split {split}. There are lists for pceb and for "
            "cpsyexam test and dev; `psyche-bench contamination A B --clean FILE` makes others."
        )
    path = files("psyche_bench") / "data" / name
    found = CleanList.model_validate_json(path.read_text(encoding="utf-8"))
    if ids_hash((*found.clean, *found.exact, *found.near)) != found.ids_sha256:
        raise DataError(f"{name} was changed by hand. Make it again: `{found.command}`.")
    return found


def clean_ids(
    benchmark: str, split: str = "test", questions: Iterable[Question] | None = None
) -> frozenset[str]:
    """Ids of the clean items; ``questions``, when given, must be the items the list speaks of."""
    found = clean_list(benchmark, split)
    if questions is not None:
        found.check(questions)
    return _as_set(found.clean)


def clean_subset(questions: Iterable[Question]) -> frozenset[str] | None:
    """Ids of the clean items among these; None unless the shipped lists speak of every one.

    Not knowing is not clean, and not contaminated either: an item of another release, or of a
    benchmark without a list, leaves the whole set without a clean part.

    >>> from psyche_bench import sources
    >>> clean_subset(sources.load("sample")) is None
    True
    """
    clean: set[str] = set()
    for question in questions:
        place = (question.benchmark, question.split)
        if place not in CLEAN_LISTS:
            return None
        found = clean_list(*place)
        if question.id in _as_set(found.clean):
            clean.add(question.id)
        elif question.id not in _as_set(found.exact) and question.id not in _as_set(found.near):
            return None
    return frozenset(clean)


@cache
def _as_set(ids: tuple[str, ...]) -> frozenset[str]:
    return frozenset(ids)


def is_clean(item: str) -> bool:
    """Whether an item of a listed benchmark is clean.

    Raises:
        DataError: the id stands in no list: not knowing is not clean.
    """
    benchmark, _, rest = item.partition("/")
    found = clean_list(benchmark, "test" if benchmark == "pceb" else rest.partition("/")[0])
    if item in _as_set(found.clean):
        return True
    if item in _as_set(found.exact) or item in _as_set(found.near):
        return False
    raise DataError(f"{item!r} stands in no clean list. Is the id right, and the release?")


def conflicts(matches: Iterable[Match], known: Mapping[str, Question]) -> list[Match]:
    """The matches whose golds name different option texts."""
    return [m for m in matches if conflicting((known[m.a_id], known[m.b_id]))]
