"""Outcomes to the scored table: columns, groups, chance, always over whole subsets.

A column is one subset under one task; a group is a benchmark, with ``standard`` and ``elastic`` as
unweighted means of the columns (the paper's Avg) and weighted by items. Every figure is given over
all items and over the clean ones: those that do not also stand in public training data
(:mod:`psyche_bench.contamination`).
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from psyche_bench import means
from psyche_bench.constants import chance
from psyche_bench.contamination import clean_subset
from psyche_bench.errors import ScoreError
from psyche_bench.means import GRADED, Intervals, Items, Scores
from psyche_bench.schemas import Outcome, Question, Record

WHOLE: dict[str, int] = {"pceb": 6, "cpsyexam": 4, "psyche_sample": 6}
"""Multiple-choice columns of each benchmark: a mean over fewer says so."""


class Clean(Record):
    """The same figures over the ``n`` clean items; None where no clean item has a score."""

    n: int
    scores: Scores
    intervals: Intervals


class CleanGroup(Clean):
    """A benchmark's means over its clean items; ``columns`` counts those that hold any."""

    columns: int


class Column(Record):
    """One subset of one run. Percentages 0–100 over all ``n`` items; None = cannot be known.

    ``n`` counts the items in the denominator, ``whole`` those of the whole subset, ``missing``
    those without a reply (they score 0). ``chance`` is what uniform guessing among the allowed
    answers scores. ``scores`` holds standard and elastic accuracy, or text metrics. ``clean`` is
    None where no list says which items are clean.
    """

    column: str
    group: str
    subset: str
    n: int
    whole: int
    missing: int
    scores: Scores
    intervals: Intervals
    clean: Clean | None
    chance: dict[str, float]
    answered: float
    truncated: float
    capped: float | None
    tokens: float | None


class Group(Record):
    """A benchmark's means over its multiple-choice columns, in percent."""

    group: str
    n: int
    columns: int
    of: int
    standard: float | None
    elastic: float | None
    standard_by_item: float | None
    elastic_by_item: float | None
    intervals: Intervals
    clean: CleanGroup | None
    answered: float
    truncated: float


class Summary(Record):
    """Everything the table shows; ``breakdown`` holds the columns by subject when asked for."""

    groups: tuple[Group, ...]
    columns: tuple[Column, ...]
    breakdown: tuple[Column, ...] = ()


def column_name(question: Question) -> str:
    """The task that asks an item zero-shot; names the column of replies that name no task.

    PCEB: ``pceb_case_smcq``; CPsyExam: ``cpsyexam_kg_smcq``, dev ``cpsyexam_dev_kg_smcq``.
    """
    if question.benchmark == "sample":
        return f"psyche_sample_{question.subset}"
    split = "" if question.split == "test" else f"_{question.split}"
    return f"{question.benchmark}{split}_{question.subset}"


def columns_of(
    outcomes: Sequence[Outcome], universe: Mapping[str, Question], *, partial: bool
) -> dict[str, Items]:
    """Items by column, in the order of the release.

    Args:
        outcomes: what was graded.
        universe: every item of the data sets concerned, by id.
        partial: whether the run was limited on purpose; otherwise items of a touched subset that
            have no outcome enter as ``missing`` and score 0.

    Raises:
        ScoreError: an item is graded twice in one column, or a column mixes subsets.
    """
    found: dict[str, dict[str, Outcome]] = {}
    for outcome in outcomes:
        name = outcome.task or column_name(universe[outcome.id])
        if outcome.id in found.setdefault(name, {}):
            raise ScoreError(f"{outcome.id} stands twice in {name}. Keep one reply an item.")
        found[name][outcome.id] = outcome
    for name, graded in found.items():
        _refuse_mixture(name, [universe[item] for item in graded])
    return {name: _filled(graded, universe, partial=partial) for name, graded in found.items()}


def _refuse_mixture(name: str, questions: Sequence[Question]) -> None:
    """A column over two subsets would fill in one and lose the other."""
    subsets = {(q.benchmark, q.split, q.subset): q.id for q in questions}
    if len(subsets) > 1:
        ids = " and ".join(list(subsets.values())[:2])
        raise ScoreError(
            f"task {name!r} holds items of different subsets ({ids}). Leave 'task' out of these "
            "lines: each item is then counted in its own column."
        )


def _filled(
    graded: Mapping[str, Outcome], universe: Mapping[str, Question], *, partial: bool
) -> Items:
    from psyche_bench.outcomes import grade

    if partial:
        return [(universe[item], outcome) for item, outcome in graded.items()]
    some = next(iter(graded.values()))
    return [
        (q, graded.get(q.id) or grade(q, None, task=some.task, protocol=some.protocol))
        for q in _subset(universe, universe[some.id])
    ]


