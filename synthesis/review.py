"""Human review: a sheet out, the same sheets back in, agreement computed (section 2.1).

``synth sheet DIR`` writes questions to CSV or XLSX with a column of verdicts to tick. Filled-in
sheets, one or several a reviewer, are named in the recipe (``sheets``). A question that a sheet
does not hold, or whose verdict is empty, was not reviewed by that reviewer and stays. A question
is dropped when more reviewers reject than keep it; on a tie it stays and is counted.
"""

import csv
import io
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from psyche_bench.errors import DataError
from psyche_bench.jsonl import write_text
from psyche_bench.prompting import Lang
from psyche_bench.schemas import Record
from psyche_bench.sources import data_root
from psyche_bench.synthesis.generate import whole
from psyche_bench.synthesis.recipe import Recipe
from psyche_bench.synthesis.rows import Item
from psyche_bench.synthesis.step import Aside, Options, Result, Step

COLUMNS = ("id", "question", "options", "answer", "verdict", "corrected_answer", "comment")
VERDICTS: dict[str, dict[Lang, str]] = {
    "keep": {"zh": "保留", "en": "keep"},
    "incomplete": {"zh": "信息不完整", "en": "incomplete"},
    "illogical": {"zh": "逻辑混乱", "en": "illogical"},
    "unclear": {"zh": "表述不清", "en": "unclear"},
    "wrong": {"zh": "答案有误", "en": "wrong answer"},
}
"""What a reviewer may tick, as it is shown."""


class ReviewOptions(Options):
    """``sheets``: filled-in files, one list a reviewer, paths as given or from the data root."""

    sheets: tuple[str, ...] = ()


class Verdict(Record):
    """What one reviewer said of one question."""

    reviewer: str
    item: str
    verdict: str
    corrected: str
    comment: str


def sheet(items: Iterable[Item], lang: Lang) -> list[dict[str, str]]:
    """The rows of an empty sheet."""
    return [
        {
            "id": item.id,
            "question": item.stem,
            "options": "\n".join(f"{letter}. {text}" for letter, text in item.options.items()),
            "answer": item.gold,
            "verdict": "",
            "corrected_answer": "",
            "comment": "",
        }
        for item in items
    ]


def write_sheet(path: Path, items: Iterable[Item], lang: Lang) -> int:
    """Write the sheet as CSV or XLSX, by the file's ending, and return the number of questions."""
    rows = sheet(items, lang)
    if path.suffix == ".csv":
        stream = io.StringIO()
        writer = csv.DictWriter(stream, COLUMNS, lineterminator="\r\n")
        writer.writeheader()
        writer.writerows({name: _inert(text) for name, text in row.items()} for row in rows)
        write_text(path, "\ufeff" + stream.getvalue())  # a spreadsheet takes it for UTF-8 then
    elif path.suffix == ".xlsx":
        _write_xlsx(path, rows, lang)
    else:
        raise DataError(f"{path}: a sheet is a .csv or .xlsx file.")
    return len(rows)


