"""What a model's page shows: its rows in every table, and each of its runs in full."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from psyche_bench.leaderboard import baselines, chinese, columns, lines, printed
from psyche_bench.leaderboard.board import ORIGINS, Both, Column, Figure, Row, Table
from psyche_bench.leaderboard.digest import Digest
from psyche_bench.leaderboard.records import BoardOutcome, Result
from psyche_bench.leaderboard.tables import Run

SELECTION = {
    "exact": Both("exactly the gold", "与答案一致"),
    "under": Both("right ones, but not all", "漏选"),
    "over": Both("all right ones and more", "多选"),
    "mixed": Both("some right, some wrong, some missed", "漏选且错选"),
    "none": Both("no right one", "全错"),
    "silent": Both("no answer", "无答案"),
}


class Page(NamedTuple):
    """A model's page."""

    name: str
    facts: list[tuple[Both, str]]
    tables: list[Table]
    runs: list["RunPart"]
    remarks: list[tuple[str, str]]


class RunPart(NamedTuple):
    """One run on a model's page."""

    title: str
    subsets: Table
    subjects: Table | None
    selection: Table | None
    chosen: list[tuple[str, list[list[str]]]]
    examples: tuple[BoardOutcome, ...]
    card: dict[str, Any] | None
    passport: dict[str, Any]


def model(name: str, tables: Iterable[Table], runs: Sequence[Run]) -> Page:
    """The page of one model, by the name its rows have."""
    own = [turned(table, name) for table in tables if not table.plain and table.name != "beside"]
    theirs = [run for run in runs if name == (run.result.model.baseline or run.result.model.name)]
    return Page(
        name,
        _facts(name, theirs),
        [table for table in own if table.rows],
        [part(run) for run in theirs if run.result.origin in ("re-run", "submitted")],
        _remarks(name),
    )


WORDS = {
    "elastic": Both("elastic", "弹性"),
    "clean": Both("clean items", "洁净题"),
    "items": Both("by item", "按题"),
    "zero": Both("zero-shot", "零样本"),
    "five": Both("five-shot", "五样本"),
}


def turned(table: Table, name: str) -> Table:
    """A model's rows as columns: one line a figure, published and re-run side by side."""
    own = [row for row in table.rows if row.model == name]
    shape = tuple(
        Column(str(n), _settings(row), ORIGINS[row.origin], kind="any") for n, row in enumerate(own)
    )
    rows = []
    for column in table.columns:
        figures = {str(n): row.figures.get(column.key, Figure()) for n, row in enumerate(own)}
        if any(f.value is not None or f.text for f in figures.values()):
            ranks = column.kind == "rank"
            shown = {n: f.as_rank() if ranks else f for n, f in figures.items()}
            rows.append(Row("", "", "paper", shown, label=_label(column)))
    return Table(table.name, table.title, table.caption, shape, tuple(rows), FIGURE)


def _settings(row: Row) -> Both:
    """What tells a model's rows apart: protocol, and how much was asked."""
    words = ", ".join(filter(None, (row.protocol, row.note)))
    return Both(words, chinese.told(words))


FIGURE = Both("Figure", "指标")


def _label(column: Column) -> Both:
    words = [WORDS[choice] for choice in column.view if choice in WORDS]
    english = " ".join(filter(None, (column.group.en, column.head.en)))
    between = " " if column.head.zh[:1].isascii() else ""
    twin = between.join(filter(None, (column.group.zh, column.head.zh)))
    return Both(
        ", ".join([english, *(word.en for word in words)]),
        "，".join([twin, *(word.zh for word in words)]),
    )


def _facts(name: str, runs: Sequence[Run]) -> list[tuple[Both, str]]:
    found = []
    known = baselines.catalogue().get(name)
    first = runs[0].result.model
    if first.size:
        found.append((Both("Parameters", "参数量"), lines.size(first.size)))
    if known:
        found.append((Both("Version in the paper", "论文所用版本"), known.version))
    return found


