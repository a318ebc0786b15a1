"""The judge held against people: blank sheets out, filled sheets in, agreement between them.

A sheet is blinded and shuffled: rows carry a code (the hash of item and reply), never a model's
name, so that rows of several runs can stand in one sheet. A filled sheet is an XLSX, CSV or JSON
lines file with ``code``, one column a dimension, and optionally ``rater``.
"""

import argparse
import csv
import random
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from psyche_bench import agreement
from psyche_bench.errors import DataError, RunError
from psyche_bench.jsonl import read_lines
from psyche_bench.judged import HumanAgreement, Verdict
from psyche_bench.prompting import Lang, text_hash
from psyche_bench.rubrics import Rubric, rubric_of
from psyche_bench.schemas import Question
from psyche_bench.table import render

Scores = dict[str, dict[str, list[int]]]
"""Code → dimension → one score a rater."""


def handle(args: argparse.Namespace) -> int:
    """``psyche-bench judge calibrate``."""
    from psyche_bench.judge_report import human_row

    rubric = rubric_of(args.rubric)
    if args.human_file is None:
        raise RunError("name the file: judge calibrate HUMAN_FILE --verdicts DIR.")
    if args.make_sheet is not None:
        return _sheet(args, rubric)
    if args.verdicts is None:
        raise RunError("add --verdicts DIR, the folder of the judging run (its verdicts.jsonl).")
    path = args.verdicts / "verdicts.jsonl" if args.verdicts.is_dir() else args.verdicts
    verdicts = [Verdict.model_validate(row) for _, row in read_lines(path)]
    found = agreements(args.human_file, verdicts, rubric)
    payload = [one.model_dump() for one in found]
    print(render([human_row(one) for one in found], args.format, payload))
    return 0


def _sheet(args: argparse.Namespace, rubric: Rubric) -> int:
    from psyche_bench.judge_replies import read_replies

    if not args.replies:
        raise RunError("add --replies OUTCOMES: whose replies are to be scored (may be repeated).")
    pairs = [pair for path in args.replies for pair in read_replies(path, task=args.task).pairs]
    count = make_sheet(args.human_file, pairs, rubric, args.make_sheet, args.lang, args.seed)
    print(f"{count} of {len(pairs)} replies in {args.human_file}, blinded.", file=sys.stderr)
    return 0


def make_sheet(  # noqa: PLR0913, PLR0917 - what a sheet is made of
    path: Path,
    pairs: Sequence[tuple[Question, str]],
    rubric: Rubric,
    size: int,
    lang: Lang = "zh",
    seed: int = 0,
) -> int:
    """Write a blank sheet of ``size`` replies drawn and shuffled by ``seed``; return its rows."""
    from openpyxl import Workbook
    from openpyxl.styles import Alignment
    from openpyxl.worksheet.datavalidation import DataValidation

    unique = {text_hash(q.id, reply): (q, reply) for q, reply in pairs}
    drawn = random.Random(seed).sample(sorted(unique), min(size, len(unique)))  # noqa: S311
    book = Workbook()
    sheet = book.active
    sheet.title = "scores"
    sheet.append(["code", "dialogue", "reply", *(d.name for d in rubric.dimensions), "remark"])
    for code in drawn:
        question, reply = unique[code]
        sheet.append([code, _said(question, lang), _cell(reply)])
    for place, d in enumerate(rubric.dimensions, 4):
        check = DataValidation(type="whole", operator="between", formula1=d.low, formula2=d.high)
        column = sheet.cell(1, place).column_letter
        check.add(f"{column}2:{column}{len(drawn) + 1}")
        sheet.add_data_validation(check)
    for name, width in (("B", 60), ("C", 60)):
        sheet.column_dimensions[name].width = width
    for row in sheet.iter_rows(min_row=2, min_col=2, max_col=3):
        for cell in row:
            cell.alignment = Alignment(wrap_text=True, vertical="top")
    sheet.freeze_panes = "B2"
    about = book.create_sheet("rubric")
    for line in rubric.sheet(lang).splitlines():
        about.append([_cell(line)])
    path.parent.mkdir(parents=True, exist_ok=True)
    book.save(path)
    return len(drawn)


def _said(question: Question, lang: Lang) -> str:
    names = {"zh": ("来访者", "咨询师"), "en": ("Client", "Counsellor")}[lang]
    who = {"user": names[0], "assistant": names[1]}
    lines = [f"{who[t.role]}：{t.content}" for t in question.history if t.role in who]
    return _cell("\n".join([question.vignette, *lines, f"{who['user']}：{question.stem}"]).strip())


