"""Published beside re-run: the same figure of the same model twice, and how far apart."""

from collections.abc import Sequence

from psyche_bench.leaderboard import baselines, collect, lines
from psyche_bench.leaderboard.board import Both, Column, Figure, Row, Table
from psyche_bench.leaderboard.columns import AVERAGE, GROUPS, KINDS, NOTHING
from psyche_bench.leaderboard.records import Result
from psyche_bench.leaderboard.tables import CAPTIONS, TITLES

BENCHMARKS = {"pceb": Both("PCEB", "PCEB"), "cpsyexam": Both("CPsyExam", "CPsyExam")}
FIVE = Both("five-shot", "五样本")
WORDS = {"elastic": Both("elastic", "弹性"), "by_item": Both("by item", "按题")}
SHAPE = (
    Column("figure", NOTHING, Both("Figure", "指标"), kind="text"),
    Column("published", NOTHING, Both("Published", "论文")),
    Column("re-run", NOTHING, Both("Re-run", "复测")),
    Column("difference", NOTHING, Both("Difference", "差")),
    Column("inside", NOTHING, Both("Inside", "区间内"), kind="text"),
)


def table(results: Sequence[Result]) -> Table:
    """One row per model, run and figure that both have."""
    told = [found for found in collect.differences(results) if not _repeats(found)]
    rows = tuple(map(_row, told))
    return Table("beside", TITLES["beside"], CAPTIONS["beside"], SHAPE, rows)


def _repeats(found: collect.Difference) -> bool:
    """Elastic accuracy of single-answer questions is their standard accuracy again."""
    return found.where.endswith("_smcq") and found.metric == "elastic"


def name(where: str, metric: str) -> Both:
    """A figure in words.

    >>> name("pceb_moral_mmcq", "elastic").en, name("cpsyexam_5shot", "standard_by_item").zh
    ('PCEB moral multiple, elastic', 'CPsyExam 五样本 平均，按题')
    """
    parts = where.split("_")
    words = [BENCHMARKS[parts[0]]] if parts[0] in BENCHMARKS else []
    words += [FIVE] if "5shot" in parts else []
    if parts[-1] in KINDS:
        words += [GROUPS[parts[-2]], KINDS[parts[-1]]]
    else:
        words += [AVERAGE] if words else [Both(where, where)]
    more = [WORDS[word] for word in ("elastic", "by_item") if word in metric]
    english = " ".join(
        word.en if word in BENCHMARKS.values() else word.en.lower() for word in words
    )
    chinese = " ".join(word.zh for word in words)
    return Both(
        ", ".join([english, *(word.en for word in more)]),
        "，".join([chinese, *(word.zh for word in more)]),
    )


def _row(found: collect.Difference) -> Row:
    known = baselines.baseline(found.baseline)
    figures = {
        "figure": Figure(words=name(found.where, found.metric)),
        "published": Figure(found.published),
        "re-run": Figure(found.run),
        "difference": Figure(found.difference, text=f"{found.difference:+.2f}".replace("-", "−")),
        "inside": Figure(text={True: "✓", False: "✗", None: "–"}[found.inside]),
    }
    return Row(
        found.baseline,
        known.category,
        "re-run",
        figures,
        lines.size(known.size),
        known.size,
        protocol=found.protocol,
        note="partial" if found.partial else "",
    )
