"""What an audit says of one printed figure, and the arithmetic all checks share.

Figures are Decimals as printed; everything computed from them is an exact Fraction.
"""

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Literal, NamedTuple

from psyche_bench.leaderboard import paper
from psyche_bench.schemas import Record

Verdict = Literal["consistent", "rounding", "truncated", "impossible", "not checkable"]
VERDICTS: dict[Verdict, str] = {
    "impossible": "no count, and no rounding of the other printed figures, gives this",
    "truncated": "fits a count only if digits were cut off instead of rounded",
    "rounding": "differs by no more than rounding explains",
    "consistent": "follows from the other figures or from a count",
    "not checkable": "nothing printed that it could be checked against",
}
"""Worst first, with what each means."""
CHINESE: dict[Verdict, str] = {
    "impossible": "不可能",
    "truncated": "截尾",
    "rounding": "舍入",
    "consistent": "一致",
    "not checkable": "无法核对",
}


class Finding(Record):
    """One check of one printed figure.

    ``table``, ``row`` and ``cell`` say where it is printed; ``printed`` is None where the paper
    prints no such figure and we compute one; ``headline`` marks what a reader should see first.
    """

    table: str
    row: str
    cell: str
    kind: str
    printed: str | None
    recomputed: str | None
    verdict: Verdict
    arithmetic: str
    headline: bool = False


class Result(NamedTuple):
    """What a check found, before it is said where."""

    recomputed: str
    verdict: Verdict
    arithmetic: str


def unit(printed: Decimal) -> Fraction:
    """One unit of the last printed digit.

    >>> unit(Decimal("50.00")), unit(Decimal("50.0"))
    (Fraction(1, 100), Fraction(1, 10))
    """
    return Fraction(1, 10 ** -int(printed.as_tuple().exponent))


def show(value: Fraction | Decimal, places: int = 2) -> str:
    """A number rounded half up, as the paper rounds.

    >>> show(Fraction(12415, 200)), show(Fraction(-1, 3), 1)
    ('62.08', '-0.3')
    """
    exact = Decimal(Fraction(value).numerator) / Decimal(Fraction(value).denominator)
    return str(exact.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP))


def signed(value: Fraction) -> str:
    """The same with its sign.

    >>> signed(Fraction(-17, 2)), signed(Fraction(1, 4))
    ('-8.50', '+0.25')
    """
    return ("" if value < 0 else "+") + show(value)


def judge(printed: Decimal, value: Fraction, slack: Fraction) -> Verdict:
    """Compare a printed figure with one recomputed from rounded operands.

    ``consistent``: within half a unit of the last digit (ties either way); ``rounding``: within
    half a unit plus ``slack``, the most that the rounding of the operands can move ``value``;
    else ``impossible``.

    >>> judge(Decimal("74.90"), Fraction("74.909"), Fraction(1, 200))
    'rounding'
    """
    distance = abs(Fraction(printed) - value)
    if distance <= unit(printed) / 2:
        return "consistent"
    return "rounding" if distance <= unit(printed) / 2 + slack else "impossible"


HALF = Fraction(1, 200)
"""Half a unit of a figure with two decimals: how far its rounding can be from the truth."""


def averaged(row: paper.Row, cell: str, kind: str, value: Fraction, arithmetic: str) -> Finding:
    """A printed average against the one that other printed figures give, ``value``."""
    printed = row.figure(cell)
    verdict = judge(printed, value, HALF)
    return Finding(
        table=row.table,
        row=row.name,
        cell=cell,
        kind=kind,
        printed=str(printed),
        recomputed=show(value),
        verdict=verdict,
        arithmetic=f"{arithmetic} = {show(value, 4)}",
        headline=verdict == "impossible",
    )


def relative_change(after: Decimal, before: Decimal) -> tuple[Fraction, Fraction]:
    """``100·(after/before − 1)`` and the most that rounding of the two can move it.

    >>> value, slack = relative_change(Decimal("40.97"), Decimal("48.91"))
    >>> signed(value), show(slack, 3)
    ('-16.23', '0.019')
    """
    top, bottom = Fraction(after), Fraction(before)
    return 100 * (top / bottom - 1), 100 * ((top + HALF) / (bottom - HALF) - top / bottom)


def weighted(figures: Sequence[Decimal], weights: Sequence[int]) -> Fraction:
    """``Σ wᵢ xᵢ / Σ wᵢ``; with figures rounded to ± HALF the mean is known to ± HALF too.

    >>> weighted([Decimal("10.00"), Decimal("20.00")], [3, 1])
    Fraction(25, 2)
    """
    products = (Fraction(x) * w for x, w in zip(figures, weights, strict=True))
    return sum(products, Fraction(0)) / sum(weights)