def _subset(universe: Mapping[str, Question], like: Question) -> list[Question]:
    key = (like.benchmark, like.split, like.subset)
    return [q for q in universe.values() if (q.benchmark, q.split, q.subset) == key]


def summarise(
    outcomes: Sequence[Outcome],
    universe: Mapping[str, Question],
    *,
    partial: bool = False,
    by: Literal["subject"] | None = None,
) -> Summary:
    """The table of a run.

    Args:
        outcomes: graded replies, each item at most once a task.
        universe: every item of the data sets concerned, by id.
        partial: True for a run with ``--limit``: denominators are the items that were asked, and
            the table says how many of how many.
        by: also break the choices down by the items' subject.
    """
    by_column = columns_of(outcomes, universe, partial=partial)
    columns = [
        _column(name, items, len(_subset(universe, items[0][0])))
        for name, items in by_column.items()
    ]
    groups: dict[str, dict[str, Items]] = {}
    for column in columns:
        if "standard" in column.scores:
            groups.setdefault(column.group, {})[column.column] = by_column[column.column]
    return Summary(
        groups=tuple(_group(name, members) for name, members in groups.items()),
        columns=tuple(columns),
        breakdown=tuple(_by_subject(groups) if by == "subject" else ()),
    )


def _by_subject(groups: Mapping[str, Mapping[str, Items]]) -> Iterator[Column]:
    """One row per group and subject, over all of its multiple-choice items."""
    for name, members in groups.items():
        subjects: dict[str, Items] = {}
        for pair in (pair for items in members.values() for pair in items):
            subjects.setdefault(pair[0].subject, []).append(pair)
        for subject, items in sorted(subjects.items()):
            yield _column(f"{name} {subject}", items, len(items)).model_copy(
                update={"group": name, "subset": subject}
            )


def _column(name: str, items: Items, whole: int) -> Column:
    first, outcomes = items[0][0], [outcome for _, outcome in items]
    chosen = first.kind in ("smcq", "mmcq")
    metrics, scale = (GRADED, 100.0) if chosen else (_metric_names(outcomes), 1.0)
    scores, intervals = means.column(items, metrics, scale)
    kept = _clean_items(items)
    clean = None if kept is None else means.column(kept, metrics, scale)
    return Column(
        column=name,
        group=name.removesuffix(f"_{first.subset}"),
        subset=first.subset,
        n=len(items),
        whole=whole,
        missing=sum(outcome.state == "missing" for outcome in outcomes),
        scores=scores,
        intervals=intervals,
        clean=clean and Clean(n=len(kept or ()), scores=clean[0], intervals=clean[1]),
        chance=_chances(items) if chosen and all(o.scores for o in outcomes) else {},
        answered=means.answered(items),
        truncated=means.share(items, "truncated"),
        capped=means.mean_known(None if o.capped is None else 100.0 * o.capped for o in outcomes),
        tokens=means.mean_known(outcome.tokens for outcome in outcomes),
    )


def _metric_names(outcomes: Sequence[Outcome]) -> tuple[str, ...]:
    return tuple(sorted({name for outcome in outcomes for name in outcome.scores}))


def _clean_items(items: Items) -> Items | None:
    clean = clean_subset(question for question, _ in items)
    return None if clean is None else [pair for pair in items if pair[0].id in clean]


def _chances(items: Items) -> dict[str, float]:
    guesses = [chance(question) for question, _ in items]
    return {name: means.percent(guess[name] for guess in guesses) for name in GRADED}


def _group(name: str, members: Mapping[str, Items]) -> Group:
    every = [pair for items in members.values() for pair in items]
    scores, intervals = means.group(members)
    benchmark = next((known for known in WHOLE if name.startswith(known)), name)
    return Group(
        group=name,
        n=len(every),
        columns=len(members),
        of=WHOLE.get(benchmark, len(members)),
        **scores,
        intervals=intervals,
        clean=_clean_group(members),
        answered=means.answered(every),
        truncated=means.share(every, "truncated"),
    )


def _clean_group(members: Mapping[str, Items]) -> CleanGroup | None:
    kept = {name: _clean_items(items) for name, items in members.items()}
    filled = {name: items for name, items in kept.items() if items}
    if None in kept.values():
        return None
    scores, intervals = means.group(filled)
    return CleanGroup(
        n=sum(map(len, filled.values())), columns=len(filled), scores=scores, intervals=intervals
    )