def _cell(text: str) -> str:
    """A text as a spreadsheet may hold it: no control characters, and never a formula."""
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    clean = ILLEGAL_CHARACTERS_RE.sub("", text)[:32_000]
    return f" {clean}" if clean[:1] in ("=", "+", "-", "@") else clean


def read_human(path: Path, rubric: Rubric) -> Scores:
    """People's scores from a filled sheet; rows without any score are passed over.

    Raises:
        DataError: the file is missing or no sheet, or a score is not on the scale; the row is
            named.
    """
    found: Scores = defaultdict(lambda: defaultdict(list))
    for number, row in enumerate(_rows(path), 2):
        code = str(row.get("code") or "").strip()
        for d in rubric.dimensions:
            value = row.get(d.name)
            if value is None or str(value).strip() == "":
                continue
            if not code:
                raise DataError(f"{path}, row {number}: scores without a code. Restore the code.")
            found[code][d.name].append(
                _score(value, d.low, d.high, f"{path}, row {number}, {d.name}")
            )
    if not found:
        wanted = ", ".join(["code", *(d.name for d in rubric.dimensions)])
        raise DataError(f"{path} holds no scores. Wanted are the columns {wanted}.")
    return found


def _score(value: Any, low: int, high: int, place: str) -> int:
    try:
        number = float(str(value).strip())
    except ValueError:
        number = float("nan")
    if not number.is_integer() or not low <= number <= high:
        raise DataError(f"{place}: {value!r} is no whole number from {low} to {high}. Mend it.")
    return int(number)


def _rows(path: Path) -> list[Mapping[str, Any]]:
    if not path.is_file():
        raise DataError(f"{path}: no such file. Check the path.")
    if path.suffix == ".xlsx":
        return _xlsx(path)
    if path.suffix == ".csv":
        with path.open(encoding="utf-8-sig", newline="") as file:
            return list(csv.DictReader(file))
    return [row for _, row in read_lines(path)]


def _xlsx(path: Path) -> list[Mapping[str, Any]]:
    import zipfile

    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        book = load_workbook(path, read_only=True, data_only=True)
    except (InvalidFileException, zipfile.BadZipFile, KeyError, OSError) as error:
        raise DataError(f"{path}: no XLSX workbook ({error}). Save it as XLSX or CSV.") from error
    lines = book.worksheets[0].iter_rows(values_only=True)
    head = [str(name or "").strip() for name in next(lines, ())]
    return [dict(zip(head, line, strict=False)) for line in lines]


def agreements(
    path: Path, verdicts: Sequence[Verdict], rubric: Rubric
) -> tuple[HumanAgreement, ...]:
    """Each judge against people on each dimension, over the replies both scored.

    With several raters people's score is the median, and so is a judge's over its repeats, both
    rounded half up to the scale.

    Raises:
        DataError: no row of the file belongs to a judged reply.
    """
    human = read_human(path, rubric)
    judges: dict[tuple[str, str], dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    cluster = {verdict.code: verdict.cluster for verdict in verdicts}
    for v in verdicts:
        if v.candidate == "reply" and v.code in human:
            for name, score in (v.scores or {}).items():
                judges[v.judge, name][v.code].append(score)
    if not judges:
        raise DataError(
            f"{path}: no code of it belongs to a judged reply of this run. Make the sheet from the "
            "same replies (--make-sheet), and judge them with the same rubric."
        )
    found = []
    for judge in sorted({judge for judge, _ in judges}):
        for d in rubric.dimensions:
            given = judges.get((judge, d.name), {})
            codes = [code for code in given if human[code].get(d.name)]
            model = [_median(given[code]) for code in codes]
            people = [_median(human[code][d.name]) for code in codes]
            labels = [cluster[code] for code in codes]
            found.append(
                HumanAgreement(
                    dimension=d.name,
                    judge=judge,
                    n=len(codes),
                    kappa=agreement.kappa(model, people, labels, range(d.low, d.high + 1)),
                    spearman=agreement.spearman(model, people, labels),
                    alpha=agreement.alpha([model, people], labels),
                    bias=agreement.bias(model, people, labels),
                )
            )
    return tuple(found)


def _median(scores: Sequence[int]) -> int:
    return int(np.floor(np.median(scores) + 0.5))
