"""The same recipe for those who outgrow one machine: LLaMA-Factory (SFT), veRL on Ray (GRPO).

Written for LLaMA-Factory 0.9.5 and veRL 0.9.1; ``tests/perf/engine_parsers.py`` has their own
parsers read the files, in an environment of their own.
"""

import json
from pathlib import Path
from typing import Any

import yaml

from psyche_bench.errors import RunError
from psyche_bench.jsonl import write_json, write_lines, write_text
from psyche_bench.training import data, runs
from psyche_bench.training.data import Example, Prepared
from psyche_bench.training.recipe import Recipe

DATASET = "psyche_sft"
REWARD_FILE = "psyche_reward.py"


def write(recipe: Recipe, engine: str, folder: Path, *, data_too: bool = True) -> list[Path]:
    """Write configuration, data (unless told not to), reward and launch scripts.

    Returns:
        The files, in the order they are used.

    Raises:
        RunError: the engine has no such stage.
        DataError: the data cannot be read.
    """
    stage = {"llamafactory": "sft", "verl": "grpo"}[engine]
    if recipe.stage != stage:
        raise RunError(
            f"{engine} is written for {stage} recipes; this one is {recipe.stage}. "
            f"Export it to {'llamafactory' if recipe.stage == 'sft' else 'verl'}."
        )
    written: list[Path] = []
    if data_too:
        prepared = data.prepare(recipe.data, recipe.stage)
        keep = _llamafactory_data if engine == "llamafactory" else _verl_data
        written = keep(prepared, folder)
    configure = _write_llamafactory if engine == "llamafactory" else _write_verl
    return [*written, *configure(recipe, folder)]


# --- LLaMA-Factory ------------------------------------------------------------------------------


TEMPLATES = {
    "qwen3": "qwen3", "qwen": "qwen", "llama-3": "llama3", "phi-4": "phi4", "smollm2": "smollm2",
}  # fmt: skip
"""Part of a model's name → LLaMA-Factory's template; ``qwen`` writes what Qwen2.5's own writes."""


def template_of(name: str) -> str | None:
    """LLaMA-Factory's template for a model, told from its name; None where it cannot be told.

    A checkpoint of our own recipes counts as the paper's Qwen2.5.

    >>> template_of("Qwen/Qwen2.5-7B-Instruct"), template_of("mine/model")
    ('qwen', None)
    """
    if name.startswith("runs/"):
        return "qwen"
    return next((found for part, found in TEMPLATES.items() if part in name.lower()), None)


def llamafactory(recipe: Recipe) -> dict[str, Any]:
    """The recipe as LLaMA-Factory's YAML."""
    optim, adapter = recipe.optim, recipe.adapter
    found: dict[str, Any] = {
        "model_name_or_path": recipe.model.name,
        "stage": "sft",
        "do_train": True,
        "finetuning_type": "full" if adapter is None else "lora",
        "dataset": DATASET,
        "dataset_dir": ".",
        "template": template_of(recipe.model.name) or "chatml",
        "cutoff_len": recipe.sequences.max_tokens,
        "packing": recipe.sequences.packing,
        "train_on_prompt": False,
        "mask_history": True,  # a dialogue's last turn alone is learnt, as TRL does it
        "output_dir": "out",
        "per_device_train_batch_size": optim.micro_batch,
        "gradient_accumulation_steps": recipe.accumulation,
        "learning_rate": optim.learning_rate,
        "num_train_epochs": optim.epochs,
        "lr_scheduler_type": optim.schedule,
        "warmup_steps": optim.warmup if optim.warmup < 1 else int(optim.warmup),
        "optim": "adamw_torch",
        "adam_beta1": optim.beta1,
        "adam_beta2": optim.beta2,
        "adam_epsilon": optim.epsilon,
        "weight_decay": optim.weight_decay,
        "max_grad_norm": optim.max_grad_norm,
        "bf16": optim.autocast,
        "disable_gradient_checkpointing": not optim.gradient_checkpointing,
        "seed": optim.seed,
        "logging_steps": recipe.keep.log_steps,
        "save_steps": recipe.keep.save_steps,
        "save_total_limit": recipe.keep.checkpoints,
        "report_to": "none",
    }
    if adapter is not None:
        found |= {"lora_rank": adapter.rank, "lora_alpha": adapter.alpha,
                  "lora_dropout": adapter.dropout, "lora_target": "all"}  # fmt: skip
    elif optim.devices > 1:
        found["deepspeed"] = "zero3.json"
    return found


