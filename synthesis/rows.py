"""What travels through the pipeline: documents, segments, questions, dialogues, with provenance.

Every row knows the row it was made from (``origin.parent``), so that ``synth show`` can tell its
whole life. Ids are hashes of content and provenance: the same inputs give the same ids.
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from psyche_bench.schemas import Question, Record, Turn, records

QuestionKind = Literal["smcq", "mmcq"]
SourceType = Literal["I", "II", "III", "IV", "ps"]
"""The paper's four types of sources, and PsycoLLM's public data."""


class Origin(Record):
    """Where a row comes from: source of the recipe, its licence, file, and place inside it."""

    source: str
    type: SourceType
    licence: str
    file: str
    place: str
    parent: str

    def __str__(self) -> str:
        where = f"{self.file}#{self.place}" if self.place else self.file
        return f"{self.source}: {where}"

    def child(self, parent: str) -> "Origin":
        """The origin of a row made from the row ``parent``."""
        return self.model_copy(update={"parent": parent})


class Document(Record):
    """A text as it was read: a whole file, or a page of it."""

    form: Literal["document"] = "document"
    id: str
    origin: Origin
    text: str


class Scan(Record):
    """A page without text, ``page`` counted from 0, of a file below the data root, for OCR.

    ``turned`` are the degrees it is turned clockwise before it is read.
    """

    form: Literal["scan"] = "scan"
    id: str
    origin: Origin
    path: str
    page: int
    turned: int = 0


class Segment(Record):
    """A part of a document; ``asked`` counts the kinds of questions already asked for."""

    form: Literal["segment"] = "segment"
    id: str
    origin: Origin
    text: str
    start: int
    end: int
    asked: int = 0


class Topic(Record):
    """A subfield that questions are wanted for (Type III); ``number`` tells equal calls apart."""

    form: Literal["topic"] = "topic"
    id: str
    origin: Origin
    subfield: str
    kind: QuestionKind
    count: int
    number: int


class Round(Record):
    """One prompt and the rationale and answer it gave; ``predicted`` None: no answer was read.

    Round 0 is the rationale step's; ``adopted`` whether it became the pair to refine next.
    """

    number: int
    prompt: str
    rationale: str
    predicted: str | None
    adopted: bool


class Answered(Record):
    """What one model answered with the letters alone; None where no letters could be read."""

    model: str
    predicted: str | None


class Item(Record):
    """A question; later steps fill in what they find.

    ``use``: ``pool`` goes through rationale and cross-selection, ``cp`` (CPsyExam train) to D_cp.
    ``draft`` is a refined prompt that waits for its rationale; ``notes`` holds what a model or
    reviewer said in a step, by step.
    """

    form: Literal["item"] = "item"
    id: str
    origin: Origin
    use: Literal["pool", "cp"]
    kind: QuestionKind
    stem: str
    options: dict[str, str]
    gold: str
    subfield: str = ""
    notes: dict[str, str] = Field(default_factory=dict)
    attempts: int = 0
    rounds: tuple[Round, ...] = ()
    draft: str = ""
    rationale: str = ""
    answers: tuple[Answered, ...] = ()
    challenging: bool | None = None


def shown(item: Item) -> str:
    """Question and options, one a line."""
    return "\n".join([item.stem, *(f"{letter}. {text}" for letter, text in item.options.items())])


def as_question(item: Item) -> Question:
    """The item in the schema that the benchmark's prompts are rendered from."""
    return Question(
        id=item.id,
        benchmark="synthesis",
        split="train",
        subset=item.kind,
        kind=item.kind,
        subject=item.subfield,
        cluster=item.id,
        stem=item.stem,
        options=item.options,
        gold=item.gold,
        file=item.origin.file,
        row=0,
    )


class Cluster(Record):
    """Questions that are nearly the same, of which one stays."""

    form: Literal["cluster"] = "cluster"
    id: str
    members: tuple[Item, ...]


class Pair(Record):
    """A post and its reply (Type IV), or the last turns of a dialogue with its ``history`` (ps)."""

    form: Literal["pair"] = "pair"
    id: str
    origin: Origin
    history: tuple[Turn, ...] = ()
    question: str
    reply: str
    notes: dict[str, str] = Field(default_factory=dict)


Row = Annotated[
    Document | Scan | Segment | Topic | Item | Cluster | Pair,
    Field(discriminator="form"),
]
_ROW: TypeAdapter[Document | Scan | Segment | Topic | Item | Cluster | Pair] = TypeAdapter(Row)


def row_id(letter: str, *parts: str) -> str:
    """A letter for the form and 16 hexadecimal digits of the SHA-256 of the parts.

    >>> row_id("q", "甲", "乙") == row_id("q", "甲", "乙") != row_id("q", "甲乙")
    True
    """
    content = "\0".join(parts).encode("utf-8", "surrogatepass")
    return f"{letter}-{hashlib.sha256(content).hexdigest()[:16]}"


def parse_row(line: str) -> Row:
    """One row from its line, trusted: it was checked when it was written."""
    return _ROW.validate_json(line)


def read_rows(path: Path) -> Iterator[Row]:
    """The rows of a step's file.

    Raises:
        DataError: the file is missing or was changed by hand; file and line are named.
    """
    remedy = "Step files are not edited by hand: run the step again with --from."
    yield from records(path, _ROW.validate_python, remedy)
