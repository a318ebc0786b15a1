"""Lineage on the board: from a model back to its sources, and from a source to its models."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from psyche_bench.leaderboard.board import Both
from psyche_bench.leaderboard.records import Result
from psyche_bench.lineage import DataCard, Lineage, Source, Stage

Fact = tuple[Both, str]


class Way(NamedTuple):
    """How a model was made: stages in order, the data cards, and the sources with their pages."""

    stages: list[tuple[str, list[Fact], list[tuple[str, str]]]]
    cards: tuple[DataCard, ...]
    sources: list[tuple[Source, str]]
    parents: tuple[str, ...]
    wandb: str | None
    files: list[Fact]


class SourcePage(NamedTuple):
    """A source, and every model that used it with the page where it stands."""

    source: Source
    models: list[tuple[str, str]]


def name_of(result: Result) -> str:
    """The name its rows have."""
    return result.model.baseline or result.model.name


def sources(results: Iterable[Result]) -> dict[Source, list[str]]:
    """Every source of any lineage, by name, with the models that used it."""
    found: dict[Source, list[str]] = {}
    for result in results:
        for source in result.lineage.sources if result.lineage else ():
            models = found.setdefault(source, [])
            if name_of(result) not in models:
                models.append(name_of(result))
    return dict(sorted(found.items(), key=lambda pair: (pair[0].name, pair[0].licence)))


def way(name: str, results: Iterable[Result], places: Mapping[Source, str]) -> Way | None:
    """The way of one model; None where no record of it tells any."""
    known = [r.lineage for r in results if name_of(r) == name and r.lineage]
    if not known:
        return None
    told = max(known, key=lambda one: len(one.stages))
    return Way(
        [(f"{stage.stage.upper()}: {stage.title}", _facts(stage), _settings(stage))
         for stage in told.stages],
        told.cards,
        [(source, places[source]) for source in told.sources],
        told.parents,
        told.wandb,
        _files(told),
    )  # fmt: skip


def _facts(stage: Stage) -> list[Fact]:
    counts = ", ".join(f"{name} {number}" for name, number in stage.counts.items())
    moved = [
        (Both(name, name), f"{first:.4f} → {last:.4f}")
        for name, (first, last) in stage.figures.items()
    ]
    return [
        (Both("began with", "起点"), stage.start),
        (Both("learnt from", "数据"), f"{stage.data} ({stage.data_digest})"),
        (Both("examples", "样本"), counts),
        (Both("steps", "步数"), str(stage.steps)),
        *moved,
    ]


def _settings(stage: Stage) -> list[tuple[str, str]]:
    """Every setting of the recipe as ``table.key``."""
    return [
        (f"{table}.{key}" if key else table, str(value))
        for table, part in stage.recipe.items()
        for key, value in (part.items() if isinstance(part, dict) else [("", part)])
    ]


def _files(told: Lineage) -> list[Fact]:
    named = (
        (Both("recipe", "配方"), told.recipe, told.recipe_sha256),
        (Both("data card", "数据卡"), told.data_card, told.data_card_sha256),
    )
    return [(label, f"{name} (SHA-256 {digest})") for label, name, digest in named if name]
