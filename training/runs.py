"""A run's folder: one configuration each, a passport, metrics as JSON lines, safe checkpoints.

``recipe.json`` the effective recipe, ``run.json`` the passport, ``metrics.jsonl`` every logged
value, ``data/`` the examples as learnt, ``checkpoint-N/`` to go on from, ``final/`` the result.
"""

import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from pathlib import Path
from typing import Any

from psyche_bench.errors import RunError
from psyche_bench.jsonl import dumps, read_json, read_lines, write_json, write_lines
from psyche_bench.passport import hardware, versions
from psyche_bench.training.data import Prepared
from psyche_bench.training.recipe import Recipe
from psyche_bench.wandb_guard import prepare_wandb

PACKAGES = ("trl", "peft", "accelerate", "datasets", "tokenizers", "deepspeed")


def say(message: str) -> None:
    """Talk goes to stderr."""
    print(message, file=sys.stderr, flush=True)


def call(words: Sequence[str]) -> None:
    """One of our own commands, in a process of its own: rooms meet at the command line.

    Raises:
        RunError: it failed; what it said stands above on stderr.
    """
    told = f"psyche-bench {shlex.join(words)}"
    say(told)
    done = subprocess.run(  # noqa: S603 - our own command line
        [sys.executable, "-m", "psyche_bench.cli", *words], check=False, stdout=sys.stderr
    )
    if done.returncode != 0:
        raise RunError(
            f"`{told}` failed with {done.returncode}. Mend what it says above and start again: "
            "what is finished is not repeated."
        )


def writes() -> bool:
    """Whether this process writes: the first of those that train together."""
    return os.environ.get("RANK", "0") == "0"


def claim(folder: Path, recipe: Recipe) -> None:
    """Make the folder this recipe's, or refuse when it holds another run.

    Raises:
        RunError: the folder holds a run with other settings; the first differences are named.
    """
    path = folder / "recipe.json"
    own = recipe.model_dump(mode="json")
    if not path.exists():
        if folder.exists() and any(folder.glob("checkpoint-*")):
            raise RunError(
                f"{folder} holds checkpoints of another program. Choose another --out, since the "
                "highest-numbered checkpoint would be gone on with."
            )
        if writes():
            write_json(path, own)
        return
    differing = list(_differences(read_json(path), own))
    if differing:
        raise RunError(
            f"{folder} belongs to a run with other settings ({'; '.join(differing[:5])}). Choose "
            "another --out, or remove that folder."
        )


def _differences(theirs: Any, own: Any, place: str = "") -> Any:
    if isinstance(theirs, dict) and isinstance(own, dict):
        for key in dict.fromkeys([*theirs, *own]):
            yield from _differences(theirs.get(key), own.get(key), f"{place}.{key}".strip("."))
    elif theirs != own:
        yield f"{place}: {theirs!r} → {own!r}"


def keep_data(folder: Path, prepared: Prepared) -> None:
    """Write the examples beside the run, or hold them against those written before.

    Raises:
        RunError: the data are not those the run began with.
    """
    path = folder / "data" / "counts.json"
    told = {"digest": prepared.digest, **prepared.counts}
    if path.exists() and read_json(path) != told:
        raise RunError(
            f"the data changed since {folder} was begun ({read_json(path)} → {told}). Going on "
            "would mix two data sets: choose another --out."
        )
    if not writes():
        return
    for name in ("train", "held_out"):
        rows = (example.model_dump(mode="json") for example in getattr(prepared, name))
        write_lines(folder / "data" / f"{name}.jsonl", rows)
    write_json(path, told)