def _inert(text: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t") else text


def _write_xlsx(path: Path, rows: Sequence[dict[str, str]], lang: Lang) -> None:
    from openpyxl import Workbook
    from openpyxl.styles import Alignment
    from openpyxl.worksheet.datavalidation import DataValidation

    book = Workbook()
    page = book.active
    page.append(list(COLUMNS))
    page.freeze_panes = "A2"
    for number, row in enumerate(rows, 2):
        for column, name in enumerate(COLUMNS, 1):
            cell: Any = page.cell(number, column, _legal(row[name]))
            cell.data_type = "s"  # a question that begins with = is no formula
            cell.alignment = Alignment(wrap_text=True, vertical="top")
    listed = ",".join(shown[lang] for shown in VERDICTS.values())
    ticks = DataValidation(type="list", formula1=f'"{listed}"', allow_blank=True)
    page.add_data_validation(ticks)
    ticks.add(f"E2:E{max(2, len(rows) + 1)}")
    for letter, width in zip("ABCDEFG", (20, 60, 50, 10, 16, 16, 40), strict=True):
        page.column_dimensions[letter].width = width
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.part")
    book.save(temporary)
    temporary.replace(path)


def _legal(text: str) -> str:
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    return str(ILLEGAL_CHARACTERS_RE.sub("", text))


def read_sheet(path: Path) -> list[Verdict]:
    """What stands in a filled-in sheet; rows without a verdict are left out.

    Raises:
        DataError: the file cannot be read, a column is missing, or a verdict is not one of those
            to tick; row and cell are named.
    """
    rows = _xlsx_rows(path) if path.suffix == ".xlsx" else _csv_rows(path)
    known = {text: name for name, shown in VERDICTS.items() for text in (name, *shown.values())}
    found = []
    for number, row in enumerate(rows, 2):
        missing = [name for name in ("id", "verdict") if name not in row]
        if missing:
            raise DataError(f"{path}: no column {missing[0]!r}. Keep the sheet's first row.")
        verdict = (row["verdict"] or "").strip()
        if not verdict:
            continue
        if verdict not in known:
            raise DataError(
                f"{path}, row {number}: {verdict!r} is no verdict. One of: {', '.join(known)}."
            )
        found.append(
            Verdict(
                reviewer=path.stem,
                item=(row["id"] or "").strip(),
                verdict=known[verdict],
                corrected=(row.get("corrected_answer") or "").strip().upper(),
                comment=(row.get("comment") or "").strip(),
            )
        )
    return found


def _csv_rows(path: Path) -> list[dict[str, str]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise DataError(f"{path}: not UTF-8. Save the sheet as 'CSV UTF-8', or as XLSX.") from None
    return list(csv.DictReader(io.StringIO(text)))


def _xlsx_rows(path: Path) -> Iterator[dict[str, str]]:
    from openpyxl import load_workbook

    lines = load_workbook(path, read_only=True, data_only=True).active.iter_rows(values_only=True)
    names = [str(name) for name in next(lines, ())]
    for line in lines:
        cells = ["" if cell is None else str(cell) for cell in line]
        yield dict(zip(names, cells, strict=False))


def agreement(verdicts: Sequence[Verdict]) -> float | None:
    """Krippendorff's α of keep against reject (nominal); None without two reviewers on one item."""
    by_item: dict[str, dict[str, bool]] = {}
    for one in verdicts:
        by_item.setdefault(one.item, {})[one.reviewer] = one.verdict == "keep"
    names = sorted({one.reviewer for one in verdicts})
    both = [marks for marks in by_item.values() if len(marks) > 1]
    if not both:
        return None
    values = [[float(marks[who]) if who in marks else np.nan for marks in both] for who in names]
    if len({float(mark) for marks in both for mark in marks.values()}) < 2:
        return 1.0  # all say the same of everything; alpha itself is 0/0 there
    import krippendorff

    return float(krippendorff.alpha(reliability_data=values, level_of_measurement="nominal"))


def sheet_files(options: ReviewOptions, _: Recipe | None = None) -> list[Path]:
    """The filled-in sheets, where they stand.

    Raises:
        DataError: one is not there.
    """
    paths = [p if p.is_file() else data_root() / p for p in map(Path, options.sheets)]
    for path in paths:
        if not path.is_file():
            raise DataError(f"{path}: no such sheet. Check [steps.review] sheets.")
    return paths


def review(rows: Iterable[Item], options: ReviewOptions, _: Recipe) -> Iterator[Result]:
    """Every question with the reviewers' majority applied; the figures for the card at the end."""
    verdicts = [one for path in sheet_files(options) for one in read_sheet(path)]
    by_item: dict[str, list[Verdict]] = {}
    for one in verdicts:
        by_item.setdefault(one.item, []).append(one)
    seen: set[str] = set()
    for item in rows:
        said = by_item.get(item.id, [])
        seen.add(item.id)
        yield _judged(item, said)
    figures: dict[str, float] = {"verdicts": len(verdicts)}
    figures["verdicts on questions that are not here"] = sum(o.item not in seen for o in verdicts)
    alpha = agreement(verdicts)
    if alpha is not None:
        figures["agreement of reviewers (Krippendorff's alpha)"] = round(alpha, 4)
    yield Result(None, figures=figures)


def _judged(item: Item, said: Sequence[Verdict]) -> Result:
    """Drop where more reject than keep; a correction that all who correct agree on is applied."""
    if not said:
        return Result(item.id, [item], figures={"not reviewed": 1})
    rejecting = [one for one in said if one.verdict != "keep"]
    golds = {"".join(sorted(set(one.corrected))) for one in said if one.corrected}
    notes = item.notes | {"review": "; ".join(_note(one) for one in said)}
    if len(golds) == 1 and all(one.verdict in ("keep", "wrong") for one in said):
        gold = golds.pop()
        problem = whole(item.stem, item.options, gold, "mmcq" if len(gold) > 1 else "smcq")
        if problem:
            return Result(item.id, dropped=Aside(f"corrected answer unusable: {problem}", gold))
        kind: Any = "mmcq" if len(gold) > 1 else "smcq"
        changed = item.model_copy(update={"gold": gold, "kind": kind, "notes": notes})
        return Result(item.id, [changed], figures={"answers corrected": 1})
    if 2 * len(rejecting) > len(said):
        worst = Counter(one.verdict for one in rejecting).most_common(1)[0][0]
        return Result(item.id, dropped=Aside(f"rejected in review: {worst}", notes["review"]))
    tie = {"ties, kept": 1.0} if rejecting and 2 * len(rejecting) == len(said) else {}
    return Result(item.id, [item.model_copy(update={"notes": notes})], figures={"kept": 1, **tie})


def _note(one: Verdict) -> str:
    return f"{one.reviewer}: {one.verdict}" + (f" ({one.comment})" if one.comment else "")


STEP = Step(
    name="review",
    after=("control",),
    options=ReviewOptions,
    plain=review,
    whole=True,
    files=sheet_files,
    models=lambda _: (),
)
