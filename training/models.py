"""Loading a model and its tokeniser, and what must be true of them before the first step."""

from pathlib import Path
from typing import Any

from psyche_bench.errors import RunError
from psyche_bench.training.recipe import Adapter, Recipe
from psyche_bench.training.recipe import Model as Named


def tokeniser(named: Named) -> Any:
    """The tokeniser, with a chat template and a padding token.

    Raises:
        RunError: it cannot be loaded, or has no chat template.
    """
    from transformers import AutoTokenizer

    try:
        found = AutoTokenizer.from_pretrained(named.name, revision=named.revision)
    except (OSError, ValueError) as error:
        raise RunError(
            f"{named.name}: no tokeniser there ({_first_line(error)}). Name a folder or a hub id "
            "with --set model.name=…"
        ) from None
    if named.template:
        found.chat_template = Path(named.template).read_text(encoding="utf-8")
    if not found.chat_template:
        raise RunError(
            f"{named.name} has no chat template, so nobody knows how it is asked. Take its "
            "instruction-tuned sibling, or give a Jinja file with --set model.template=FILE."
        )
    if found.pad_token is None:
        found.pad_token = found.eos_token
    return found


def model(named: Named) -> Any:
    """The causal language model in the dtype the recipe asks for.

    Raises:
        RunError: it cannot be loaded.
    """
    import torch
    from transformers import AutoModelForCausalLM

    try:
        return AutoModelForCausalLM.from_pretrained(
            named.name, revision=named.revision, dtype=getattr(torch, named.dtype)
        )
    except (OSError, ValueError) as error:
        raise RunError(f"{named.name}: no causal language model ({_first_line(error)}).") from None


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__


def lora(adapter: Adapter | None, layers: int) -> Any:
    """peft's configuration: every linear map but the head, of the last layers when so asked."""
    if adapter is None:
        return None
    from peft import LoraConfig

    target: Any = "all-linear"
    if adapter.last_layers is not None:
        first = max(0, layers - adapter.last_layers)
        places = "|".join(map(str, range(first, layers)))
        target = rf".*\.layers\.({places})\..*(proj|fc\d|dense.*)"
    return LoraConfig(
        r=adapter.rank,
        lora_alpha=adapter.alpha,
        lora_dropout=adapter.dropout,
        target_modules=target,
        task_type="CAUSAL_LM",
    )


def check_lengths(recipe: Recipe, config: Any) -> None:
    """Fail when a sequence cannot fit into the model's context.

    Raises:
        RunError: ``sequences.max_tokens`` and the completion do not fit.
    """
    window = getattr(config, "max_position_embeddings", None)
    wanted = recipe.sequences.max_tokens
    if recipe.grpo is not None:
        wanted += recipe.grpo.completion_tokens
    if window and wanted > window:
        raise RunError(
            f"{wanted} tokens do not fit into {recipe.model.name}'s context of {window}. Lower "
            "sequences.max_tokens or grpo.completion_tokens."
        )
