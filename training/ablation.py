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
from typing import NamedTuple

from psyche_bench.errors import RunError
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


class Scale(NamedTuple):
    """Which arms are run (all, where none is named), and what they are scored on."""

    arms: tuple[str, ...] = ()
    tasks: str = TASKS
    limit: int | None = None


WHOLE = Scale()


def commands(
    table: str, out: Path, changes: Sequence[str] = (), scale: Scale = WHOLE
) -> list[Command]:
    """The words after ``psyche-bench`` of every step, in order; what arms share is done once.

    Raises:
        RunError: an arm is named that the table does not have.
    """
    known = arms(table)
    if unknown := [name for name in scale.arms if name not in known]:
        raise RunError(f"{table} has no arm {unknown[0]!r}. It has {', '.join(known)}.")
    steps: list[Command] = []
    for name in scale.arms or known:
        model = recipe.load("paper-sft", _for("sft", changes)).model.name
        chain = known[name]
        for place, part in enumerate(chain):
            folder, stage = out / "+".join(chain[: place + 1]), recipe.load(part).stage
            follows = _for(stage, changes)
            if place:
                follows = [*_but_model(follows), f"model.name={model}"]
            sets = tuple(word for change in follows for word in ("--set", change))
            steps.append(("train", stage, part, *sets, "--out", str(folder)))
            steps.append(("train", "publish", str(folder), "--no-serve"))
            model = str(folder / "published")
        steps += _scored(table, name, model, out, scale)
    return list(dict.fromkeys(steps))


def _for(stage: str, changes: Sequence[str]) -> list[str]:
    """The changes that a recipe of this stage takes: ``grpo.*`` belongs to GRPO alone."""
    return [one for one in changes if stage == "grpo" or not one.startswith("grpo.")]


def _but_model(changes: Sequence[str]) -> list[str]:
    return [change for change in changes if not change.startswith("model.name")]


def _scored(table: str, arm: str, model: str, out: Path, scale: Scale) -> list[Command]:
    run = out / "eval" / f"{table}-{arm}"
    limit = () if scale.limit is None else ("--limit", str(scale.limit))
    evaluation = (
        "eval", "--model", "hf", "--model_args", f"pretrained={model}", "--tasks", scale.tasks,
        "--apply_chat_template", "--output_path", str(run), *limit,
    )  # fmt: skip
    name = f"{TITLES[table]}: {arm}"
    return [evaluation, ("board", "add", str(run), "--name", name, "--replace")]


TITLES = {"table3": "Table 3", "fig3": "Figure 3", "table4": "Table 4"}
"""How the board names an arm: with this before it, its tables of ablations show the arm."""


def run(
    table: str, out: Path, changes: Sequence[str], scale: Scale = WHOLE, *, only_print: bool
) -> int:
    """Print the steps, or do them one after the other.

    Raises:
        RunError: a step failed; it is named, and the same command goes on from it.
    """
    steps = commands(table, out, changes, scale)
    if only_print:
        for words in steps:
            print("psyche-bench", shlex.join(words))
        return 0
    for words in steps:
        runs.call(words)
    return 0
