"""Documents as data: their commands, and the parts that the program writes.

``python tests/manual.py`` writes those parts anew: tables below ``<!-- table: COMMAND -->``, and
``docs/cli.md``. ``| columns A, B``, ``| where COLUMN`` and ``| first N and NAME`` (of a row further
down) take a part of a table.
"""

import argparse
import contextlib
import io
import json
import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from psyche_bench import cli
from psyche_bench.table import render

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted([*ROOT.glob("README*.md"), *(ROOT / "docs").glob("*.md")])
REFERENCE = ROOT / "docs" / "cli.md"
BLOCK = re.compile(r"^```(?:sh|console)\b([^\n]*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
TABLE = re.compile(r"<!-- table: (psyche-bench .+?) -->\n(.*?)<!-- /table -->", re.DOTALL)


class Command(NamedTuple):
    """A command of a page; ``needs`` is what its block is marked with, ``instead`` its dry form."""

    page: Path
    words: tuple[str, ...]
    needs: str
    instead: str


def commands(page: Path) -> Iterator[Command]:
    """Every line of every shell block of a page, continued lines joined."""
    for info, text in BLOCK.findall(page.read_text(encoding="utf-8")):
        marks = shlex.split(info)
        needs = next((mark for mark in marks if "=" not in mark), "")
        instead = next((mark[8:] for mark in marks if mark.startswith("instead=")), "")
        for line in text.replace("\\\n", " ").splitlines():
            words = tuple(shlex.split(line, comments=True))
            if words:
                yield Command(page, words, needs, instead)


def said(words: list[str]) -> str:
    """What a command prints on stdout."""
    with contextlib.redirect_stdout(io.StringIO()) as out:
        code = cli.main(words)
    if code != 0:
        raise SystemExit(f"psyche-bench {shlex.join(words)} failed with {code}")
    return out.getvalue()


def table(spec: str) -> str:
    """The Markdown that a marker stands for."""
    command, *cuts = (part.strip() for part in spec.split(" | "))
    rows = _rows(shlex.split(command)[1:])
    names = list(rows[0])
    for cut in cuts:
        verb, _, rest = cut.partition(" ")
        if verb == "columns":
            names = [name.strip() for name in rest.split(",")]
        elif verb == "where":
            rows = [row for row in rows if row[rest]]
        elif verb == "first":
            count, _, named = rest.partition(" and ")
            rows = [*rows[: int(count)], *(row for row in rows if row[names[0]] == named)]
    return render([{name: row[name] for name in names} for row in rows], "md") + "\n"


def _rows(words: list[str]) -> list[dict[str, object]]:
    """What a command prints as JSON rows, or as Markdown where its JSON is no list of rows."""
    if words[0] != "board":
        found = json.loads(said([*words, "--format", "json"]))
        if isinstance(found, list):
            return found
    head, _, *body = said([*words, "--format", "md"]).strip().splitlines()
    return [dict(zip(_cells(head), _cells(line), strict=True)) for line in body]


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]


def reference() -> str:
    """The command-line reference, from the parsers."""
    parts = ["# Commands\n\nWritten by `python tests/manual.py`; a test holds it to the program.\n"]
    for name, command in cli.COMMANDS.items():
        parser, _ = cli._load(name)
        parts.append(f"## psyche-bench {name}\n\n{command.help}\n")
        parts += [_usage(parser, f"psyche-bench {name}")]
        for action in parser._actions:
            if isinstance(action, argparse._SubParsersAction):
                told = {one.dest: one.help for one in action._choices_actions}
                for verb, sub in action.choices.items():
                    parts.append(f"### psyche-bench {name} {verb}\n\n{told.get(verb) or ''}\n")
                    parts.append(_usage(sub, f"psyche-bench {name} {verb}"))
    return "\n".join(part for part in parts if part)


def _usage(parser: argparse.ArgumentParser, prog: str) -> str:
    lines = []
    for action in parser._actions:
        if isinstance(action, argparse._HelpAction | argparse._SubParsersAction):
            continue
        name = ", ".join(action.option_strings) or str(action.metavar or action.dest)
        value = "" if action.nargs == 0 or not action.option_strings else f" {_value(action)}"
        told = " ".join(((action.help or "") % {**vars(action), "prog": prog}).split())
        lines.append(f"| `{name}{value}` | {told} |".replace("||", "|").replace(" |  |", " | |"))
    return "| argument | what |\n|---|---|\n" + "\n".join(lines) + "\n" if lines else ""


def _value(action: argparse.Action) -> str:
    if action.choices:
        return "{" + ",".join(map(str, action.choices)) + "}"
    metavar = action.metavar or action.dest.upper()
    return metavar if isinstance(metavar, str) else " ".join(metavar)


def renewed(text: str) -> str:
    """A page with its tables printed anew."""
    return TABLE.sub(
        lambda found: f"<!-- table: {found[1]} -->\n\n{table(found[1])}\n<!-- /table -->", text
    )


if __name__ == "__main__":
    for page in PAGES:
        if page != REFERENCE:
            page.write_text(renewed(page.read_text(encoding="utf-8")), encoding="utf-8")
    REFERENCE.write_text(reference(), encoding="utf-8")
    sys.exit(0)
