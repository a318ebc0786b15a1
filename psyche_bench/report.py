"""A summary as the text people read: choices, the same on clean items, written answers.

A terminal shows the clean figures in a table of their own below; in CSV they are columns of the
same line, and in JSON an object in each column and group.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from psyche_bench.means import Interval
from psyche_bench.summary import Clean, Column, Group, Summary
from psyche_bench.table import Form, render

Row = dict[str, object]


def _half(interval: Interval | None) -> str | None:
    """An interval as ``low–high``."""
    return None if interval is None else f"{interval.low:.1f}–{interval.high:.1f}"


def _items(n: int, whole: int, missing: int = 0) -> str:
    asked = str(n) if n == whole else f"{n} of {whole}"
    return f"{asked} ({missing} missing)" if missing else asked


def _choice_row(column: Column) -> Row:
    return {
        "task": column.column,
        "items": _items(column.n, column.whole, column.missing),
        "standard": column.scores["standard"],
        "95 %": _half(column.intervals["standard"]),
        "chance": column.chance.get("standard"),
        "elastic": column.scores["elastic"],
        "95 % el.": _half(column.intervals["elastic"]),
        "chance el.": column.chance.get("elastic"),
        "answered": column.answered,
        "truncated": column.truncated,
        "capped": column.capped,
        "tokens": column.tokens,
    }


def _group_rows(group: Group) -> list[Row]:
    of = "" if group.columns == group.of else f" ({group.columns} of {group.of} columns)"
    shared: Row = {"chance": None, "chance el.": None, "capped": None, "tokens": None}
    shared |= {"answered": group.answered, "truncated": group.truncated, "items": str(group.n)}
    average = {
        "task": f"{group.group} Avg{of}",
        "standard": group.standard,
        "95 %": _half(group.intervals["standard"]),
        "elastic": group.elastic,
        "95 % el.": _half(group.intervals["elastic"]),
    }
    by_item = {
        "task": f"{group.group} by item",
        "standard": group.standard_by_item,
        "95 %": _half(group.intervals["standard_by_item"]),
        "elastic": group.elastic_by_item,
        "95 % el.": _half(group.intervals["elastic_by_item"]),
    }
    return [shared | average, shared | by_item]


Line = tuple[Row, Clean | None, str]


def _lines(summary: Summary) -> Iterator[Line]:
    """Columns, then the group's two means, benchmark by benchmark; each with its clean figures."""
    for group in summary.groups:
        for column in summary.columns:
            if column.group == group.group and _is_choice(column):
                yield _choice_row(column), column.clean, ""
        for row, suffix in zip(_group_rows(group), ("", "_by_item"), strict=True):
            yield {name: row[name] for name in _ORDER}, group.clean, suffix


def choice_rows(summary: Summary) -> list[Row]:
    """Columns, then the group's two means, benchmark by benchmark."""
    return [row for row, _, _ in _lines(summary)]


def clean_rows(summary: Summary) -> list[Row]:
    """The same lines over the clean items, of benchmarks with a clean list."""
    return [
        {"task": row["task"], "items": row["items"]} | _clean_cells(clean, suffix)
        for row, clean, suffix in _lines(summary)
        if clean
    ]


def exact_rows(summary: Summary) -> list[Row]:
    """All items and clean ones in one line each."""
    return [row | _clean_cells(clean, suffix) for row, clean, suffix in _lines(summary)]


def _clean_cells(clean: Clean | None, suffix: str) -> Row:
    cells: Row = {"clean n": clean and clean.n}
    for metric, mark in (("standard", ""), ("elastic", " el.")):
        name = f"{metric}{suffix}"
        cells[f"clean {metric}"] = clean and clean.scores[name]
        cells[f"clean 95 %{mark}"] = _half(clean.intervals[name] if clean else None)
    return cells


_ORDER = (
    "task", "items", "standard", "95 %", "chance", "elastic", "95 % el.", "chance el.",
    "answered", "truncated", "capped", "tokens",
)  # fmt: skip


def _is_choice(column: Column) -> bool:
    return "standard" in column.scores


def written_rows(columns: Sequence[Column]) -> list[Row]:
    """Text metrics of written answers; replies that are only written (counselling) have none.

    Where a list says which items are clean, a second line gives the figures on those.
    """
    rest = [column for column in columns if not _is_choice(column)]
    metrics = sorted({metric for column in rest for metric in column.scores})
    rows = []
    for column in rest:
        rows.append(_written_row(column, metrics))
        if column.clean:
            clean: Row = {metric: column.clean.scores.get(metric) for metric in metrics}
            name = {"task": f"{column.column} clean", "items": str(column.clean.n)}
            rows.append(dict.fromkeys(rows[-1]) | name | clean)
    return rows


def _written_row(column: Column, metrics: Sequence[str]) -> Row:
    return {
        "task": column.column,
        "items": _items(column.n, column.whole, column.missing),
        **{metric: column.scores.get(metric) for metric in metrics},
        "answered": column.answered,
        "truncated": column.truncated,
        "capped": column.capped,
        "tokens": column.tokens,
    }


def payload(summary: Summary) -> dict[str, Any]:
    """The JSON face: ``{"groups": {name: …}, "columns": {name: …}}``; each may hold ``clean``."""

    def flat(columns: Sequence[Column]) -> dict[str, Any]:
        return {column.column: _flat(column, "column") | column.scores for column in columns}

    groups = {group.group: _flat(group, "group") for group in summary.groups}
    shown = {"groups": groups, "columns": flat(summary.columns)}
    return shown | ({"subjects": flat(summary.breakdown)} if summary.breakdown else {})


def _flat(part: Column | Group, name: str) -> dict[str, Any]:
    """A column or group, the scores of its clean part by their names."""
    fields = part.model_dump(exclude={name, "clean", "scores"})
    clean = part.clean
    shown = clean and {**clean.model_dump(exclude={"scores"}), **clean.scores}
    return fields | {"clean": shown}


def text(summary: Summary, form: Form) -> str:
    """The whole report in one of the four forms."""
    if form == "json":
        return render([], "json", payload(summary))
    written = written_rows(summary.columns)
    subjects = [_choice_row(column) for column in summary.breakdown]
    if form == "csv":
        parts = [exact_rows(summary), written, subjects]
        return "\n\n".join(render(rows, form) for rows in parts if rows)
    parts = [choice_rows(summary), clean_rows(summary), written, subjects]
    shown = [render(rows, form) if rows else "" for rows in parts]
    if shown[1]:
        shown[1] = f"{CLEAN_TITLE}\n\n{shown[1]}"
    return "\n\n".join(part for part in shown if part)


CLEAN_TITLE = "Clean subset: without the items that also stand in public training data"
