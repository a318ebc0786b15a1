"""What a leaderboard table is: columns that know their view, rows with an origin, figures.

A table holds all its views at once: standard and elastic accuracy, all items and clean ones,
columns weighted equally or by items. A column says which of them it belongs to; a page or an
export then shows those of one view. Nothing is computed here.
"""

from collections.abc import Iterator, Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal, NamedTuple

from psyche_bench.leaderboard.records import Origin
from psyche_bench.table import UNKNOWN

Metric = Literal["standard", "elastic"]
Items = Literal["all", "clean"]
Mean = Literal["columns", "items"]
Shots = Literal["zero", "five"]


class Both(NamedTuple):
    """A text of our own in the two languages of the board."""

    en: str
    zh: str


class Category(NamedTuple):
    """A kind of model: its key, its name as the paper prints it, and the shape that marks it."""

    key: str
    name: Both
    shape: str


CATEGORIES = (
    Category("general", Both("General LLMs", "通用模型"), "●"),
    Category("reasoning", Both("Reasoning-Augmented LLMs", "推理增强模型"), "◆"),
    Category("closed", Both("Closed-Source LLMs", "闭源模型"), "■"),
    Category("psychological", Both("Psychological LLMs", "心理模型"), "▲"),
    Category("constant", Both("Reference rows", "参照行"), "✕"),
    Category("unknown", Both("Other", "其他"), "★"),
)
ORIGINS: dict[Origin, Both] = {
    "paper": Both("paper", "论文"),
    "re-run": Both("re-run", "复测"),
    "submitted": Both("submitted", "提交"),
    "constant": Both("constant", "常量"),
}


class View(NamedTuple):
    """Which figures are looked at; a column with "" in a place belongs to every choice there."""

    metric: Metric | Literal[""] = ""
    items: Items | Literal[""] = ""
    mean: Mean | Literal[""] = ""
    shots: Shots | Literal[""] = ""

    def shows(self, other: "View") -> bool:
        """Whether a column of the ``other`` view is seen when this one is chosen.

        >>> View("standard", "all", "columns").shows(View("standard", "all"))
        True
        >>> View("standard", "all", "columns").shows(View("elastic", "all"))
        False
        """
        return all(not theirs or theirs == ours for ours, theirs in zip(self, other, strict=True))


DEFAULT = View("standard", "all", "columns", "zero")


class Column(NamedTuple):
    """A column: its key in exports, its group and heading, and the view it belongs to.

    ``kind`` is ``figure``, ``rank`` (an interval of whole numbers), ``text``, or ``any`` where
    the rows of a column differ.
    """

    key: str
    group: Both
    head: Both
    view: View = View()
    kind: Literal["figure", "rank", "text", "any"] = "figure"
    hint: Both = Both("", "")


class Figure(NamedTuple):
    """One cell: a value with its interval, and how that was made.

    ``text`` is shown instead of the value where a figure was printed, or where there is none;
    ``remark`` explains a cell that does not agree with another, and stands beside it; ``words``
    are a text of our own, in both languages.
    """

    value: float | None = None
    low: float | None = None
    high: float | None = None
    how: str = ""
    text: str = ""
    remark: str = ""
    words: Both | None = None

    @property
    def shown(self) -> str:
        """The cell's text; ranks and unknown values included.

        >>> Figure(63.306).shown, Figure().shown, Figure(text="50.00", value=50.0).shown
        ('63.31', '–', '50.00')
        """
        if self.text or self.words:
            return self.text or (self.words or Both("", "")).en
        return UNKNOWN if self.value is None else two_places(self.value)

    @property
    def ends(self) -> str:
        """The interval as ``low–high``; nothing where there is none.

        >>> Figure(63.3, 59.84, 66.71).ends, Figure(2.0, -3.4, 7.4).ends
        ('59.8–66.7', '−3.4 … 7.4')
        """
        if self.low is None or self.high is None:
            return ""
        between = "–" if self.low >= 0 else " … "
        return f"{self.low:.1f}{between}{self.high:.1f}".replace("-", "−")

    def as_rank(self) -> "Figure":
        """The interval of ranks as text: ``1–3``, or ``2`` where only one is possible.

        >>> Figure(1, 1, 3).as_rank().text, Figure(2, 2, 2).as_rank().text
        ('1–3', '2')
        """
        if self.low is None or self.high is None:
            return Figure()
        low, high = int(self.low), int(self.high)
        return Figure(self.value, text=str(low) if low == high else f"{low}–{high}")


def two_places(value: float) -> str:
    """Two decimals, ties away from zero as the paper rounds, not as binary fractions fall.

    >>> two_places(74.365), f"{74.365:.2f}"
    ('74.37', '74.36')
    """
    exact = Decimal(repr(round(value, 9)))
    return str(exact.quantize(Decimal("0.01"), ROUND_HALF_UP))


class Row(NamedTuple):
    """One line: who, of what kind, where the figures come from, and the figures by column key.

    ``page`` is the address of the model's page, ``billions`` its size for a logarithmic axis;
    ``label`` stands for the model's name in a line that is about something else.
    """

    model: str
    category: str
    origin: Origin
    figures: Mapping[str, Figure]
    size: str = ""
    billions: float | None = None
    page: str = ""
    protocol: str = ""
    note: str = ""
    version: str = ""
    label: Both | None = None

    @property
    def shape(self) -> str:
        """The mark of the row's category."""
        return next((c.shape for c in CATEGORIES if c.key == self.category), "")


class Table(NamedTuple):
    """A named table in both languages; ``views`` says whether it has more than one."""

    name: str
    title: Both
    caption: Both
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    label: Both = Both("Model", "模型")

    @property
    def plain(self) -> bool:
        """Whether rows are no models with a category and an origin of their own."""
        return not any(row.category for row in self.rows)

    def told(self) -> "Table":
        """Without columns that belong to every view and hold nothing in any row."""

        def empty(column: Column) -> bool:
            cells = (row.figures.get(column.key, Figure()) for row in self.rows)
            return column.view == View() and all(c.value is None and not c.text for c in cells)

        return self._replace(columns=tuple(c for c in self.columns if not empty(c)))

    def seen(self, view: View) -> list[Column]:
        """The columns of one view."""
        return [column for column in self.columns if view.shows(column.view)]


def every(*parts: str) -> Iterator[View]:
    """All views that differ in the named places: ``every("metric", "items")``."""
    from itertools import product

    options = {
        "metric": ("standard", "elastic"),
        "items": ("all", "clean"),
        "mean": ("columns", "items"),
        "shots": ("zero", "five"),
    }
    chosen = [options[name] if name in parts else ("",) for name in options]
    yield from (View(*choice) for choice in product(*chosen))  # type: ignore[arg-type]
