"""Recipes: one TOML file a run, checked at the door; a key nobody knows is an error.

A recipe speaks of the paper's own quantities (batch in examples or prompts, epochs, the KL loss's
weight); :mod:`psyche_bench.training.engines` says what each becomes in TRL, veRL and
LLaMA-Factory. Its first line is the command that runs it.
"""

import tomllib
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, ValidationError, model_validator

from psyche_bench import mixture
from psyche_bench.errors import RunError
from psyche_bench.schemas import Record

Stage = Literal["sft", "grpo"]


class Model(Record):
    """The model a run starts from.

    ``name`` is a folder or a hub id; ``dtype`` that of the frozen or trained weights; ``template``
    a Jinja file that replaces the chat template (or gives a base model one).
    """

    name: str
    revision: str | None = None
    dtype: Literal["float32", "bfloat16"] = "float32"
    template: str | None = None


class Adapter(Record):
    """LoRA on all linear maps but the head; ``last_layers`` keeps it to the top of the model."""

    rank: int = Field(16, ge=1)
    alpha: int = Field(32, ge=1)
    dropout: float = Field(0.0, ge=0, lt=1)
    last_layers: int | None = Field(None, ge=1)


class Data(Record):
    """What is learnt from: CPsyExam's train split, or a file of D_sft or D_grpo.

    ``sha256`` pins a file; a run whose file differs is refused. ``limit`` takes so many examples
    in an order drawn with ``seed``; ``shortest`` takes the shortest instead. ``held_out`` examples
    more are kept apart for the loss. ``rationale_chars`` cuts explanations at a sentence's end;
    ``rationales = false`` teaches the bare answer (+QA of Table 3). ``parts`` takes some parts of a
    mixture only (Table 4). ``cpsyexam`` adds so many examples of CPsyExam's train split to a file,
    for a mixture too small to learn from.
    """

    source: Literal["cpsyexam", "file"]
    path: str | None = None
    sha256: str | None = None
    cpsyexam: int = Field(0, ge=0)
    limit: int | None = Field(None, ge=1)
    held_out: int = Field(0, ge=0)
    shortest: bool = False
    seed: int = 42
    lang: Literal["zh", "en"] = "zh"
    ask: Literal["reason", "direct"] = "reason"
    rationale_chars: int | None = Field(None, ge=10)
    rationales: bool = True
    parts: tuple[mixture.SftPart | mixture.GrpoPart, ...] = ()

    @model_validator(mode="after")
    def _named(self) -> Self:
        if (self.source == "file") != (self.path is not None):
            raise ValueError("path belongs to source = 'file', and that needs it")
        if self.cpsyexam and self.source == "cpsyexam":
            raise ValueError("cpsyexam adds to source = 'file'; limit sizes source = 'cpsyexam'")
        return self


class Optim(Record):
    """The optimiser, in the paper's quantities.

    ``batch`` counts examples (SFT) or prompts (GRPO) an optimiser step sees over all ``devices``
    (GRPO: a generation step, see :class:`Grpo`); ``micro_batch`` what one device holds at once.
    ``warmup`` is a share of all steps below 1, and a number of steps from 1 on.
    """

    learning_rate: float = Field(gt=0)
    batch: int = Field(ge=1)
    micro_batch: int = Field(ge=1)
    devices: int = Field(1, ge=1)
    epochs: float = Field(gt=0)
    max_steps: int | None = Field(None, ge=1)
    schedule: Literal["cosine", "linear", "constant", "constant_with_warmup"] = "cosine"
    warmup: float = Field(0.0, ge=0)
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    weight_decay: float = 0.0
    max_grad_norm: float = 1.0
    seed: int = 42
    autocast: bool = True
    gradient_checkpointing: bool = False
    group_by_length: bool = True


class Sequences(Record):
    """Lengths in tokens. SFT keeps the start of an example longer than ``max_tokens``.

    ``packing`` is for LLaMA-Factory; TRL's own training here refuses it.
    """

    max_tokens: int = Field(ge=8)
    packing: bool = False


class Grpo(Record):
    """GRPO's own quantities; the defaults are declared choices where the paper is silent.

    ``mini_batch`` prompts make an optimiser step; ``rollouts`` completions are drawn for each
    prompt; ``kl`` weighs the k3 estimate of KL(policy ‖ reference) in the loss. ``printed_reward``
    restores Eq. 2 as printed: an empty answer gives 0 instead of -1. ``engine`` says who generates.
    """

    mini_batch: int = Field(ge=1)
    rollouts: int = Field(5, ge=2)
    completion_tokens: int = Field(1024, ge=1)
    temperature: float = Field(1.0, gt=0)
    top_p: float = Field(1.0, gt=0, le=1)
    kl: float = Field(1e-3, ge=0)
    clip: float = Field(0.2, gt=0)
    iterations: int = Field(1, ge=1)
    loss: Literal["grpo", "bnpo", "dr_grpo", "dapo"] = "dapo"
    scale_rewards: Literal["group", "batch", "none"] = "group"
    mask_truncated: bool = False
    printed_reward: bool = False
    engine: Literal["auto", "transformers", "vllm-colocate", "vllm-server"] = "auto"
    vllm_memory: float = Field(0.3, gt=0, lt=1)
    vllm_server: str = "http://127.0.0.1:8000"


class Keep(Record):
    """What a run writes: checkpoints every so many steps, metrics, examples, W&B when asked."""

    save_steps: int = Field(50, ge=1)
    checkpoints: int = Field(2, ge=1)
    log_steps: int = Field(1, ge=1)
    eval_steps: int | None = Field(None, ge=1)
    wandb_project: str | None = None


