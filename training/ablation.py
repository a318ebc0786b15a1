"""One command for a table of ablations: every run, its checkpoint, its scores, its board entry.

The arms are data (``ablations.toml``). Each step is one of the public commands and goes on where
it was killed, so the whole can be stopped and started again; ``--print`` shows them instead.
"""

import shlex
import tomllib
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path

from psyche_bench.training import recipe, runs

TASKS = "pceb"
"""Tables 3 and 4 and Figure 3 are all scored on PCEB."""


@cache
def arms(table: str) -> dict[str, tuple[str, ...]]:
    """An ablation's arms: name as printed → the recipes it goes through.

    >>> arms("table3")["+SFT+GRPO"]
    ('paper-sft', 'paper-grpo')
    """
    text = (files("psyche_bench.training") / "ablations.toml").read_text(encoding="utf-8")
    return {name: tuple(chain) for name, chain in tomllib.loads(text)[table].items()}


Command = tuple[str, ...]


def commands(table: str, out: Path, changes: Sequence[str] = ()) -> list[Command]:
    """The words after ``psyche-bench`` of every step, in order; what arms share is done once."""
    steps: list[Command] = []
    for name, chain in arms(table).items():
        folder, model = None, recipe.load("paper-sft", changes).model.name
        for place, part in enumerate(chain):
            folder = out / "+".join(chain[: place + 1])
            follows = changes if place == 0 else [*_but_model(changes), f"model.name={model}"]
            sets = tuple(word for change in follows for word in ("--set", change))
            stage = recipe.load(part).stage
            steps.append(("train", stage, part, *sets, "--out", str(folder)))
            steps.append(("train", "publish", str(folder), "--no-serve"))
            model = str(folder / "published")
        steps += _scored(table, name, model, out)
    return list(dict.fromkeys(steps))


def _but_model(changes: Sequence[str]) -> list[str]:
    return [change for change in changes if not change.startswith("model.name")]


def _scored(table: str, arm: str, model: str, out: Path) -> list[Command]:
    run = out / "eval" / f"{table}-{arm}"
    evaluation = (
        "eval", "--model", "hf", "--model_args", f"pretrained={model}", "--tasks", TASKS,
        "--apply_chat_template", "--output_path", str(run),
    )  # fmt: skip
    return [evaluation, ("board", "add", str(run))]


def run(table: str, out: Path, changes: Sequence[str], *, only_print: bool) -> int:
    """Print the steps, or do them one after the other.

    Raises:
        RunError: a step failed; it is named, and the same command goes on from it.
    """
    steps = commands(table, out, changes)
    if only_print:
        for words in steps:
            print("psyche-bench", shlex.join(words))
        return 0
    for words in steps:
        runs.call(words)
    return 0
