"""Group relative policy optimisation on D_grpo (section 2.5), with Eq. 2's two rewards.

TRL's ``GRPOTrainer`` does the work. Every default of TRL's that differs from the paper or from
veRL is set by name in :func:`settings`; ``psyche-bench train show RECIPE --parameters`` prints the
three engines side by side.
"""

import functools
import json
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from psyche_bench import answers
from psyche_bench.errors import RunError
from psyche_bench.training import data, memory, models, rewards, runs
from psyche_bench.training.data import Example
from psyche_bench.training.recipe import Grpo, Recipe
from psyche_bench.training.sft import Parts, common

EXAMPLES = 2
"""Completions of each logged step that are kept for reading."""


def rows(tokeniser: Any, examples: Sequence[Example], limit: int) -> list[dict[str, Any]]:
    """Prompts with gold and options (as JSON, since their letters differ by row).

    Raises:
        RunError: a prompt is longer than ``limit`` tokens: cut, it would be another question; or
            the chat template opens the reasoning itself, so that no reply could be well formed.
    """
    found = []
    for example in examples:
        prompt = [turn.model_dump() for turn in example.prompt]
        ids = tokeniser.apply_chat_template(prompt, add_generation_prompt=True, return_dict=False)
        if len(ids) > limit:
            raise RunError(
                f"{example.id}: its prompt has {len(ids)} tokens, the recipe's "
                f"sequences.max_tokens is {limit}. Raise it, or leave the example out."
            )
        if tokeniser.decode(ids[-16:]).rstrip().endswith("<think>"):
            raise RunError(
                f"{example.id}: the chat template opens <think> in the prompt, so a reply could "
                "never be well formed by Eq. 2. Use another (--set model.template=FILE)."
            )
        options = json.dumps(example.options, ensure_ascii=False)
        found.append({"prompt": prompt, "gold": example.gold, "options": options})
    return found


def plan(recipe: Recipe, prompts: int) -> dict[str, Any]:
    """Optimiser steps and completions of a run; a generation step feeds ``batch / mini_batch``."""
    spec, optim = _spec(recipe), recipe.optim
    steps = math.floor(prompts * optim.epochs / spec.mini_batch)
    if optim.max_steps is not None:
        steps = min(steps, optim.max_steps)
    if steps < 1:
        raise RunError(
            f"{prompts} prompts × {optim.epochs} epochs make no step of {spec.mini_batch} prompts. "
            "Lower grpo.mini_batch, or take more prompts."
        )
    return {
        "prompts": prompts,
        "steps": steps,
        "prompts_a_step": spec.mini_batch,
        "prompts_a_generation": optim.batch,
        "accumulation": recipe.accumulation,
        "completions": steps * spec.mini_batch * spec.rollouts,
        "completion_tokens_at_most": (
            steps * spec.mini_batch * spec.rollouts * spec.completion_tokens
        ),
    }


def _spec(recipe: Recipe) -> Grpo:
    if recipe.grpo is None:
        raise RunError(f"{recipe.title}: no [grpo] table.")
    return recipe.grpo


def engine(wanted: str) -> str:
    """Who generates: vLLM beside the policy where there is a GPU and vLLM, else transformers.

    Raises:
        RunError: vLLM is asked for where it cannot work.
    """
    import importlib.util

    import torch

    possible = torch.cuda.is_available() and importlib.util.find_spec("vllm") is not None
    if wanted == "auto":
        return "vllm-colocate" if possible else "transformers"
    if wanted != "transformers" and not possible:
        raise RunError(
            f"grpo.engine = {wanted!r} wants a GPU and vllm installed: on a CPU vLLM cannot take "
            'new weights from the trainer. Use --set grpo.engine="transformers".'
        )
    return wanted


def settings(recipe: Recipe, folder: Path, steps: int) -> dict[str, Any]:
    """The recipe as arguments of TRL's ``GRPOConfig``; TRL counts completions, not prompts."""
    spec = _spec(recipe)
    return {
        **common(recipe, folder, steps),
        "gradient_accumulation_steps": recipe.accumulation,
        "generation_batch_size": recipe.optim.batch * spec.rollouts,
        "num_generations": spec.rollouts,
        "max_completion_length": spec.completion_tokens,
        "temperature": spec.temperature,
        "top_p": spec.top_p,
        "top_k": 0,
        "repetition_penalty": 1.0,
        "beta": spec.kl,
        "use_bias_correction_kl": False,  # veRL's low_var_kl has no importance ratio before it
        "epsilon": spec.clip,
        "num_iterations": spec.iterations,
        "importance_sampling_level": "token",
        "loss_type": spec.loss,
        "scale_rewards": spec.scale_rewards,
        "mask_truncated_completions": spec.mask_truncated,
        "reward_weights": [1.0, 1.0],
        "multi_objective_aggregation": "sum_then_normalize",
        "disable_dropout": True,
        "shuffle_dataset": True,
        **_generation(spec),
    }


