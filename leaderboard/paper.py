"""The paper's Tables 1-7 as data of our own: printed figures, schema, loaders.

A figure is kept as it was printed (``"50.00"`` becomes ``Decimal("50.00")``), because an audit
needs to know how many digits were given. The files lie in ``leaderboard/paper/``.
"""

import json
from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Annotated, Any, ClassVar, TypeVar

from pydantic import BeforeValidator, Field

from psyche_bench.errors import DataError
from psyche_bench.schemas import Record


def _two_decimals(value: object) -> Decimal:
    if not isinstance(value, str) or len(value.partition(".")[2]) != 2:
        raise ValueError(f"{value!r} is not a figure with two decimals in quotes, such as '50.00'")
    return Decimal(value)


Printed = Annotated[Decimal, BeforeValidator(_two_decimals)]
Change = Annotated[str, Field(pattern=r"^(-|-?\d+\.\d\d%)$")]


class Row(Record):
    """One printed row; ``label`` names the field that tells rows apart."""

    table: ClassVar[str]
    label: ClassVar[str] = "model"

    @property
    def name(self) -> str:
        """The row's printed name."""
        return str(getattr(self, self.label))

    def cells(self) -> dict[str, str]:
        """Column name to printed text; columns of a group are joined by a dot."""
        return _flat(self.model_dump(mode="json"))

    def figure(self, cell: str) -> Decimal:
        """The figure printed in a cell (``"72,920"`` and ``"5.93%"`` included).

        Raises:
            DataError: there is no such cell, or it holds no figure.
        """
        text = self.cells().get(cell)
        if text is None:
            known = ", ".join(self.cells())
            raise DataError(f"{self.table}, row {self.name}: no cell {cell!r}. Cells: {known}")
        plain = text.replace(",", "").removesuffix("%")
        if not plain.lstrip("-").replace(".", "", 1).isdigit():
            raise DataError(f"{self.table}, row {self.name}, cell {cell}: {text!r} is no figure")
        return Decimal(plain)


def _flat(tree: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    cells: dict[str, str] = {}
    for key, value in tree.items():
        if isinstance(value, Mapping):
            cells |= _flat(value, f"{prefix}{key}.")
        else:
            cells[prefix + key] = str(value)
    return cells


class Choices(Record):
    """Standard accuracy of single- and multiple-answer questions, in percent."""

    smcq: Printed
    mmcq: Printed


class ElasticChoices(Choices):
    """The same with the elastic accuracy of multiple-answer questions."""

    mmcq_elastic: Printed


class Texts(Record):
    """Text metrics of the 100 written case answers, 0-100."""

    rouge1: Printed
    rougeL: Printed  # noqa: N815 - the metric's name
    bleu4: Printed


class PcebRow(Row):
    """Table 1."""

    table: ClassVar[str] = "table1"
    model: str
    params: str
    category: str
    case: ElasticChoices
    moral: ElasticChoices
    theory: ElasticChoices
    avg: Printed
    avg_elastic: Printed
    case_qa: Texts


class Exam(Record):
    """Accuracy in CPsyExam's four groups, in percent."""

    knowledge_smcq: Printed
    knowledge_mmcq: Printed
    case_smcq: Printed
    case_mmcq: Printed


class ExamRow(Row):
    """Table 2."""

    table: ClassVar[str] = "table2"
    model: str
    params: str
    category: str
    zero_shot: Exam
    five_shot: Exam
    avg_zero_shot: Printed


class AblationRow(Row):
    """Table 3; a change is in percent of Base."""

    table: ClassVar[str] = "table3"
    label: ClassVar[str] = "setting"
    group: str
    setting: str
    case: Printed
    case_delta: Change
    moral: Printed
    moral_delta: Change
    theory: Printed
    theory_delta: Change


class MixRow(Row):
    """Table 4."""

    table: ClassVar[str] = "table4"
    label: ClassVar[str] = "setting"
    setting: str
    case: Choices
    moral: Choices
    theory: Choices
    avg: Printed


class CounsellingRow(Row):
    """Table 5: mean scores of the judge, up to 3."""

    table: ClassVar[str] = "table5"
    model: str
    emotional_empathy: Printed
    cognitive_empathy: Printed
    conversation_strategy: Printed
    state_and_attitude: Printed


class DatasetRow(Row):
    """Table 6, as printed."""

    table: ClassVar[str] = "table6"
    label: ClassVar[str] = "dataset"
    dataset: str
    dialogue: str
    knowledge_question: str
    cot_rationales: str
    empathetic_dialogue: str
    expertise: str


class ModelRow(Row):
    """Table 7, as printed."""

    table: ClassVar[str] = "table7"
    model: str
    params: str
    version: str


KINDS: tuple[type[Row], ...] = (
    PcebRow,
    ExamRow,
    AblationRow,
    MixRow,
    CounsellingRow,
    DatasetRow,
    ModelRow,
)
TABLES: dict[str, type[Row]] = {kind.table: kind for kind in KINDS}


class Counts(Record):
    """Item counts of the released benchmarks, per column of Tables 1 and 2.

    ``empty_gold`` counts released items without a gold, which an evaluator may have left out;
    ``elastic_unit`` gives, per elastic column, the number u such that every item's credit is a
    multiple of 1/u (12 where all golds have two to four letters).
    """

    source: str
    pceb: dict[str, int]
    case_vignettes: int
    empty_gold: dict[str, int]
    elastic_unit: dict[str, int]
    cpsyexam: dict[str, int]
    counselling_cases: int
    counselling_maximum: int


R = TypeVar("R", bound=Row)


def read(name: str) -> dict[str, Any]:
    """One file of ``leaderboard/paper/`` as it stands."""
    path = files("psyche_bench.leaderboard") / "paper" / f"{name}.json"
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


@cache
def rows(kind: type[R]) -> tuple[R, ...]:
    """All rows of one table, checked against their schema.

    >>> [str(row.avg) for row in rows(MixRow)]
    ['57.91', '51.11', '55.69', '73.14', '74.37']
    """
    return tuple(kind.model_validate(row) for row in read(kind.table)["rows"])


@cache
def counts() -> Counts:
    """The item counts.

    >>> sum(counts().pceb.values()), sum(counts().cpsyexam.values())
    (3863, 3902)
    """
    return Counts.model_validate(read("counts"))


def table(name: str) -> tuple[Row, ...]:
    """The rows of ``table1`` … ``table7``.

    Raises:
        DataError: there is no such table; the message lists those there are.

    >>> table("table1")[-1].name
    'Psyche-R1'
    """
    if name not in TABLES:
        raise DataError(f"no published table {name!r}. There are: {', '.join(TABLES)}")
    return rows(TABLES[name])


def title(name: str) -> str:
    """What a table shows, in one line."""
    table(name)
    return str(read(name)["title"])


def row(table_name: str, row_name: str) -> Row:
    """One row by its printed name.

    Raises:
        DataError: there is no such row; the message lists those there are.
    """
    found = {row.name: row for row in table(table_name)}
    if row_name not in found:
        raise DataError(f"{table_name}: no row {row_name!r}. There are: {', '.join(found)}")
    return found[row_name]
