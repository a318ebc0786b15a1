"""Sentences that the core and the audit write in English, in Chinese, for the Chinese pages.

Records, exports and the audit's files hold one text each; here its phrases are put into Chinese one
by one. What no phrase knows stays as it is: names, protocols, hashes, figures.
"""

import re

from psyche_bench.leaderboard.audit_finding import CHINESE

_WHOLE = {
    "standard": "标准",
    "elastic": "弹性",
    "average": "平均",
    "item-weighted": "按题平均",
    "right": "正确",
    "partial": "部分正确",
    "wrong": "错误",
    "unparsed": "读不出答案",
    "truncated": "截断",
    "missing": "无回复",
    "written": "书面作答",
    "ungraded": "答案未公开，不评分",
    "no interval: single answers or cases are not published": "无区间：逐题作答或逐例评分未公开",
    "no interval: too few items or clusters": "无区间：题目或题组过少",
    "the differences show too little spread for an interval": "无区间：差值几乎没有变化",
}
"""Texts that are this and nothing else."""

_PHRASES = (
    # the audit
    (
        r"credits are multiples of (1/\d+), so the mean of (\d+) items is some (j/\d+): ",
        r"每题得分是 \1 的倍数，\2 题的平均必为某个 \3：",
    ),
    (r"no (k/\d+) gives ([\d.]+): neighbours ", r"没有 \1 等于 \2，相邻的是 "),
    (r"would fit with fewer items: ", "题数若较少则可以："),
    (r" \((\d+) fewer\)", r"（少 \1 题）"),
    (r"no denominator from (\d+) to (\d+) fits", r"\1 至 \2 之间没有合适的分母"),
    (r" is cut off to ", "，截去尾数得 "),
    (r" or (?=\d+/\d+ = )", " 或 "),
    (r"\bTable (\d)", r"表 \1"),
    (r", ([-+][\d.]+) off\b", r"，相差 \1"),
    (
        r"(\S+) is said to decline when five examples are shown: ",
        r"文中称 \1 给出五个示例后下降：",
    ),
    (
        r"(\S+) is said to gain this many percent from five examples on multiple-answer knowledge "
        r"questions: ",
        r"文中称 \1 的知识多选题因五个示例提高这一百分比：",
    ),
    *((rf"^{verdict}: ", f"{word}：") for verdict, word in CHINESE.items()),
    # how a rank was made
    (r"^of (\d+); ", r"共 \1 行；"),
    (r"unpaired binomial approximation", "非配对二项近似"),
    (r"paired, by clusters", "按题组配对"),
    # how much was asked, and how
    (r"(\d+) of (\d+) items", r"\2 题中的 \1 题"),
    (r"(\d+) of (\d+) columns", r"\2 列中的 \1 列"),
    (r"\brotation (\d)", r"选项后移 \1 位"),
    (r"(?<=, )en(?=, |$)", "英文提示"),
    (r"^(\S+) by (?=\S)", r"\1，评审："),
    (r"(, \S+) by (?=\S)", r"\1，评审："),
    # the judge's card
    (
        r"CPsyCoun's dimensions and scales, definitions reworded",
        "维度与量表取自 CPsyCoun，定义为改写",
    ),
    (r"\breconstructed rubric\b", "重建的量表"),
    (r"example of a criteria rubric, not validated", "条目量表示例，未经验证"),
    (r"coverage ([\d.]+ ?%) is below (\d+%)", r"覆盖率 \1 低于 \2"),
    (r"coverage (?=[\d.]+ ?%)", "覆盖率 "),
    (r"alpha between judges ([-\d.]+) is below ([\d.]+)", r"评审之间的 α 为 \1，低于 \2"),
    (r"alpha between repeats ([-\d.]+) is below ([\d.]+)", r"重复之间的 α 为 \1，低于 \2"),
    (r"\balpha (?=[-\d.])", "α "),
    (r"not reliable: ", "不可靠："),
    (
        r"agreement is unknown: one judge judged once \(--repeats 2, or two judges\)",
        "一致性未知：只有一个评审评了一次（可用 --repeats 2，或两个评审）",
    ),
    (r"agreement is unknown: every score is the same", "一致性未知：所有评分都相同"),
    (r"the null candidates were not judged", "未评空回复与客套话"),
    (r"an empty reply scores as much as the model", "空回复与模型得分相当"),
    # why two runs are not to be compared
    (r"^NOT COMPARABLE: ", "不可比："),
    (r"(\S+) differs from (\S+) in ", r"\1 与 \2 的差别："),
    (r"\bitems: ", "题目："),
    (r"\bprotocol: ", "问法："),
    (r"\bprompt_hash: ", "提示词："),
    (r"\bscores given: ", "所给分数："),
    (r"run\.json's (\w+): ", r"run.json 的 \1："),
    (r"(\d+) items? \(([^()]*)\) missing", r"缺 \1 题（\2）"),
    (r"(\d+) items? \(([^()]*)\) more", r"多 \1 题（\2）"),
    (r"(\d+) items? \(([^()]*)\)", r"\1 题（\2）"),
    (r" \((\d+) against (\d+)\)", r"（\1 题，对方 \2 题）"),
    (r"(?<=\S) against (?=\S)", "，对方为 "),
)
_COMPILED = tuple((re.compile(pattern), chinese) for pattern, chinese in _PHRASES)


def told(text: str) -> str:
    """A text of the core or the audit in Chinese, as far as its phrases are known.

    >>> told("20 of 310 items, 2 of 6 columns")
    '310 题中的 20 题，6 列中的 2 列'
    """
    if text in _WHOLE:
        return _WHOLE[text]
    found = text
    for pattern, chinese in _COMPILED:
        found = pattern.sub(chinese, found)
    if found == text:
        return text
    return re.sub(r"(?<=[一-鿿）]), ", "，", re.sub(r"(?<=[\w）%'\"\]}]); ", "；", found))
