"""Outcomes to a record's figures and back: one way for adding a run and for checking one.

A line of the board (:class:`BoardOutcome`) holds neither gold nor text; with the data set at hand
it becomes the outcome it came from, and every figure follows again.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from psyche_bench import outcomes as grading
from psyche_bench import summary
from psyche_bench.leaderboard.records import BoardOutcome, Column, Group
from psyche_bench.schemas import Outcome, Question


class Figures(NamedTuple):
    """What one task group scores: the parts of a record that are computed."""

    groups: tuple[Group, ...]
    columns: tuple[Column, ...]
    subjects: tuple[Column, ...]


def by_group(
    outcomes: Sequence[Outcome], universe: Mapping[str, Question], *, partial: bool
) -> dict[str, Figures]:
    """The figures of every task group of a run, as :func:`psyche_bench.summary.summarise` has them.

    Args:
        outcomes: graded replies, each item once a task.
        universe: every item of the data sets concerned, by id.
        partial: whether a part of the items was asked on purpose.
    """
    found = summary.summarise(outcomes, universe, partial=partial, by="subject")
    return {
        name: Figures(
            groups=tuple(_group(part) for part in found.groups if part.group == name),
            columns=tuple(_column(part) for part in found.columns if part.group == name),
            subjects=tuple(_column(part) for part in found.breakdown if part.group == name),
        )
        for name in dict.fromkeys(column.group for column in found.columns)
    }


_MEANS = ("standard", "elastic", "standard_by_item", "elastic_by_item")


def _group(part: summary.Group) -> Group:
    fields = {name: getattr(part, name) for name in Group.model_fields if hasattr(part, name)}
    return Group(**fields, scores={name: getattr(part, name) for name in _MEANS})


def _column(part: summary.Column) -> Column:
    return Column(**{name: getattr(part, name) for name in Column.model_fields})


def tasks_of(
    outcomes: Iterable[Outcome], universe: Mapping[str, Question]
) -> dict[str, list[Outcome]]:
    """Outcomes by the task group they are reported in."""
    found: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        question = universe[outcome.id]
        name = outcome.task or summary.column_name(question)
        found.setdefault(name.removesuffix(f"_{question.subset}"), []).append(outcome)
    return found


def line(outcome: Outcome, *, with_reply: bool = False) -> BoardOutcome:
    """An outcome as the board keeps it: no gold, and the reply only when asked for."""
    hits = extra = missed = None
    if outcome.gold and outcome.predicted:
        gold, predicted = set(outcome.gold), set(outcome.predicted)
        hits, extra, missed = len(gold & predicted), len(predicted - gold), len(gold - predicted)
    kept = outcome.model_dump(include=set(BoardOutcome.model_fields) - {"reply"})
    reply = outcome.reply if with_reply else None
    return BoardOutcome(**kept, hits=hits, extra=extra, missed=missed, reply=reply)


def outcome(kept: BoardOutcome, question: Question, protocol: str) -> Outcome:
    """A line graded anew against its item.

    What was chosen is graded by the gold at hand, and a kept reply is read again. Where the gold
    is withheld here, or a written reply was not kept, the line's own state and scores stand.
    """
    known = {name: getattr(kept, name) for name in ("task", "prompt_hash", "tokens", "capped")}
    known |= {"protocol": protocol, "rotation": kept.rotation}
    if kept.reply is not None and (question.gold or question.reference):
        return grading.grade(question, kept.reply, **known)
    state, scores = kept.state, kept.scores
    if question.gold:
        predicted = None if kept.predicted is None else frozenset(kept.predicted)
        scores = grading.option_scores(predicted, question.gold)
        state = kept.state if predicted is None else grading.chosen_state(scores)
    return Outcome(
        id=kept.id,
        reply=kept.reply,
        predicted=kept.predicted,
        gold=question.gold,
        state=state,
        scores=scores,
        **known,
    )
