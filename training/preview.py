"""``--dry-run``: the effective configuration and what it will cost, before anything is trained."""

from typing import Any

from psyche_bench.errors import RunError
from psyche_bench.training import data, grpo, memory, models, sft
from psyche_bench.training.recipe import Recipe


def rows(recipe: Recipe) -> list[dict[str, Any]]:
    """Configuration, plan, data counts and memory as rows of part, key, value.

    Raises:
        RunError: tokeniser or configuration of the model cannot be loaded.
        DataError: the data cannot be read.
    """
    parts = {**plan(recipe), "recipe": _leaves(recipe.model_dump(mode="json"))}
    return [
        {"part": part, "key": key, "value": value}
        for part, values in parts.items()
        for key, value in values.items()
    ]


def plan(recipe: Recipe) -> dict[str, dict[str, Any]]:
    """Steps, tokens, data and memory of a run."""
    tokeniser, config = models.tokeniser(recipe.model), _config(recipe)
    models.check_lengths(recipe, config)
    prepared = data.prepare(recipe.data, recipe.stage)
    limit = recipe.sequences.max_tokens
    counts = {"digest": prepared.digest, **prepared.counts}
    if recipe.grpo is None:
        learnt, cut = sft.rows(tokeniser, prepared.train, limit)
        planned = sft.plan(recipe, [row["length"] for row in learnt])
        counts["cut_at_the_end"] = cut
        longest = planned["longest"]
    else:
        planned = grpo.plan(recipe, len(grpo.rows(tokeniser, prepared.train, limit)))
        planned["engine"] = grpo.engine(recipe.grpo.engine)
        longest = limit + recipe.grpo.completion_tokens
    wanted = memory.estimate(recipe, config, longest)
    needed = {f"{name} GB": round(value, 2) for name, value in wanted.items()}
    needed["free GB"] = round(memory.available(), 2)
    return {"plan": planned, "data": counts, "memory (estimate)": needed}


def _config(recipe: Recipe) -> Any:
    from transformers import AutoConfig

    try:
        return AutoConfig.from_pretrained(recipe.model.name, revision=recipe.model.revision)
    except (OSError, ValueError) as error:
        raise RunError(f"{recipe.model.name}: no model configuration there ({error}).") from None


def _leaves(tree: dict[str, Any], place: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in tree.items():
        name = f"{place}{key}"
        if isinstance(value, dict):
            found |= _leaves(value, f"{name}.")
        elif value is not None:
            found[name] = value
    return found
