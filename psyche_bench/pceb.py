"""PCEB's release files to questions (PsycoLLM, folder ``benchmark/``).

``theory|moral/{single,multiple}/{second,third,simulation}/*.json`` hold items,
``cases/mix`` vignettes with choices, ``cases/essay`` vignettes with written answers.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from psyche_bench.errors import DataError, RowError
from psyche_bench.rows import REMEDY, Rejected, rows
from psyche_bench.schemas import Kind, Question, Record


class _Item(Record):
    id: int
    question: str
    options: dict[str, str]
    answer: str
    analysis: str


class _CaseItem(Record):
    question: str
    options: dict[str, str]
    answer: str
    analysis: str


class _Case(Record):
    id: int | None = None
    identifier: str = ""
    general_info: str
    case_introduction: str
    questions_and_answers: list[_CaseItem]


class _EssayItem(Record):
    question: str
    answer: str


class _Essay(Record):
    id: int | None = None
    general_info: str
    case_introduction: str
    questions_and_answers: list[_EssayItem]


_FOLDER_KIND: dict[str, Kind] = {"single": "smcq", "multiple": "mmcq"}
_PREFIX = re.compile(r"^\s*([单多])选\s*[:：]\s*")


def read(root: Path, rejected: Rejected) -> list[Question]:
    """Every item below ``root`` as released, choices first, then written answers."""
    questions: list[Question] = []
    for chapter in ("case", "moral", "theory"):
        if chapter == "case":
            for path in sorted((root / "cases" / "mix").glob("*/*.json")):
                questions += _case_items(path, root, rejected)
        else:
            for path in sorted((root / chapter).glob("*/*/*.json")):
                questions += _items(path, root, chapter, rejected)
    for path in sorted((root / "cases" / "essay").glob("*/*.json")):
        questions += _essays(path, root, rejected)
    return questions


def _paper(path: Path) -> str:
    """The examination a file holds: ``second-14``, ``simulation-17-18``."""
    years = re.match(r"[\d-]*\d", path.stem)
    return f"{path.parent.name}-{years[0] if years else path.stem}"


def _items(path: Path, root: Path, chapter: str, rejected: Rejected) -> Iterator[Question]:
    kind = _FOLDER_KIND.get(path.parent.parent.name)
    if kind is None:
        known = " and ".join(_FOLDER_KIND)
        rejected.add(DataError(f"{path}: items stand in folders {known}. {REMEDY.capitalize()}."))
        return
    for number, row in rows(path, _Item, rejected):
        item = f"pceb/{chapter}/{kind}/{_paper(path)}/{number:04d}"
        yield Question(
            id=item,
            benchmark="pceb",
            split="test",
            subset=f"{chapter}_{kind}",
            kind=kind,
            subject=path.parent.name,
            cluster=item,
            stem=row.question,
            options=row.options,
            gold=row.answer,
            analysis=row.analysis,
            file=str(path.relative_to(root)),
            row=number,
        )


def _vignette(row: _Case | _Essay) -> str:
    return f"{row.general_info.strip()}\n{row.case_introduction.strip()}".strip()


def _case_items(path: Path, root: Path, rejected: Rejected) -> Iterator[Question]:
    for number, row in rows(path, _Case, rejected):
        for position, asked in enumerate(row.questions_and_answers, 1):
            prefix = _PREFIX.match(asked.question)
            if prefix is None:
                field = f"questions_and_answers.{position - 1}.question"
                problem = "starts with neither 单选： nor 多选：, which tell the kind of an item"
                rejected.add(RowError(str(path), number, field, problem, REMEDY))
                continue
            kind: Kind = "smcq" if prefix[1] == "单" else "mmcq"
            yield Question(
                id=f"pceb/case/{kind}/{_paper(path)}/{number:04d}-{position:02d}",
                benchmark="pceb",
                split="test",
                subset=f"case_{kind}",
                kind=kind,
                subject=path.parent.name,
                cluster=f"pceb/case/{_paper(path)}/{number:04d}",
                vignette=_vignette(row),
                stem=asked.question[prefix.end() :],
                options=asked.options,
                gold=asked.answer,
                analysis=asked.analysis,
                file=str(path.relative_to(root)),
                row=number,
            )


def _essays(path: Path, root: Path, rejected: Rejected) -> Iterator[Question]:
    for number, row in rows(path, _Essay, rejected):
        for position, asked in enumerate(row.questions_and_answers, 1):
            yield Question(
                id=f"pceb/case/qa/{_paper(path)}/{number:04d}-{position:02d}",
                benchmark="pceb",
                split="test",
                subset="case_qa",
                kind="qa",
                subject=path.parent.name,
                cluster=f"pceb/essay/{_paper(path)}/{number:04d}",
                vignette=_vignette(row),
                stem=asked.question.strip(),
                reference=asked.answer.strip(),
                file=str(path.relative_to(root)),
                row=number,
            )
