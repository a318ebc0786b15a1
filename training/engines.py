"""One recipe in three engines: what each of the paper's quantities becomes, side by side.

TRL's column is read from the arguments the run itself uses, veRL's and LLaMA-Factory's from the
files ``psyche-bench train export`` writes, so that the table cannot say otherwise than they do.
"""

import tomllib
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from psyche_bench.training import export, grpo, sft
from psyche_bench.training.recipe import Recipe

NONE = "–"


@cache
def paper() -> dict[str, dict[str, Any]]:
    """The paper's settings by stage, as printed; an empty text means not stated."""
    text = (files("psyche_bench.training") / "paper.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


# quantity → (TRL's arguments, the other engine's keys)
SFT = {
    "learning_rate": (["learning_rate"], ["learning_rate"]),
    "micro_batch": (["per_device_train_batch_size"], ["per_device_train_batch_size"]),
    "accumulation": (["gradient_accumulation_steps"], ["gradient_accumulation_steps"]),
    "epochs": (["num_train_epochs"], ["num_train_epochs"]),
    "optimiser": (
        ["optim", "adam_beta1", "adam_beta2", "adam_epsilon"],
        ["optim", "adam_beta1", "adam_beta2", "adam_epsilon"],
    ),
    "schedule": (["lr_scheduler_type"], ["lr_scheduler_type"]),
    "warmup": (["warmup_steps"], ["warmup_steps"]),
    "seed": (["seed"], ["seed"]),
    "weights": (["peft"], ["finetuning_type"]),
}
_ACTOR = "actor_rollout_ref.actor"
GRPO = {
    "learning_rate": (["learning_rate"], [f"{_ACTOR}.optim.lr"]),
    "batch": (["generation_batch_size"], ["data.train_batch_size"]),
    "mini_batch": (["completions_a_step"], [f"{_ACTOR}.ppo_mini_batch_size"]),
    "micro_batch": (["per_device_train_batch_size"], [f"{_ACTOR}.ppo_micro_batch_size_per_gpu"]),
    "epochs": (["num_train_epochs"], ["trainer.total_epochs"]),
    "kl": (
        ["beta", "use_bias_correction_kl"],
        [f"{_ACTOR}.use_kl_loss", f"{_ACTOR}.kl_loss_coef", f"{_ACTOR}.kl_loss_type"],
    ),
    "warmup": (["warmup_steps"], [f"{_ACTOR}.optim.lr_warmup_steps"]),
    "seed": (["seed"], ["data.seed"]),
    "rollouts": (["num_generations"], ["actor_rollout_ref.rollout.n"]),
    "completion_tokens": (["max_completion_length"], ["data.max_response_length"]),
    "clip": (["epsilon"], [f"{_ACTOR}.clip_ratio"]),
    "temperature": (["temperature"], ["actor_rollout_ref.rollout.temperature"]),
    "schedule": (["lr_scheduler_type"], [f"{_ACTOR}.optim.lr_scheduler_type"]),
    "loss": (["loss_type"], [f"{_ACTOR}.loss_agg_mode"]),
    "advantage": (["scale_rewards"], ["algorithm.norm_adv_by_std_in_grpo"]),
}


def table(recipe: Recipe) -> list[dict[str, str]]:
    """Rows of quantity, paper, recipe's TRL arguments, and the other engine's keys."""
    printed = paper()[recipe.stage]
    ours, theirs = _trl(recipe), _other(recipe)
    other = "LLaMA-Factory" if recipe.stage == "sft" else "veRL"
    rows = []
    for name, (left, right) in (SFT if recipe.stage == "sft" else GRPO).items():
        stated = printed.get(name, NONE)
        rows.append(
            {
                "quantity": name,
                "paper": str(stated) if stated != "" else "not stated",
                "TRL": _shown(ours, left),
                other: _shown(theirs, right),
            }
        )
    return rows


def _shown(values: dict[str, Any], keys: list[str]) -> str:
    return ", ".join(f"{key.rpartition('.')[2]}={values.get(key, NONE)}" for key in keys)


def _trl(recipe: Recipe) -> dict[str, Any]:
    folder = Path("runs")
    if recipe.grpo is None:
        found = sft.settings(recipe, folder, 0, evaluates=False)
    else:
        found = grpo.settings(recipe, folder, 0)
        found["completions_a_step"] = recipe.grpo.mini_batch * recipe.grpo.rollouts
    found["num_train_epochs"] = recipe.optim.epochs  # as max_steps, computed from the data
    found["peft"] = "full" if recipe.adapter is None else f"LoRA r={recipe.adapter.rank}"
    return found


def _other(recipe: Recipe) -> dict[str, Any]:
    if recipe.grpo is None:
        return export.llamafactory(recipe)
    pairs = (override.lstrip("+").partition("=") for override in export.verl(recipe))
    return {key: value for key, _, value in pairs}
