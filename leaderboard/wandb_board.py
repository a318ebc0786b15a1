"""Results to Weights & Biases and back; the local record is the record.

Each result is one W&B run with its scores and intervals as summary, its outcomes as a table, its
passport as configuration, and record and outcomes as an artifact, from which ``pull`` takes them
back. Without a key or a server a run is logged offline (``wandb sync`` sends it later).
"""

import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from psyche_bench import passport
from psyche_bench.errors import BoardError
from psyche_bench.leaderboard import collect
from psyche_bench.leaderboard.records import Result
from psyche_bench.wandb_guard import PATIENCE, prepare_wandb, quiet

PROJECT = "psyche-bench-board"
KIND = "psyche-bench-result"
"""Type of the artifacts, and job type of the runs, that hold results."""


def sync(results: Sequence[Result], folder: Path, project: str = PROJECT) -> list[str]:
    """Log every result as one W&B run; a second call updates the same runs.

    Args:
        results: what to log.
        folder: where their files lie.
        project: a W&B project.

    Returns:
        What failed, one line each; nothing local is changed or lost by a failure.

    Raises:
        BoardError: wandb is not installed.
    """
    wandb = _wandb()
    prepare_wandb()
    failed = []
    for result in results:
        try:
            _log(wandb, result, folder, project)
        except (wandb.errors.Error, OSError, TimeoutError) as error:
            failed.append(f"{result.stem}: {type(error).__name__}: {error}")
    return failed


def _wandb() -> Any:
    try:
        import wandb
    except ImportError as error:
        raise BoardError(
            "wandb is not installed: pip install 'psyche-bench[wandb]'. Results are complete "
            "without it."
        ) from error
    return wandb


def _log(wandb: Any, result: Result, folder: Path, project: str) -> None:
    run = wandb.init(
        project=project,
        id=sha256(result.stem.encode()).hexdigest()[:16],
        name=result.stem,
        job_type=KIND,
        config=passport.masked(_config(result)),
        resume="allow",
        settings=quiet(wandb),
    )
    try:
        run.summary.update(dict(summary(result)))
        columns = ("id", "task", "predicted", "state", "standard", "elastic", "tokens", "capped")
        run.log({"outcomes": wandb.Table(columns=list(columns), data=rows(result, folder))})
        artifact = wandb.Artifact(f"result-{run.id}", type=KIND)
        for name in files(result):
            artifact.add_file(str(folder / name))
        run.log_artifact(artifact)
    finally:
        run.finish()


def _config(result: Result) -> dict[str, Any]:
    about = result.model_dump(mode="json", include={"origin", "group", "protocol", "lang", "shots"})
    return {**about, "model": result.model.model_dump(mode="json"), "passport": result.passport}


def files(result: Result) -> list[str]:
    """A result's files: its record, and what it was made from."""
    return [f"{result.stem}.json", *filter(None, (result.outcomes, result.verdicts))]


def summary(result: Result) -> Iterator[tuple[str, float]]:
    """Every known score as ``column/metric``, its interval's ends as ``…/low`` and ``…/high``."""
    for part in result.parts:
        name = getattr(part, "column", None) or f"{part.group} mean"
        for metric, value in part.scores.items():
            interval = part.intervals.get(metric)
            if value is not None:
                yield f"{name}/{metric}", value
            if interval is not None:
                yield f"{name}/{metric}/low", interval.low
                yield f"{name}/{metric}/high", interval.high


def rows(result: Result, folder: Path) -> list[list[Any]]:
    """The outcomes table: no item's text, no gold, no reply."""
    return [
        [line.id, line.task, line.predicted, line.state, line.scores.get("standard"),
         line.scores.get("elastic"), line.tokens, line.capped]
        for line in collect.outcomes(result, folder)
    ]  # fmt: skip


# --- and back ------------------------------------------------------------------------------------


def pull(
    path: str,
    folder: Path,
    *,
    replace: bool = False,
    downloads: Callable[[str, Path], Iterable[Path]] | None = None,
) -> list[Path]:
    """Fetch the results of a W&B project (``entity/project``) into a folder of results.

    Each is checked like one's own: schema, hash of the outcomes. A record that is there already
    stays unless ``replace`` is given.

    Returns:
        The records written.

    Raises:
        BoardError: W&B cannot be asked, or what it sends is no result.
    """
    with tempfile.TemporaryDirectory() as temporary:
        found = (downloads or _downloads)(path, Path(temporary))
        return [written for place in found for written in adopt(place, folder, replace=replace)]


def _downloads(path: str, into: Path) -> Iterator[Path]:
    """The network edge: every result artifact of a project, each in a folder of its own."""
    wandb = _wandb()
    reason = prepare_wandb()
    if reason:
        raise BoardError(
            f"nothing can be fetched from W&B: {reason.partition(',')[0]}. Set WANDB_API_KEY, or "
            "take the files by hand: `psyche-bench board import`."
        )
    try:
        api = wandb.Api(timeout=int(PATIENCE))
        for run in api.runs(path, filters={"jobType": KIND}):
            for artifact in run.logged_artifacts():
                if artifact.type == KIND:
                    yield Path(artifact.download(root=str(into / run.id)))
    except (wandb.errors.Error, OSError, ValueError) as error:
        raise BoardError(f"W&B did not give {path}: {error}") from error


def adopt(place: Path, folder: Path, *, replace: bool = False) -> list[Path]:
    """Take the results of a downloaded folder over: checked first, record last.

    Raises:
        DataError: a record breaks the schema, or its outcomes are not those it was made from.
    """
    written = []
    for result in collect.load_results(place):
        target = folder / f"{result.stem}.json"
        if target.exists() and not replace:
            print(
                f"{target} is there already and stays; --replace takes the other.", file=sys.stderr
            )
            continue
        folder.mkdir(parents=True, exist_ok=True)
        for name in reversed(files(result)):
            shutil.copyfile(place / name, folder / name)
        written.append(target)
    return written
