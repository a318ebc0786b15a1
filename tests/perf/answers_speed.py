"""How fast the answer reader is: replies a second, and milliseconds for 1 MB of hostile text.

Run: ``python tests/perf/answers_speed.py``. The baseline is what most evaluators do: one regular
expression over the whole reply. It reads far fewer replies right; only its speed is compared.
"""

import re
import time
from collections.abc import Callable
from itertools import cycle, islice

from psyche_bench.answers import read

BASELINE = re.compile(r"(?:答案|选)[是为：:]*\s*([A-E](?:[、,， ]*[A-E])*)")
LENGTH, REPLIES = 1_500, 300
PROSE = (
    "这位来访者在会谈中反复提到童年的经历，咨询师以倾听和释义回应，逐步澄清了他的核心信念。",
    "A项描述的是退行，与题干不符。B项强调的是情境，C项强调的是特质，需要进一步比较。\n",
    "题干给出的病程为四个月，内容已经泛化，并且影响到工作效率，因此需要考虑严重心理问题。",
    "- **D选项**：把前摄抑制与倒摄抑制说反了，表述有误。\n",
)
ENDINGS = (
    "综上所述，本题的正确答案是**A、C**。",
    "故选BD。",
    '```json\n{"answer": ["A", "B"]}\n```',
    "答案不是A而是C。",
    "因此A和D都符合题意。",
    "$\\boxed{\\text{B}}$",
    "信息不足，无法判断。",
)
HOSTILE = {
    "opening tags": "<think>",
    "opened and closed tags": "<think>a</think>",
    "nested brackets": "（【[{",
    "empty cues": "答案：",
    "cues with answers": "答案：A。",
    "one long word": "A",
    "spaced letters": "A ",
    "listed letters": "A、",
    "line ends": "\n",
    "letters on lines": "A\n",
    "boxes": "\\boxed{",
    "the verb to choose": "选",
    "table rows": "| A | x | ✓ |\n",
    "questions": "问题：",
    "conditions": "如果选A，",
    "exceptions": "除",
    "option lines": "A. 共情\n",
    "negations": "不选A。",
    "judgements": "A正确，",
}


def plain(reply: str) -> list[str]:
    """The baseline's answer: every match of one pattern."""
    return BASELINE.findall(reply)


def written(reasoned: bool) -> list[str]:
    """Replies of 1,500 characters; with ``reasoned`` all but the last 300 are reasoning."""
    replies = []
    for number, ending in enumerate(islice(cycle(ENDINGS), REPLIES)):
        prose = "".join(islice(cycle(PROSE), number % 4, number % 4 + 60))
        body = prose[: LENGTH - len(ending) - 16]
        if reasoned:
            replies.append(f"<think>{body[:-284]}</think>\n{body[-284:]}{ending}")
        else:
            replies.append(f"{body}\n{ending}")
    return replies


def seconds(function: Callable[[str], object], replies: list[str]) -> float:
    """The sum of each reply's best of nine runs, in seconds: steady on a busy machine."""
    total = 0.0
    for reply in replies:
        times = []
        for _ in range(9):
            started = time.perf_counter()
            function(reply)
            times.append(time.perf_counter() - started)
        total += min(times)
    return total


def main() -> None:
    """Print name, value, baseline and ratio of every figure."""
    print(f"{'name':<44}{'value':>14}{'baseline':>14}{'ratio':>9}")
    for name, reasoned in (("plain", False), ("reasoned", True)):
        replies = written(reasoned)
        ours, theirs = seconds(read, replies), seconds(plain, replies)
        rate, base = len(replies) / ours, len(replies) / theirs
        print(
            f"{f'{name} replies of 1,500 characters / s':<44}{rate:>14,.0f}{base:>14,.0f}", end=""
        )
        print(f"{rate / base:>9.3f}")
    for name, unit in HOSTILE.items():
        text = unit * (1_000_000 // len(unit))
        ours, theirs = 1e3 * seconds(read, [text]), 1e3 * seconds(plain, [text])
        ratio = ours / theirs if theirs else float("inf")
        print(f"{f'ms for 1 MB of {name}':<44}{ours:>14.1f}{theirs:>14.1f}{ratio:>9.2f}")


if __name__ == "__main__":
    main()
