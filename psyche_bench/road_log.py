"""A road on W&B: one run that holds every joint's record, the data card, the lineage and the rows.

It is in the group of the training and evaluation runs that the road started, so that one gets from
the data set to the row of the board and back. The files on disk are complete without it.
"""

import sys
from collections.abc import Sequence
from hashlib import sha256
from typing import Any

from psyche_bench import lineage, passport
from psyche_bench.errors import RunError
from psyche_bench.road_walk import Done, Road
from psyche_bench.wandb_guard import prepare_wandb, quiet

LOGGED = ("card.json", lineage.NAME)


def log(road: Road, found: Sequence[Done]) -> None:
    """Log a road, or say why it could not be: a failure there is none of the road.

    Raises:
        RunError: wandb is not installed.
    """
    try:
        import wandb
    except ImportError as error:
        raise RunError(
            "wandb is not installed: pip install 'psyche-bench[wandb]'. The road's files are "
            "complete without it."
        ) from error
    prepare_wandb()
    try:
        _log(wandb, road, found)
    except (wandb.errors.Error, OSError, TimeoutError) as error:
        print(f"W&B: the road was not logged ({type(error).__name__}: {error}).", file=sys.stderr)


def _log(wandb: Any, road: Road, found: Sequence[Done]) -> None:
    run = wandb.init(
        project=road.wandb,
        group=road.group,
        job_type="road",
        id=sha256(road.group.encode()).hexdigest()[:16],
        name=road.group,
        dir=str(road.out),
        config=passport.masked({one.joint: one.model_dump(mode="json") for one in found}),
        resume="allow",
        settings=quiet(wandb),
    )
    try:
        artifact = wandb.Artifact(road.group, type="psyche-bench-road")
        for name in files(found):
            artifact.add_file(str(road.out / name), name=name)
        run.log_artifact(artifact)
    finally:
        run.finish()


def files(found: Sequence[Done]) -> list[str]:
    """Card, lineage and records among what the joints wrote: no item's text, no reply.

    >>> done = {"joint": "a", "command": "", "fingerprint": "", "reads": {}, "begun": ""}
    >>> wrote = {"data/card.json": "", "data/data/D_sft.jsonl": "", "results/m.json": ""}
    >>> files([Done(**done, writes=wrote, version="")])
    ['data/card.json', 'results/m.json']
    """
    names = [name for one in found for name in one.writes]
    records = [name for name in names if name.startswith("results/") and name.endswith(".json")]
    return [name for name in names if name.rpartition("/")[2] in LOGGED] + records