def messages(example: Example) -> list[dict[str, str]]:
    """Prompt and completion as one list of turns."""
    turns = [turn.model_dump() for turn in example.prompt]
    return [*turns, {"role": "assistant", "content": example.completion}]


def _llamafactory_data(prepared: Prepared, folder: Path) -> list[Path]:
    path = folder / f"{DATASET}.jsonl"
    write_lines(path, ({"messages": messages(example)} for example in prepared.train))
    return [path]


def _write_llamafactory(recipe: Recipe, folder: Path) -> list[Path]:
    settings = llamafactory(recipe)
    if template_of(recipe.model.name) is None:
        runs.say(
            f"{recipe.model.name}: which of LLaMA-Factory's templates writes what its own does is "
            'not known; sft.yaml says "chatml". Check that before training.'
        )
    entry = {
        "file_name": f"{DATASET}.jsonl",
        "formatting": "sharegpt",
        "columns": {"messages": "messages"},
        "tags": {
            "role_tag": "role", "content_tag": "content", "user_tag": "user",
            "assistant_tag": "assistant", "system_tag": "system",
        },
    }  # fmt: skip
    write_json(folder / "dataset_info.json", {DATASET: entry})
    if "deepspeed" in settings:
        write_json(folder / "zero3.json", ZERO3)
    write_text(folder / "sft.yaml", yaml.safe_dump(settings, sort_keys=False))
    write_text(folder / "run.sh", _torchrun(recipe))
    names = ["dataset_info.json", *(["zero3.json"] if "deepspeed" in settings else [])]
    return [folder / name for name in [*names, "sft.yaml", "run.sh"]]


ZERO3: dict[str, Any] = {
    "train_batch_size": "auto",
    "train_micro_batch_size_per_gpu": "auto",
    "gradient_accumulation_steps": "auto",
    "gradient_clipping": "auto",
    "bf16": {"enabled": "auto"},
    "zero_optimization": {
        "stage": 3,
        "overlap_comm": True,
        "contiguous_gradients": True,
        "stage3_gather_16bit_weights_on_model_save": True,
    },
}


def _torchrun(recipe: Recipe) -> str:
    each = min(recipe.optim.devices, 8)
    return f"""#!/usr/bin/env bash
# One machine:     NODES=1 bash run.sh
# Four machines:   on each, NODES=4 NODE=0..3 HEAD=address-of-the-first bash run.sh
# (then set gradient_accumulation_steps so that the batch stays {recipe.optim.batch} examples)
set -euo pipefail
cd "$(dirname "$0")"
FORCE_TORCHRUN=1 NNODES="${{NODES:-1}}" NODE_RANK="${{NODE:-0}}" NPROC_PER_NODE={each} \\
  MASTER_ADDR="${{HEAD:-127.0.0.1}}" MASTER_PORT="${{PORT:-29500}}" llamafactory-cli train sft.yaml
"""


# --- veRL ---------------------------------------------------------------------------------------


