"""What the text says of its tables, as data (``paper/claims.json``), held against the tables.

A claim names its operands as cells; nothing of its outcome is written down. One class per kind of
claim; each yields its findings.
"""

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from psyche_bench import scoring
from psyche_bench.leaderboard import audit_grim as grim
from psyche_bench.leaderboard import paper
from psyche_bench.leaderboard.audit_finding import (
    Finding,
    Result,
    Verdict,
    judge,
    relative_change,
    show,
    signed,
)
from psyche_bench.leaderboard.audit_rankings import estimates
from psyche_bench.leaderboard.audit_uncertainty import difference
from psyche_bench.schemas import Record


class Claim(Record):
    """What all claims have: what they are about, in our words, and where."""

    about: str
    table: str

    def _finding(self, row: str, cell: str, printed: str | None, result: Result) -> Finding:
        told = result._replace(arithmetic=f"{self.about}: {result.arithmetic}")
        return Finding(
            table=self.table,
            row=row,
            cell=cell,
            kind="claim of the text",
            printed=printed,
            headline=result.verdict != "consistent",
            **told._asdict(),
        )


class RelativeChange(Claim):
    """A percentage by which one cell differs from another."""

    kind: Literal["relative_change"]
    row: str
    before: str
    after: str
    printed: Decimal

    def check(self) -> Iterator[Finding]:
        """``100·(after/before − 1)``."""
        row = paper.row(self.table, self.row)
        before, after = row.figure(self.before), row.figure(self.after)
        value, slack = relative_change(after, before)
        result = Result(
            f"{signed(value)}%",
            judge(self.printed, value, slack),
            f"{before} → {after}, {after}/{before} − 1 = {signed(value)}%",
        )
        printed = f"{signed(Fraction(self.printed))}%"
        yield self._finding(self.row, self.after, printed, result)


class Direction(Claim):
    """That cells of a row rise or fall."""

    kind: Literal["direction"]
    row: str
    pairs: tuple[tuple[str, str], ...]
    printed: Literal["rises", "falls"]

    def check(self) -> Iterator[Finding]:
        """Each pair of cells on its own."""
        row = paper.row(self.table, self.row)
        for before, after in self.pairs:
            first, second = row.figure(before), row.figure(after)
            moved = "rises" if second > first else "falls" if second < first else "stays"
            gap = Fraction(second) - Fraction(first)
            verdict: Verdict = "consistent" if moved == self.printed else "impossible"
            result = Result(moved, verdict, f"{first} → {second}, {signed(gap)}")
            yield self._finding(self.row, after, self.printed, result)


class Gains(Claim):
    """In how many rows one column exceeds another, in all and in one category."""

    kind: Literal["gains"]
    before: str
    after: str
    category: str

    def check(self) -> Iterator[Finding]:
        """Counts; the paper prints none, so there is nothing to contradict."""
        rows = paper.table(self.table)
        gained = [row for row in rows if row.figure(self.after) > row.figure(self.before)]
        ours = [row for row in rows if row.cells()["category"] == self.category]
        both = [row for row in gained if row in ours]
        result = Result(
            f"{len(gained)} of {len(rows)} models; {len(both)} of {len(ours)} {self.category}",
            "not checkable",
            f"gain in {', '.join(row.name for row in gained)}",
        )
        yield self._finding("all rows", self.after, None, result)


class Difference(Claim):
    """One cell of two rows, subtracted."""

    kind: Literal["difference"]
    before: str
    after: str
    cell: str

    def check(self) -> Iterator[Finding]:
        """``after − before`` in points."""
        first = paper.row(self.table, self.before).figure(self.cell)
        second = paper.row(self.table, self.after).figure(self.cell)
        gap = signed(Fraction(second) - Fraction(first))
        arithmetic = f"{self.after} {second} − {self.before} {first} = {gap}"
        result = Result(gap, "not checkable", arithmetic)
        yield self._finding(self.after, self.cell, None, result)


class Over(Claim):
    """That a printed number is over a round one."""

    kind: Literal["over"]
    row: str
    cell: str
    printed: Decimal

    def check(self) -> Iterator[Finding]:
        """Over, or only rounded up to it (to whole thousands)."""
        value = paper.row(self.table, self.row).figure(self.cell)
        rounded = Decimal(show(Fraction(value) / 1000, 0)) * 1000
        verdict: Verdict = "consistent" if value > self.printed else "impossible"
        if verdict == "impossible" and rounded == self.printed:
            verdict = "rounding"
        gap = value - self.printed
        result = Result(f"{value:,}", verdict, f"{value:,} − {self.printed:,} = {gap:+,}")
        yield self._finding(self.row, self.cell, f"over {self.printed:,}", result)


