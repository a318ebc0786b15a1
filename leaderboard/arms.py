"""Arms of the paper's ablations that somebody ran, under the printed ones.

``psyche-bench train ablation`` adds each arm under a name such as "Table 3: +SFT"; that is how they
are known here. They stand in the PCEB table as well.
"""

from collections.abc import Iterable, Sequence

from psyche_bench import stats
from psyche_bench.leaderboard import lines
from psyche_bench.leaderboard.board import Figure, Row, Table
from psyche_bench.leaderboard.records import Result

TABLES = {"ablation": "Table 3: ", "mix": "Table 4: "}
AREAS = ("case", "moral", "theory")


def beside(table: Table, results: Iterable[Result]) -> Table:
    """The table with the rows of the arms that were run; unchanged where none was."""
    title = TABLES[table.name]
    runs = [found for found in results if found.model.name.startswith(title)]
    rows = [lines.pceb(run) for run in runs] if table.name == "mix" else _pooled(runs)
    return table._replace(rows=(*table.rows, *rows))


def _pooled(runs: Sequence[Result]) -> list[Row]:
    """Rows of Table 3: single and multiple choice pooled by items, and the change against Base.

    A change is ``100 (p − p_Base) / p_Base`` against the Base of the same protocol and items.
    """
    rows = []
    for result in runs:
        base = next((one for one in runs if _is_base(one, result)), None)
        figures = {}
        for area in AREAS:
            found, before = pooled(result, area), pooled(base, area) if base else None
            if found is not None:
                figures[area] = found
                figures[f"{area}_delta"] = Figure(text=_change(found, before))
        rows.append(lines.row([result], figures))
    return rows


def _is_base(one: Result, other: Result) -> bool:
    same = (one.protocol, one.lang, one.items) == (other.protocol, other.lang, other.items)
    return one.model.name.endswith(": Base") and same and one is not other


def _change(found: Figure, base: Figure | None) -> str:
    if base is None or not base.value or found.value is None:
        return "–"
    return f"{100 * (found.value - base.value) / base.value:+.2f}"


def pooled(result: Result, area: str) -> Figure | None:
    """``sum(n p) / sum(n)`` over an area's two columns, with Wilson's interval; None if one lacks.

    The interval knows no clusters; the PCEB table's columns have those that do.
    """
    wanted = (f"{area}_smcq", f"{area}_mmcq")
    known = [
        (column.n, column.scores["standard"])
        for column in result.columns
        if column.subset in wanted and column.n and column.scores.get("standard") is not None
    ]
    if len(known) != len(wanted):
        return None
    total = sum(n for n, _ in known)
    found = stats.binomial_interval(sum(n * (p or 0.0) for n, p in known) / total, total)
    return Figure(found.estimate, found.low, found.high, found.label)