def _remarks(name: str) -> list[tuple[str, str]]:
    known = baselines.catalogue().get(name)
    names = known.printed if known else ()
    return [
        (f"{table.replace('table', 'Table ')}, {cell}", remark)
        for (table, row, cell), remark in printed.remarks().items()
        if row in names
    ]


def part(run: Run) -> RunPart:
    """One run in full."""
    result, digest = run.result, run.digest
    passport = {key: value for key, value in result.passport.items() if value not in (None, {}, "")}
    return RunPart(
        f"{result.group}, {result.protocol}",
        _subsets(result, result.columns, "subsets", Both("Subsets", "子集")),
        _subsets(result, result.subjects, "subjects", Both("Subjects", "科目"))
        if result.subjects
        else None,
        _selection(digest) if digest and digest.selection else None,
        _chosen(digest) if digest else [],
        digest.examples if digest else (),
        dict(result.card) if result.card else None,
        {**passport, "signature": result.signature},
    )


METRICS = (
    ("standard", Both("standard", "标准")),
    ("elastic", Both("elastic", "弹性")),
)
SHAPE = (
    Column("n", columns.NOTHING, Both("Items", "题数"), kind="text"),
    *(Column(name, Both("All", "全部"), head) for name, head in METRICS),
    *(Column(f"{name} clean", Both("Clean", "洁净"), head) for name, head in METRICS),
    Column("chance", columns.NOTHING, Both("Chance", "随机")),
    Column("answered", Both("Replies, %", "回复（%）"), Both("answered", "可读")),
    Column("truncated", Both("Replies, %", "回复（%）"), Both("truncated", "截断")),
    Column("capped", Both("Replies, %", "回复（%）"), Both("capped", "触顶")),
    Column("tokens", columns.NOTHING, Both("Tokens", "词元")),
)


def _subsets(result: Result, parts: Sequence[Any], name: str, title: Both) -> Table:
    rows = []
    for column in parts:
        if "standard" not in column.scores:
            continue
        asked = str(column.n) if column.n == column.whole else f"{column.n} / {column.whole}"
        figures = {"n": Figure(text=asked), "chance": Figure(column.chance.get("standard"))}
        for metric, _ in METRICS:
            figures[metric] = lines.figure(column.scores, column.intervals, metric)
            if column.clean:
                clean = column.clean
                figures[f"{metric} clean"] = lines.figure(clean.scores, clean.intervals, metric)
        for rate in ("answered", "truncated", "capped", "tokens"):
            figures[rate] = Figure(getattr(column, rate))
        rows.append(Row(column.subset, "", result.origin, figures))
    caption = Both(
        "Percent of all items of the line, with 95 % intervals on pointing.",
        "占该行全部题目的百分比；指向单元格可见 95% 区间。",
    )
    return Table(name, title, caption, SHAPE, tuple(rows), Both("Subset", "子集"))


def _selection(digest: Digest) -> Table:
    shape = tuple(Column(kind, columns.NOTHING, head) for kind, head in SELECTION.items())
    rows = []
    for task, found in digest.selection.items():
        total = sum(found.kinds.values())
        figures = {kind: Figure(100 * found.kinds[kind] / total) for kind in SELECTION}
        rows.append(Row(task, "", "re-run", figures))
    return Table(
        "selection",
        Both("What was chosen in multiple-answer questions", "多选题选择情况"),
        Both("Percent of the questions of the column.", "占该列题目的百分比。"),
        shape,
        tuple(rows),
        Both("Column", "列"),
    )


def _chosen(digest: Digest) -> list[tuple[str, list[list[str]]]]:
    """Per column a matrix: rows are letters in the gold, columns letters chosen."""
    found = []
    for task, selection in digest.selection.items():
        most = max((max(pair) for pair in selection.counts), default=0)
        sizes = sorted({gold for gold, _ in selection.counts})
        head = ["", *map(str, range(1, most + 1))]
        body = [
            [str(gold), *(str(selection.counts[gold, n] or "·") for n in range(1, most + 1))]
            for gold in sizes
        ]
        if sizes:
            found.append((task, [head, *body]))
    return found
