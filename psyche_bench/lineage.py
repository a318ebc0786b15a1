"""Where a model comes from, as one file: recipes, data cards, the steps' counts, sources, licences.

``psyche-bench train publish`` writes ``lineage.json`` beside the checkpoint, ``psyche-bench board
add --lineage`` keeps it with the row, and the board walks it both ways: from a model back to its
sources, and from a source to every model that used it.
"""

from pathlib import Path
from typing import Any, Literal

from pydantic import JsonValue

from psyche_bench.errors import DataError
from psyche_bench.jsonl import read_json
from psyche_bench.schemas import Record, checked

NAME = "lineage.json"
_REMEDY = "Lineages are written by `psyche-bench train publish`; publish again."


class Source(Record):
    """Something that was learnt from, and what it stands under."""

    name: str
    licence: str


class Step(Record):
    """Rows through one step of the pipeline: ``read`` = go on + ``joined`` + ``set_aside``."""

    step: str
    read: int
    written: int
    joined: int
    set_aside: int
    calls: int


class DataCard(Record):
    """A data card of ``psyche-bench synth``, in short.

    ``parts`` are rows of each part; ``sources`` what the pipeline read, whether or not a row of it
    reached a part.
    """

    recipe: str
    sha256: str
    finished: bool
    benchmarks: tuple[str, ...]
    steps: tuple[Step, ...]
    parts: dict[str, int]
    sources: tuple[Source, ...]


class Stage(Record):
    """One training run: what it started from, learnt from, and how its figures moved.

    ``figures`` holds the first and the last logged value; ``recipe`` every setting.
    """

    stage: Literal["sft", "grpo"]
    title: str
    start: str
    data: str
    data_digest: str
    counts: dict[str, int]
    steps: int
    figures: dict[str, tuple[float, float]]
    recipe: dict[str, JsonValue]


class Lineage(Record):
    """The way a model came: stages in their order, the cards and sources behind them.

    ``sources`` are those whose rows were learnt. ``recipe`` and ``data_card`` name files by their
    hash where nothing else is known; ``wandb`` is the group (``project/group``) that holds every
    run of the way where W&B was on.
    """

    recipe: str | None = None
    recipe_sha256: str | None = None
    data_card: str | None = None
    data_card_sha256: str | None = None
    parents: tuple[str, ...] = ()
    stages: tuple[Stage, ...] = ()
    cards: tuple[DataCard, ...] = ()
    sources: tuple[Source, ...] = ()
    wandb: str | None = None


def read(path: Path) -> Lineage:
    """A ``lineage.json``.

    Raises:
        DataError: it is missing or breaks the schema; file and field are named.
    """
    return checked(Lineage.model_validate, read_json(path), str(path), _REMEDY)


def data_card(path: Path, sha256: str) -> DataCard:
    """A ``card.json`` of the pipeline, in short.

    Raises:
        DataError: it is missing, or no such card; file and field are named.
    """
    card = read_json(path)
    try:
        steps = [_step(step) for step in card["steps"]]
        content = {
            "recipe": card["recipe"],
            "sha256": sha256,
            "finished": card["finished"],
            "benchmarks": card["contamination"]["benchmarks"],
            "steps": steps,
            "parts": {name: part["rows"] for name, part in (card["parts"] or {}).items()},
            "sources": [{key: one[key] for key in ("name", "licence")} for one in card["sources"]],
        }
    except (KeyError, TypeError) as error:
        raise DataError(
            f"{path}: no data card of `psyche-bench synth` ({error} is missing). Write it again "
            "with `psyche-bench synth card`."
        ) from None
    return checked(DataCard.model_validate, content, str(path), _REMEDY)


def _step(step: dict[str, Any]) -> dict[str, Any]:
    plain = {key: step[key] for key in ("step", "read", "written", "joined")}
    return plain | {key: sum(step[key].values()) for key in ("set_aside", "calls")}


def joined(first: Lineage, second: Lineage) -> Lineage:
    """Two ways after each other: stages in order, cards and sources once each."""
    return Lineage(
        stages=(*first.stages, *second.stages),
        cards=(*first.cards, *(card for card in second.cards if card not in first.cards)),
        sources=tuple(dict.fromkeys((*first.sources, *second.sources))),
        parents=tuple(dict.fromkeys((*first.parents, *second.parents))),
        wandb=second.wandb or first.wandb,
    )
