"""The paper's figures as plain drawings: where each mark stands, in the units of an SVG.

Only geometry is made here; the template draws it. Figure 1 sets scores against model size on a
logarithmic axis; Figures 3 and 4 set two scores of one row side by side.
"""

from collections.abc import Callable, Sequence
from math import ceil, floor, log10
from typing import NamedTuple

from psyche_bench.leaderboard.board import Both, Figure, Row, View

WIDTH, HEIGHT = 880.0, 470.0
LEFT, RIGHT, TOP, BOTTOM = 48.0, 120.0, 16.0, 46.0
LETTER = 7.0
"""Width of a letter of a label, in SVG units, on average."""


class Tick(NamedTuple):
    """A place on an axis and its text."""

    at: float
    text: str


class Mark(NamedTuple):
    """A point with its whisker (high and low in y) and, where there is room, its name."""

    row: Row
    x: float
    y: float
    low: float | None
    high: float | None
    figure: Figure
    label: tuple[float, float, str] | None


class Scatter(NamedTuple):
    """Figure 1 for one view."""

    view: View
    marks: tuple[Mark, ...]
    across: tuple[Tick, ...]
    up: tuple[Tick, ...]
    unknown: float | None


class Spot(NamedTuple):
    """A figure on an axis: its place and the ends of its interval, None without one."""

    figure: Figure
    x: float
    low: float | None
    high: float | None


class Pair(NamedTuple):
    """One row of a two-point drawing: a name, its place, and both figures with their places."""

    name: Both
    y: float
    first: Spot
    second: Spot
    category: str = ""


class Dumbbells(NamedTuple):
    """Figures 3 and 4: two scores a row."""

    names: tuple[Both, Both]
    pairs: tuple[Pair, ...]
    across: tuple[Tick, ...]
    height: float


def scale(value: float, low: float, high: float, start: float, end: float) -> float:
    """Map ``value`` of [low, high] to [start, end], to a tenth of a unit.

    >>> scale(5, 0, 10, 100, 200)
    150.0
    """
    return round(start + (value - low) / (high - low) * (end - start), 1)


def ticks(low: float, high: float, step: float = 10) -> list[float]:
    """Multiples of ``step`` that cover the values.

    >>> ticks(38.2, 61)
    [30, 40, 50, 60, 70]
    """
    return [step * n for n in range(floor(low / step), ceil(high / step) + 1)]


def scatter(rows: Sequence[Row], key: str, view: View) -> Scatter | None:
    """Score ``key`` against size; rows of unknown size stand in a strip at the right.

    None where no row has that score.
    """
    shown = [row for row in rows if (f := row.figures.get(key)) and f.value is not None]
    if not shown:
        return None
    known = [row.billions for row in shown if row.billions]
    first, last = floor(log10(min(known, default=1))), ceil(log10(max(known, default=1000)))
    last = max(last, first + 1)
    values = [row.figures[key].value or 0.0 for row in shown]
    rise = ticks(min(values), max(values))
    end, strip = WIDTH - RIGHT, WIDTH - RIGHT / 2

    def across(size: float | None) -> float:
        return scale(log10(size), first, last, LEFT, end) if size else strip

    def up(value: float) -> float:
        inside = min(max(value, rise[0]), rise[-1])
        return scale(inside, rise[0], rise[-1], HEIGHT - BOTTOM, TOP)

    bare = [_mark(row, row.figures[key], across(row.billions), up) for row in shown]
    small = [
        Tick(across(n * 10.0**p), _size(n * 10.0**p))
        for p in range(first, last + 1)
        for n in (1, 3)
        if n * 10.0**p <= 10.0**last
    ]
    vertical = tuple(Tick(up(value), str(int(value))) for value in rise)
    none = strip if any(not row.billions for row in shown) else None
    return Scatter(view, tuple(_labelled(bare)), tuple(small), vertical, none)


def _size(size: float) -> str:
    return f"{size:g}B" if size >= 1 else f"{1000 * size:g}M"


def _mark(row: Row, figure: Figure, x: float, up: Callable[[float], float]) -> Mark:
    low = None if figure.low is None else up(figure.low)
    high = None if figure.high is None else up(figure.high)
    return Mark(row, x, up(figure.value or 0.0), low, high, figure, None)


Box = tuple[float, float, float, float]


def _labelled(marks: Sequence[Mark]) -> list[Mark]:
    """Give names to marks, best scores first, wherever a name hits nothing drawn before."""
    taken: list[Box] = [(m.x - 6, m.y - 6, m.x + 6, m.y + 6) for m in marks]
    named = {}
    for mark in sorted(marks, key=lambda mark: mark.y):
        long = len(mark.row.model) * LETTER
        for x, y, anchor in (
            (mark.x + 9, mark.y + 4, "start"),
            (mark.x - 9, mark.y + 4, "end"),
            (mark.x + 7, mark.y - 8, "start"),
            (mark.x + 7, mark.y + 15, "start"),
            (mark.x - 7, mark.y - 8, "end"),
            (mark.x - 7, mark.y + 15, "end"),
        ):
            left = x if anchor == "start" else x - long
            box = (left, y - 9, left + long, y + 3)
            if _free(box, taken) and left > LEFT and box[2] < WIDTH:
                taken.append(box)
                named[id(mark)] = (round(x, 1), round(y, 1), anchor)
                break
    return [mark._replace(label=named.get(id(mark))) for mark in marks]


def _free(box: Box, taken: Sequence[Box]) -> bool:
    return not any(
        box[0] < other[2] and other[0] < box[2] and box[1] < other[3] and other[1] < box[3]
        for other in taken
    )


def dumbbells(
    names: tuple[Both, Both], rows: Sequence[tuple[Both, Figure, Figure, str]]
) -> Dumbbells | None:
    """Two figures a row, on one axis from 0 to 100; rows without either figure are left out.

    Args:
        names: what the first and the second figure are.
        rows: name, both figures and category of each.
    """
    told = [row for row in rows if row[1].value is not None and row[2].value is not None]
    if not told:
        return None
    step = 30.0
    pairs = [
        Pair(name, round(TOP + step * (place + 0.5), 1), _spot(first), _spot(second), kind)
        for place, (name, first, second, kind) in enumerate(told)
    ]
    across = [Tick(_percent(v), str(v)) for v in range(0, 101, 20)]
    return Dumbbells(names, tuple(pairs), tuple(across), TOP + step * len(pairs) + 34)


def _spot(figure: Figure) -> Spot:
    ends = (None if end is None else _percent(end) for end in (figure.low, figure.high))
    return Spot(figure, _percent(figure.value or 0.0), *ends)


def _percent(value: float) -> float:
    return scale(value, 0, 100, 200.0, WIDTH - 30)
