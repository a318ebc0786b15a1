"""Start-up: `psyche-bench --help` against a Python that does nothing. Goal: under 0.3 s."""

import subprocess
import sys
import time
from statistics import median

RUNS = 7


def seconds(arguments):
    times = []
    for _ in range(RUNS):
        start = time.perf_counter()
        subprocess.run([sys.executable, *arguments], check=True, capture_output=True)
        times.append(time.perf_counter() - start)
    return median(times)


baseline = seconds(["-c", "pass"])
print(f"median of {RUNS} runs, seconds")
print(f"{'name':<24}{'value':>8}{'baseline':>10}{'ratio':>8}")
for name, words in (("--help", ["--help"]), ("import psyche_bench", None)):
    arguments = (
        ["-c", "import psyche_bench"] if words is None else ["-m", "psyche_bench.cli", *words]
    )
    value = seconds(arguments)
    print(f"{name:<24}{value:>8.3f}{baseline:>10.3f}{value / baseline:>8.2f}")
