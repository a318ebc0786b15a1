"""A stand-in for a strong model, at the network's edge: it answers every step of the pipeline well.

Which step asks is told from the prompt. What it answers depends on the request alone, so that a
run and its repetition see the same teacher. Everything it says is invented here.
"""

import hashlib
import json
import re

from scripted import Reaction

STEMS = ("考前紧张的学生", "刚换工作的来访者", "失眠两周的求助者", "与室友争吵的新生")
MIND = ("先看情境里的关键信息", "再比较每个选项的依据", "最后排除与概念不符的选项")


def number(text: str) -> int:
    """A number that the text alone decides."""
    return int(hashlib.sha256(text.encode()).hexdigest()[:8], 16)


def asked(body: dict) -> str:
    """The last turn."""
    return body["messages"][-1]["content"]


def reply(body: dict) -> str:
    """What the teacher says."""
    text, whole = asked(body), json.dumps(body["messages"], ensure_ascii=False)
    for mark, answer in ANSWERS.items():
        if mark in whole:
            return answer(text, body)
    return "好的。"


def questions(text: str, body: dict) -> str:
    """As many questions as asked for, of the kind asked for."""
    several = "多项选择题" in text
    count = int(re.search(r"命制(\d+)道", text)[1])
    made = []
    for place in range(count):
        seed = number(f"{text}{place}")
        options = {x: f"做法{seed % 97 + n}号：{MIND[n % 3]}" for n, x in enumerate("ABCD")}
        stem = f"编号{seed}的情境中，{STEMS[seed % 4]}最需要怎样的帮助？（{seed % 9973}）"
        gold = "AC" if several else "ABCD"[seed % 4]
        made.append({"question": stem, "options": options, "answer": gold, "type": "x"})
    return "这是题目：\n```json\n" + json.dumps({"questions": made}, ensure_ascii=False) + "\n```"


def gold_of(body: dict) -> str:
    """A guess that is right most of the time: the teacher knows what it wrote itself."""
    stem = re.search(r"编号(\d+)的情境中", asked(body))
    if stem is None:
        return "A"
    return "AC" if "多项选择题" in asked(body) else "ABCD"[int(stem[1]) % 4]


def reasoned(text: str, body: dict) -> str:
    """Reasoning and an answer."""
    return (
        f"<think>{'；'.join(MIND)}。依据{number(str(body)) % 991}。</think>\n答案：{gold_of(body)}"
    )


def letters(text: str, body: dict) -> str:
    """The letters alone; weak models miss a third of the questions, all the same ones."""
    right = gold_of(body)
    miss = number(text) % 3 == 0
    return "答案：" + (
        {"A": "B", "B": "C", "C": "D", "D": "A", "AC": "BD"}[right] if miss else right
    )


ANSWERS = {
    "请据此命制": questions,
    "命题专家，对": questions,
    "由好到差排列题号": lambda *_: '{"ranking": [1, 2]}',
    "试题的质检员": lambda *_: '{"verdict": "ok", "reason": "情境完整。"}',
    "改进解题提示词": lambda text, _: json.dumps(
        {"prompt": f"请逐项比较选项，第{number(text) % 97}版。推理写在 <think> 标签里，再写答案。"},
        ensure_ascii=False,
    ),
    "作为教学范例": lambda *_: '{"best": 2, "reason": "步骤清楚"}',
    "一步一步推理": reasoned,
    "逐项比较选项": reasoned,
    "不要解释，只写": letters,
    "咨询督导": lambda text, _: json.dumps({"reasonable": "都会过去" not in text}),
    "按事情发生的先后": lambda text, _: f"我最近很困扰，事情是这样的（{number(text) % 997}）。",
    "更好的回复": lambda text, _: f"听起来你很不容易（{number(text) % 997}）。可以先做两件事。",
}


def teach(body: dict, _: int) -> Reaction:
    """The script for :func:`scripted.serving`."""
    return Reaction(reply(body))
