"""Release files to checked rows: the door where bad rows are named and, if asked, set aside."""

from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from psyche_bench.errors import DataError, RowError
from psyche_bench.jsonl import read_json
from psyche_bench.schemas import Question, Record, first_fault

Row = TypeVar("Row", bound=Record)
REMEDY = "fetch the file again (`psyche-bench data get`), mend the row, or pass --skip-bad"


class Rejected:
    """Collects bad rows: raises the first at once, or counts and keeps all of them.

    Real state, so a class: with ``skip`` the reader goes on and the caller prints ``errors``.
    """

    def __init__(self, *, skip: bool) -> None:
        self.skip = skip
        self.errors: list[DataError] = []

    def add(self, error: DataError) -> None:
        """Raise ``error``, or keep it when bad rows are to be skipped."""
        if not self.skip:
            raise error
        self.errors.append(error)


def rows(path: Path, model: type[Row], rejected: Rejected) -> Iterator[tuple[int, Row]]:
    """Yield ``(row number from 1, row)`` of a JSON list of objects; bad rows go to ``rejected``."""
    try:
        values = read_json(path)
    except DataError as error:
        rejected.add(error)
        return
    if not isinstance(values, list):
        rejected.add(DataError(f"{path}: a JSON list is expected. {REMEDY.capitalize()}."))
        return
    for number, value in enumerate(values, 1):
        try:
            yield number, model.model_validate(value, strict=True)
        except ValidationError as error:
            field, said = first_fault(error)
            rejected.add(RowError(str(path), number, field or "(row)", said.lower(), REMEDY))


def check_golds(
    questions: list[Question], known: frozenset[str], rejected: Rejected
) -> list[Question]:
    """Keep the questions whose gold names existing options, or whose defect is declared."""
    good = []
    for question in questions:
        problem = gold_problem(question)
        if problem is None or question.id in known:
            good.append(question)
        else:
            rejected.add(RowError(question.file, question.row, "answer", problem, REMEDY))
    return good


def gold_problem(question: Question) -> str | None:
    """What is wrong with a graded item's gold, or None. Withheld golds (None) are fine."""
    if question.kind in ("qa", "counselling"):
        return None
    if question.gold is None:
        return None if question.split == "test" else "is empty"
    if not question.gold:
        return "is empty"
    outside = sorted(set(question.gold) - set(question.options))
    if outside:
        return f"gold {question.gold!r} names {', '.join(outside)}, which is no option of the item"
    return None
