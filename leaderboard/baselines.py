"""The paper's models: whom one compares with, and how each is run (``baselines.toml``)."""

import tomllib
from functools import cache
from importlib.resources import files
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from psyche_bench.errors import DataError
from psyche_bench.leaderboard.records import Category, Model
from psyche_bench.schemas import Record

Revision = Annotated[str, Field(pattern=r"^[0-9a-f]{7,40}$")]


class Baseline(Record):
    """One model of the paper.

    ``printed`` lists the names under which the tables print it; ``size`` is in billions of
    parameters, None where it is not published; ``version`` is Table 7's text. Open weights have a
    ``hub`` id, a closed model an ``api_model``, its ``endpoint`` and the environment variable of
    its key. ``reasoning`` says whether it thinks before it answers: never, always, where it is
    switched on (``on``), or where a system prompt asks for it; ``thinking_tags`` enclose that.
    ``context`` is in tokens, None where unknown. ``sources`` says by field where a fact was read.
    """

    name: str
    printed: tuple[str, ...]
    category: Category
    size: float | None = None
    version: str
    hub: str | None = None
    hub_site: Literal["huggingface", "modelscope"] = "huggingface"
    revision: Revision | None = None
    trust_remote_code: bool = False
    api_model: str | None = None
    endpoint: str | None = None
    key_variable: str | None = None
    backend: Literal["vllm", "local-chat-completions"]
    tensor_parallel: int | None = None
    vllm: dict[str, str] = Field(default_factory=dict)
    gen_kwargs: str | None = None
    protocol: str = "paper-1024"
    context: int | None = None
    licence: str
    reasoning: Literal["none", "always", "on", "by system prompt"]
    thinking_tags: tuple[str, str] | None = None
    chat_template: str = "the model's own"
    system_prompt: str = "none, as the paper names none"
    notes: str = ""
    sources: dict[str, str]

    @model_validator(mode="after")
    def _one_way_to_run(self) -> Self:
        if self.backend == "vllm" and not (self.hub and self.tensor_parallel):
            raise ValueError("backend vllm needs hub and tensor_parallel")
        if self.backend != "vllm" and not (self.api_model and self.endpoint and self.key_variable):
            raise ValueError(f"backend {self.backend} needs api_model, endpoint and key_variable")
        if self.trust_remote_code and not self.revision:
            raise ValueError("trust_remote_code needs a pinned revision")
        return self

    @model_validator(mode="after")
    def _facts_have_sources(self) -> Self:
        told = ["hub" if self.hub else "api_model", "endpoint", "context", "licence", "revision"]
        wanted = {name for name in told if getattr(self, name) not in (None, "closed", "unknown")}
        if missing := sorted(wanted - set(self.sources)):
            raise ValueError(f"sources of {', '.join(missing)} are missing")
        if strange := sorted(set(self.sources) - set(type(self).model_fields)):
            raise ValueError(f"sources name {', '.join(strange)}, which is no field")
        return self


@cache
def catalogue() -> dict[str, Baseline]:
    """All baselines by name, in the order of Table 1."""
    text = (files("psyche_bench.leaderboard") / "baselines.toml").read_text(encoding="utf-8")
    return {
        name: Baseline.model_validate({"name": name, **entry})
        for name, entry in tomllib.loads(text).items()
    }


def baseline(name: str) -> Baseline:
    """One baseline by its name, or by a name the paper prints.

    Raises:
        DataError: there is none; the message lists those there are.
    """
    known = catalogue()
    found = known.get(name) or next((b for b in known.values() if name in b.printed), None)
    if found is None:
        raise DataError(f"no baseline {name!r}. There are: {', '.join(known)}")
    return found


def by_hub_id(name: str) -> Baseline | None:
    """The baseline whose weights or API model are called this; None where it is no baseline's."""
    return next((b for b in catalogue().values() if name in (b.hub, b.api_model)), None)


def model(name: str) -> Model:
    """A baseline as the board names it.

    >>> model("Qwen2.5-7B-Instruct").name
    'Qwen2.5-7B'
    """
    found = baseline(name)
    return Model(
        name=found.name,
        baseline=found.name,
        category=found.category,
        size=found.size,
        version=found.version,
    )
