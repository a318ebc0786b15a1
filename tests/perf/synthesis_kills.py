"""A run of 5,000 calls killed at 100 random moments: calls repeated, and whether a byte differs.

    python tests/perf/synthesis_kills.py [--kills 100] [--calls 5000]

A stand-in for a good model answers after 30 ms at the network's edge, and counts. *Repeated* are
calls that it had answered and was asked again: none may be. Every kill is a SIGKILL of the run's
whole process group.
"""

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import synthesis_inputs
import teacher
from scripted import Server, serving

from psyche_bench.synthesis import recipe, run

CALLS_A_POST = 3  # filter, refine, enrich; a third of the posts stops at the filter
STEPS = ("dialogues", "dialogue-filter", "dialogue-refine", "dialogue-enrich", "decontaminate")


def slowly(body: dict, asked: int) -> teacher.Reaction:
    return teacher.teach(body, asked)._replace(delay=0.03)


def files(folder: Path) -> dict[str, bytes]:
    kept = [*folder.glob("steps/*"), *folder.glob("data/**/*.jsonl"), folder / "card.json"]
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(kept)}


def killed(folder: Path, out: Path, server: Server, kills: int, every: int) -> int:
    """Kill ``kills`` times, then let it finish; how often something was killed."""
    dice, done = random.Random(11), 0  # noqa: S311
    command = [sys.executable, "-m", "psyche_bench.cli", "synth", "run", str(folder / "r.toml")]
    null = subprocess.DEVNULL
    while True:
        process = subprocess.Popen(
            [*command, "--out", str(out)], stdout=null, stderr=null, start_new_session=True
        )
        wanted = sum(server.answered.values()) + dice.randint(1, every)
        while process.poll() is None:
            if done < kills and sum(server.answered.values()) >= wanted:
                time.sleep(dice.uniform(0, 0.05))
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                break
            time.sleep(0.002)
        if process.returncode >= 0:
            return done
        done += 1


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--calls", type=int, default=5000)
    asked = parser.parse_args()
    folder = Path(tempfile.mkdtemp())
    posts = round(asked.calls * 3 / 7)  # a post takes 1 call or 3: 7 for three posts
    os.environ["PSYCHE_BENCH_DATA"] = str(synthesis_inputs.write(folder / "data", posts=posts))
    begun = time.monotonic()
    outs = []
    for name, kills in (("undisturbed", 0), ("killed", asked.kills)):
        with serving(slowly) as server:
            server.keep = False
            path = synthesis_inputs.recipe(folder / "r.toml", server.url)
            whole = recipe.load(str(path))
            steps = [*STEPS, "split"]
            off = "\n".join(line for line in path.read_text().split("[steps.")[0].splitlines())
            tables = "".join(
                f"\n[steps.{step}]\n" + ("model = 'teacher'\n" if whole.steps[step] else "")
                for step in steps
            )
            path.write_text(off + tables, encoding="utf-8")
            out = folder / name
            if kills:
                done = killed(folder, out, server, kills, asked.calls // kills)
            else:
                run.run(recipe.load(str(path)), out)
                done = 0
            answered = sum(server.answered.values())
        outs.append((out, answered, done))
    (first, calls, _), (second, again, done) = outs
    same = files(first) == files(second)
    print(f"{'calls':>10} {'kills':>6} {'repeated':>9} {'same bytes':>11}")
    print(f"{calls:>10} {0:>6}")
    print(f"{again:>10} {done:>6} {again - calls:>9} {same!s:>11}")
    print(f"{time.monotonic() - begun:.0f} s in all")
    if again != calls or not same:
        sys.exit(1)


if __name__ == "__main__":
    main()
