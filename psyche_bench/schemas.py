"""Every line that is read or written, as frozen models: checked at the door, trusted inside.

The door is :func:`checked` for one object and :func:`records` for a file of lines.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from psyche_bench.errors import DataError
from psyche_bench.jsonl import read_lines

T = TypeVar("T")

Kind = Literal["smcq", "mmcq", "qa", "counselling"]
"""Single-answer question, multiple-answer question, written answer, counselling turn."""

State = Literal[
    "right", "partial", "wrong", "unparsed", "truncated", "missing", "written", "ungraded"
]
"""What became of an item.

``right``, ``partial`` (a non-empty proper subset of the gold: elastic > 0) and ``wrong`` are
graded choices; ``unparsed`` and ``truncated`` replies hold no answer and score 0; ``missing``
means no reply was given at all (scores 0); ``written`` is a text answer scored by text metrics;
``ungraded`` is an answer whose gold is withheld (CPsyExam test): it has no score, not a zero.
"""


class Record(BaseModel):
    """Base of all schemas: frozen, and a field we do not know is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def first_fault(error: ValidationError) -> tuple[str, str]:
    """Where a model first broke its schema (dotted; empty for the whole), and what is wrong."""
    first = error.errors()[0]
    return ".".join(map(str, first["loc"])), first["msg"]


def checked(validate: Callable[[Any], T], content: Any, place: str, remedy: str) -> T:
    """``content`` as the model that ``validate`` makes of it.

    Args:
        validate: ``model_validate`` of a schema.
        content: as it was read.
        place: file and line, or whatever names it.
        remedy: a sentence that says what to do now.

    Raises:
        DataError: it breaks the schema; place, field and remedy are named.
    """
    try:
        return validate(content)
    except ValidationError as error:
        field, said = first_fault(error)
        at = f"{place}, field '{field}'" if field else place
        raise DataError(f"{at}: {said}. {remedy}") from error


def records(path: Path, validate: Callable[[Any], T], remedy: str) -> Iterator[T]:
    """The lines of a JSON Lines file, each :func:`checked`.

    Raises:
        DataError: the file is missing, or a line is broken; file, line and field are named.
    """
    for number, row in read_lines(path):
        yield checked(validate, row, f"{path}, line {number}", remedy)


class Turn(Record):
    """One utterance of a counselling dialogue."""

    role: Literal["system", "user", "assistant"]
    content: str


class Question(Record):
    """One item of a benchmark, whatever the benchmark.

    ``subset`` is the column it is reported in (``case_smcq``, ``kg_mmcq``, ``case_qa``);
    ``cluster`` names the vignette or dialogue it shares with other items (its own id when alone);
    ``gold`` holds sorted letters, or None where the answer is withheld or written;
    ``reference`` the written reference answer. ``file`` and ``row`` (from 1) say where it stands
    in the release.
    """

    id: str
    benchmark: str
    split: str
    subset: str
    kind: Kind
    subject: str
    cluster: str
    vignette: str = ""
    stem: str
    options: dict[str, str] = {}
    gold: str | None = None
    reference: str | None = None
    analysis: str = ""
    history: tuple[Turn, ...] = ()
    file: str
    row: int


class Repair(Record):
    """One change made to a released item, with its reason."""

    item: str
    field: str
    before: str
    after: str
    reason: str


class Oddity(Record):
    """Something strange that was seen in the release and left as it is."""

    item: str
    field: str
    problem: str


class Outcome(Record):
    """What one model did with one item: a line of ``outcomes.jsonl``.

    ``scores`` holds ``standard`` and ``elastic`` in [0, 1] for choices, text metrics in [0, 100]
    for written answers, and is empty where nothing can be graded. ``tokens`` is the number of
    tokens the model wrote and ``capped`` whether it was stopped by the protocol's cap; both are
    None where the backend does not tell. ``predicted`` and ``gold`` are the release's letters,
    also where the options were shown moved along by ``rotation``
    (:mod:`psyche_bench.rotation`).
    """

    id: str
    task: str
    protocol: str
    prompt_hash: str
    reply: str | None
    predicted: str | None
    gold: str | None
    state: State
    scores: dict[str, float] = {}
    tokens: int | None = None
    capped: bool | None = None
    rotation: int = 0
