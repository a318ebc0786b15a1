"""The audit of the published tables: every check, its summary, and the page that shows it.

Nothing here is typed in: the figures are ``paper/table*.json``, the claims ``paper/claims.json``,
the item counts ``paper/counts.json``; every verdict is computed from them.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from psyche_bench.leaderboard import (
    audit_claims,
    audit_exam,
    audit_pceb,
    audit_rankings,
    pages,
    paper,
)
from psyche_bench.leaderboard.audit_finding import CHINESE, VERDICTS, Finding, Verdict
from psyche_bench.table import render

BY_TABLE = ("GRIM", "GRIM, pooled")
BY_COLUMN = (
    "GRIM, elastic",
    "average of six columns",
    "item-weighted mean",
    "item-weighted mean of Table 1",
    "change against Base",
    "sum of the groups' counts",
)
"""Kinds of checks that are counted up, over a whole table or per column."""
MARKS: dict[Verdict, str] = {
    "impossible": "✕",
    "truncated": "⌊",
    "rounding": "≈",
    "consistent": "✓",
    "not checkable": "·",
}


def audit() -> list[Finding]:
    """All findings, table by table; within a table the summaries and headlines come first.

    >>> found = audit()
    >>> [f.recomputed for f in found if f.row == "+SFT+GRPO" and f.headline][0]
    '59.50'
    """
    single = [
        *audit_claims.check(),
        *audit_pceb.table1(),
        *audit_exam.table2(),
        *audit_pceb.table3(),
        *audit_pceb.table4(),
        *audit_exam.table5(),
        *audit_rankings.other_means(),
        *audit_rankings.intervals(),
        *audit_rankings.denominators(),
    ]
    every = [*summaries(single), *single]
    return sorted(every, key=lambda finding: (_place(finding.table), not finding.headline))


def _place(table: str) -> int:
    names = list(paper.TABLES)
    return names.index(table) if table in names else len(names)


def worst(verdicts: Sequence[Verdict]) -> Verdict:
    """The gravest of some verdicts.

    >>> worst(["consistent", "rounding", "not checkable"])
    'rounding'
    """
    return min(verdicts, key=list(VERDICTS).index)


def tally(findings: Sequence[Finding]) -> dict[Verdict, int]:
    """How many findings have each verdict, gravest first; verdicts that do not occur left out."""
    counted = Counter(finding.verdict for finding in findings)
    return {verdict: counted[verdict] for verdict in VERDICTS if counted[verdict]}


def summaries(findings: Sequence[Finding]) -> Iterator[Finding]:
    """Counts of verdicts: per table (GRIM), per column (averages), per row (GRIM of Table 2)."""
    groups: dict[tuple[str, str, str, str], list[Finding]] = {}
    for finding in findings:
        if finding.kind in BY_TABLE:
            key = (finding.table, "all rows", "all columns", finding.kind)
            groups.setdefault(key, []).append(finding)
        if finding.kind in BY_COLUMN:
            key = (finding.table, "all rows", finding.cell, finding.kind)
            groups.setdefault(key, []).append(finding)
        if finding.kind == "GRIM" and finding.table == "table2":
            key = (finding.table, finding.row, "all columns", finding.kind)
            groups.setdefault(key, []).append(finding)
    yield from (_summary(*key, members) for key, members in groups.items())


def _summary(table: str, row: str, cell: str, kind: str, members: list[Finding]) -> Finding:
    counted = tally(members)
    off = [f for f in members if f.verdict in ("impossible", "truncated", "rounding")]
    listed = ", ".join(f"{f.row} {f.cell} {f.printed} ({f.verdict})" for f in off[:4])
    more = f", and {len(off) - 4} more" if len(off) > 4 else ""
    return Finding(
        table=table,
        row=row,
        cell=cell,
        kind=f"count of {kind}",
        printed=None,
        recomputed=f"of {len(members)}: "
        + ", ".join(f"{n} {verdict}" for verdict, n in counted.items()),
        verdict=worst(list(counted)),
        arithmetic=listed + more if off else f"all {len(members)} agree",
        headline=bool(off) and (row == "all rows" or 2 * len(off) > len(members)),
    )


class Cell(NamedTuple):
    """One printed cell and the gravest verdict on it (None where nothing was checked)."""

    column: str
    text: str
    verdict: Verdict | None


class Section(NamedTuple):
    """One table of the page: its checked columns as printed, with verdicts, and its findings."""

    name: str
    title: str
    columns: list[str]
    grid: list[list[Cell]]
    findings: list[Finding]

    @property
    def telling(self) -> list[Finding]:
        """What is off, and the headlines; the page shows these at once."""
        return [finding for finding in self.findings if not _is_quiet(finding)]

    @property
    def quiet(self) -> list[Finding]:
        """The rest: what agrees, or cannot be checked; the page unfolds these when asked."""
        return [finding for finding in self.findings if _is_quiet(finding)]


def _is_quiet(finding: Finding) -> bool:
    return finding.verdict in ("consistent", "not checkable") and not finding.headline


def sections(findings: Sequence[Finding]) -> list[Section]:
    """Findings by table, beside the printed table; places that are no table come last."""
    names = [*paper.TABLES, *sorted({f.table for f in findings} - set(paper.TABLES))]
    return [
        _section(name, own) for name in names if (own := [f for f in findings if f.table == name])
    ]


def _section(name: str, findings: list[Finding]) -> Section:
    if name not in paper.TABLES:
        return Section(name, "", [], [], findings)
    verdicts: dict[tuple[str, str], list[Verdict]] = {}
    for finding in findings:
        verdicts.setdefault((finding.row, finding.cell), []).append(finding.verdict)
    checked = {cell for _, cell in verdicts}
    grid = [
        [
            Cell(
                column, text, worst(found) if (found := verdicts.get((row.name, column))) else None
            )
            for column, text in row.cells().items()
            if column == row.label or column in checked
        ]
        for row in paper.table(name)
    ]
    return Section(name, paper.title(name), [cell.column for cell in grid[0]], grid, findings)


def flat(findings: Sequence[Finding]) -> list[dict[str, object]]:
    """Findings as rows for a table: the seven columns everyone may rely on, then the kind."""
    names = ("table", "row", "cell", "printed", "recomputed", "verdict", "arithmetic", "kind")
    return [{name: getattr(finding, name) for name in names} for finding in findings]


def markdown(findings: Sequence[Finding]) -> str:
    """The audit as one Markdown page."""
    counted = [
        {"verdict": v, "findings": n, "meaning": VERDICTS[v]} for v, n in tally(findings).items()
    ]
    first = flat([finding for finding in findings if finding.headline])
    parts = ["# Audit of the published tables", render(counted, "md")]
    parts += ["## What stands out", render(first, "md")]
    for section in sections(findings):
        parts += [
            f"## {section.name} {section.title}".rstrip(),
            render(flat(section.findings), "md"),
        ]
    return "\n\n".join(parts)


def page(findings: Sequence[Finding], home: str = "", lang: pages.Language = "en") -> str:
    """The audit as one self-contained HTML page; everything shown is escaped.

    Args:
        home: the page to lead back to, without ``.html``, where there is one.
        lang: the page's language.

    Raises:
        RunError: Jinja2 is not installed.
    """
    style = pages.style("audit.css")
    return pages.template("audit.html.jinja").render(
        sections=sections(findings),
        headlines=[finding for finding in findings if finding.headline],
        tally=tally(findings),
        total=len(findings),
        meanings=VERDICTS,
        chinese=CHINESE,
        marks=MARKS,
        source=paper.read("table1")["source"].rpartition(",")[0],
        style=style,
        policy=pages.policy(style),
        home=home,
        say=pages.say(lang),
        told=pages.told(lang),
    )