class Recipe(Record):
    """A whole run."""

    stage: Stage
    title: str
    model: Model
    adapter: Adapter | None = None
    data: Data
    optim: Optim
    sequences: Sequences
    grpo: Grpo | None = None
    keep: Keep = Keep()

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.stage == "grpo") != (self.grpo is not None):
            raise ValueError("a [grpo] table belongs to stage = 'grpo', and that needs one")
        share = self.optim.micro_batch * self.optim.devices
        if self.stage == "sft" and self.optim.batch % share:
            raise ValueError(
                f"optim.batch {self.optim.batch} is no multiple of micro_batch × devices = {share}"
            )
        if self.grpo and self.optim.batch % self.grpo.mini_batch:
            raise ValueError(
                f"optim.batch {self.optim.batch} is no multiple of grpo.mini_batch "
                f"{self.grpo.mini_batch}"
            )
        if self.grpo and (self.grpo.mini_batch * self.grpo.rollouts) % share:
            raise ValueError(
                f"grpo.mini_batch × rollouts = {self.grpo.mini_batch * self.grpo.rollouts} "
                f"completions are no multiple of micro_batch × devices = {share}"
            )
        if self.grpo and self.keep.save_steps % self.generation_steps:
            raise ValueError(
                f"keep.save_steps {self.keep.save_steps} is no multiple of the "
                f"{self.generation_steps} steps one generation feeds; a checkpoint between them "
                "could not be gone on from exactly"
            )
        return self

    @property
    def generation_steps(self) -> int:
        """Optimiser steps that one generation of completions feeds (GRPO)."""
        if self.grpo is None:
            return 1
        return self.optim.batch // self.grpo.mini_batch * self.grpo.iterations

    @property
    def accumulation(self) -> int:
        """Micro-batches one device sums up for an optimiser step."""
        rows = self.optim.batch if self.grpo is None else self.grpo.mini_batch * self.grpo.rollouts
        return rows // (self.optim.micro_batch * self.optim.devices)


def shipped() -> list[str]:
    """The names of the recipes that come with the package."""
    folder = files("psyche_bench.training") / "recipes"
    return sorted(p.name.removesuffix(".toml") for p in folder.iterdir() if p.name[-5:] == ".toml")


def text_of(name: str) -> str:
    """A recipe's text: a file, or one that is shipped.

    Raises:
        RunError: neither a file nor a shipped recipe has this name.
    """
    path = Path(name)
    if path.suffix == ".toml" and path.is_file():
        return path.read_text(encoding="utf-8")
    inside = files("psyche_bench.training") / "recipes" / f"{name}.toml"
    if not inside.is_file():
        raise RunError(
            f"{name}: neither a recipe file nor a shipped recipe. Shipped are "
            f"{', '.join(shipped())}."
        )
    return inside.read_text(encoding="utf-8")


def load(name: str, changes: Sequence[str] = (), stage: Stage | None = None) -> Recipe:
    """Read a recipe, with ``key.sub=value`` changes (values as in TOML; bare words are texts).

    Raises:
        RunError: unknown or ill-typed keys, or a recipe of the other stage.
    """
    tree = _tree(name)
    for change in changes:
        _apply(tree, change)
    try:
        recipe = Recipe.model_validate(tree)
    except ValidationError as error:
        raise RunError(f"{name}: {_told(error)}") from None
    if stage and recipe.stage != stage:
        raise RunError(f"{name} is a recipe for `psyche-bench train {recipe.stage}`, not {stage}.")
    return recipe


def _tree(name: str) -> dict[str, Any]:
    """A recipe's keys over those of the one it ``extends``."""
    try:
        tree = tomllib.loads(text_of(name))
    except tomllib.TOMLDecodeError as error:
        raise RunError(f"{name}: not TOML ({error}). Mend that line.") from None
    base = tree.pop("extends", None)
    return tree if base is None else _over(_tree(base), tree)


def _over(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        inner = merged.get(key)
        both = isinstance(value, dict) and isinstance(inner, dict)
        merged[key] = _over(inner, value) if both else value  # type: ignore[arg-type]
    return merged


def _apply(tree: dict[str, Any], change: str) -> None:
    key, sign, text = change.partition("=")
    if not sign:
        raise RunError(f"--set {change}: write key=value, such as optim.learning_rate=1e-5.")
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        value = text
    *tables, last = key.strip().split(".")
    for table in tables:
        tree = tree.setdefault(table, {})
        if not isinstance(tree, dict):
            raise RunError(f"--set {change}: {table} is a value, not a table.")
    tree[last] = value


def _told(error: ValidationError) -> str:
    """Every complaint as ``key: reason``, an unknown key with the known ones beside it."""
    lines = []
    for problem in error.errors():
        place = ".".join(map(str, problem["loc"]))
        if problem["type"] == "extra_forbidden":
            lines.append(f"unknown key {place} (known there: {', '.join(_known(problem['loc']))})")
        else:
            lines.append(f"{place or 'recipe'}: {problem['msg']}")
    return "; ".join(lines) + ". `psyche-bench train show small-sft` prints every key."


def _known(loc: tuple[int | str, ...]) -> list[str]:
    tables: dict[str, type[Record]] = {
        "model": Model, "adapter": Adapter, "data": Data, "optim": Optim,
        "sequences": Sequences, "grpo": Grpo, "keep": Keep,
    }  # fmt: skip
    form: type[Record] = tables.get(str(loc[0]), Recipe) if len(loc) > 1 else Recipe
    return list(form.model_fields)
