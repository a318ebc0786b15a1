"""Step time and peak memory of SFT and GRPO beside bare TRL with the same settings (≤ 3 % more).

Each side is trained in a process of its own, ours and bare in turns (A B B A), on the same batches
in the same order: bare TRL gets the arguments our settings become, plain prompt-completion rows
(SFT) and the bare reward functions (GRPO), and no callback of ours. The losses of both sides are
held against each other, so that it is the same work that is timed. Usage:

    python tests/perf/training_speed.py MODEL_FOLDER [--steps N] [--rounds N]

Prints value, baseline and ratio; exit 1 above the goal. Wall time is the median over all steps but
the first; processor time (less moved by other work on the machine) is their mean.
"""

import argparse
import itertools
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import training_inputs as own

GOAL = 1.03
ADAPTER = "[adapter]\nrank = 16\nalpha = 32\nlast_layers = 10\n"
TIMES: list[tuple[float, float]] = []
LOSSES: list[float] = []


def watch() -> None:
    """Have every trainer of this process note the clock after each step, ours and bare alike."""
    from transformers import TrainerCallback, trainer

    class Clock(TrainerCallback):  # type: ignore[misc]  # transformers is not read by mypy
        def on_step_end(self, *_: Any, **__: Any) -> None:
            TIMES.append((time.perf_counter(), time.process_time()))

        def on_log(self, *_: Any, logs: Any = None, **__: Any) -> None:
            if logs and "loss" in logs:
                LOSSES.append(float(logs["loss"]))

    trainer.DEFAULT_CALLBACKS.append(Clock)


def recipe_of(folder: Path, stage: str, model: str, steps: int) -> Any:
    """A recipe of our own inputs: 2 examples, or 2 prompts × 4 completions, a step."""
    from psyche_bench.training import recipe

    changes = [
        f"optim.max_steps={steps}", f"keep.save_steps={10 * steps}", "optim.epochs=20",
        "optim.batch=2", "optim.micro_batch=2", "optim.learning_rate=1e-4", "data.held_out=0",
        "model.dtype=bfloat16", "optim.autocast=true", "sequences.max_tokens=256",
    ]  # fmt: skip
    if stage == "grpo":
        changes += ["optim.micro_batch=8", "grpo.rollouts=4", "grpo.completion_tokens=24"]
    return recipe.load(str(own.recipe(folder, stage, Path(model), ADAPTER)), changes)


def ours(stage: str, found: Any, folder: Path) -> None:
    """The run as the command line makes it."""
    from psyche_bench.training import grpo, sft

    (sft if stage == "sft" else grpo).train(found, folder / "run")


def bare(stage: str, found: Any, folder: Path) -> None:
    """The same arguments given to TRL by hand."""
    from psyche_bench.training import data, models

    prepared = data.prepare(found.data, stage)  # type: ignore[arg-type]
    tokeniser, model = models.tokeniser(found.model), models.model(found.model)
    lora = models.lora(found.adapter, model.config.num_hidden_layers)
    common = {"model": model, "processing_class": tokeniser, "peft_config": lora}
    build = _bare_sft if stage == "sft" else _bare_grpo
    build(found, prepared.train, folder / "bare", common).train()


def _bare_sft(found: Any, examples: Any, out: Path, common: dict[str, Any]) -> Any:
    from datasets import Dataset
    from trl import SFTConfig, SFTTrainer

    from psyche_bench.training import sft

    rows = sft.rows(common["processing_class"], examples, found.sequences.max_tokens)[0]
    plain = [
        {
            "prompt": [turn.model_dump() for turn in examples[i].prompt],
            "completion": [{"role": "assistant", "content": examples[i].completion}],
        }
        for i in sft.order([row["length"] for row in rows], found)
    ]
    told = sft.settings(found, out, found.optim.max_steps, evaluates=False)
    del told["dataset_kwargs"]  # TRL tokenises by itself
    return SFTTrainer(args=SFTConfig(**told), train_dataset=Dataset.from_list(plain), **common)


def _bare_grpo(found: Any, examples: Any, out: Path, common: dict[str, Any]) -> Any:
    from datasets import Dataset
    from trl import GRPOConfig, GRPOTrainer

    from psyche_bench.training import grpo, rewards

    rows = grpo.rows(common["processing_class"], examples, found.sequences.max_tokens)
    return GRPOTrainer(
        args=GRPOConfig(**grpo.settings(found, out, found.optim.max_steps)),
        reward_funcs=[rewards.format_reward, rewards.accuracy_reward],
        train_dataset=Dataset.from_list(rows),
        **common,
    )


def one(side: str, stage: str, model: str, steps: int) -> None:
    """Train once and print what it took as one line of JSON."""
    from psyche_bench.training import data

    data.BENCHMARKS = (("sample", None),)  # our own items: no released data are needed
    watch()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (ours if side == "ours" else bare)(stage, recipe_of(folder, stage, model, steps), folder)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    wall = [later[0] - sooner[0] for sooner, later in itertools.pairwise(TIMES)]
    busy = (TIMES[-1][1] - TIMES[0][1]) / (len(TIMES) - 1)
    print("\n" + json.dumps({"wall": wall, "busy": busy, "peak": peak, "losses": LOSSES}))


def measured(side: str, stage: str, model: str, steps: int) -> dict[str, Any]:
    words = [sys.executable, __file__, model, "--steps", str(steps), "--one", side, stage]
    done = subprocess.run(words, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    found: dict[str, Any] = json.loads(done.stdout.decode().strip().splitlines()[-1])
    return found


def compared(stage: str, model: str, steps: int, rounds: int) -> bool:
    """Print one stage's rows; whether both ratios of the goal are met."""
    found: dict[str, list[dict[str, Any]]] = {"ours": [], "bare": []}
    for turn in range(rounds):
        for side in ("ours", "bare") if turn % 2 == 0 else ("bare", "ours"):
            found[side].append(measured(side, stage, model, steps))
    same = found["ours"][0]["losses"] == found["bare"][0]["losses"]
    print(f"{stage}: {steps} steps × {rounds} runs a side; losses "
          f"{'the same at every step' if same else 'DIFFER: not the same work'}")  # fmt: skip
    met = [same]
    for what, goal in (("wall", True), ("busy", False), ("peak", True)):
        value, baseline = (_figure(found[side], what) for side in ("ours", "bare"))
        unit = "GB peak memory" if what == "peak" else f"s a step, {what}"
        met.append(not goal or value / baseline <= GOAL)
        told = f"  (goal {GOAL}: {'met' if met[-1] else 'NOT MET'})" if goal else ""
        print(f"  {unit:16} ours {value:7.3f}  bare TRL {baseline:7.3f}  "
              f"ratio {value / baseline:.3f}{told}", flush=True)  # fmt: skip
    return all(met)


def _figure(runs: list[dict[str, Any]], what: str) -> float:
    if what == "wall":
        return statistics.median(seconds for run in runs for seconds in run["wall"])
    return statistics.fmean(run[what] for run in runs)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("model", nargs="?")
    parser.add_argument("--steps", type=int, default=6)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--one", nargs=2, metavar=("SIDE", "STAGE"))
    args = parser.parse_args()
    if args.model is None:
        print("skipped: needs the folder of a small model, see the docstring")
        return 0
    if args.one:
        one(*args.one, args.model, args.steps)
        return 0
    many = {"sft": 2 * args.steps, "grpo": args.steps}  # a step of SFT is the shorter one by far
    met = [compared(stage, args.model, steps, args.rounds) for stage, steps in many.items()]
    return 0 if all(met) else 1


if __name__ == "__main__":
    sys.exit(main())
