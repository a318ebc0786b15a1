"""The same steps on Ray Data: a local Ray, or the cluster that ``RAY_ADDRESS`` names.

Rows travel as lines of JSON and come back as results in the order of the input, so that the files
are those of the local engine, byte for byte. Plain steps run wherever Ray has a core. Asking steps
run in actors on the driver's machine, since the store of calls is one SQLite file there: what they
do is wait for endpoints, and those may stand on any number of machines. Budget and calls in flight
are divided among the actors.
"""

import asyncio
import logging
import os
import pickle
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from psyche_bench.budget import Budget
from psyche_bench.errors import PsycheBenchError, RunError
from psyche_bench.synthesis import state
from psyche_bench.synthesis.calls import Calls, Worked, drive
from psyche_bench.synthesis.recipe import Recipe, options_of
from psyche_bench.synthesis.rows import parse_row
from psyche_bench.synthesis.step import Step
from psyche_bench.synthesis.steps import by_name

BATCH = 128
"""Rows a worker is handed at once."""
MOST_ASKING = 8
"""Actors that ask: one waits for hundreds of calls at once."""


class Worker:
    """One step in a process of its own; made once, called for each batch."""

    def __init__(self, recipe: str, step: str, store: str) -> None:
        self._recipe = Recipe.model_validate_json(recipe)
        self._step = by_name()[step]
        self._options = options_of(self._recipe, step, self._step.options)
        self._store = Path(store)

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        """Results, pickled, of the rows of a batch, in their order; or the error that ended it.

        An error goes back as a value: Ray keeps the text of an exception and loses its type.
        """
        rows = [parse_row(line) for line in batch["line"]]
        try:
            return {"worked": [pickle.dumps(one) for one in self._worked(rows)]}
        except PsycheBenchError as error:
            return {"worked": [pickle.dumps(error)]}

    def _worked(self, rows: list[Any]) -> list[Worked]:
        if self._step.plain is None:
            return asyncio.run(self._asked(rows))
        results = self._step.plain(rows, self._options, self._recipe)
        return [Worked(result, ()) for result in results]

    async def _asked(self, rows: list[Any]) -> list[Worked]:
        calls = Calls(self._recipe, self._store, self._step, self._options)
        async with calls:
            return [worked async for worked in drive(rows, calls)]


def perform(recipe: Recipe, step: Step, paths: Iterable[Path], folder: Path) -> Iterator[Worked]:
    """Results of a step over the rows of ``paths``, in their order.

    Raises:
        RunError: Ray is not installed, failed, or gave results in another order.
        PsycheBenchError: what a worker met: a budget used up, an endpoint gone.
    """
    ray = _started()
    lines = [line for path in paths for line in path.read_text("utf-8").splitlines() if line]
    if not lines:
        return
    cores = int(ray.cluster_resources().get("CPU", 1))
    asking = step.plain is None
    workers = max(1, min(cores - 1, MOST_ASKING) if asking else cores - 1)
    shared = _shared(recipe, workers) if asking else recipe
    store = str((folder / state.STORE).resolve())
    data = ray.data.from_items([{"line": line} for line in lines]).map_batches(
        Worker,
        fn_constructor_args=(shared.model_dump_json(), step.name, store),
        batch_size=BATCH,
        compute=ray.data.ActorPoolStrategy(size=workers),
        label_selector=_here(ray) if asking else None,
    )
    ids = (parse_row(line).id for line in lines)
    try:
        for row in data.iter_rows():
            worked: Worked | PsycheBenchError = pickle.loads(row["worked"])  # noqa: S301  # our workers'
            if isinstance(worked, PsycheBenchError):
                raise worked
            if worked.result.source != next(ids):
                raise RunError(
                    f"step {step.name}: Ray gave rows in another order. Use --engine local."
                )
            yield worked
    except ray.exceptions.RayError as error:
        last = str(error).strip().splitlines()[-1]
        raise RunError(f"step {step.name}: a Ray worker failed: {last}") from error


def _started() -> Any:
    try:
        import ray
        import ray.data
    except ImportError:
        raise RunError(
            "--engine ray needs Ray, which is not installed. Run `pip install 'psyche-bench[ray]'`."
        ) from None
    if not ray.is_initialized():
        os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
        _start(ray)
    context: Any = ray.data.DataContext.get_current()
    context.execution_options.preserve_order = True
    context.enable_progress_bars = False
    return ray


def _start(ray: Any) -> None:
    """Start Ray, twice if need be: it gives itself 30 s, which a busy machine may not keep."""
    for last in (False, True):
        try:
            ray.init(log_to_driver=False, include_dashboard=False, logging_level=logging.ERROR)
        except Exception as error:  # Ray raises bare Exceptions there
            ray.shutdown()
            if last:
                raise RunError(
                    f"Ray did not start: {error} Run again when the machine is less busy, name a "
                    "running cluster in RAY_ADDRESS, or use --engine local."
                ) from error
        else:
            return


def _here(ray: Any) -> dict[str, str]:
    """Ray's words for: only on the machine this process runs on."""
    return {"ray.io/node-id": ray.get_runtime_context().get_node_id()}


def _shared(recipe: Recipe, workers: int) -> Recipe:
    """The recipe of one of several actors: its part of the budget and of the calls in flight."""
    parts = {name: bound for name, bound in recipe.budget.model_dump().items() if bound is not None}
    budget = Budget(
        **{
            name: part / workers if name == "money" else part // workers
            for name, part in parts.items()
        }
    )
    models = {
        name: model.model_copy(update={"max_in_flight": max(1, model.max_in_flight // workers)})
        for name, model in recipe.models.items()
    }
    return recipe.model_copy(update={"budget": budget, "models": models})
