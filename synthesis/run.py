"""Run a recipe: every step in turn, each skipped when it is finished as asked.

State is the store of calls and the finished step files, nothing else (see
:mod:`psyche_bench.synthesis.state`). Two engines run the same steps: this process, or Ray.
"""

import asyncio
import errno
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, Literal

from psyche_bench.errors import PsycheBenchError, RunError
from psyche_bench.jsonl import dumps, write_json
from psyche_bench.prompting import text_hash
from psyche_bench.synthesis import decontaminate, prompts, state
from psyche_bench.synthesis.calls import Calls, Stopped, Worked, brake, drive, explained
from psyche_bench.synthesis.recipe import Recipe, check_models, options_of
from psyche_bench.synthesis.rows import read_rows
from psyche_bench.synthesis.source_files import source_files
from psyche_bench.synthesis.state import Mark, Tally
from psyche_bench.synthesis.step import Options, Step
from psyche_bench.synthesis.steps import STEPS, by_name

Engine = Literal["local", "ray"]
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
SHUT = {errno.EROFS, errno.EACCES, errno.EPERM, errno.EEXIST, errno.ENOTDIR}
TALK_EVERY = 1.0
"""Seconds between two writings of progress.json."""


def check(recipe: Recipe) -> dict[str, Options]:
    """The settings of every step that is on, checked before anything is paid for.

    Raises:
        DataError: an unknown step, a setting or model that is not there, or a step without the
            one it needs.
    """
    known = by_name()
    unknown = [name for name in recipe.steps if name not in known]
    if unknown:
        raise RunError(
            f"recipe {recipe.name}: no step is called {unknown[0]!r}. Steps: {', '.join(known)}."
        )
    found = {}
    for step in STEPS:
        if step.name not in recipe.steps:
            continue
        missing = [name for name in step.needs if name not in recipe.steps]
        if missing:
            raise RunError(
                f"recipe {recipe.name}: step {step.name} needs step {missing[0]}. "
                f"Add [steps.{missing[0]}]."
            )
        options = options_of(recipe, step.name, step.options)
        check_models(recipe, step.name, step.models(options))
        found[step.name] = options
    return found


def check_inputs(recipe: Recipe) -> None:
    """Fail unless everything the recipe reads is there, before the first call is paid for."""
    if "decontaminate" in recipe.steps:
        for name in recipe.benchmarks:
            decontaminate.check_known(name)
    readers = {"I": "ingest", "II": "bank", "IV": "dialogues", "ps": "dialogues"}
    for source in recipe.sources:
        if readers.get(source.type) in recipe.steps:
            source_files(source)


def inputs(recipe: Recipe, step: Step) -> tuple[str, ...]:
    """The steps whose files a step reads: a step that is off hands its own input on."""
    known = by_name()

    def resolve(name: str) -> Iterator[str]:
        if name in recipe.steps:
            yield name
        elif not known[name].changes:
            for before in known[name].after:
                yield from resolve(before)

    return tuple(dict.fromkeys(chain.from_iterable(map(resolve, step.after))))


def fingerprint(recipe: Recipe, step: Step, options: Options, before: Iterable[Mark]) -> str:
    """A hash of all that the rows of a step depend on, addresses and prices of endpoints not."""
    models = {
        name: [recipe.models[name].model, recipe.models[name].parameters]
        for name in step.models(options)
    }
    sources = [source.model_dump(mode="json") for source in recipe.sources] if step.whole else []
    benchmarks = list(recipe.benchmarks) if step.name == "decontaminate" else []
    parts = [
        step.name,
        options.model_dump(mode="json"),
        models,
        sources,
        benchmarks,
        recipe.seed if step.whole else None,
        [state.file_hash(path) for path in step.files(options, recipe)],
        prompts.prompt_hash(*step.prompts),
        [[mark.step, mark.fingerprint, mark.sha256] for mark in before],
    ]
    if step.name == "ingest" and "ocr" in recipe.steps:
        parts.append("scans go on")
    return text_hash(dumps(parts))