def passport(recipe: Recipe, counts: Mapping[str, Any], digest: str) -> dict[str, Any]:
    """What one needs to repeat the run: recipe, seeds, versions, data, revision, hardware."""
    found = versions()
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return {
        "recipe": recipe.model_dump(mode="json"),
        "seed": recipe.optim.seed,
        "data": {"digest": digest, **counts},
        "versions": found,
        "revision": revision(),
        "hardware": hardware(),
        "begun": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def keep_passport(folder: Path, recipe: Recipe, counts: Mapping[str, Any], digest: str) -> None:
    """Write ``run.json`` once: it tells of the beginning."""
    if writes() and not (folder / "run.json").exists():
        write_json(folder / "run.json", passport(recipe, counts, digest))


def revision() -> str | None:
    """The git revision of the source this runs from, with ``+`` where files were changed."""
    home = str(files("psyche_bench.training"))
    git = shutil.which("git")
    if git is None:
        return None

    def ask(*words: str) -> str | None:
        done = subprocess.run(  # noqa: S603 - a fixed program and fixed words
            [git, "-C", home, *words], capture_output=True, text=True, check=False
        )
        return done.stdout.strip() if done.returncode == 0 else None

    head = ask("rev-parse", "HEAD")
    return head and head + ("+" if ask("status", "--porcelain", "--untracked-files=no") else "")


def last_checkpoint(folder: Path) -> Path | None:
    """The newest whole checkpoint; one that a kill left half-written is removed.

    ``trainer_state.json`` is what the trainer writes last.
    """
    whole = []
    for path in folder.glob("checkpoint-*"):
        if (path / "trainer_state.json").is_file() and path.name[11:].isdigit():
            whole.append(path)
        elif writes():
            say(f"{path} was not finished when the run was killed; it is removed.")
            shutil.rmtree(path)
    return max(whole, key=lambda path: int(path.name[11:]), default=None)


def cut_metrics(folder: Path, step: int) -> None:
    """Drop what was logged behind the checkpoint a run goes on from: it will be logged again."""
    for name in ("metrics.jsonl", "completions.jsonl"):
        path = folder / name
        if writes() and path.exists():
            kept = [row for _, row in read_lines(path) if row["step"] <= step]
            write_lines(path, kept)


def append(path: Path, row: Mapping[str, Any]) -> None:
    """Add one line and flush it, so that a kill costs at most the line under way."""
    with path.open("a", encoding="utf-8") as file:
        file.write(dumps(row) + "\n")


def prepare_logging(recipe: Recipe) -> None:
    """W&B when asked, never in the way; lines of JSON are written in any case."""
    if recipe.keep.wandb_project:
        os.environ["WANDB_PROJECT"] = recipe.keep.wandb_project
        prepare_wandb()


def fit(trainer: Any, folder: Path, steps: int) -> dict[str, Any]:
    """Train from the last whole checkpoint on, write ``final/`` and what was reached.

    The trainer may run a step past ``max_steps`` when it goes on from the last checkpoint, so a
    run that is complete is not started again.
    """
    found = last_checkpoint(folder)
    done = int(found.name[11:]) if found else 0
    cut_metrics(folder, done)
    if found:
        say(f"Going on from {found.name}.")
        trainer.args.eval_on_start = False  # the loss before the first step was logged then
    if done < steps:
        trainer.train(resume_from_checkpoint=str(found) if found else None)
    trainer.save_model(str(folder / "final"))
    if not writes():
        return {}
    result = reached(folder)
    write_json(folder / "result.json", result)
    return result


def reached(folder: Path) -> dict[str, Any]:
    """First and last value of what was logged, from ``metrics.jsonl``."""
    rows = [row for _, row in read_lines(folder / "metrics.jsonl")]
    found: dict[str, Any] = {"steps": max((row["step"] for row in rows), default=0)}
    for key in ("loss", "eval_loss", "reward", "rewards/format/mean", "rewards/accuracy/mean"):
        values = [row[key] for row in rows if key in row]
        if values:
            found[key] = {"first": values[0], "last": values[-1]}
    return found


def metrics_callback(folder: Path) -> Any:
    """A trainer callback that writes every logged value to ``metrics.jsonl``."""
    from transformers import TrainerCallback

    class Metrics(TrainerCallback):  # type: ignore[misc]  # transformers is not read by mypy
        def __init__(self) -> None:
            self.began = time.monotonic()

        def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:
            if state.is_world_process_zero and logs:
                seconds = round(time.monotonic() - self.began, 2)
                append(folder / "metrics.jsonl",
                       {"step": state.global_step, "seconds": seconds, **logs})  # fmt: skip

    return Metrics()
