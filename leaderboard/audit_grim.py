"""GRIM: can a percentage of n items have been a count at all?

Source: N. Brown and J. Heathers, The GRIM test (Social Psychological and Personality Science,
2017). A percentage p of n items must be 100·k/n for a whole k; with few items most two-decimal
figures are no such number. An item that left the denominator shows here.
"""

from decimal import Decimal
from fractions import Fraction
from math import ceil, floor

from psyche_bench.leaderboard.audit_finding import HALF, Finding, Verdict, judge, show, unit

MOST_DROPPED = 30


def by_rounding(printed: Decimal, n: int) -> list[int]:
    """All k in 0..n whose ``100·k/n`` rounds to the printed percentage (ties either way).

    >>> by_rounding(Decimal("79.62"), 157), by_rounding(Decimal("79.62"), 158)
    ([125], [])
    """
    half = unit(printed) / 2
    low = ceil((Fraction(printed) - half) * n / 100)
    high = floor((Fraction(printed) + half) * n / 100)
    return list(range(max(low, 0), min(high, n) + 1))


def by_truncation(printed: Decimal, n: int) -> list[int]:
    """All k in 0..n whose ``100·k/n`` gives the printed percentage when digits are cut off.

    >>> by_truncation(Decimal("88.15"), 152), by_rounding(Decimal("88.15"), 152)
    ([134], [])
    """
    low = ceil(Fraction(printed) * n / 100)
    high = ceil((Fraction(printed) + unit(printed)) * n / 100) - 1
    return list(range(max(low, 0), min(high, n) + 1))


def fitting_denominators(printed: Decimal, n: int) -> list[tuple[int, int]]:
    """``(k, m)`` with ``m`` from n - 1 down to n - 30 where ``100·k/m`` rounds to the figure.

    Fewest dropped items first. A hint, no proof: with many items some m fits by chance.

    >>> fitting_denominators(Decimal("79.62"), 158)
    [(125, 157)]
    """
    smaller = range(n - 1, max(n - MOST_DROPPED, 1) - 1, -1)
    return [(k, m) for m in smaller for k in by_rounding(printed, m)]


def verdict(printed: Decimal, n: int) -> Verdict:
    """GRIM's word on one percentage of n items.

    >>> verdict(Decimal("87.83"), 152), verdict(Decimal("88.15"), 152), verdict(Decimal("5.00"), 20)
    ('impossible', 'truncated', 'consistent')
    """
    if by_rounding(printed, n):
        return "consistent"
    return "truncated" if by_truncation(printed, n) else "impossible"


def _quotient(k: int, n: int) -> str:
    return f"{k}/{n} = {show(Fraction(100 * k, n), 3)}"


def _neighbours(printed: Decimal, n: int) -> str:
    below = floor(Fraction(printed) * n / 100)
    near = f"neighbours {_quotient(below, n)}, {_quotient(below + 1, n)}"
    return f"no k/{n} gives {printed}: {near}"


def _hint(printed: Decimal, n: int) -> str:
    fits = fitting_denominators(printed, n)
    if not fits:
        return f"no denominator from {max(n - MOST_DROPPED, 1)} to {n} fits"
    listed = ", ".join(f"{k}/{m} ({n - m} fewer)" for k, m in fits[:3])
    return f"would fit with fewer items: {listed}"


def nearest(printed: Decimal, n: int) -> Fraction:
    """The percentage ``100·k/n`` nearest to the printed one.

    >>> show(nearest(Decimal("79.62"), 158))
    '79.75'
    """
    return Fraction(100 * round(Fraction(printed) * n / 100), n)


def _finding(
    place: tuple[str, str, str], printed: Decimal, n: int, kind: str, note: str = ""
) -> Finding:
    word = verdict(printed, n)
    arithmetic = _neighbours(printed, n)
    if word != "impossible":
        counts = by_rounding(printed, n) or by_truncation(printed, n)
        how = "rounds" if word == "consistent" else "is cut off"
        arithmetic = f"{' or '.join(_quotient(k, n) for k in counts)} {how} to {printed}"
    table, row, cell = place
    return Finding(
        table=table,
        row=row,
        cell=cell,
        kind=kind,
        printed=str(printed),
        recomputed=show(nearest(printed, n)),
        verdict=word,
        arithmetic=note + arithmetic,
    )


def check(place: tuple[str, str, str], printed: Decimal, n: int, kind: str = "GRIM") -> Finding:
    """One finding: is the percentage printed at ``place`` (table, row, cell) a count of n?"""
    finding = _finding(place, printed, n, kind)
    if finding.verdict != "impossible":
        return finding
    return finding.model_copy(update={"arithmetic": f"{finding.arithmetic}; {_hint(printed, n)}"})


def check_elastic(place: tuple[str, str, str], printed: Decimal, n: int, parts: int) -> Finding:
    """The same for an elastic accuracy whose items each earn a multiple of ``1/parts``."""
    note = f"credits are multiples of 1/{parts}, so the mean of {n} items is some j/{n * parts}: "
    return _finding(place, printed, n * parts, "GRIM, elastic", note)


def check_pooled(place: tuple[str, str, str], printed: Decimal, n: int) -> Finding:
    """The same for a mean of two columns, which may have been taken from rounded columns.

    Then the mean is up to half a unit away from a count of all n items: ``rounding``.
    """
    finding = check(place, printed, n, "GRIM, pooled")
    if judge(printed, nearest(printed, n), HALF) != "rounding":
        return finding
    note = f"{_neighbours(printed, n)}; taken from two rounded columns it may be half a unit off"
    return finding.model_copy(update={"verdict": "rounding", "arithmetic": note})
