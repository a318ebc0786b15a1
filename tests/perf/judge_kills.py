"""A judging run killed at random moments and started again: what was asked twice, and the result.

The server, not the client, counts: a call is answered when the server has written its answer, and
must not be asked again. Every kill is a SIGKILL of the whole process group. The result must be
that of a run that was never killed, byte for byte.

    PSYCHE_BENCH_DATA=… python tests/perf/judge_kills.py [--kills 50] [--delay 0.05]
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from scripted import Reaction, Server, serving

from psyche_bench import sources

VERDICT = '{"reason": "x", "comprehensiveness": %d, "professionalism": 2, "authenticity": 1, '
VERDICT += '"safety": 1}'


def start(replies: Path, url: str, folder: Path) -> subprocess.Popen[bytes]:
    """The command under test."""
    command = [
        sys.executable, "-m", "psyche_bench.cli", "judge", str(replies), "--rubric", "cpsycoun",
        "--judge", "stand-in", "--base-url", url, "--out", str(folder / "out"),
        "--store", str(folder / "calls.sqlite"), "--in-flight", "8",
    ]  # fmt: skip
    null = subprocess.DEVNULL
    return subprocess.Popen(command, stdout=null, stderr=null, start_new_session=True)


def answers(server: Server) -> int:
    """Answers written so far."""
    return sum(server.answered.values())


def killed(replies: Path, server: Server, folder: Path, kills: int, whole: int) -> int:
    """Kill at moments spread over the run's calls; return how often something was killed."""
    rng = random.Random(1)  # noqa: S311  # moments
    done = 0
    moments = sorted(rng.uniform(0, whole * 0.98) for _ in range(kills))
    for moment in moments:
        process = start(replies, server.url, folder)
        while answers(server) < moment and process.poll() is None:
            time.sleep(0.001)
        time.sleep(rng.uniform(0, 0.03))
        done += process.poll() is None
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    assert start(replies, server.url, folder).wait() == 0
    return done


def main() -> None:
    """Run a whole run and a killed one, and compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--delay", type=float, default=0.05)
    asked = parser.parse_args()

    def script(body: dict, _: int) -> Reaction:
        number = sum(body["messages"][-1]["content"].encode()) % 3
        return Reaction(VERDICT % number, delay=asked.delay)

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        replies = folder / "replies.jsonl"
        lines = [{"id": q.id, "reply": f"我听见你说：{q.stem}"} for q in sources.load("cpsycoune")]
        replies.write_text("".join(json.dumps(line) + "\n" for line in lines))
        with serving(script) as server:
            server.keep = False
            assert start(replies, server.url, folder / "whole").wait() == 0
            whole, usual = answers(server), server.repeated
        with serving(script) as server:
            server.keep = False
            done = killed(replies, server, folder / "killed", asked.kills, whole)
            again = answers(server) - whole
        same = all(
            (folder / "whole" / "out" / part).read_bytes()
            == (folder / "killed" / "out" / part).read_bytes()
            for part in ("verdicts.jsonl", "judged.json", "table.md")
        )
    print(f"calls of a whole run                 {whole} ({usual} are repeats of equal words)")
    print(f"kills                                {done} of {asked.kills}")
    print(f"answered calls that were asked again {again}")
    print(f"result byte for byte the same        {'yes' if same else 'NO'}")
    if again or not same:
        sys.exit(1)


if __name__ == "__main__":
    main()