def run(  # noqa: PLR0913  # settings are keywords with defaults
    recipe: Recipe,
    folder: Path,
    *,
    only: str | None = None,
    start: str | None = None,
    engine: Engine = "local",
    say: Callable[[str], None] = lambda _: None,
) -> list[Mark]:
    """Run the steps of a recipe into a folder and return the marks of all that are finished.

    Args:
        recipe: what to run.
        folder: made when absent; a run that was stopped goes on there.
        only: run this step alone, on what stands before it.
        start: do this step and all after it again (their answered calls are not repeated).
        engine: ``local`` or ``ray``; the rows are the same.
        say: told one line for each step.

    Raises:
        RunError: wrong steps, a budget used up, an endpoint gone, a full disk, Ctrl-C. What was
            answered and finished is kept.
    """
    options = check(recipe)
    check_inputs(recipe)
    for name in filter(None, (only, start)):
        if name not in options:
            raise RunError(f"step {name} is not on in recipe {recipe.name}: {', '.join(options)}.")
    this = _Run(recipe, folder, engine, only, {})
    with _clear_errors(folder), state.held(folder):
        for left in folder.rglob(".*.part"):  # by a process that was killed
            left.unlink()
        write_json(folder / "recipe.json", recipe.model_dump(mode="json"))
        again = False
        for step in (one for one in STEPS if one.name in options):
            again = again or step.name == start
            _step(this, step, options[step.name], again or step.name == only, say)
        (folder / "progress.json").unlink(missing_ok=True)
        if "split" in this.marks and only in (None, "split"):
            from psyche_bench.synthesis import card, formats

            formats.write(folder, recipe)
            card.write(folder)
    return list(this.marks.values())


@dataclass
class _Run:
    """What the steps of one run share; ``marks`` grows with each finished step."""

    recipe: Recipe
    folder: Path
    engine: Engine
    only: str | None
    marks: dict[str, Mark]


def _step(
    run: _Run, step: Step, options: Options, forced: bool, say: Callable[[str], None]
) -> None:
    """One step: nothing to do if it is finished as asked or passed over by --only, else run it."""
    names = inputs(run.recipe, step)
    missing = [name for name in names if name not in run.marks]
    if missing:
        if run.only == step.name:
            raise RunError(f"step {step.name} reads {missing[0]}, which is not finished. Run it.")
        return
    before = [run.marks[name] for name in names]
    wanted = fingerprint(run.recipe, step, options, before)
    found = state.read_mark(run.folder, step.name)
    same = found if found and found.fingerprint == wanted and not forced else None
    if same and state.is_whole(run.folder, same):
        run.marks[step.name] = same
        say(f"{_line(same)} (finished before)")
    elif run.only in (None, step.name):
        tally = Tally()
        with state.writing(run.folder, step, tally) as write:
            _perform(run, step, options, before, write)
        mark = _mark(run, step, options, wanted, tally)
        state.write_mark(run.folder, mark)
        run.marks[step.name] = mark
        say(_line(mark))


def _mark(run: _Run, step: Step, options: Options, wanted: str, tally: Tally) -> Mark:
    settings = options.model_dump(mode="json")
    return Mark(
        step=step.name,
        fingerprint=wanted,
        inputs=inputs(run.recipe, step),
        options=settings,
        read=tally.read,
        continued=tally.continued,
        joined=tally.joined,
        dropped=dict(sorted(tally.dropped.items())),
        written=tally.written,
        rejected=dict(sorted(tally.rejected.items())),
        figures=dict(sorted(tally.figures.items())),
        models=tally.asked(run.recipe, settings),
        prompts={name: prompts.prompt_hash(name) for name in step.prompts},
        licences=dict(sorted(tally.licences.items())),
        sha256=state.file_hash(state.rows_file(run.folder, step.name)),
    )


Write = Callable[[Worked], None]


