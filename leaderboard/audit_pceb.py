"""Tables 1, 3 and 4: everything on PCEB that other printed figures or item counts decide."""

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction

from psyche_bench.leaderboard import audit_grim as grim
from psyche_bench.leaderboard import paper
from psyche_bench.leaderboard.audit_finding import (
    HALF,
    Finding,
    Result,
    Verdict,
    averaged,
    judge,
    relative_change,
    show,
    signed,
    weighted,
)

GROUPS = ("case", "moral", "theory")
STANDARD = tuple(f"{group}.{kind}" for group in GROUPS for kind in ("smcq", "mmcq"))
ELASTIC = tuple(f"{group}.{kind}" for group in GROUPS for kind in ("smcq", "mmcq_elastic"))
AVERAGES = {"avg": STANDARD, "avg_elastic": ELASTIC}
MOST_CREDIT = Fraction(4, 5)
"""The most that a part of a gold can earn: four of five letters."""
SAME_RUN = {
    "Base": "Qwen2.5-7B",
    "+SFT+GRPO": "Psyche-R1",
    "+Rat.+Iter.": "Psyche-R1",
    "+ED+PRD+APD": "Psyche-R1",
}
"""Rows of Tables 3 and 4 that are rows of Table 1 under another name."""


def table1() -> Iterator[Finding]:
    """Counts, bounds, averages and item-weighted means of Table 1."""
    for row in paper.rows(paper.PcebRow):
        yield from standard_cells(row)
        for group in GROUPS:
            yield from elastic_cell(row, group)
        yield from (average(row, cell, parts) for cell, parts in AVERAGES.items())
        yield from repairs(row)
        yield from texts(row)


def standard_cells(row: paper.Row) -> Iterator[Finding]:
    """GRIM on the six standard accuracies of a row of Table 1 or 4."""
    for cell, n in paper.counts().pceb.items():
        yield grim.check((row.table, row.name, cell), row.figure(cell), n)


def elastic_cell(row: paper.Row, group: str) -> Iterator[Finding]:
    """Bounds of an elastic accuracy, and its granularity where the gold sizes are known.

    ``standard ≤ elastic ≤ standard + 4/5·(100 − standard) ≤ 100``: an item that is not fully
    right earns at most four fifths.
    """
    cell = f"{group}.mmcq_elastic"
    standard, elastic = row.figure(f"{group}.mmcq"), row.figure(cell)
    top = Fraction(standard) + MOST_CREDIT * (100 - Fraction(standard))
    inside = Fraction(standard) <= Fraction(elastic) <= top
    unknown = "; the sum of credits itself is not printed"
    yield Finding(
        table=row.table,
        row=row.name,
        cell=cell,
        kind="bounds of the elastic mean",
        printed=str(elastic),
        recomputed=f"{standard} to {show(top)}",
        verdict="not checkable" if inside else "impossible",
        arithmetic=f"{standard} ≤ {elastic} ≤ {standard} + 4/5·(100 − {standard}) = {show(top)} "
        + (f"holds{unknown}" if inside else "does not hold"),
    )
    parts = paper.counts().elastic_unit.get(cell)
    if parts:
        n = paper.counts().pceb[f"{group}.mmcq"]
        yield grim.check_elastic((row.table, row.name, cell), elastic, n, parts)


def average(row: paper.Row, cell: str, parts: tuple[str, ...]) -> Finding:
    """The unweighted mean of six columns against the printed one."""
    figures = [row.figure(part) for part in parts]
    mean = weighted(figures, [1] * len(figures))
    arithmetic = f"({' + '.join(map(str, figures))})/6"
    return averaged(row, cell, "average of six columns", mean, arithmetic)


def _fits(row: paper.Row, changed: dict[str, Decimal]) -> bool:
    for cell, parts in AVERAGES.items():
        figures = [changed.get(part, row.figure(part)) for part in parts]
        if judge(row.figure(cell), weighted(figures, [1] * 6), Fraction(0)) != "consistent":
            return False
    return True


def single_cell_repairs(row: paper.Row) -> list[tuple[str, int, int, Decimal]]:
    """``(cell, k, n, 100·k/n)``: the counts that make both averages fit if one cell is changed.

    Empty when nothing needs repair or no single change does it.
    """
    if _fits(row, {}):
        return []
    candidates = (
        (cell, k, n, Decimal(show(Fraction(100 * k, n))))
        for cell, n in paper.counts().pceb.items()
        for k in range(n + 1)
    )
    return [found for found in candidates if _fits(row, {found[0]: found[3]})]


def repairs(row: paper.Row) -> Iterator[Finding]:
    """A row whose averages do not fit: which single cell, as a count, would mend both."""
    for cell, k, n, figure in single_cell_repairs(row):
        yield Finding(
            table=row.table,
            row=row.name,
            cell=cell,
            kind="single-cell change that makes both averages fit",
            printed=str(row.figure(cell)),
            recomputed=str(figure),
            verdict="not checkable",
            arithmetic=f"with {k}/{n} = {figure} in place of {row.figure(cell)} both averages "
            f"({row.figure('avg')}, {row.figure('avg_elastic')}) are the means of their "
            "cells; the table alone cannot tell which of the three is wrong",
            headline=True,
        )


def texts(row: paper.Row) -> Iterator[Finding]:
    """ROUGE and BLEU: no count stands behind them; only ROUGE-L ≤ ROUGE-1 can be looked at."""
    one, longest = row.figure("case_qa.rouge1"), row.figure("case_qa.rougeL")
    for name in ("rouge1", "rougeL", "bleu4"):
        cell = f"case_qa.{name}"
        bound = f"ROUGE-L {longest} ≤ ROUGE-1 {one}" if name != "bleu4" else "0 ≤ BLEU-4 ≤ 100"
        inside = longest <= one if name != "bleu4" else 0 <= row.figure(cell) <= 100
        yield Finding(
            table=row.table,
            row=row.name,
            cell=cell,
            kind="bounds of a text metric",
            printed=str(row.figure(cell)),
            recomputed=None,
            verdict="not checkable" if inside else "impossible",
            arithmetic=f"{bound} {'holds' if inside else 'does not hold'}; a mean of real numbers "
            "is no count",
        )


