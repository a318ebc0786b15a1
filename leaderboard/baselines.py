"""The paper's models: whom one compares with, and how each is run (``baselines.toml``)."""

import tomllib
from functools import cache
from importlib.resources import files

from psyche_bench.errors import DataError
from psyche_bench.leaderboard.records import Category, Model
from psyche_bench.schemas import Record


class Baseline(Record):
    """One model of the paper.

    ``printed`` lists the names under which the tables print it; ``size`` is in billions of
    parameters, None where it is not published; ``version`` is Table 7's.
    """

    name: str
    printed: tuple[str, ...]
    category: Category
    size: float | None = None
    version: str


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
