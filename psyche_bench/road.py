"""A road: public commands in a row, from raw material to a published row.

A recipe is a list of joints, each one ``psyche-bench`` command with the files it reads and writes,
so that whoever reads it can also type it. Words in braces are values of the recipe (``{model}``),
the road's folder (``{out}``) or the endpoint (``{base_url}``). :mod:`psyche_bench.road_walk` walks
it; this module reads it and works out beforehand what it would take.
"""

import re
import shlex
import tomllib
from collections.abc import Iterable, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Self

from pydantic import Field, ValidationError, model_validator

from psyche_bench.errors import RunError
from psyche_bench.schemas import Record, first_fault

OWN = ("out", "base_url")
"""Values that the road itself gives; they are no part of what a joint depends on."""
_BRACES = re.compile(r"\{(\w+)\}")


class Server(Record):
    """A model server the road starts before a joint that asks, and stops before one that does not.

    ``command`` holds ``{port}``; ``ready`` is the address that answers when it is up.
    """

    command: str
    ready: str = "/health"
    seconds: float = Field(900.0, gt=0)


class Expected(Record):
    """What a joint is expected to take, declared, with its ``source``.

    Hours = ``flops`` / (``gpus`` · ``flops_per_second``) + ``read`` / ``prefill`` + ``written`` /
    ``decode``: floating-point operations in all and a second of one GPU, tokens in all and a second
    of the whole machine. Cost = hours · gpus · ``gpu_hour`` + tokens · prices (of a million).
    """

    calls: int = 0
    read: float = 0.0
    written: float = 0.0
    flops: float = 0.0
    gpus: int = 0
    flops_per_second: float = Field(1.0, gt=0)
    prefill: float | None = Field(None, gt=0)
    decode: float | None = Field(None, gt=0)
    hours: float | None = None
    gpu_hour: float = 0.0
    input: float = 0.0
    output: float = 0.0
    source: str

    @property
    def time(self) -> float:
        """Hours on the machine described.

        >>> Expected(flops=7.2e18, gpus=8, flops_per_second=2.5e14, source="a sum").time
        1.0
        """
        if self.hours is not None:
            return self.hours
        seconds = self.flops / (max(self.gpus, 1) * self.flops_per_second)
        seconds += self.read / self.prefill if self.prefill else 0.0
        seconds += self.written / self.decode if self.decode else 0.0
        return seconds / 3600

    @property
    def cost(self) -> float:
        """Money for GPU hours and tokens."""
        tokens = (self.read * self.input + self.written * self.output) / 1e6
        return self.time * self.gpus * self.gpu_hour + tokens


class Joint(Record):
    """One command. ``reads`` and ``writes`` are files below the road's folder, ``*`` allowed.

    ``reads`` may also name a file of the package (``psyche_bench.training/recipes/…``). ``keep``
    is a file that takes the command's stdout. ``folder`` is cleared before the command runs on
    changed inputs; a joint without one knows by itself what has changed. ``program`` replaces
    ``psyche-bench``, for commands of many processes. ``wandb`` are the words that are added when
    W&B is on. ``plan`` is a command whose JSON rows end with the sum of calls, tokens, hours and
    cost, of a machine of ``gpus`` GPUs.
    """

    name: str = Field(pattern=r"^[a-z0-9-]+$")
    about: str
    run: str
    program: str = ""
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = Field(min_length=1)
    keep: str = ""
    folder: str = ""
    wandb: str = ""
    plan: str = ""
    gpus: int = 0
    gpu_hour: float = 0.0
    expected: Expected | None = None

    @property
    def asks(self) -> bool:
        """Whether it needs the endpoint."""
        return "{base_url}" in self.run


class Recipe(Record):
    """A whole road."""

    name: str
    about: str
    currency: str = "USD"
    values: dict[str, str | int]
    serve: Server | None = None
    joints: tuple[Joint, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _whole(self) -> Self:
        names = [joint.name for joint in self.joints]
        if len(set(names)) < len(names):
            raise ValueError("two joints have one name")
        texts = [text for joint in self.joints for text in (joint.run, joint.plan, joint.program)]
        unknown = {word for text in texts for word in _BRACES.findall(text)}
        unknown -= {*self.values, *OWN}
        if unknown:
            raise ValueError(f"no value is called {', '.join(sorted(unknown))}: add it to [values]")
        return self

    def joint(self, name: str) -> Joint:
        """The joint of this name.

        Raises:
            RunError: there is none; the known ones are named.
        """
        found = {joint.name: joint for joint in self.joints}
        if name not in found:
            raise RunError(f"road {self.name}: no joint {name!r}. Joints: {', '.join(found)}.")
        return found[name]


def filled(text: str, values: Mapping[str, object]) -> str:
    """A text with the values that are known in the place of its braces; others stay.

    >>> filled("eval --model_args pretrained={out}/m --limit {limit}", {"limit": 4})
    'eval --model_args pretrained={out}/m --limit 4'
    """
    return _BRACES.sub(lambda found: str(values.get(found[1], found[0])), text)


def words(text: str, values: Mapping[str, object]) -> list[str]:
    """A command's words, split before they are filled, so that a value may hold spaces."""
    return [filled(word, values) for word in shlex.split(text)]


def shipped() -> list[str]:
    """The names of the recipes that come with the package."""
    folder = files("psyche_bench") / "roads"
    return sorted(p.name.removesuffix(".toml") for p in folder.iterdir() if p.name[-5:] == ".toml")


def load(named: str, changes: Iterable[str] = ()) -> Recipe:
    """A recipe: a TOML file or a shipped one's name, with ``KEY=VALUE`` changes of its values.

    Raises:
        RunError: there is no such recipe, it breaks the schema, or a change names no value.
    """
    path = Path(named)
    if path.suffix == ".toml" and path.is_file():
        text = path.read_text(encoding="utf-8")
    elif named in shipped():
        text = (files("psyche_bench") / "roads" / f"{named}.toml").read_text(encoding="utf-8")
    else:
        raise RunError(
            f"{named}: no such road. Name a TOML file, or one of {', '.join(shipped())}."
        )
    try:
        recipe = Recipe.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise RunError(f"{named}: not TOML ({error}). Mend that line.") from None
    except ValidationError as error:
        place, said = first_fault(error)
        raise RunError(f"{named}, {place or 'recipe'}: {said}. Mend it there.") from None
    return recipe.model_copy(update={"values": _changed(recipe, changes)})


def _changed(recipe: Recipe, changes: Iterable[str]) -> dict[str, str | int]:
    values = dict(recipe.values)
    for change in changes:
        key, sign, value = change.partition("=")
        if not sign or key not in {*values, "base_url"}:
            raise RunError(
                f"--set {change}: KEY=VALUE is expected. Keys of road {recipe.name}: "
                f"{', '.join([*values, 'base_url'])}."
            )
        values[key] = value
    return values
