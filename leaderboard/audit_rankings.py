"""What the paper does not print but its figures decide: other means, ranks, intervals, counts.

None of these has a printed counterpart, so their verdict is ``not checkable``; they say what a
reader of the tables should know.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple

from psyche_bench.leaderboard import audit_exam as exam
from psyche_bench.leaderboard import audit_grim as grim
from psyche_bench.leaderboard import audit_pceb as pceb
from psyche_bench.leaderboard import audit_uncertainty as uncertainty
from psyche_bench.leaderboard import paper
from psyche_bench.leaderboard.audit_finding import Finding, show

TOP = 2
"""How many rows of a ranking are headlines."""


def ranked(values: Mapping[str, Fraction]) -> list[str]:
    """Names from the highest value down.

    >>> ranked({"a": Fraction(1), "b": Fraction(2)})
    ['b', 'a']
    """
    return sorted(values, key=lambda name: -values[name])


class Ranking(NamedTuple):
    """A figure per row that the paper does not print, or does not rank by."""

    rows: tuple[paper.Row, ...]
    cell: str
    kind: str
    values: dict[str, Fraction]
    how: str

    def findings(self, always: Collection[str] = ()) -> Iterator[Finding]:
        """One finding a row; the first two rows and those of ``always`` are headlines."""
        order = ranked(self.values)
        for row in self.rows:
            value, rank = self.values[row.name], order.index(row.name) + 1
            yield Finding(
                table=row.table,
                row=row.name,
                cell=self.cell,
                kind=self.kind,
                printed=row.cells().get(self.cell),
                recomputed=show(value),
                verdict="not checkable",
                arithmetic=f"{self.how} = {show(value, 4)}, rank {rank} of {len(order)}",
                headline=rank <= TOP or row.name in always,
            )


def other_means() -> Iterator[Finding]:
    """Ranks by the elastic average, the item-weighted means, and Table 2 with its ranks."""
    rows = paper.rows(paper.PcebRow)
    elastic = {row.name: Fraction(row.avg_elastic) for row in rows}
    yield from Ranking(
        rows, "avg_elastic", "rank by the elastic average", elastic, "the printed figure"
    ).findings()
    by_items = {row.name: pceb.item_weighted(row) for row in rows}
    how = f"Σ n·p over the six standard columns / {sum(paper.counts().pceb.values())}"
    yield from Ranking(rows, "avg", "item-weighted instead", by_items, how).findings()
    exams = paper.rows(paper.ExamRow)
    for shot in exam.SHOTS:
        values = {row.name: exam.item_weighted(row, shot) for row in exams}
        how = f"Σ n·p over the four groups / {sum(paper.counts().cpsyexam.values())}"
        kind = f"rank by the item-weighted mean, {shot.replace('_', '-')}"
        yield from Ranking(exams, f"avg_{shot}", kind, values, how).findings({"Psyche-R1"})


def estimates() -> dict[str, uncertainty.Estimate]:
    """Table 1's averages with binomial errors."""
    sizes = list(paper.counts().pceb.values())
    return {
        row.name: uncertainty.binomial_mean([row.figure(c) for c in pceb.STANDARD], sizes)
        for row in paper.rows(paper.PcebRow)
    }


def intervals() -> Iterator[Finding]:
    """95 % intervals and rank intervals of Table 1's averages, and its blocks."""
    every = estimates()
    ranks = uncertainty.rank_intervals(every)
    sizes = paper.counts().pceb
    items, vignettes = sizes["case.smcq"] + sizes["case.mmcq"], paper.counts().case_vignettes
    note = (
        "unpaired, independent items, sqrt(Σ p(1 − p)/n)/6; too narrow, since "
        f"{items} case items hang on {vignettes} vignettes"
    )
    for row in paper.rows(paper.PcebRow):
        own, (best, worst) = every[row.name], ranks[row.name]
        yield Finding(
            table=row.table,
            row=row.name,
            cell="avg",
            kind="95 % interval and rank interval",
            printed=str(row.figure("avg")),
            recomputed=f"{own.mean:.3f} ± {own.half_width:.2f}, rank {best}–{worst}",
            verdict="not checkable",
            arithmetic=f"1.96 × {own.error:.3f} = {own.half_width:.2f}; {note}",
            headline=best == 1,
        )
    yield from _blocks(every)


def _blocks(every: Mapping[str, uncertainty.Estimate]) -> Iterator[Finding]:
    first = 1
    for names in uncertainty.blocks(every):
        last = first + len(names) - 1
        if len(names) > 1:
            yield Finding(
                table="table1",
                row=f"ranks {first}–{last}",
                cell="avg",
                kind="block that the intervals do not separate",
                printed=None,
                recomputed=f"rows {first}–{last} are one block",
                verdict="not checkable",
                arithmetic="; ".join(
                    f"{name} {every[name].mean:.2f} ± {every[name].half_width:.2f}"
                    for name in names
                ),
                headline=len(names) > TOP,
            )
        first = last + 1


def denominators() -> Iterator[Finding]:
    """How many cells of a column fit the full item count, against what chance would give."""
    counts = paper.counts()
    shots = {f"{s}.{name}": n for s in exam.SHOTS for name, n in counts.cpsyexam.items()}
    for kind, sizes in ((paper.PcebRow, counts.pceb), (paper.ExamRow, shots)):
        rows: tuple[paper.Row, ...] = paper.rows(kind)
        for cell, n in sizes.items():
            yield _column(rows, cell, n)


def _column(rows: Sequence[paper.Row], cell: str, n: int) -> Finding:
    fits = {
        m: sum(bool(grim.by_rounding(row.figure(cell), m)) for row in rows)
        for m in range(n, n - grim.MOST_DROPPED - 1, -1)
    }
    best = max(range(n - 1, n - grim.MOST_DROPPED - 1, -1), key=lambda m: fits[m])
    return Finding(
        table=rows[0].table,
        row="all rows",
        cell=cell,
        kind="denominators of the column",
        printed=None,
        recomputed=f"{fits[n]} of {len(rows)} are k/{n}",
        verdict="not checkable",
        arithmetic=f"{fits[n]} of {len(rows)} cells round to some k/{n}; chance alone would give "
        f"about {len(rows) * n / 10_000:.1f}; the best smaller denominator is {best} with "
        f"{fits[best]}",
    )
