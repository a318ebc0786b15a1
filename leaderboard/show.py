"""``psyche-bench show``: replies to one item side by side, as in the paper's case study.

Reasoning is folded. Marked passages (empathy, expertise, reasoning) come from a file of
annotations and from no judge; they are shown on request. Source: Psyche-R1, Figures 5 and 6.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import model_validator

from psyche_bench import answers, sources
from psyche_bench.errors import DataError
from psyche_bench.jsonl import read_json, read_lines
from psyche_bench.leaderboard import collect
from psyche_bench.schemas import Question, Record, State, records

Mark = Literal["empathy", "expertise", "reasoning"]
MARKS: dict[Mark, tuple[str, str]] = {
    "empathy": ("共情", "empathy"),
    "expertise": ("专业", "expertise"),
    "reasoning": ("推理", "reasoning"),
}
"""What passages are marked as, in Chinese and English."""


class Span(Record):
    """A marked passage: characters ``start`` to ``end`` (behind the last) of one reply."""

    item: str
    model: str
    start: int
    end: int
    mark: Mark

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not 0 <= self.start < self.end:
            raise ValueError(f"start {self.start} and end {self.end} enclose nothing")
        return self


class Piece(Record):
    """A stretch of text with its marks."""

    text: str
    marks: tuple[Mark, ...] = ()


class Shown(Record):
    """One model's reply, cut into reasoning and answer; None where the run kept no reply."""

    model: str
    predicted: str | None
    state: State
    tokens: int | None
    reasoning: tuple[Piece, ...]
    answer: tuple[Piece, ...] | None


def spans(path: Path | None) -> list[Span]:
    """Annotations: one JSON object a line.

    Raises:
        DataError: a line is no annotation; file, line and field are named.
    """
    remedy = 'An annotation is {"item": …, "model": …, "start": 0, "end": 4, "mark": "empathy"}.'
    return list(records(path, Span.model_validate, remedy)) if path else []


def item(name: str) -> Question:
    """The item of an id.

    Raises:
        DataError: there is none.
    """
    return sources.index([name])[name]


def replies(
    name: str, models: Sequence[str], marked: Sequence[Span], results: Path | None = None
) -> list[Shown]:
    """What each model replied to one item.

    Args:
        name: the item's id.
        models: run folders, or names of models on the board whose replies were kept.
        marked: annotations, of any item and model.
        results: the board's folder.

    Raises:
        DataError: a model has no reply to this item; what to do is said.
    """
    return [
        _shown(label, row, [s for s in marked if (s.item, s.model) == (name, label)])
        for model in models
        for label, row in [_row(name, model, results)]
    ]


def _row(name: str, model: str, results: Path | None) -> tuple[str, dict[str, Any]]:
    if Path(model).is_dir():
        folder = Path(model)
        label = str(read_json(folder / "run.json").get("name") or folder.name)
        rows: Iterator[dict[str, Any]] = (row for _, row in read_lines(folder / "outcomes.jsonl"))
    else:
        label, rows = model, _board_rows(model, results)
    for row in rows:
        if row["id"] == name:
            return label, row
    raise DataError(
        f"{model}: no reply to {name}. Give a run folder that asked it, or the name of a model on "
        "the board (`psyche-bench board list`)."
    )


def _board_rows(model: str, results: Path | None) -> Iterator[dict[str, Any]]:
    for result in collect.load_results(results):
        if model in (result.model.name, result.stem):
            yield from (line.model_dump() for line in collect.outcomes(result, results))


def _shown(label: str, row: dict[str, Any], marked: Sequence[Span]) -> Shown:
    reply = row.get("reply")
    text = None if reply is None else answers.visible(reply)
    cut = 0 if reply is None else len(reply) - len(text or "")
    pieces = None if reply is None else list(cut_up(reply, marked, cut))
    return Shown(
        model=label,
        predicted=row.get("predicted"),
        state=row["state"],
        tokens=row.get("tokens"),
        reasoning=tuple(piece for at, piece in pieces or () if at < cut),
        answer=None if pieces is None else tuple(piece for at, piece in pieces if at >= cut),
    )


def cut_up(reply: str, marked: Sequence[Span], cut: int = 0) -> Iterator[tuple[int, Piece]]:
    """A reply in stretches of equal marks, each with its place; also cut where reasoning ends.

    >>> spans = [Span(item="i", model="m", start=2, end=4, mark="empathy")]
    >>> [(at, piece.text, piece.marks) for at, piece in cut_up("我懂你的", spans)]
    [(0, '我懂', ()), (2, '你的', ('empathy',))]
    """
    inside = [min(place, len(reply)) for span in marked for place in (span.start, span.end)]
    for start, end in pairwise(sorted({0, cut, len(reply), *inside})):
        marks = [span.mark for span in marked if span.start <= start and end <= span.end]
        yield start, Piece(text=reply[start:end], marks=tuple(dict.fromkeys(marks)))


# --- terminal and page ---------------------------------------------------------------------------


def terminal(question: Question, shown: Sequence[Shown], *, marked: bool, unfold: bool) -> Any:
    """The item above, replies side by side below, for ``rich``."""
    from rich.console import Group
    from rich.panel import Panel
    from rich.table import Table
    from rich.text import Text

    stem = Text("\n".join(filter(None, [question.vignette, question.stem])))
    for letter, option in question.options.items():
        stem.append(f"\n{letter}. {option}")
    stem.append(f"\n\n{question.gold or question.reference or '答案未公开 (withheld)'}", "bold")
    grid = Table(expand=True, show_lines=True)
    for reply in shown:
        grid.add_column(Text(reply.model), ratio=1, overflow="fold")
    grid.add_row(*(Text(_line(reply)) for reply in shown))
    grid.add_row(*(_body(reply, marked=marked, unfold=unfold) for reply in shown))
    legend = "  ".join(f"[{sign}] {MARKS[mark][0]} {mark}" for mark, sign in _SIGNS.items())
    head = Panel(stem, title=Text(question.id))
    return Group(head, grid, Text(legend, "dim")) if marked else Group(head, grid)


_SIGNS: dict[Mark, str] = {"empathy": "♥", "expertise": "◆", "reasoning": "→"}
_STYLES: dict[Mark, str] = {"empathy": "magenta", "expertise": "blue", "reasoning": "green"}


def _line(reply: Shown) -> str:
    said = reply.predicted or "–"
    counted = "" if reply.tokens is None else f", {reply.tokens} tokens"
    return f"{said} ({reply.state}{counted})"


def _body(reply: Shown, *, marked: bool, unfold: bool) -> Any:
    from rich.text import Text

    if reply.answer is None:
        return Text("(this record keeps no replies)", "italic")
    body = Text()
    length = sum(len(piece.text) for piece in reply.reasoning)
    if length and not unfold:
        body.append(f"▸ 推理 reasoning: {length} characters, shown by --reasoning\n\n", "dim")
    pieces = (*(reply.reasoning if unfold else ()), *reply.answer)
    for piece in pieces:
        signs = "".join(_SIGNS[mark] for mark in piece.marks) if marked else ""
        style = " ".join(_STYLES[mark] for mark in piece.marks[:1]) if marked else ""
        body.append(f"[{signs}]{piece.text}[/]" if signs else piece.text, style)
    return body


def page(question: Question, shown: Sequence[Shown], *, marked: bool) -> str:
    """The same as a page of its own: no script, nothing fetched, all text escaped."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("psyche_bench.leaderboard"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    template = environment.get_template("show.html.jinja")
    return template.render(question=question, shown=shown, marks=MARKS, marked=marked)
