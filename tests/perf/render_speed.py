"""The whole of PCEB read, repaired and rendered: seconds from a fresh process to 3,963 prompts.

    PSYCHE_BENCH_DATA=… python tests/perf/render_speed.py

Goal: under 20 s on two cores. The baseline is reading the same files with ``json.loads`` alone;
the ratio says how many times that the whole way takes.
"""

import json
import sys
import time
from pathlib import Path

START = time.perf_counter()

from psyche_bench import prompting, sources  # noqa: E402  # importing is part of what is timed

GOAL_SECONDS = 20.0
ITEMS = 3963


def rendered() -> int:
    """Load and render all of PCEB; the number of items."""
    questions = [*sources.load("pceb"), *sources.load("pceb_case_qa")]
    return len({question.id: prompting.prompt(question) for question in questions})


def bare_reading() -> float:
    """Seconds for reading the files and nothing else."""
    start = time.perf_counter()
    for path in Path(sources.folder("pceb")).rglob("*.json"):
        json.loads(path.read_text(encoding="utf-8"))
    return time.perf_counter() - start


def main() -> int:
    """Print name, value, baseline and ratio; fail above the goal or when an item is missing."""
    count = rendered()
    seconds = time.perf_counter() - START
    baseline = bare_reading()
    print("name                    value  baseline  ratio")
    print(f"pceb {count} prompts, s  {seconds:6.2f}  {baseline:8.3f}  {seconds / baseline:5.1f}")
    return 0 if count == ITEMS and seconds < GOAL_SECONDS else 1


if __name__ == "__main__":
    sys.exit(main())
