"""Curves of a run's ``metrics.jsonl`` as one SVG: every value as a dot, its running mean as a line.

Plain SVG, written by hand, so that a figure needs no drawing library and reads the same everywhere.
"""

from collections.abc import Sequence
from pathlib import Path

from psyche_bench.errors import RunError
from psyche_bench.jsonl import read_lines

WIDTH, HEIGHT, LEFT, TOP = 640, 220, 64, 28
WINDOW = 5
"""Logged values in the running mean."""


def points(run: Path, key: str) -> list[tuple[int, float]]:
    """(step, value) of every time ``key`` was logged.

    Raises:
        RunError: it never was; what was logged is named.
    """
    rows = [row for _, row in read_lines(run / "metrics.jsonl")]
    found = [(row["step"], float(row[key])) for row in rows if key in row]
    if not found:
        known = sorted({name for row in rows for name in row} - {"step", "seconds"})
        raise RunError(f"{run}: {key!r} was never logged. Logged are {', '.join(known)}.")
    return found


def running(values: Sequence[float], window: int = WINDOW) -> list[float]:
    """The mean of each value and up to ``window`` − 1 before it.

    >>> running([1.0, 3.0, 5.0], window=2)
    [1.0, 2.0, 4.0]
    """
    spans = [values[max(0, end - window) : end] for end in range(1, len(values) + 1)]
    return [sum(span) / len(span) for span in spans]


def svg(run: Path, keys: Sequence[str]) -> str:
    """One panel for each key, below each other, with the first and the last running mean."""
    panels = [_panel(points(run, key), key, place) for place, key in enumerate(keys)]
    height = HEIGHT * len(keys)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        f'font-family="sans-serif" font-size="12">\n'
        f'<rect width="{WIDTH}" height="{height}" fill="white"/>\n'
        + "\n".join(panels)
        + "\n</svg>\n"
    )


def _panel(found: list[tuple[int, float]], key: str, place: int) -> str:
    steps, values = [step for step, _ in found], [value for _, value in found]
    means = running(values)
    low, high = min(values), max(values)
    span, last = (high - low) or 1.0, max(*steps, 1)
    top, room = HEIGHT * place + TOP, HEIGHT - TOP - 36

    def at(step: int, value: float) -> tuple[float, float]:
        across = LEFT + (WIDTH - LEFT - 16) * step / last
        return round(across, 1), round(top + room * (1 - (value - low) / span), 1)

    dots = "".join(
        f'<circle cx="{x}" cy="{y}" r="2" fill="#9bb8d3"/>' for x, y in map(at, steps, values)
    )
    line = " ".join(f"{x},{y}" for x, y in map(at, steps, means))
    told = (
        f"{key}: {means[0]:.3f} → {means[-1]:.3f} (running mean of {WINDOW}), {len(values)} values"
    )
    bottom = top + room
    return (
        f'<text x="{LEFT}" y="{top - 10}">{told}</text>'
        f'<text x="{LEFT - 6}" y="{top + 4}" text-anchor="end">{high:.2f}</text>'
        f'<text x="{LEFT - 6}" y="{bottom + 4}" text-anchor="end">{low:.2f}</text>'
        f'<text x="{LEFT}" y="{bottom + 18}">0</text>'
        f'<text x="{WIDTH - 16}" y="{bottom + 18}" text-anchor="end">step {last}</text>'
        f'<path d="M{LEFT} {top}V{bottom}H{WIDTH - 16}" fill="none" stroke="#888"/>'
        f'{dots}<polyline points="{line}" fill="none" stroke="#1f4e79" stroke-width="2"/>'
    )
