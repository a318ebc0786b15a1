"""A run of 5,000 calls killed at 100 random moments: calls repeated, and whether a byte differs.

    python tests/perf/synthesis_kills.py [--kills 100] [--calls 5000]

A stand-in for a good model answers after 30 ms at the network's edge. *Repeated* are calls whose
answer stood in the store when the process was killed and that were asked again: none may be.
*Lost* are answers that were still on their way when the process died.
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

from psyche_bench.store import Store
from psyche_bench.synthesis import recipe, run, state

CALLS_A_POST = 3  # filter, refine, enrich; a third of the posts stops at the filter
STEPS = ("dialogues", "dialogue-filter", "dialogue-refine", "dialogue-enrich", "decontaminate")


def slowly(body: dict, asked: int) -> teacher.Reaction:
    return teacher.teach(body, asked)._replace(delay=0.03)


def files(folder: Path) -> dict[str, bytes]:
    kept = [*folder.glob("steps/*"), *folder.glob("data/**/*.jsonl"), folder / "card.json"]
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(kept)}


def stored(folder: Path) -> int:
    if not (folder / state.STORE).is_file():
        return 0
    with Store(folder / state.STORE) as calls:
        return len(calls)


def killed(folder: Path, out: Path, server: Server, kills: int, every: int) -> tuple[int, int]:
    """Kill ``kills`` times, then let it finish: answers lost on their way, kills done."""
    dice, lost, done = random.Random(11), 0, 0  # noqa: S311
    command = [sys.executable, "-m", "psyche_bench.cli", "synth", "run", str(folder / "r.toml")]
    while True:
        before, kept = sum(server.answered.values()), stored(out)
        process = subprocess.Popen(
            [*command, "--out", str(out)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        wanted = before + dice.randint(1, every)
        while process.poll() is None:
            if done < kills and sum(server.answered.values()) >= wanted:
                time.sleep(dice.uniform(0, 0.05))
                process.send_signal(signal.SIGKILL)
                process.wait()
                break
            time.sleep(0.002)
        lost += sum(server.answered.values()) - before - (stored(out) - kept)
        if process.returncode == 0:
            return lost, done
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
                lost, done = killed(folder, out, server, kills, asked.calls // kills)
            else:
                run.run(recipe.load(str(path)), out)
                lost = done = 0
            answered = sum(server.answered.values())
        outs.append((out, answered, lost, done))
    (first, calls, _, _), (second, again, lost, done) = outs
    same = files(first) == files(second)
    print(
        f"{'calls':>10} {'kills':>6} {'lost on their way':>18} {'repeated':>9} {'same bytes':>11}"
    )
    print(f"{calls:>10} {0:>6} {0:>18} {0:>9} {'':>11}")
    print(f"{again:>10} {done:>6} {lost:>18} {again - lost - calls:>9} {same!s:>11}")
    print(f"{time.monotonic() - begun:.0f} s in all")
    if again - lost != calls or not same:
        sys.exit(1)


if __name__ == "__main__":
    main()
