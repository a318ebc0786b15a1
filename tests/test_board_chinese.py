"""What the core and the audit say in English stands in Chinese on the Chinese pages."""

import re

import pytest

from psyche_bench.leaderboard import chinese, paper, printed
from psyche_bench.leaderboard.audit_finding import VERDICTS
from psyche_bench.rubrics import names, rubric_of

TOLD = [
    ("20 of 310 items, 2 of 6 columns", "310 题中的 20 题，6 列中的 2 列", "how much was asked"),
    ("paper-1024, en, rotation 1", "paper-1024，英文提示，选项后移 1 位", "how it was asked"),
    ("direct", "direct", "a protocol's name stays"),
    ("standard", "标准", "a measure"),
    ("partial", "部分正确", "a state"),
    ("of 18; unpaired binomial approximation", "共 18 行；非配对二项近似", "a printed rank"),
    ("of 3; paired, by clusters", "共 3 行；按题组配对", "a rank of runs"),
    ("cpsycoun by gpt-4o + other", "cpsycoun，评审：gpt-4o + other", "who judged by what"),
    (
        "gpt-4o; coverage 97.5 %; alpha 0.52; not reliable: coverage 97.5% is below 99%; "
        "alpha between judges 0.52 is below 0.67",
        "gpt-4o；覆盖率 97.5 %；α 0.52；不可靠：覆盖率 97.5% 低于 99%；"
        "评审之间的 α 为 0.52，低于 0.67",
        "a judge card in one line",
    ),
    (
        "NOT COMPARABLE: a differs from b in items: 2 items (x, y) missing, 1 item (z) more (3 "
        "against 4); protocol: 'direct' against 'paper-1024'; run.json's limit: 10 against None",
        "不可比：a 与 b 的差别：题目：缺 2 题（x, y），多 1 题（z）（3 题，对方 4 题）；"
        "问法：'direct'，对方为 'paper-1024'；run.json 的 limit：10，对方为 None",
        "why two runs are not compared",
    ),
    (
        "impossible: no k/748 gives 63.31: neighbours 473/748 = 63.235, 474/748 = 63.369; would "
        "fit with fewer items: 471/744 (4 fewer)",
        "不可能：没有 k/748 等于 63.31，相邻的是 473/748 = 63.235, 474/748 = 63.369；"
        "题数若较少则可以：471/744（少 4 题）",
        "an impossible figure",
    ),
    (
        "truncated: 54/158 = 34.177 is cut off to 34.17",
        "截尾：54/158 = 34.177，截去尾数得 34.17",
        "a figure cut off",
    ),
]


@pytest.mark.parametrize(("english", "expected"), [r[:2] for r in TOLD], ids=[r[2] for r in TOLD])
def test_a_text_is_told_in_chinese(english, expected):
    assert chinese.told(english) == expected


def test_no_english_sentence_is_left_of_the_audit():
    told = [
        chinese.told(text)
        for finding in printed.findings()
        for text in (finding.row, finding.kind, finding.printed, finding.recomputed,
                     finding.arithmetic)
        if text
    ]  # fmt: skip
    own = r"sqrt|smcq|mmcq|avg|case|moral|theory|elastic|psyche-bench"  # names of cells, a formula
    assert [text for text in told if re.search(rf"(?<![\w.-])(?!{own})[a-z]{{3,}}\b", text)] == []


@pytest.mark.parametrize("text", [*VERDICTS.values(), *map(paper.title, paper.TABLES)])
def test_a_heading_of_the_audit_is_told_in_chinese(text):
    assert text in chinese.phrases().whole


@pytest.mark.parametrize("name", names())
def test_a_rubrics_label_is_told_in_chinese(name):
    assert re.search(r"[一-鿿]", chinese.told(rubric_of(name).label))
