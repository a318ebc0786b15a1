"""A road killed three times gives the row of a road that was not.

    python tests/perf/road_kills.py OUT RECIPE [--set KEY=VALUE …]

walks RECIPE into OUT/plain (or goes on there) and into OUT/killed, where SIGKILL meets it some
seconds after synthesis, SFT and the evaluation have begun, and holds the figures of all records and
every outcome of the two against each other. Prints name, value, baseline, ratio. Without OUT it
says so and ends well: a road takes long, so that `make perf` leaves it out.
"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

KILLED = {"synthesis": 40.0, "sft": 60.0, "evaluate": 40.0}
"""Joints, and the seconds behind their beginning at which the road is killed."""
FIGURES = ("group", "protocol", "items", "columns", "groups", "subjects", "lineage")


def command(out: Path, asked: list[str]) -> list[str]:
    return [sys.executable, "-m", "psyche_bench.cli", "road", *asked, "--out", str(out)]


def killed(out: Path, asked: list[str], joint: str, seconds: float) -> bool:
    """Walk until so many seconds behind a joint's beginning; whether it was killed there."""
    process = subprocess.Popen(command(out, asked), stdout=subprocess.DEVNULL)
    record = out / "road" / f"{joint}.json"
    begun = None
    while process.poll() is None:
        if begun is None and record.is_file():
            begun = time.monotonic()
        if begun is not None and time.monotonic() - begun > seconds:
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
            return "writes" in record.read_text() and not json.loads(record.read_text())["writes"]
        time.sleep(0.2)
    return False


def rows(out: Path) -> dict[str, object]:
    """Every record's figures, and the outcomes and verdicts beside it, without dates and places."""
    found: dict[str, object] = {}
    for path in sorted((out / "results").iterdir()):
        if path.suffix == ".json":
            record = json.loads(path.read_text(encoding="utf-8"))
            found[path.name] = {key: record.get(key) for key in FIGURES}
        else:
            lines = (json.loads(line) for line in path.read_text(encoding="utf-8").splitlines())
            found[path.name] = [{k: v for k, v in line.items() if k != "date"} for line in lines]
    return found


def main(out: Path, asked: list[str]) -> int:
    subprocess.run(command(out / "plain", asked), check=True, stdout=subprocess.DEVNULL)
    kills = [killed(out / "killed", asked, joint, after) for joint, after in KILLED.items()]
    subprocess.run(command(out / "killed", asked), check=True, stdout=subprocess.DEVNULL)
    plain, other = rows(out / "plain"), rows(out / "killed")
    same = sum(other.get(name) == content for name, content in plain.items())
    for name in plain:
        if other.get(name) != plain[name]:
            print("differs:", name, file=sys.stderr)
    print(f"killed inside its joint\t{sum(kills)}\t{len(KILLED)}\t{sum(kills) / len(KILLED):.2f}")
    print(f"files of the row that are the same\t{same}\t{len(plain)}\t{same / len(plain):.2f}")
    return 0 if plain.keys() == other.keys() and same == len(plain) else 1


if __name__ == "__main__":
    if len(sys.argv) < 3:
        print("road_kills: no folder and recipe given, nothing walked.", file=sys.stderr)
        sys.exit(0)
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
