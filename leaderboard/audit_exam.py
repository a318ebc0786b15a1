"""Tables 2 and 5: CPsyExam's counts and averages, and the judge's scores."""

from collections.abc import Iterator
from fractions import Fraction

from psyche_bench.leaderboard import audit_grim as grim
from psyche_bench.leaderboard import paper
from psyche_bench.leaderboard.audit_finding import Finding, averaged, show, weighted

SHOTS = ("zero_shot", "five_shot")


def table2() -> Iterator[Finding]:
    """Counts and overall accuracy of Table 2."""
    for row in paper.rows(paper.ExamRow):
        for shot in SHOTS:
            for column, n in paper.counts().cpsyexam.items():
                cell = f"{shot}.{column}"
                yield grim.check((row.table, row.name, cell), row.figure(cell), n)
        yield overall(row)
        yield from overall_from_counts(row)


def item_weighted(row: paper.Row, shot: str) -> Fraction:
    """Accuracy over all 3,902 items from the four printed groups, in percent."""
    sizes = paper.counts().cpsyexam
    return weighted([row.figure(f"{shot}.{name}") for name in sizes], list(sizes.values()))


def overall(row: paper.Row) -> Finding:
    """The printed average against the item-weighted mean of the zero-shot columns."""
    sizes = paper.counts().cpsyexam
    value = item_weighted(row, "zero_shot")
    terms = " + ".join(f"{n}·{row.figure(f'zero_shot.{name}')}" for name, n in sizes.items())
    arithmetic = f"({terms})/{sum(sizes.values())}"
    return averaged(row, "avg_zero_shot", "item-weighted mean", value, arithmetic)


def overall_from_counts(row: paper.Row) -> Iterator[Finding]:
    """Where each group fits exactly one count, their sum is the overall count.

    An average taken from the rounded columns instead may be half a unit away: ``rounding``.
    """
    sizes = paper.counts().cpsyexam
    rights = [grim.by_rounding(row.figure(f"zero_shot.{name}"), n) for name, n in sizes.items()]
    if any(len(right) != 1 for right in rights):
        return
    counts = [right[0] for right in rights]
    n = sum(sizes.values())
    value = Fraction(100 * sum(counts), n)
    arithmetic = f"({' + '.join(map(str, counts))})/{n} = {sum(counts)}/{n}"
    yield averaged(row, "avg_zero_shot", "sum of the groups' counts", value, arithmetic)


def table5() -> Iterator[Finding]:
    """Judge scores: with 200 cases every two-decimal mean is a possible one."""
    cases, most = paper.counts().counselling_cases, paper.counts().counselling_maximum
    for row in paper.rows(paper.CounsellingRow):
        for cell in list(row.cells())[1:]:
            printed = row.figure(cell)
            inside = 0 <= printed <= most
            yield Finding(
                table=row.table,
                row=row.name,
                cell=cell,
                kind="bounds of a judged mean",
                printed=str(printed),
                recomputed=f"0 to {most}",
                verdict="not checkable" if inside else "impossible",
                arithmetic=f"0 ≤ {printed} ≤ {most} {'holds' if inside else 'does not hold'}; "
                f"means of {cases} whole scores lie {show(Fraction(1, cases), 3)} apart, closer "
                "than two decimals can tell",
            )
