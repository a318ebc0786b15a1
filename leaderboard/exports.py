"""Tables as files and as terminal text: every figure with its interval, in five forms."""

import csv
import io
from collections.abc import Sequence
from typing import Literal

from psyche_bench.jsonl import dumps
from psyche_bench.leaderboard.board import Column, Figure, Row, Table, View
from psyche_bench.table import render

Form = Literal["table", "json", "csv", "md", "latex"]
FORMS: tuple[Form, ...] = ("table", "json", "csv", "md", "latex")


def head(column: Column) -> str:
    """A column's heading in one line: ``Case single``."""
    return f"{column.group.en} {column.head.en}".strip()


def _who(table: Table, row: Row) -> dict[str, object]:
    own: dict[str, object] = {table.label.en.lower(): row.model}
    if not table.plain:
        own |= {"category": row.category, "origin": row.origin, "protocol": row.protocol}
        own |= {"size": row.size, "note": row.note}
    return own


def exact(table: Table) -> list[dict[str, object]]:
    """All views, one line a row: each column's value, interval ends and how they were made.

    Text stays text; the value of a printed figure is the number that was printed.
    """
    rows = []
    for row in table.rows:
        line = _who(table, row)
        for column in table.columns:
            line |= _cells(column, row.figures.get(column.key, Figure()))
        rows.append(line)
    return rows


def _cells(column: Column, figure: Figure) -> dict[str, object]:
    key = column.key
    if column.kind == "text":
        return {key: figure.text or None}
    ends = {f"{key} low": figure.low, f"{key} high": figure.high}
    value = figure.value
    if column.kind == "rank":
        ends = {name: None if end is None else int(end) for name, end in ends.items()}
        value = None if value is None else int(value)
    return {key: value, **ends, f"{key} interval": figure.how or None}


def shown(table: Table, view: View) -> list[dict[str, object]]:
    """One view as people read it: ``63.31 (59.9–66.7)``."""
    rows = []
    for row in table.rows:
        line: dict[str, object] = {table.label.en: row.model}
        if not table.plain:
            line |= {"Origin": " ".join(filter(None, (row.origin, row.protocol))), "Size": row.size}
        for column in table.seen(view):
            line[head(column)] = _text(column, row.figures.get(column.key, Figure()))
        rows.append(line)
    return rows


def _text(column: Column, figure: Figure) -> str:
    if column.kind == "rank":
        return figure.as_rank().shown
    return f"{figure.shown} ({figure.ends})" if figure.ends else figure.shown


def export(table: Table, form: Form, view: View) -> str:
    """A table in one form; ``csv`` and ``json`` hold every view, the others the one asked for."""
    if form == "csv":
        return _csv(exact(table))
    if form == "json":
        return dumps({"table": table.name, "title": table.title.en, "rows": exact(table)})
    rows = shown(table, view)
    if form == "latex":
        return _latex(table, rows)
    return render(rows, form)


FORMULA = ("=", "+", "-", "@", "\t", "\r")


def _csv(rows: Sequence[dict[str, object]]) -> str:
    """CSV in which no text is a formula: a spreadsheet would run what a model is called."""
    stream = io.StringIO()
    writer = csv.DictWriter(stream, fieldnames=list(rows[0]) if rows else [], lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _inert(value) for name, value in row.items()} for row in rows)
    return stream.getvalue().rstrip("\n")


def _inert(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value


def _latex(table: Table, rows: Sequence[dict[str, object]]) -> str:
    return f"% {table.title.en}\n{_tabular(rows)}"


def _tabular(rows: Sequence[dict[str, object]]) -> str:
    """A ``booktabs`` table; tabulate escapes what LaTeX would read as a command."""
    from tabulate import tabulate

    names = list(rows[0]) if rows else []
    body = [[str(row[name]) for name in names] for row in rows]
    text = str(tabulate(body, headers=names, tablefmt="latex_booktabs", disable_numparse=True))
    return text.replace("–", "--")


def listing(rows: Sequence[dict[str, object]], form: Form) -> str:
    """A plain list of rows in one of the forms."""
    if form != "latex":
        return render(rows, form)
    return _tabular(rows)
