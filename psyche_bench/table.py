"""Rows to text, in the four forms every command offers."""

import argparse
import csv
import io
import json
from collections.abc import Mapping, Sequence
from typing import Literal

Form = Literal["table", "json", "csv", "md"]
FORMS: tuple[Form, ...] = ("table", "json", "csv", "md")
UNKNOWN = "–"
"""Shown where a value does not exist; an unknown value is never shown as 0."""


def add_format(parser: argparse.ArgumentParser) -> None:
    """Give a command the ``--format`` option."""
    parser.add_argument(
        "--format", choices=FORMS, default="table", help="how to print (default: table)"
    )


def _cell(value: object) -> str:
    if value is None:
        return UNKNOWN
    return f"{value:.2f}" if isinstance(value, float) else str(value)


def render(rows: Sequence[Mapping[str, object]], form: Form, payload: object | None = None) -> str:
    """Render rows (same keys each; None = unknown) as one of :data:`FORMS`.

    ``json`` prints ``payload`` when given, else the rows themselves.

    >>> print(render([{"subset": "moral_smcq", "n": 152, "standard": 50.0}], "md"))
    | subset     | n   | standard   |
    |:-----------|:----|:-----------|
    | moral_smcq | 152 | 50.00      |
    """
    if form == "json":
        return json.dumps(rows if payload is None else payload, ensure_ascii=False, indent=2)
    names = list(rows[0]) if rows else []
    if form == "csv":
        stream = io.StringIO()
        writer = csv.DictWriter(stream, fieldnames=names, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        return stream.getvalue().rstrip("\n")
    from tabulate import tabulate

    body = [[_cell(row[name]) for name in names] for row in rows]
    style = "pipe" if form == "md" else "simple"
    return str(tabulate(body, headers=names, tablefmt=style, disable_numparse=True))