def item_weighted(row: paper.Row, cells: tuple[str, ...] = STANDARD) -> Fraction:
    """Mean over items of Table 1's standard columns: ``Σ nᵢ pᵢ / Σ nᵢ``, in percent."""
    sizes = paper.counts().pceb
    return weighted([row.figure(cell) for cell in cells], [sizes[cell] for cell in cells])


def pooled(setting: str, group: str) -> tuple[Fraction, list[Decimal], str]:
    """Item-weighted mean of a group in the row of Table 1 that is this setting of Table 3."""
    row = paper.row("table1", SAME_RUN[setting])
    cells = (f"{group}.smcq", f"{group}.mmcq")
    value = item_weighted(row, cells)
    one, several = (paper.counts().pceb[cell] for cell in cells)
    figures = [row.figure(cell) for cell in cells]
    return (
        value,
        figures,
        (
            f"Table 1, {row.name}: ({one}·{figures[0]} + {several}·{figures[1]})/{one + several} "
            f"= {show(value, 4)}"
        ),
    )


def table3() -> Iterator[Finding]:
    """Identities with Table 1 and bounds where it has the row, else counts; and the changes."""
    base, sizes = paper.row("table3", "Base"), paper.counts().pceb
    for row in paper.rows(paper.AblationRow):
        for group in GROUPS:
            if row.name != "Base":
                yield change(row, base, group)
            if row.name in SAME_RUN:
                yield from identity(row, base, group)
            else:
                n = sizes[f"{group}.smcq"] + sizes[f"{group}.mmcq"]
                yield grim.check_pooled((row.table, row.name, group), row.figure(group), n)


def change(
    row: paper.Row, base: paper.Row, group: str, recomputed: Decimal | None = None
) -> Finding:
    """``100·(x/Base − 1)``, x as printed or as recomputed from Table 1's columns."""
    cell, figure = f"{group}_delta", recomputed or row.figure(group)
    value, slack = relative_change(figure, base.figure(group))
    verdict = judge(row.figure(cell), value, slack)
    arithmetic = f"{figure}/{base.figure(group)} − 1 = {signed(value)}%"
    kind = "change against Base" + (", from Table 1's columns" if recomputed else "")
    return _of(row, cell, kind, Result(f"{signed(value)}%", verdict, arithmetic))


def _without_empty_gold(
    printed: Decimal, figures: list[Decimal], group: str
) -> tuple[Verdict, str]:
    """A full mean that is off may be one without the item whose released gold is empty."""
    sizes, left_out = paper.counts().pceb, paper.counts().empty_gold
    weights = [sizes[cell] - left_out.get(cell, 0) for cell in (f"{group}.smcq", f"{group}.mmcq")]
    value = weighted(figures, weights)
    if judge(printed, value, HALF) == "impossible":
        return "impossible", ""
    return "rounding", (
        f"; without the item whose gold is empty the weights are {weights[0]} and {weights[1]} "
        f"and the mean {show(value, 4)}"
    )


def identity(row: paper.Row, base: paper.Row, group: str) -> Iterator[Finding]:
    """Table 3's group mean from Table 1's two columns: weighted, bounded, and its change."""
    value, figures, arithmetic = pooled(row.name, group)
    printed = row.figure(group)
    verdict = judge(printed, value, HALF)
    if verdict == "impossible":
        verdict, note = _without_empty_gold(printed, figures, group)
        arithmetic += f", {signed(Fraction(printed) - value)} off{note}"
    weighted_mean = Result(show(value), verdict, arithmetic)
    yield _of(row, group, "item-weighted mean of Table 1", weighted_mean)
    yield _of(row, group, "between its two columns", _between(row, group, figures))
    if row.name != "Base":
        yield change(row, base, group, Decimal(show(value)))


def _between(row: paper.Row, group: str, figures: list[Decimal]) -> Result:
    low, high, printed = min(figures), max(figures), row.figure(group)
    holds = low <= printed <= high
    return Result(
        f"{low} to {high}",
        "consistent" if holds else "impossible",
        f"{low} ≤ {printed} ≤ {high} {'holds' if holds else 'does not hold'}: a mean of the two "
        f"columns of Table 1, {SAME_RUN[row.name]}, must, whatever the weights",
    )


def _of(row: paper.Row, cell: str, kind: str, result: Result) -> Finding:
    return Finding(
        table=row.table,
        row=row.name,
        cell=cell,
        kind=kind,
        printed=row.cells()[cell],
        headline=result.verdict == "impossible",
        **result._asdict(),
    )


def table4() -> Iterator[Finding]:
    """Counts and averages of Table 4, and its agreement with Table 1."""
    for row in paper.rows(paper.MixRow):
        yield from standard_cells(row)
        yield average(row, "avg", STANDARD)
        if row.name in SAME_RUN:
            yield from repeated(row)


def repeated(row: paper.Row) -> Iterator[Finding]:
    """A row printed twice must show the same figures twice."""
    first = paper.row("table1", SAME_RUN[row.name])
    for cell in (*STANDARD, "avg"):
        printed = first.figure(cell)
        same: Verdict = "consistent" if row.figure(cell) == printed else "impossible"
        result = Result(str(printed), same, f"Table 1, {first.name}: {printed}")
        yield _of(row, cell, "same as in Table 1", result)
