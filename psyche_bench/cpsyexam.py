"""CPsyExam's release files to questions.

``{train,dev,test}/{KG|CA}-…-{单项选择题|多项选择题}.json`` hold choices,
``cpsyexam_qa/<split>/cpsyexam_qa.json`` written answers. Ids repeat inside a file, so the position
names an item; an empty option text means that there is no such option.
"""

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Literal

from psyche_bench.errors import DataError
from psyche_bench.rows import Rejected, rows
from psyche_bench.schemas import Kind, Question, Record

SPLITS = ("train", "dev", "test")
KEY_FILE = "cpsyexam_with_test_answer.zip"


class _Item(Record):
    id: str
    subject_name: str
    question_type: Literal["single", "multi"]
    kind: str
    question: str
    options: dict[str, str]
    answer: str | None = None
    explanation: str = ""


class _Written(Record):
    subject_name: str
    question_type: str
    question: str
    answer: str


def read(root: Path, split: str, rejected: Rejected) -> list[Question]:
    """Every multiple-choice item of a split as released; the test split without golds."""
    questions: list[Question] = []
    for path in sorted((root / split).glob("*.json")):
        questions += _items(path, root, split, rejected)
    if split == "test" and (root / KEY_FILE).exists():
        questions = _with_key(questions, root / KEY_FILE)
    return questions


def _items(path: Path, root: Path, split: str, rejected: Rejected) -> Iterator[Question]:
    area, _, subject = path.stem.rpartition("-")[0].partition("-")
    for number, row in rows(path, _Item, rejected):
        kind: Kind = "mmcq" if row.question_type == "multi" else "smcq"
        item = f"cpsyexam/{split}/{path.stem}/{number:04d}"
        yield Question(
            id=item,
            benchmark="cpsyexam",
            split=split,
            subset=f"{area.lower()}_{kind}",
            kind=kind,
            subject=f"{area}-{subject}",
            cluster=item,
            stem=row.question.strip(),
            # An option whose text is empty does not exist; a gold that carries the text of one
            # brings it back (see the declared repairs).
            options={letter: text for letter, text in row.options.items() if text.strip()},
            gold=row.answer or None,
            analysis=row.explanation,
            file=str(path.relative_to(root)),
            row=number,
        )


def read_written(root: Path, split: str, rejected: Rejected) -> list[Question]:
    """The questions with written answers of a split."""
    path = root / "cpsyexam_qa" / split / "cpsyexam_qa.json"
    return [
        Question(
            id=f"cpsyexam/{split}/qa/{number:04d}",
            benchmark="cpsyexam",
            split=split,
            subset="qa",
            kind="qa",
            subject=row.subject_name,
            cluster=f"cpsyexam/{split}/qa/{number:04d}",
            stem=row.question.strip(),
            reference=row.answer.strip(),
            file=str(path.relative_to(root)),
            row=number,
        )
        for number, row in rows(path, _Written, rejected)
    ]


def _with_key(questions: list[Question], archive: Path) -> list[Question]:
    """Fill in the golds of the test split from the answer key's archive.

    The key's items are matched by file name and position and must carry the same question text;
    an item that differs is an error, since a shifted key would grade everything wrong.
    """
    answers = _key_rows(archive)
    keyed = []
    for question in questions:
        row = answers.get((Path(question.file).stem, question.row))
        if row is None or str(row.get("question")).strip() != question.stem:
            raise DataError(
                f"{archive.name}: no entry with the text of {question.id}. The key belongs to "
                "another release; remove it, or get both again with `psyche-bench data get "
                "cpsyexam --with-test-key`."
            )
        gold = str(row.get("answer") or "").strip() or None
        keyed.append(question.model_copy(update={"gold": gold}))
    return keyed


def _key_rows(archive: Path) -> dict[tuple[str, int], dict[str, object]]:
    found: dict[tuple[str, int], dict[str, object]] = {}
    try:
        with zipfile.ZipFile(archive) as key:
            for member in key.infolist():
                path = PurePosixPath(utf8_name(member))
                if path.suffix == ".json" and path.parent.name == "test":
                    for number, row in enumerate(json.loads(key.read(member)), 1):
                        found[path.stem, number] = row
    except (zipfile.BadZipFile, ValueError) as error:
        raise DataError(
            f"{archive}: the answer key cannot be read ({error}). Remove it, or get it again with "
            "`psyche-bench data get cpsyexam --with-test-key`."
        ) from error
    return found


def utf8_name(member: zipfile.ZipInfo) -> str:
    """The real name of a member: the release's archives hold UTF-8 without saying so."""
    if member.flag_bits & 0x800:
        return member.filename
    try:
        return member.filename.encode("cp437").decode("utf-8", errors="replace")
    except UnicodeEncodeError:  # newer Pythons read the name from an extra field already
        return member.filename
