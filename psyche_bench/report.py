"""A summary as the text people read: one table of choices, one of written answers."""

from collections.abc import Sequence
from typing import Any

from psyche_bench.summary import Column, Group, Interval, Summary
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


def choice_rows(summary: Summary) -> list[Row]:
    """Columns, then the group's two means, benchmark by benchmark."""
    rows: list[Row] = []
    for group in summary.groups:
        members = [c for c in summary.columns if c.group == group.group and _is_choice(c)]
        rows += [_choice_row(column) for column in members]
        rows += [{name: row[name] for name in _ORDER} for row in _group_rows(group)]
    return rows


_ORDER = (
    "task", "items", "standard", "95 %", "chance", "elastic", "95 % el.", "chance el.",
    "answered", "truncated", "capped", "tokens",
)  # fmt: skip


def _is_choice(column: Column) -> bool:
    return "standard" in column.scores


def written_rows(columns: Sequence[Column]) -> list[Row]:
    """Text metrics of written answers; replies that are only written (counselling) have none."""
    rest = [column for column in columns if not _is_choice(column)]
    metrics = sorted({metric for column in rest for metric in column.scores})
    return [
        {
            "task": column.column,
            "items": _items(column.n, column.whole, column.missing),
            **{metric: column.scores.get(metric) for metric in metrics},
            "answered": column.answered,
            "truncated": column.truncated,
            "capped": column.capped,
            "tokens": column.tokens,
        }
        for column in rest
    ]


def payload(summary: Summary) -> dict[str, Any]:
    """The JSON face: ``{"groups": {name: …}, "columns": {name: …}}``."""

    def flat(columns: Sequence[Column]) -> dict[str, Any]:
        return {
            column.column: {**column.model_dump(exclude={"column", "scores"}), **column.scores}
            for column in columns
        }

    groups = {group.group: group.model_dump(exclude={"group"}) for group in summary.groups}
    shown = {"groups": groups, "columns": flat(summary.columns)}
    return shown | ({"subjects": flat(summary.breakdown)} if summary.breakdown else {})


def text(summary: Summary, form: Form) -> str:
    """The whole report in one of the four forms."""
    if form == "json":
        return render([], "json", payload(summary))
    subjects = [_choice_row(column) for column in summary.breakdown]
    parts = [choice_rows(summary), written_rows(summary.columns), subjects]
    return "\n\n".join(render(rows, form) for rows in parts if rows)