def _generation(spec: Grpo) -> dict[str, Any]:
    who = engine(spec.engine)
    if who == "transformers":
        return {"use_vllm": False}
    if who == "vllm-server":
        return {"use_vllm": True, "vllm_mode": "server", "vllm_server_base_url": spec.vllm_server}
    return {
        "use_vllm": True,
        "vllm_mode": "colocate",
        "vllm_gpu_memory_utilization": spec.vllm_memory,
    }


Reward = Callable[..., Any]


def watched(name: str, reward: Reward, **fixed: Any) -> Reward:
    """A reward function whose values are checked before TRL can broadcast or average them."""

    @functools.wraps(reward)
    def call(completions: Sequence[Any], **more: Any) -> list[float]:
        values = reward(completions=completions, **{**more, **fixed})
        return rewards.checked(name, values, len(completions))

    call.__name__ = name
    return call


def reward_functions(spec: Grpo, folder: Path) -> list[Reward]:
    """The two terms of Eq. 2, the first of which also logs parse states and examples."""

    def accuracy(completions: Sequence[Any], **more: Any) -> list[float]:
        return rewards.accuracy_reward(completions, printed=spec.printed_reward, **more)

    form = _logging(folder, spec.completion_tokens)
    return [watched("format", form), watched("accuracy", accuracy)]


def _logging(folder: Path, tokens: int) -> Reward:
    """R_fmt that also logs what became of the completions, and writes some of them down."""

    def form(completions: Sequence[Any], **more: Any) -> list[float]:
        replies = [rewards.reply_of(completion) for completion in completions]
        values = rewards.format_reward(replies)
        states = [answers.read(reply).state for reply in replies]
        log = more.get("log_metric")
        if log is not None:
            for state in ("answered", "unparsed", "truncated"):
                log(f"state/{state}", states.count(state) / max(1, len(states)))
            log("state/empty", sum(not reply.strip() for reply in replies) / max(1, len(replies)))
        _warn(replies, tokens, more)
        _write_examples(folder, replies, values, states, more)
        return values

    return form


def _warn(replies: Sequence[str], tokens: int, more: Mapping[str, Any]) -> None:
    """Say so where all completions of a step are empty, or cut off: little is learnt from them."""
    state, ids = more.get("trainer_state"), more.get("completion_ids") or []
    step = f"step {state.global_step if state else '?'}: all {len(replies)} completions are"
    if not any(reply.strip() for reply in replies):
        runs.say(f"{step} empty. See whether the model answers at all: `psyche-bench chat MODEL`.")
    elif ids and min(map(len, ids)) >= tokens:
        runs.say(f"{step} cut off at grpo.completion_tokens = {tokens}. Raise it, or train SFT "
                 "first.")  # fmt: skip


def _write_examples(
    folder: Path, replies: list[str], values: list[float], states: list[Any],
    more: Mapping[str, Any],
) -> None:  # fmt: skip
    state = more.get("trainer_state")
    if state is None or not state.is_world_process_zero:
        return
    for reply, value, read, gold in list(
        zip(replies, values, states, more["gold"], strict=True)
    )[:EXAMPLES]:  # fmt: skip
        row = {"step": state.global_step, "gold": gold, "state": read, "format": value}
        runs.append(folder / "completions.jsonl", {**row, "reply": reply})


def train(recipe: Recipe, folder: Path) -> dict[str, Any]:
    """Run, or go on with, GRPO.

    Returns:
        What was reached: steps, first and last mean reward.

    Raises:
        RunError: folder, model, data, memory or a reward do not allow it.
        DataError: the data cannot be read.
    """
    spec = _spec(recipe)
    tokeniser = models.tokeniser(recipe.model)
    prepared = data.prepare(recipe.data, "grpo")
    prompts = rows(tokeniser, prepared.train, recipe.sequences.max_tokens)
    planned = plan(recipe, len(prompts))
    engine(spec.engine)
    runs.claim(folder, recipe)
    runs.keep_data(folder, prepared)
    model = models.model(recipe.model)
    models.check_lengths(recipe, model.config)
    longest = recipe.sequences.max_tokens + spec.completion_tokens
    memory.check(recipe, model.config, longest)
    runs.keep_passport(folder, recipe, prepared.counts, prepared.digest)
    runs.say(f"{planned['steps']} steps of {planned['prompts_a_step']} prompts → {folder}")
    return _fit(recipe, folder, Parts(model, tokeniser, prompts, [], planned["steps"]))


def _fit(recipe: Recipe, folder: Path, parts: Parts) -> dict[str, Any]:
    from datasets import Dataset
    from trl import GRPOConfig, GRPOTrainer

    runs.prepare_logging(recipe)
    trainer = GRPOTrainer(
        model=parts.model,
        reward_funcs=reward_functions(_spec(recipe), folder),
        args=GRPOConfig(**settings(recipe, folder, parts.steps)),
        train_dataset=Dataset.from_list(parts.learnt),
        processing_class=parts.tokeniser,
        peft_config=models.lora(recipe.adapter, parts.model.config.num_hidden_layers),
        callbacks=[runs.metrics_callback(folder)],
    )
    return runs.fit(trainer, folder, parts.steps)
