"""Both engines on 2,000 rows through every step: seconds, and whether every file is the same.

    python tests/perf/synthesis_ray.py [--rows 2000]

Half the rows are questions of a bank, half posts; a book and a subfield are beside them. A stand-in
for a good model answers at once at the network's edge.
"""

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import synthesis_inputs
import teacher
from scripted import serving

from psyche_bench.synthesis import recipe, run


def files(folder: Path) -> dict[str, bytes]:
    kept = [*folder.glob("steps/*"), *folder.glob("data/**/*.jsonl"), folder / "card.json"]
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(kept)}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=2000)
    asked = parser.parse_args()
    folder = Path(tempfile.mkdtemp())
    half = asked.rows // 2
    data = synthesis_inputs.write(folder / "data", posts=half, bank=asked.rows - half)
    os.environ["PSYCHE_BENCH_DATA"] = str(data)
    seconds = {}
    with serving(teacher.teach) as server:
        server.keep = False
        whole = recipe.load(str(synthesis_inputs.recipe(folder / "r.toml", server.url)))
        for engine in ("local", "ray"):
            begun = time.monotonic()
            run.run(whole, folder / engine, engine=engine)
            seconds[engine] = time.monotonic() - begun
    same = files(folder / "local") == files(folder / "ray")
    print(f"{'rows':>6} {'local s':>8} {'ray s':>8} {'ratio':>6} {'same files':>11}")
    ratio = seconds["ray"] / seconds["local"]
    times = f"{seconds['local']:>8.1f} {seconds['ray']:>8.1f} {ratio:>6.2f}"
    print(f"{asked.rows:>6} {times} {same!s:>11}")
    if not same:
        sys.exit(1)


if __name__ == "__main__":
    main()
