"""Supervised fine-tuning on D_sft (section 2.5): −log p(y | x) over the completion y = [r; a] only.

TRL's ``SFTTrainer`` does the work; here stand the recipe's meaning in its terms, what is checked
before the first step, and what is written.
"""

import math
import random
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from psyche_bench.errors import RunError
from psyche_bench.training import data, memory, models, runs
from psyche_bench.training.data import Example
from psyche_bench.training.recipe import Recipe


def encode(tokeniser: Any, example: Example) -> tuple[list[int], int]:
    """Token ids of an example, and how many of them are the prompt, as TRL splits it.

    Raises:
        RunError: the chat template writes the prompt otherwise once an answer follows, or leaves
            something of the answer out.
    """
    prompt = [turn.model_dump() for turn in example.prompt]
    answer = {"role": "assistant", "content": example.completion}
    asked = tokeniser.apply_chat_template(prompt, add_generation_prompt=True, return_dict=False)
    whole = tokeniser.apply_chat_template([*prompt, answer], return_dict=False)
    shared = 0
    while shared < min(len(asked), len(whole)) and asked[shared] == whole[shared]:
        shared += 1
    if shared < len(asked):
        raise RunError(
            f"{example.id}: the chat template writes the prompt otherwise once an answer follows, "
            f"from {tokeniser.decode(asked[shared:])!r} on. The model would learn from prompts it "
            "is never asked; use another template (--set model.template=FILE)."
        )
    learnt = tokeniser.decode(whole[len(asked) :])
    if _letters(example.completion) not in _letters(learnt):
        raise RunError(
            f"{example.id}: of {example.completion[:40]!r}… the chat template leaves "
            f"{learnt[:40]!r}… to be learnt: it drops reasoning, or opens it in the prompt. Use "
            "another template (--set model.template=FILE)."
        )
    return list(whole), len(asked)


def _letters(text: str) -> str:
    """Without white space, which templates add and take away around reasoning."""
    return "".join(unicodedata.normalize("NFKC", text).split())


def rows(tokeniser: Any, examples: Sequence[Example], limit: int) -> tuple[list[Any], int]:
    """Token ids and labels, the start kept where an example is too long; and how many were cut.

    Raises:
        RunError: a prompt alone fills ``limit``, so that nothing of its answer would be learnt;
            a completion is empty; or every example is cut.
    """
    found, cut = [], 0
    for example in examples:
        if not example.completion.strip():
            raise RunError(f"{example.id}: its completion is empty, so the model would learn to be "
                           "silent. Leave the example out.")  # fmt: skip
        ids, asked = encode(tokeniser, example)
        if asked >= limit:
            raise RunError(
                f"{example.id}: its prompt alone has {asked} tokens, the recipe's "
                f"sequences.max_tokens is {limit}. Raise it, or leave the example out."
            )
        cut += len(ids) > limit
        labels = [-100] * asked + ids[asked:]
        length = min(len(ids), limit)
        found.append({"input_ids": ids[:limit], "labels": labels[:limit], "length": length})
    if examples and cut == len(examples):
        raise RunError(
            f"each of the {cut} examples is longer than sequences.max_tokens = {limit} and would "
            "be cut before its answer ends: the model would never learn to end. Raise it."
        )
    return found, cut


def plan(recipe: Recipe, lengths: Sequence[int]) -> dict[str, Any]:
    """Steps and tokens of a run over examples of these lengths."""
    steps = math.ceil(len(lengths) * recipe.optim.epochs / recipe.optim.batch)
    if recipe.optim.max_steps is not None:
        steps = min(steps, recipe.optim.max_steps)
    tokens = sum(lengths)
    share = steps * recipe.optim.batch / max(1, len(lengths))
    return {
        "examples": len(lengths),
        "steps": steps,
        "batch": recipe.optim.batch,
        "accumulation": recipe.accumulation,
        "tokens_an_epoch": tokens,
        "tokens": round(tokens * min(share, recipe.optim.epochs)),
        "longest": max(lengths, default=0),
    }


GROUP = 50
"""Batches that are sorted by length together."""


def order(lengths: Sequence[int], recipe: Recipe) -> list[int]:
    """Indices of the examples as they are seen, epoch after epoch.

    Drawn from the seed and the epoch alone: the trainer's own length-grouped sampler draws from
    the global state of the moment, and a resumed run would see other batches. Within
    :data:`GROUP` batches examples are sorted by length, and the batches shuffled again.
    """
    optim, seen = recipe.optim, list[int]()
    for epoch in range(math.ceil(optim.epochs)):
        draw = random.Random(f"{optim.seed}:{epoch}")  # noqa: S311 - an order, not a secret
        indices = list(range(len(lengths)))
        draw.shuffle(indices)
        if optim.group_by_length:
            size = GROUP * optim.batch
            chunks = [indices[start : start + size] for start in range(0, len(indices), size)]
            indices = [i for chunk in chunks for i in _grouped(chunk, lengths, optim.batch, draw)]
        seen += indices
    return seen


