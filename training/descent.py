"""What a published checkpoint comes from, as ``lineage.json`` beside it.

A run that starts from a published checkpoint continues that one's lineage; data that ``psyche-bench
synth`` made bring their card along.
"""

import os
from pathlib import Path

from psyche_bench import lineage, mixture, sources
from psyche_bench.jsonl import read_json
from psyche_bench.lineage import DataCard, Lineage, Source, Stage
from psyche_bench.training.recipe import Data, Recipe


def of(run: Path, recipe: Recipe) -> Lineage:
    """The lineage of a finished run.

    Raises:
        DataError: a card or the lineage of the checkpoint it began with is broken.
    """
    before = Path(recipe.model.name) / lineage.NAME
    begun = lineage.read(before) if before.is_file() else Lineage()
    cards, learnt = _data(recipe.data)
    own = Lineage(
        stages=(_stage(run, recipe),),
        cards=cards,
        sources=learnt,
        parents=() if begun.stages else (_named(recipe.model.name),),
        wandb=_wandb(recipe),
    )
    return lineage.joined(begun, own)


def _stage(run: Path, recipe: Recipe) -> Stage:
    result = read_json(run / "result.json")
    counts = read_json(run / "data" / "counts.json")
    settings = recipe.model_dump(mode="json", exclude_none=True)
    settings["model"]["name"] = _named(recipe.model.name)
    if recipe.data.path:
        settings["data"]["path"] = Path(recipe.data.path).name
    return Stage(
        stage=recipe.stage,
        title=recipe.title,
        start=_named(recipe.model.name),
        data=settings["data"].get("path", "CPsyExam, train split"),
        data_digest=counts.pop("digest"),
        counts=counts,
        steps=result["steps"],
        figures={
            name: (value["first"], value["last"])
            for name, value in result.items()
            if isinstance(value, dict)
        },
        recipe=settings,
    )


def _named(model: str) -> str:
    """A hub id as it is, a folder by its last parts: no folder of somebody's machine."""
    parts = Path(model).parts
    return "/".join(parts[-2:]) if Path(model).is_dir() else model


def _data(spec: Data) -> tuple[tuple[DataCard, ...], tuple[Source, ...]]:
    """The card of what was learnt, and the sources that have rows in it."""
    exam = sources.catalogue()["cpsyexam"]
    train = Source(name="CPsyExam, train split", licence=exam.licence)
    if spec.path is None:
        return (), (train,)
    path = Path(spec.path)
    learnt = [Source(name=name, licence=licence) for name, licence in mixture.origins(path)]
    learnt += [train] if spec.cpsyexam else []
    card = path.parent.parent / "card.json"
    cards = (lineage.data_card(card, sources.digest(card)),) if card.is_file() else ()
    return cards, tuple(learnt)


def _wandb(recipe: Recipe) -> str | None:
    """The W&B group that the road, or whoever started the run, put it in."""
    project, group = recipe.keep.wandb_project, os.environ.get("WANDB_RUN_GROUP")
    return f"{project}/{group}" if project and group else project
