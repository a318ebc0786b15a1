"""Pairs a second of textmetrics.score against rouge-chinese and NLTK as they come.

Both compute ROUGE-1, ROUGE-L and BLEU-4 on words and on characters of the same pairs, and their
values must agree. Run: ``python tests/perf/textmetrics_speed.py``.
"""

import random
import time
from collections.abc import Callable

import jieba
from nltk.translate.bleu_score import SmoothingFunction, sentence_bleu
from rouge_chinese import Rouge

from psyche_bench import textmetrics

PAIRS, LENGTH, SEED = 100, 200, 20260101

CLAUSES = (
    "求助者近两个月来情绪低落",
    "因工作压力出现入睡困难",
    "与同事关系紧张并回避交往",
    "能够主动求助且自知力完整",
    "首先建立良好的咨询关系",
    "运用倾听与共情收集资料",
    "与求助者共同商定咨询目标",
    "识别自动思维并寻找证据",
    "安排家庭作业巩固已有的改变",
    "必要时转介精神科进行诊断",
    "评估自杀风险并告知保密例外",
    "通过放松训练降低躯体紧张",
    "鼓励其逐步面对回避的情境",
    "回顾成长经历中的重要关系",
    "总结收获并讨论结束咨询的感受",
)


def answer(random_source: random.Random) -> str:
    """Clauses in random order, about LENGTH characters."""
    text = ""
    while len(text) < LENGTH:
        text += random_source.choice(CLAUSES) + random_source.choice("，，，。；")
    return text


def by_libraries(candidate: str, reference: str) -> dict[str, float]:
    """The six numbers, each library called the ordinary way."""
    numbers = {}
    for unit, split in (("jieba", jieba.lcut), ("char", list)):
        predicted, gold = split(candidate), split(reference)
        rouge = Rouge(metrics=["rouge-1", "rouge-l"])
        found = rouge.get_scores(" ".join(predicted), " ".join(gold))[0]
        numbers[f"rouge1_{unit}"] = found["rouge-1"]["f"] * 100
        numbers[f"rougeL_{unit}"] = found["rouge-l"]["f"] * 100
        bleu = sentence_bleu([gold], predicted, smoothing_function=SmoothingFunction().method3)
        numbers[f"bleu4_{unit}"] = bleu * 100
    return numbers


def timed(
    scorer: Callable[[str, str], dict[str, float]], pairs: list[tuple[str, str]]
) -> tuple[float, list[dict[str, float]]]:
    """Pairs a second and the values, after one call that loads what is loaded once."""
    scorer(*pairs[0])
    start = time.perf_counter()
    values = [scorer(*pair) for pair in pairs]
    return len(pairs) / (time.perf_counter() - start), values


def main() -> None:
    """Print name, value, baseline and ratio; fail when a value differs."""
    jieba.setLogLevel("ERROR")
    random_source = random.Random(SEED)  # noqa: S311 - texts, not secrets
    pairs = [(answer(random_source), answer(random_source)) for _ in range(PAIRS)]
    speed, values = timed(textmetrics.score, pairs)
    baseline, expected = timed(by_libraries, pairs)
    for ours, theirs in zip(values, expected, strict=True):
        assert ours.keys() == theirs.keys()
        assert all(abs(ours[key] - theirs[key]) <= 1e-4 for key in ours), (ours, theirs)
    print("name                    value  baseline  ratio")
    print(f"textmetrics pairs/s  {speed:8.0f}  {baseline:8.1f}  {speed / baseline:5.1f}")


if __name__ == "__main__":
    main()