def _grouped(
    chunk: list[int], lengths: Sequence[int], batch: int, draw: random.Random
) -> list[int]:
    ranked = sorted(chunk, key=lambda i: lengths[i])
    batches = [ranked[start : start + batch] for start in range(0, len(ranked), batch)]
    draw.shuffle(batches)
    return [i for one in batches for i in one]


def settings(recipe: Recipe, folder: Path, steps: int, *, evaluates: bool) -> dict[str, Any]:
    """The recipe as arguments of TRL's ``SFTConfig``."""
    return {
        **common(recipe, folder, steps),
        "gradient_accumulation_steps": recipe.accumulation,
        "train_sampling_strategy": "sequential",  # the order is ours, see order()
        "max_length": recipe.sequences.max_tokens,
        "eval_strategy": "steps" if evaluates else "no",
        "eval_steps": recipe.keep.eval_steps,
        "eval_on_start": evaluates,
        "per_device_eval_batch_size": recipe.optim.micro_batch,
        "dataset_kwargs": {"skip_prepare_dataset": True},
    }


def common(recipe: Recipe, folder: Path, steps: int) -> dict[str, Any]:
    """What both stages tell the trainer."""
    import torch

    optim, keep = recipe.optim, recipe.keep
    return {
        "output_dir": str(folder),
        "per_device_train_batch_size": optim.micro_batch,
        "max_steps": steps,
        "learning_rate": optim.learning_rate,
        "lr_scheduler_type": optim.schedule,
        "warmup_steps": optim.warmup if optim.warmup < 1 else int(optim.warmup),
        "adam_beta1": optim.beta1,
        "adam_beta2": optim.beta2,
        "adam_epsilon": optim.epsilon,
        "weight_decay": optim.weight_decay,
        "max_grad_norm": optim.max_grad_norm,
        "optim": "adamw_torch",
        "seed": optim.seed,
        "data_seed": optim.seed,
        "bf16": optim.autocast,
        "gradient_checkpointing": optim.gradient_checkpointing,
        "use_cpu": not torch.cuda.is_available(),
        "dataloader_pin_memory": torch.cuda.is_available(),
        "logging_steps": keep.log_steps,
        "logging_first_step": True,
        "save_strategy": "steps",
        "save_steps": keep.save_steps,
        "save_total_limit": keep.checkpoints,
        "report_to": ["wandb"] if keep.wandb_project else "none",
        "run_name": folder.name,
        "disable_tqdm": False,
    }


def train(recipe: Recipe, folder: Path) -> dict[str, Any]:
    """Run, or go on with, supervised fine-tuning.

    Returns:
        What was learnt: steps, held-out loss before and after, tokens.

    Raises:
        RunError: the folder, model, data or memory do not allow it.
        DataError: the data cannot be read.
    """
    if recipe.sequences.packing:
        raise RunError(
            "sequences.packing: rows are tokenised before TRL sees them, and TRL does not pack "
            "such rows. Set it to false, or run `psyche-bench train export RECIPE --to "
            "llamafactory`, which packs."
        )
    tokeniser = models.tokeniser(recipe.model)
    prepared = data.prepare(recipe.data, "sft")
    limit = recipe.sequences.max_tokens
    learnt, cut = rows(tokeniser, prepared.train, limit)
    held, held_cut = rows(tokeniser, prepared.held_out, limit)
    planned = plan(recipe, [row["length"] for row in learnt])
    runs.claim(folder, recipe)
    runs.keep_data(folder, prepared)
    counts = {**prepared.counts, "cut_at_the_end": cut, "held_out_cut": held_cut}
    model = models.model(recipe.model)
    models.check_lengths(recipe, model.config)
    memory.check(recipe, model.config, planned["longest"])
    runs.keep_passport(folder, recipe, counts, prepared.digest)
    runs.say(f"{planned['steps']} steps over {counts} → {folder}")
    return _fit(recipe, folder, Parts(model, tokeniser, learnt, held, planned["steps"]))


class Parts(NamedTuple):
    """What a trainer is built from, loaded and checked."""

    model: Any
    tokeniser: Any
    learnt: list[Any]
    held_out: list[Any]
    steps: int


def _fit(recipe: Recipe, folder: Path, parts: Parts) -> dict[str, Any]:
    from datasets import Dataset
    from trl import SFTConfig, SFTTrainer

    runs.prepare_logging(recipe)
    held = parts.held_out
    trainer = SFTTrainer(
        model=parts.model,
        args=SFTConfig(**settings(recipe, folder, parts.steps, evaluates=bool(held))),
        train_dataset=Dataset.from_list(parts.learnt).select(
            order([row["length"] for row in parts.learnt], recipe)
        ),
        eval_dataset=Dataset.from_list(held) if held else None,
        processing_class=parts.tokeniser,
        peft_config=models.lora(recipe.adapter, parts.model.config.num_hidden_layers),
        callbacks=[runs.metrics_callback(folder)],
    )
    return runs.fit(trainer, folder, parts.steps)