class Caption(Claim):
    """Two columns which the caption explains the other way round."""

    kind: Literal["caption"]
    swapped: tuple[str, str]

    def check(self) -> Iterator[Finding]:
        """Which reading the figures support: counts of one subset's items, or of the other's."""
        first, second = self.swapped
        as_headed = self._fits({first: first, second: second})
        as_captioned = self._fits({first: second, second: first})
        verdict: Verdict = "impossible" if as_headed > as_captioned else "consistent"
        result = Result(
            "as headed" if verdict == "impossible" else "exchanged",
            verdict,
            f"read as headed {as_headed} cells are counts of their items, read as the caption "
            f"says {as_captioned}",
        )
        cell, printed = f"{first}, {second}", f"{first} and {second} exchanged"
        yield self._finding("caption", cell, printed, result)

    def _fits(self, meaning: dict[str, str]) -> int:
        sizes = paper.counts().pceb
        return sum(
            bool(grim.by_rounding(row.figure(f"{headed}.{kind}"), sizes[f"{meant}.{kind}"]))
            for row in paper.table(self.table)
            for headed, meant in meaning.items()
            for kind in ("smcq", "mmcq")
        )


class Comparable(Claim):
    """That two rows of Table 1 are about as good."""

    kind: Literal["comparable"]
    row: str
    other: str

    def check(self) -> Iterator[Finding]:
        """Whether the difference of averages is within its unpaired 95 % interval."""
        every = estimates()
        gap = difference(every[self.row], every[self.other])
        within = abs(gap.mean) <= gap.half_width
        result = Result(
            f"{gap.mean:+.2f} ± {gap.half_width:.2f}",
            "consistent" if within else "impossible",
            f"{every[self.row].mean:.3f} − {every[self.other].mean:.3f} = {gap.mean:+.2f}, "
            f"{'inside' if within else 'outside'} ± {gap.half_width:.2f} (unpaired binomial)",
        )
        yield self._finding(self.row, "avg", f"comparable to {self.other}", result)


class Reward(Claim):
    """That the reward as printed never prefers silence to a try."""

    kind: Literal["reward"]
    wrong: str
    gold: str

    def check(self) -> Iterator[Finding]:
        """Equation 2 for an empty and for a wrong answer."""
        gold, wrong = set(self.gold), set(self.wrong)
        empty, tried = equation_2(set(), gold), equation_2(wrong, gold)
        ours = scoring.overlap_reward(set(), gold)
        result = Result(
            show(Fraction(ours), 0),
            "impossible" if empty > tried else "consistent",
            f"|∅ ∩ g|/|g| = 0/{len(gold)} = {empty} for no letter, {tried} for the wrong letter "
            f"{self.wrong} (gold {self.gold}); psyche-bench gives {show(Fraction(ours), 0)} to "
            "both",
        )
        yield self._finding("R_acc", "empty answer", str(empty), result)


def equation_2(predicted: set[str], gold: set[str]) -> Fraction:
    """R_acc to the letter of Eq. 2: 1 if p = g, ``|p ∩ g|/|g|`` if p ⊂ g, else −1.

    Only for the audit: training uses :func:`psyche_bench.scoring.overlap_reward`.

    >>> equation_2({"A"}, {"A", "B"}), equation_2(set(), {"A"}), equation_2({"C"}, {"A"})
    (Fraction(1, 2), Fraction(0, 1), Fraction(-1, 1))
    """
    if predicted <= gold:
        return Fraction(len(predicted), len(gold))
    return Fraction(-1)


AnyClaim = Annotated[
    RelativeChange | Direction | Gains | Difference | Over | Caption | Comparable | Reward,
    Field(discriminator="kind"),
]
CLAIMS: TypeAdapter[tuple[AnyClaim, ...]] = TypeAdapter(tuple[AnyClaim, ...])


def claims() -> tuple[AnyClaim, ...]:
    """All claims of ``paper/claims.json``."""
    return CLAIMS.validate_python(paper.read("claims")["claims"])


def check() -> Iterator[Finding]:
    """Every claim held against the tables."""
    for claim in claims():
        yield from claim.check()