def _perform(run: _Run, step: Step, options: Options, before: list[Mark], write: Write) -> None:
    paths = [state.rows_file(run.folder, mark.step) for mark in before]
    total = sum(mark.written for mark in before)
    if run.engine == "ray" and not step.whole:
        from psyche_bench.synthesis import ray_engine

        for worked in _shown(ray_engine.perform(run.recipe, step, paths, run.folder), step, total):
            write(worked)
        return
    rows = chain.from_iterable(map(read_rows, paths))
    if step.plain is None:
        calls = Calls(run.recipe, run.folder / state.STORE, step, options)
        asyncio.run(_ask(run.folder, calls, rows, total, write))
        return
    results = (Worked(result, ()) for result in step.plain(rows, options, run.recipe))
    for worked in _shown(results, step, total):
        write(worked)


def _shown(results: Iterable[Worked], step: Step, total: int) -> Iterator[Worked]:
    from tqdm import tqdm

    return iter(tqdm(results, desc=step.name, total=total or None, unit=" rows", disable=None))


async def _ask(folder: Path, calls: Calls, rows: Iterable[Any], total: int, write: Write) -> None:
    """Drive an asking step, telling the terminal and progress.json how it goes."""
    from tqdm import tqdm

    name = calls.step.name
    talk = _Talk(folder, name, total)
    with tqdm(desc=name, total=total, unit=" rows", disable=None) as bar:
        try:
            async with calls:
                brake(calls)
                talk.say(calls, 0)
                async for worked in drive(rows, calls):
                    write(worked)
                    bar.update()
                    bar.set_postfix(calls=calls.ledger.calls, refresh=False)
                    talk.say(calls)
        except (PsycheBenchError, Stopped, asyncio.CancelledError) as error:
            raise explained(error, name) from error


class _Talk:
    """Writes progress.json now and then, for ``synth status``. Real state, so a class."""

    def __init__(self, folder: Path, step: str, total: int) -> None:
        self._path, self._step, self._total = folder / "progress.json", step, total
        self._begun = time.time()
        self._next = 0.0
        self._rows = 0

    def say(self, calls: Calls, rows: int = 1) -> None:
        """So many rows more; written at most once a second."""
        self._rows += rows
        now = time.time()
        if now < self._next:
            return
        self._next = now + TALK_EVERY
        usage = calls.ledger.usage()
        write_json(
            self._path,
            {
                "step": self._step,
                "rows": self._rows,
                "of": self._total,
                "calls": usage.calls,
                "from_store": usage.from_store,
                "tokens_in": usage.tokens_in,
                "tokens_out": usage.tokens_out,
                "cost": usage.cost,
                "currency": usage.currency,
                "begun": self._begun,
                "now": now,
            },
        )


def _line(mark: Mark) -> str:
    """One line on a finished step."""
    dropped = sum(mark.dropped.values())
    calls = sum(one.calls for one in mark.models.values())
    parts = [f"{mark.step}: {mark.read} rows in, {mark.written} out, {dropped} set aside"]
    if mark.joined:
        parts.append(f"{mark.joined} joined others")
    if mark.rejected:
        parts.append(f"{sum(mark.rejected.values())} parts rejected")
    if calls:
        parts.append(f"{calls} calls")
    return ", ".join(parts)


class _clear_errors:  # noqa: N801  # reads as a statement
    """Ctrl-C, or an operating system's error in the output folder, in words with its remedy."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __enter__(self) -> None:
        return None

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        kept = "Finished steps and answered calls are kept, nothing stands half-written"
        if isinstance(error, KeyboardInterrupt):
            raise RunError(f"stopped. {kept}: start the same command again to go on.") from None
        if not isinstance(error, OSError):
            return
        if error.errno in FULL:
            raise RunError(
                f"{self._folder}: the disk is full or a file may grow no further ({error}). "
                f"{kept}: free space and start the same command again."
            ) from error
        if error.errno in SHUT:
            raise RunError(
                f"{self._folder}: nothing may be written there ({error}). Name another --out, or "
                f"change its rights. {kept}."
            ) from error
