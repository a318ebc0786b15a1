"""How long ``psyche-bench compare`` takes on whole-PCEB runs, and how much memory.

Run: ``PSYCHE_BENCH_DATA=… python tests/perf/compare_speed.py [number of runs]`` (default 18)

Runs of 3,863 items with replies of about 500 characters are made up and saved; then the command is
started as its users start it. Prints name, value, baseline (the limit) and ratio.
"""

import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from psyche_bench import sources
from psyche_bench.outcomes import grade
from psyche_bench.schemas import Question

SENTENCE = "先看题干给出的时间与症状，再逐项比较各个选项的说法是否成立。"


def save(folder: Path, questions: list[Question], skill: float, seed: int) -> Path:
    """Write one made-up run whose share of right answers is about ``skill``."""
    random.seed(seed)
    folder.mkdir()
    with (folder / "outcomes.jsonl").open("w", encoding="utf-8") as file:
        for question in questions:
            right = random.random() < skill  # noqa: S311 - made-up answers, no secret
            letters = question.gold if right else "A"
            reply = SENTENCE * 16 + f"答案：{letters}"
            outcome = grade(question, reply, task="pceb", protocol="fair-8192", prompt_hash="0")
            file.write(outcome.model_dump_json() + "\n")
    card = {"model": folder.name, "protocol": "fair-8192", "lang": "zh", "tasks": ["pceb"]}
    (folder / "run.json").write_text(json.dumps(card), encoding="utf-8")
    return folder


def measure(runs: list[Path], seconds: float, megabytes: float | None) -> None:
    """Time one call of the command and print its figures."""
    command = [sys.executable, "-m", "psyche_bench.cli", "compare", *map(str, runs)]
    started = time.perf_counter()
    done = subprocess.run(
        [*command, "--format", "json"], check=True, capture_output=True, env=os.environ
    )
    took = time.perf_counter() - started
    pairs = len({(row["first"], row["second"]) for row in json.loads(done.stdout)["differences"]})
    name = f"compare {len(runs)} runs, {pairs} pairs"
    print(f"{name:32} {took:8.2f} s  {seconds:6.0f} s  {took / seconds:5.2f}")
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    limit = f"{megabytes:6.0f} MB {peak / megabytes:5.2f}" if megabytes else "     - MB     -"
    print(f"{name + ', memory':32} {peak:8.0f} MB {limit}")


def main(count: int) -> None:
    """Make runs, then compare the first two and all of them."""
    questions = sources.load("pceb")
    with tempfile.TemporaryDirectory() as root:
        runs = [
            save(Path(root) / f"model-{at:02d}", questions, 0.5 + 0.02 * at, at)
            for at in range(count)
        ]
        print(f"{'name':32} {'value':>10}  {'baseline':>8}  ratio")
        measure(runs[:2], 5, 500)
        measure(runs, 60, None)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 18)
