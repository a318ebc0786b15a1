"""What a copy of a data set holds: counts, repairs, oddities, and whether it is whole."""

from collections import Counter, defaultdict
from collections.abc import Iterable

from psyche_bench import repairs, sources
from psyche_bench.errors import DataError
from psyche_bench.schemas import Oddity, Question, Record, Repair

Counts = dict[str, dict[str, int]]


class Report(Record):
    """The result of a check."""

    name: str
    counts: Counts
    expected: Counts
    repairs: tuple[Repair, ...]
    oddities: tuple[Oddity, ...]
    rejected: tuple[str, ...]
    differing_files: tuple[str, ...]
    places: dict[str, tuple[str, str]]
    """Split and subset of each item that could be read."""

    @property
    def count_problems(self) -> list[str]:
        """Subsets whose count is not the release's."""
        return [
            f"{split} {subset}: {self.counts.get(split, {}).get(subset, 0)}, expected {n}"
            for split, subsets in self.expected.items()
            for subset, n in subsets.items()
            if self.counts.get(split, {}).get(subset, 0) != n
        ]

    @property
    def ok(self) -> bool:
        """Whether the copy is whole: right counts, right files, nothing set aside."""
        return not (self.count_problems or self.differing_files or self.rejected)

    @property
    def repaired_items(self) -> int:
        """How many items were changed."""
        return len({repair.item for repair in self.repairs})

    def rows(self) -> list[dict[str, object]]:
        """Split, subset, items found, items expected, repaired, odd."""
        # An item may be declared odd or repaired and yet be absent, or set aside, in this copy.
        repaired = Counter(self.places.get(item) for item in {r.item for r in self.repairs})
        odd = Counter(self.places.get(item) for item in {o.item for o in self.oddities})
        return [
            {
                "split": split,
                "subset": subset,
                "items": self.counts.get(split, {}).get(subset, 0),
                "expected": n,
                "repaired": repaired[split, subset],
                "odd": odd[split, subset],
            }
            for split, subsets in self.expected.items()
            for subset, n in subsets.items()
        ]

    def payload(self) -> dict[str, object]:
        """The JSON face."""
        return {
            "name": self.name,
            "ok": self.ok,
            "counts": self.counts,
            "expected": self.expected,
            "count_problems": self.count_problems,
            "repairs": [repair.model_dump() for repair in self.repairs],
            "oddities": [oddity.model_dump() for oddity in self.oddities],
            "rejected": list(self.rejected),
            "differing_files": list(self.differing_files),
        }


def _parts(name: str) -> list[str]:
    if name not in sources.catalogue():
        known = ", ".join(sources.catalogue())
        raise DataError(f"no data set is called {name!r}. Known: {known}.")
    return [part for part in sources.NAMES if part.partition("_")[0] == name]


def check(name: str, *, skip_bad: bool = False) -> Report:
    """Count, repair and look over a copy of a released data set.

    Raises:
        DataError: it is absent, or holds a bad row and ``skip_bad`` is not set.
    """
    loaded = [sources.load_all(part, skip_bad=skip_bad) for part in _parts(name)]
    questions = [question for part in loaded for question in part.questions]
    counts: Counts = defaultdict(Counter)
    for question in questions:
        counts[question.split][question.subset] += 1
    return Report(
        name=name,
        counts={split: dict(subsets) for split, subsets in counts.items()},
        expected=sources.catalogue()[name].counts,
        repairs=tuple(repair for part in loaded for repair in part.repairs),
        oddities=tuple(oddities(questions, name)),
        # Choices and written answers share files: a row set aside in both is one row.
        rejected=tuple(dict.fromkeys(problem for part in loaded for problem in part.rejected)),
        differing_files=tuple(sources.differing_files(name, sources.folder(name))),
        places={question.id: (question.split, question.subset) for question in questions},
    )


def require_whole(questions: Iterable[Question]) -> None:
    """Refuse a partial copy: a score over it would not have its whole denominator.

    Looks at the subsets that the questions touch; data sets without a pinned release, and our own
    sample, have no count to be held to.

    Raises:
        DataError: a subset does not hold as many items as its pinned release.
    """
    held = Counter((q.benchmark, q.split, q.subset) for q in questions)
    for (name, split, subset), found in held.items():
        source = sources.catalogue().get(name)
        expected = source.counts.get(split, {}).get(subset) if source and source.archive else None
        if expected is not None and found != expected:
            raise DataError(
                f"{name} in {sources.data_root()} is not whole: {split} {subset} holds {found} of "
                f"{expected} items, and a score needs them all. `psyche-bench data check {name}` "
                f"says what is missing, `psyche-bench data get {name}` fetches a whole copy."
            )


def oddities(questions: Iterable[Question], name: str) -> list[Oddity]:
    """Declared oddities, and what can be seen of the items themselves."""
    declared = repairs.known_oddities(name)
    known = {oddity.item for oddity in declared}
    found = list(declared)
    golds: dict[tuple[str, str, frozenset[str]], dict[frozenset[str], str]] = defaultdict(dict)
    for question in questions:
        if question.kind in ("qa", "counselling"):
            continue
        found += [] if question.id in known else _odd(question)
        if question.gold:
            same = (question.vignette, question.stem, frozenset(question.options.values()))
            chosen = frozenset(question.options.get(letter, "") for letter in question.gold)
            other = golds[same].setdefault(chosen, question.id)
            if len(golds[same]) > 1 and other == question.id:
                problem = "the same question stands elsewhere with another gold"
                found.append(Oddity(item=question.id, field="gold", problem=problem))
    return found


def _odd(question: Question) -> list[Oddity]:
    problems = []
    if question.kind == "mmcq" and question.gold and len(question.gold) == 1:
        problems.append(("gold", "a multiple-answer question with one right option"))
    if len(question.options) < 4:
        problems.append(("options", "fewer than four options"))
    if question.vignette and not question.stem:
        problems.append(("stem", "empty"))
    return [Oddity(item=question.id, field=field, problem=text) for field, text in problems]
