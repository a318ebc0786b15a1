"""Seconds and memory for PCEB against CPsyExam train and dev; the target is 60 s on two cores.

The baseline judges the same candidates with rapidfuzz's ratio of the whole texts, the ordinary
quick way. A training file of the same items as chat messages is searched too. Run:
``PSYCHE_BENCH_DATA=… python tests/perf/contamination_speed.py``.
"""

import json
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from rapidfuzz import fuzz, process

from psyche_bench import contamination, leaks, sources
from psyche_bench.duplicates import prepare
from psyche_bench.schemas import Question

LIMIT = 60.0
T = TypeVar("T")


def timed(work: Callable[[], T]) -> tuple[float, T]:
    """Seconds and result."""
    start = time.perf_counter()
    value = work()
    return time.perf_counter() - start, value


def every_pair(a: list[Question], b: list[Question]) -> int:
    """Pairs of like question and options, each pair of the two sets compared by rapidfuzz."""
    left, right = (
        [item.question + "".join(item.key) for item in map(prepare, part)] for part in (a, b)
    )
    scores = process.cdist(left, right, scorer=fuzz.ratio, score_cutoff=80, workers=2)
    return int((scores > 0).sum())


def training_file(path: Path, questions: list[Question]) -> None:
    """The items as chat messages, one a line."""
    with path.open("w", encoding="utf-8") as file:
        for item in questions:
            options = "\n".join(f"{letter}. {text}" for letter, text in item.options.items())
            asked = {"role": "user", "content": f"{item.stem}\n{options}"}
            reply = {"role": "assistant", "content": f"{item.analysis}\n{item.gold}"}
            file.write(json.dumps({"messages": [asked, reply]}, ensure_ascii=False) + "\n")


def main() -> None:
    """Print name, value, baseline and ratio; fail above the limit."""
    pceb = sources.load("pceb")
    against = sources.load("cpsyexam", "train") + sources.load("cpsyexam", "dev")
    seconds, matches = timed(lambda: contamination.overlap(pceb, against))
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    alone, _ = timed(lambda: contamination.duplicate_clusters(pceb))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "train.jsonl"
        training_file(path, against)
        searched, held = timed(lambda: leaks.leaks(pceb, leaks.read_texts(path)))
    baseline, found = timed(lambda: every_pair(pceb, against))
    print("name                            value  baseline  ratio")
    print(
        f"overlap, s                   {seconds:8.1f}  {baseline:8.1f}  {baseline / seconds:5.2f}"
    )
    print(f"overlap, limit s             {seconds:8.1f}  {LIMIT:8.1f}  {LIMIT / seconds:5.2f}")
    print(f"pairs found                  {len(matches):8d}  {found:8d}")
    print(f"memory after overlap, MB     {memory:8.0f}")
    print(f"clusters (exact only), s     {alone:8.1f}")
    print(f"training file, s             {searched:8.1f}")
    print(f"items found in it            {len({m.a_id for m in held}):8d}")
    assert seconds < LIMIT, seconds


if __name__ == "__main__":
    main()