def verl(recipe: Recipe) -> list[str]:
    """The recipe as overrides of veRL's ``ppo_trainer``."""
    spec, optim = recipe.grpo, recipe.optim
    if spec is None:
        raise RunError(f"{recipe.title}: veRL is written for GRPO recipes.")
    actor, rollout = "actor_rollout_ref.actor", "actor_rollout_ref.rollout"
    each = min(optim.devices, 8)
    pairs: dict[str, Any] = {
        "algorithm.adv_estimator": "grpo",
        "algorithm.use_kl_in_reward": False,
        "algorithm.norm_adv_by_std_in_grpo": spec.scale_rewards == "group",
        "data.train_files": "train.parquet",
        "data.val_files": "val.parquet",
        "data.train_batch_size": optim.batch,
        "data.max_prompt_length": recipe.sequences.max_tokens,
        "data.max_response_length": spec.completion_tokens,
        "data.truncation": "error",
        "data.seed": optim.seed,
        "actor_rollout_ref.model.path": recipe.model.name,
        "actor_rollout_ref.model.enable_gradient_checkpointing": optim.gradient_checkpointing,
        f"{actor}.optim.lr": optim.learning_rate,
        f"{actor}.optim.lr_warmup_steps": int(optim.warmup) if optim.warmup >= 1 else -1,
        f"{actor}.optim.lr_scheduler_type": "cosine" if optim.schedule == "cosine" else "constant",
        f"{actor}.optim.weight_decay": optim.weight_decay,
        f"{actor}.ppo_mini_batch_size": spec.mini_batch,
        f"{actor}.ppo_micro_batch_size_per_gpu": optim.micro_batch,
        f"{actor}.ppo_epochs": spec.iterations,
        f"{actor}.clip_ratio": spec.clip,
        f"{actor}.use_kl_loss": spec.kl > 0,
        f"{actor}.kl_loss_coef": spec.kl,
        f"{actor}.kl_loss_type": "low_var_kl",
        f"{actor}.entropy_coeff": 0,
        f"{actor}.loss_agg_mode": AGGREGATION[spec.loss],
        f"{rollout}.name": "vllm",
        f"{rollout}.n": spec.rollouts,
        f"{rollout}.temperature": spec.temperature,
        f"{rollout}.top_p": spec.top_p,
        f"{rollout}.log_prob_micro_batch_size_per_gpu": optim.micro_batch,
        "actor_rollout_ref.ref.log_prob_micro_batch_size_per_gpu": optim.micro_batch,
        "reward.custom_reward_function.path": REWARD_FILE,
        "reward.custom_reward_function.name": "compute_score",
        "trainer.total_epochs": int(optim.epochs),
        "trainer.n_gpus_per_node": each,
        "trainer.nnodes": -(-optim.devices // each),
        "trainer.save_freq": recipe.keep.save_steps,
        "trainer.project_name": recipe.keep.wandb_project or "psyche-bench",
        "trainer.experiment_name": "grpo",
        "trainer.logger": '["console","wandb"]' if recipe.keep.wandb_project else '["console"]',
        "trainer.default_local_dir": "checkpoints",
    }
    if spec.printed_reward:
        pairs["+reward.custom_reward_function.reward_kwargs.printed"] = True
    return [f"{key}={_hydra(value)}" for key, value in pairs.items()]


AGGREGATION = {
    "dapo": "token-mean",
    "bnpo": "token-mean",
    "grpo": "seq-mean-token-mean",
    "dr_grpo": "seq-mean-token-sum-norm",
}
"""TRL's ``loss_type`` → veRL's ``loss_agg_mode``."""


def _hydra(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def verl_row(example: Example) -> dict[str, Any]:
    """A line of veRL's parquet; the reward gets ``ground_truth`` and ``extra_info``."""
    return {
        "data_source": example.id.partition("/")[0],
        "prompt": [turn.model_dump() for turn in example.prompt],
        "ability": "psychology",
        "reward_model": {"style": "rule", "ground_truth": example.gold},
        "extra_info": {
            "index": example.id,
            "options": json.dumps(example.options, ensure_ascii=False),
        },
    }


def _verl_data(prepared: Prepared, folder: Path) -> list[Path]:
    """Two parquet files; veRL wants one to validate on, and without held-out examples the first
    of training stand in."""
    from datasets import Dataset

    folder.mkdir(parents=True, exist_ok=True)
    parts = {"train": prepared.train, "val": prepared.held_out or prepared.train[:64]}
    for name, part in parts.items():
        Dataset.from_list([verl_row(x) for x in part]).to_parquet(folder / f"{name}.parquet")
    return [folder / f"{name}.parquet" for name in parts]


def _write_verl(recipe: Recipe, folder: Path) -> list[Path]:
    write_text(
        folder / REWARD_FILE,
        '"""Eq. 2 for veRL: the benchmark\'s own reader and scorer."""\n\n'
        "from psyche_bench.training.rewards import compute_score\n\n"
        '__all__ = ["compute_score"]\n',
    )
    overrides = verl(recipe)
    write_json(folder / "overrides.json", overrides)
    write_text(folder / "run.sh", _ray(recipe, overrides))
    return [folder / name for name in (REWARD_FILE, "overrides.json", "run.sh")]


def _ray(recipe: Recipe, overrides: list[str]) -> str:
    lines = " \\\n  ".join(f"'{override}'" for override in overrides)
    return f"""#!/usr/bin/env bash
# One machine:     bash run.sh
# Four machines:   ray start --head on the first, ray start --address=FIRST:6379 on the others,
#                  then on the first: bash run.sh trainer.nnodes=4
# {recipe.title}
set -euo pipefail
cd "$(dirname "$0")"
python3 -m verl.trainer.main_ppo \\
  {lines} "$@"
"""
