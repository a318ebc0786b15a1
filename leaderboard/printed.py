"""What is on paper only: the tables no run has a row in, and the audit's remarks on cells.

A figure that the audit found to be impossible or truncated carries the audit's arithmetic.
"""

from collections.abc import Iterable
from functools import cache

from psyche_bench import stats
from psyche_bench.leaderboard import audit, columns, paper
from psyche_bench.leaderboard.audit_finding import Finding
from psyche_bench.leaderboard.board import Both, Column, Figure, Row, Table
from psyche_bench.leaderboard.columns import PRINTED_WRITTEN

TITLES = {
    "ablation": Both("Training stages and rationales (Table 3)", "训练阶段与推理依据消融（表 3）"),
    "mix": Both("Training-data mix (Table 4)", "训练数据配比（表 4）"),
    "datasets": Both("Data sets compared (Table 6)", "数据集对比（表 6）"),
    "models": Both("Models and versions (Table 7)", "模型与版本（表 7）"),
}
AREAS = {"kg": "knowledge", "ca": "case"}
STANDARD = {name: name.replace("_", ".") for name in columns.PCEB}


def place(key: str) -> tuple[str, str]:
    """The table and the cell in which the paper prints a column of ours.

    >>> place("moral_mmcq elastic"), place("five-shot kg_smcq"), place("zero-shot avg printed")
    (('table1', 'moral.mmcq_elastic'), ('table2', 'five_shot.knowledge_smcq'), \
('table2', 'avg_zero_shot'))
    """
    name, _, rest = key.partition(" ")
    if name.endswith("-shot"):
        shots = name.replace("-", "_")
        if rest == "avg printed":
            return "table2", f"avg_{shots}"
        area, _, kind = rest.partition("_")
        return "table2", f"{shots}.{AREAS.get(area, area)}_{kind}"
    if name in PRINTED_WRITTEN:
        return "table1", f"case_qa.{name}"
    cell = "avg" if name == "avg" else name.replace("_", ".", 1)
    if rest.endswith("by item"):
        return "table1", f"{cell} by item"  # which the paper does not print
    return "table1", cell + ("_elastic" if rest.endswith("elastic") else "")


@cache
def findings() -> tuple[Finding, ...]:
    """The audit, made once a process."""
    return tuple(audit.audit())


@cache
def remarks() -> dict[tuple[str, str, str], str]:
    """What the audit objects to, by table, row and cell: the first objection of each."""
    found: dict[tuple[str, str, str], str] = {}
    for finding in findings():
        if finding.verdict in ("impossible", "truncated") and finding.printed is not None:
            found.setdefault((finding.table, finding.row, finding.cell), _remark(finding))
    return found


def _remark(finding: Finding) -> str:
    return f"{finding.verdict}: {finding.arithmetic}"


def printed(row: paper.Row, cell: str, n: int | None = None) -> Figure:
    """One printed figure; with ``n`` a percentage of n items, with its binomial interval."""
    text = str(row.cells()[cell])
    value, remark = float(row.figure(cell)), remarks().get((row.table, row.name, cell), "")
    if n is None:
        return Figure(value, text=text, remark=remark)
    found = stats.binomial_interval(value, n)
    return Figure(value, found.low, found.high, found.label, text, remark)


# --- tables that exist on paper only ------------------------------------------------------------


def ablation() -> Table:
    """Table 3; a change is in percent of Base."""
    counts = paper.counts().pceb
    cells = ("case", "moral", "theory")
    ns = {cell: counts[f"{cell}.smcq"] + counts[f"{cell}.mmcq"] for cell in cells}
    shape: list[Column] = []
    for cell in cells:
        name = columns.GROUPS[cell]
        shape.append(Column(cell, name, Both("accuracy", "正确率")))
        shape.append(Column(f"{cell}_delta", name, Both("change", "相对变化"), kind="text"))
    rows = []
    for row in paper.rows(paper.AblationRow):
        figures = {cell: printed(row, cell, ns[cell]) for cell in cells}
        for cell in cells:
            text = row.cells()[f"{cell}_delta"]
            remark = remarks().get((row.table, row.name, f"{cell}_delta"), "")
            figures[f"{cell}_delta"] = Figure(text="–" if text == "-" else text, remark=remark)
        rows.append(Row(row.setting, "", "paper", figures))
    caption = Both(
        "Accuracy on PCEB (%), single and multiple choice pooled by items, and the change "
        "against Base in percent of Base.",
        "PCEB 正确率（%），单选与多选按题数合并；变化为相对 Base 的百分比。",
    )
    return Table("ablation", TITLES["ablation"], caption, tuple(shape), tuple(rows), _SETTING)


_SETTING = Both("Setting", "设置")


def mix() -> Table:
    """Table 4, its printed averages beside the recomputed ones."""
    counts = paper.counts().pceb
    shape = [Column("avg", columns.AVERAGE, Both("recomputed", "重算"))]
    shape.append(Column("avg printed", columns.AVERAGE, columns.AS_PRINTED))
    for name in columns.PCEB:
        group, kind = name.split("_")
        shape.append(Column(name, columns.GROUPS[group], columns.KINDS[kind]))
    rows = []
    for row in paper.rows(paper.MixRow):
        figures = {name: printed(row, cell, counts[cell]) for name, cell in STANDARD.items()}
        values = [float(row.figure(cell)) for cell in STANDARD.values()]
        mean = stats.binomial_average(values, [counts[cell] for cell in STANDARD.values()])
        figures["avg"] = Figure(mean.estimate, mean.low, mean.high, mean.label)
        figures["avg printed"] = printed(row, "avg")
        rows.append(Row(row.setting, "", "paper", figures))
    caption = Both(
        "Standard accuracy on PCEB (%). ED, PRD and APD are kinds of training data, abbreviated "
        "as in the paper.",
        "PCEB 标准正确率（%）。ED、PRD、APD 为训练数据种类，沿用论文缩写。",
    )
    return Table("mix", TITLES["mix"], caption, tuple(shape), tuple(rows), _SETTING)


def _plain(name: str, kind: type[paper.Row], heads: Iterable[Both], caption: Both) -> Table:
    cells = [cell for cell in paper.rows(kind)[0].cells() if cell != kind.label]
    shape = [
        Column(cell, Both("", ""), head, kind="text")
        for cell, head in zip(cells, heads, strict=True)
    ]
    rows = [
        Row(row.name, "", "paper", {cell: Figure(text=row.cells()[cell]) for cell in cells})
        for row in paper.rows(kind)
    ]
    label = Both("Data set", "数据集") if kind is paper.DatasetRow else Both("Model", "模型")
    return Table(name, TITLES[name], caption, tuple(shape), tuple(rows), label)


def datasets() -> Table:
    """Table 6, as printed."""
    heads = (
        Both("Dialogues", "对话"),
        Both("Knowledge questions", "知识题"),
        Both("Rationales", "推理依据"),
        Both("Empathetic dialogue", "共情对话"),
        Both("Expertise", "专业知识"),
    )
    return _plain("datasets", paper.DatasetRow, heads, Both("As printed.", "按原文。"))


def models() -> Table:
    """Table 7, as printed."""
    heads = (Both("Size", "规模"), Both("Version", "版本"))
    return _plain("models", paper.ModelRow, heads, Both("As printed.", "按原文。"))
