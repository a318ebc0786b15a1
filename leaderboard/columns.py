"""The columns of the exam tables, which published, re-run and constant rows share."""

from collections.abc import Iterable
from typing import Literal

from psyche_bench.leaderboard.board import Both, Column, Shots, View, every

GROUPS = {
    "case": Both("Case", "案例"),
    "moral": Both("Moral", "职业道德"),
    "theory": Both("Theory", "理论"),
    "kg": Both("Knowledge", "知识"),
    "ca": Both("Case", "案例"),
}
KINDS = {"smcq": Both("single", "单选"), "mmcq": Both("multiple", "多选")}
AVERAGE = Both("Average", "平均")
AS_PRINTED = Both("printed", "原文")
PCEB = tuple(f"{group}_{kind}" for group in ("case", "moral", "theory") for kind in KINDS)
EXAM = tuple(f"{group}_{kind}" for group in ("kg", "ca") for kind in KINDS)
SHOTS: tuple[Shots, ...] = ("zero", "five")
NOTHING = Both("", "")


def key(subset: str, view: View = View()) -> str:  # noqa: B008 - frozen
    """The name of a column in exports: ``moral_mmcq elastic clean``.

    >>> key("avg", View("standard", "clean", "items"))
    'avg clean by item'
    """
    parts = [subset]
    parts += ["elastic"] if view.metric == "elastic" else []
    parts += ["clean"] if view.items == "clean" else []
    parts += ["by item"] if view.mean == "items" else []
    return " ".join(parts)


def views(subset: str) -> list[View]:
    """The views in which a column differs: a single-answer question has one accuracy only."""
    if subset.endswith("_smcq"):
        return list(every("items"))
    return list(every("metric", "items"))


def _subset(subset: str, shots: Shots | Literal[""] = "") -> list[Column]:
    group, kind = subset.split("_")
    return [
        Column(_prefix(shots) + key(subset, v), GROUPS[group], KINDS[kind], v._replace(shots=shots))
        for v in views(subset)
    ]


def _prefix(shots: str) -> str:
    return f"{shots}-shot " if shots else ""


def _averages(name: str, column: Column, shots: Shots | Literal[""] = "") -> list[Column]:
    """A column in each view of an average."""
    return [
        column._replace(key=_prefix(shots) + key(name, v), view=v._replace(shots=shots))
        for v in every("metric", "items", "mean")
    ]


RANK = Column(
    "",
    NOTHING,
    Both("Rank", "名次"),
    kind="rank",
    hint=Both(
        "The ranks this row may hold; all intervals of the table hold together at 95 %.",
        "该行可能的名次范围；全表区间同时成立的置信度为 95%。",
    ),
)
RECOMPUTED = Column("", AVERAGE, Both("recomputed", "重算"))


def pceb() -> tuple[Column, ...]:
    """Rank, average (recomputed and printed), six subsets, and how many replies were readable."""
    printed = [Column(key("avg printed", v), AVERAGE, AS_PRINTED, v) for v in every("metric")]
    subsets = [column for subset in PCEB for column in _subset(subset)]
    ranks, averages = _averages("rank", RANK), _averages("avg", RECOMPUTED)
    return (*ranks, *averages, *printed, *subsets, *rates())


def exam() -> tuple[Column, ...]:
    """CPsyExam: for zero- and five-shot the rank, the average and the four groups."""
    found = [Column("split", NOTHING, Both("Split", "划分"), kind="text")]
    for shots in SHOTS:
        found += _averages("rank", RANK, shots) + _averages("avg", RECOMPUTED, shots)
        if shots == "zero":
            head = Both("printed, by item", "原文（按题）")
            found.append(Column("zero-shot avg printed", AVERAGE, head, View(shots=shots)))
        found += [column for subset in EXAM for column in _subset(subset, shots)]
    return (*found, *rates())


def rates() -> tuple[Column, ...]:
    """How many replies held an answer, and how many the token cap cut off."""
    group = Both("Replies, %", "回复（%）")
    return (
        Column("answered", group, Both("answered", "可读")),
        Column("truncated", group, Both("truncated", "截断")),
    )


WRITTEN = {
    "rouge1_jieba": Both("ROUGE-1, words", "ROUGE-1（词）"),
    "rougeL_jieba": Both("ROUGE-L, words", "ROUGE-L（词）"),
    "bleu4_char": Both("BLEU-4, characters", "BLEU-4（字）"),
    "bleu4_jieba": Both("BLEU-4, words", "BLEU-4（词）"),
    "rouge1_char": Both("ROUGE-1, characters", "ROUGE-1（字）"),
    "rougeL_char": Both("ROUGE-L, characters", "ROUGE-L（字）"),
}
PRINTED_WRITTEN = {"rouge1": "ROUGE-1", "rougeL": "ROUGE-L", "bleu4": "BLEU-4"}


def written() -> tuple[Column, ...]:
    """Text metrics: printed ones name no tokeniser, so they stand in columns of their own."""
    printed = [Column(name, AS_PRINTED, Both(head, head)) for name, head in PRINTED_WRITTEN.items()]
    ours = [
        Column(key(name, view), Both("Re-run", "复测"), head, view)
        for name, head in WRITTEN.items()
        for view in every("items")
    ]
    return (*printed, *ours)


DIMENSIONS = {
    "emotional_empathy": Both("Emotional empathy", "情感共情"),
    "cognitive_empathy": Both("Cognitive empathy", "认知共情"),
    "conversation_strategy": Both("Conversation strategy", "对话策略"),
    "state_and_attitude": Both("State and attitude", "状态与态度"),
    "comprehensiveness": Both("Comprehensiveness", "全面性"),
    "professionalism": Both("Professionalism", "专业性"),
    "authenticity": Both("Authenticity", "真实性"),
    "safety": Both("Safety", "安全性"),
}


def judged(names: Iterable[str]) -> tuple[Column, ...]:
    """The dimensions of a rubric, and who judged."""
    dimensions = [Column(name, NOTHING, DIMENSIONS.get(name, Both(name, name))) for name in names]
    return (
        *dimensions,
        Column("judge", NOTHING, Both("Judge and card", "评审与评审卡"), kind="text"),
    )
