"""How much memory a run wants, before it wants it.

A rough sum, named as an estimate: weights, gradients and AdamW's two moments of what is trained,
the activations of one micro-batch, and the logits of its learnt tokens.
"""

from typing import Any

from psyche_bench.errors import RunError
from psyche_bench.training.recipe import Recipe

GB = 1e9
FLOAT = 4
ACTIVATIONS = {16: 50, 32: 70}
"""By the bits that are computed in, bytes kept a token, hidden unit and layer the gradient passes,
without checkpointing: what autograd saves in the small model's Llama blocks (SwiGLU, fused
attention)."""


def parameters(config: Any) -> int:
    """Parameters of a Llama-like model, from its configuration alone."""
    hidden, layers = config.hidden_size, config.num_hidden_layers
    heads = config.num_attention_heads
    pairs = getattr(config, "num_key_value_heads", None) or heads
    size = getattr(config, "head_dim", None) or hidden // heads
    attention = hidden * size * (2 * heads + 2 * pairs)
    feed = 3 * hidden * config.intermediate_size
    tables = 1 if config.tie_word_embeddings else 2
    return int(layers * (attention + feed + 2 * hidden) + tables * config.vocab_size * hidden)


def trained(recipe: Recipe, config: Any) -> int:
    """Parameters that are learnt: all, or those of the adapter."""
    if recipe.adapter is None:
        return parameters(config)
    hidden, rank = config.hidden_size, recipe.adapter.rank
    layers = _passed(recipe, config)
    heads = config.num_attention_heads
    pairs = getattr(config, "num_key_value_heads", None) or heads
    narrow = hidden * pairs // heads
    sides = 4 * hidden + 2 * (hidden + narrow) + 3 * (hidden + config.intermediate_size)
    return int(layers * rank * sides)


def _passed(recipe: Recipe, config: Any) -> int:
    """Layers the gradient passes: those from the first that has something to learn."""
    last = recipe.adapter.last_layers if recipe.adapter else None
    return int(min(last or config.num_hidden_layers, config.num_hidden_layers))


def _kept(recipe: Recipe) -> int:
    if recipe.optim.gradient_checkpointing:
        return 2
    return ACTIVATIONS[16 if recipe.optim.autocast or recipe.model.dtype == "bfloat16" else 32]


def estimate(recipe: Recipe, config: Any, longest: int) -> dict[str, float]:
    """Gigabytes a device wants: weights, learning, activations, logits and their sum.

    Args:
        recipe: the run.
        config: the model's configuration.
        longest: tokens of the longest sequence, completion included.
    """
    width = 2
    if recipe.model.dtype == "float32":
        width = 6 if recipe.optim.autocast else 4  # autocast keeps a copy in 16 bits
    copies = 2 if recipe.grpo and recipe.grpo.kl > 0 and recipe.adapter is None else 1
    shard = recipe.optim.devices
    weights = parameters(config) * width * copies / shard
    learning = trained(recipe, config) * 3 * FLOAT / shard
    tokens = recipe.optim.micro_batch * longest
    activations = tokens * config.hidden_size * _passed(recipe, config) * _kept(recipe)
    logits = min(tokens, 4096) * config.vocab_size * FLOAT * 2
    parts = {
        "weights": weights, "learning": learning, "activations": activations, "logits": logits
    }  # fmt: skip
    sizes = {name: part / GB for name, part in parts.items()}
    return {**sizes, "total": sum(sizes.values())}


def available() -> float:
    """Gigabytes free: of the GPU where there is one, else of the machine."""
    import psutil
    import torch

    if torch.cuda.is_available():
        return float(torch.cuda.mem_get_info()[0]) / GB
    return float(psutil.virtual_memory().available) / GB


def check(recipe: Recipe, config: Any, longest: int) -> None:
    """Refuse a run that cannot fit, before anything is loaded onto the device.

    Raises:
        RunError: the estimate is above what is free.
    """
    wanted, free = estimate(recipe, config, longest), available()
    if wanted["total"] > free:
        parts = ", ".join(f"{name} {size:.1f}" for name, size in wanted.items() if name != "total")
        raise RunError(
            f"the run wants about {wanted['total']:.1f} GB a device ({parts}), but {free:.1f} GB "
            "are free. Lower optim.micro_batch or sequences.max_tokens, set "
            "optim.gradient_checkpointing, add an [adapter], or take more devices."
        )
