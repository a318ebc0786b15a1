"""``psyche-bench eval``: ``lm_eval run`` with our tasks, a journal, outcomes and a passport.

Everything lm_eval understands is passed through; its own files go to ``OUT/lm_eval``. Beside them
stand ``outcomes.jsonl`` (one line per item), ``run.json`` (the passport), ``table.md`` and
``journal.jsonl`` (replies as they came, from which a killed run goes on).
"""

import argparse
import contextlib
import dataclasses
import functools
import re
import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from psyche_bench import check, outcomes, passport, report, rotation, sources, summary
from psyche_bench.errors import RunError
from psyche_bench.jsonl import read_json, write_json, write_lines, write_text
from psyche_bench.prompting import text_hash
from psyche_bench.schemas import Outcome
from psyche_bench.tasks import catalogue, children
from psyche_bench.tasks.catalogue import listing, needed_data, tasks_path
from psyche_bench.tasks.journal import Journal
from psyche_bench.wandb_guard import prepare_wandb

COMPARED = (
    "model", "model_args", "tasks", "protocol", "lang", "rotation", "limit", "samples",
    "num_fewshot", "gen_kwargs", "apply_chat_template", "fewshot_as_multiturn",
    "system_instruction", "seed",
)  # fmt: skip
"""Settings that make a run what it is: a folder takes one combination of them."""


def lm_eval_arguments(words: Sequence[str]) -> argparse.Namespace:
    """Parse arguments with lm_eval's own parser, so that every one of them is understood.

    Raises:
        RunError: the file of ``--config`` is absent, broken, or says what lm_eval does not know.
    """
    from lm_eval._cli.harness import HarnessCLI

    parsed: argparse.Namespace = HarnessCLI()._parser.parse_args(["run", *words])
    if parsed.config:
        _fold_in(Path(parsed.config), parsed)
    return parsed


def _fold_in(path: Path, parsed: argparse.Namespace) -> None:
    """What ``--config`` says, as if it were typed; what was typed beside it wins.

    A folder, its passport and the resumed backend hang on these settings, so the file is read here
    and not left to lm_eval, which would read it when they are fixed already.
    """
    from lm_eval.config import evaluate_config as theirs
    from lm_eval.utils import simple_parse_args_string

    try:
        said = theirs.EvaluatorConfig.load_yaml_config(path)
    except (OSError, TypeError, ValueError) as error:
        raise RunError(f"--config {path}: {error}") from error
    known = {field.name for field in dataclasses.fields(theirs.EvaluatorConfig)}
    if strange := sorted(set(map(str, said)) - known):
        raise RunError(
            f"--config {path}: lm_eval knows no {', '.join(strange)}. Its keys are those of "
            "`lm_eval run --help`; protocol and lang go below `metadata:`."
        )
    for name, value in said.items():
        typed = getattr(parsed, name, None)
        if not typed and typed != 0:  # lm_eval's own rule for what stands on the command line
            as_dict = name in theirs.DICT_KEYS and isinstance(value, str)
            setattr(parsed, name, simple_parse_args_string(value) if as_dict else value)
    if isinstance(parsed.tasks, str):
        parsed.tasks = parsed.tasks.split(",")
    parsed.config = None


def settings_of(arguments: argparse.Namespace, protocol: str, lang: str) -> dict[str, Any]:
    """What a run is asked for, as plain JSON values.

    Raises:
        RunError: the rotation in ``--metadata`` is no whole number from 0 to 4.
    """
    given = vars(arguments)
    model = given.get("model") or "hf"
    settings = {name: given.get(name) for name in COMPARED}
    tasks = sorted({task for entry in given["tasks"] for task in str(entry).split(",")})
    settings |= {"model": model, "tasks": tasks, "protocol": protocol, "lang": lang}
    settings["rotation"] = rotation.checked((given.get("metadata") or {}).get("rotation", 0))
    limit = settings["limit"]  # lm_eval reads it as a float: a count from 1 on, a share below
    settings["limit"] = int(limit) if limit and limit >= 1 else limit
    return settings | {"backend": model, "batch_size": given.get("batch_size")}


def default_folder(settings: dict[str, Any]) -> Path:
    """Where a run goes when no ``--output_path`` is given: the same settings, the same folder."""
    readable = re.sub(r"[^\w.-]+", "-", Path(passport.model_name(settings)).name)
    parts = [readable, str(settings["protocol"])]
    parts += ["en"] if settings["lang"] == "en" else []
    parts += [f"rotation{settings['rotation']}"] if settings["rotation"] else []
    told_apart = text_hash(*(repr(settings[key]) for key in COMPARED))[:6]
    return Path("runs") / "-".join([*parts, told_apart])


def evaluate(  # noqa: PLR0913  # what the command line says beside lm_eval's own arguments
    arguments: argparse.Namespace,
    *,
    protocol: str,
    lang: str,
    batch_tokens: int,
    form: str,
    words: Sequence[str] = (),
) -> int:
    """Run, or go on with, one evaluation, and print its table.

    Args:
        arguments: lm_eval's own arguments (see :func:`lm_eval_arguments`).
        protocol: name of the protocol.
        lang: language of the prompts.
        batch_tokens: most padded prompt tokens in one batch of the hf backend.
        form: how to print the table.
        words: the command as it was typed, for the passport.

    Raises:
        RunError: the folder belongs to another run, the backend is not available, or W&B would
            log a key.
    """
    settings = settings_of(arguments, protocol, lang)
    settings["command"] = passport.command(["psyche-bench", *words])
    if arguments.wandb_args and passport.MASK in str(passport.masked(settings)):
        raise RunError(
            "W&B would log the key in this command. Give keys in the environment "
            "(OPENAI_API_KEY), never as an argument."
        )
    folder = Path(arguments.output_path) if arguments.output_path else default_folder(settings)
    _claim(folder, settings)
    if not (folder / "outcomes.jsonl").exists():
        _generate(arguments, folder, settings, batch_tokens)
    else:
        _say(f"{folder} holds this run already, finished; its table follows.")
    print(show(folder, form))
    _say(f"Results: {folder}")
    return 0


def _say(message: str) -> None:
    print(message, file=sys.stderr)


def _claim(folder: Path, settings: dict[str, Any]) -> None:
    """Make the folder this run's, or refuse when it is another's."""
    path = folder / "settings.json"
    # Through JSON, so that a tuple and the list it becomes compare equal.
    own = {key: passport.masked(settings)[key] for key in COMPARED}
    if path.exists():
        theirs = read_json(path)
        differing = [key for key in COMPARED if theirs.get(key) != _plain(own[key])]
        if differing:
            told = "; ".join(f"{key}: {theirs.get(key)!r} → {own[key]!r}" for key in differing)
            raise RunError(
                f"{folder} belongs to a run with other settings ({told}). Choose another "
                "--output_path, or remove that folder."
            )
        return
    write_json(path, own)


def _plain(value: Any) -> Any:
    import json

    return json.loads(json.dumps(value))


def _generate(
    arguments: argparse.Namespace, folder: Path, settings: dict[str, Any], batch_tokens: int
) -> None:
    from psyche_bench.tasks import backends

    for name, split in needed_data(settings["tasks"]):
        # Absent, broken or partial data is said before a model is loaded.
        check.require_whole(sources.load(name, split))
    shutil.rmtree(folder / "lm_eval", ignore_errors=True)  # an earlier attempt's unfinished files
    journal = Journal(folder / "journal.jsonl")
    if journal.known:
        _say(f"Going on with {folder}: {len(journal.known)} replies are kept.")
    arguments.model = backends.resumable(settings["model"], journal, batch_tokens)
    arguments.output_path = str(folder / "lm_eval")
    arguments.log_samples = True
    theirs = getattr(arguments, "include_path", None)
    arguments.include_path = [str(tasks_path()), *([theirs] if theirs else [])]
    arguments.metadata = {
        **(getattr(arguments, "metadata", None) or {}),
        "protocol": settings["protocol"],
        "lang": settings["lang"],
        "rotation": settings["rotation"],
    }
    if arguments.wandb_args and prepare_wandb() and arguments.wandb_args.get("mode") == "online":
        del arguments.wandb_args["mode"]  # it would overrule the environment, and stop the run
    # stdout is ours: the table, or JSON alone.
    with (
        contextlib.redirect_stdout(sys.stderr),
        _only_ours(settings["tasks"]),
        children.ended_with_us(),
    ):
        try:
            arguments.func(arguments)
        except _network_errors() as error:
            raise RunError(
                f"the endpoint failed for good ({error}). {len(journal.known)} replies are kept in "
                f"{folder}: start it again with the same command when the endpoint answers."
            ) from error
    _conclude(folder, settings)


def _network_errors() -> tuple[type[Exception], ...]:
    """What lm_eval's endpoint backends raise once their retries are used up."""
    import aiohttp
    import requests

    return aiohttp.ClientError, requests.RequestException, TimeoutError


@contextlib.contextmanager
def _only_ours(tasks: list[str]) -> Iterator[None]:
    """Spare lm_eval the reading of its own 14,000 task files when only ours are asked for.

    Its command line has no switch for ``include_defaults``, which costs 5 s and more.
    """
    import lm_eval.tasks

    if not set(tasks) <= {str(row["name"]) for row in listing()}:
        yield
        return
    whole = lm_eval.tasks.TaskManager
    lm_eval.tasks.TaskManager = functools.partial(whole, include_defaults=False)
    try:
        yield
    finally:
        lm_eval.tasks.TaskManager = whole


def _conclude(folder: Path, settings: dict[str, Any]) -> None:
    """Outcomes, passport and table from lm_eval's samples; outcomes come last: they say "done"."""
    written = [
        pair
        for path in sorted((folder / "lm_eval").rglob("samples_*.jsonl"))
        for pair in outcomes.replies(path)
    ]
    if not written:
        raise RunError(
            f"lm_eval wrote no samples of our tasks below {folder / 'lm_eval'}. Ask for tasks that "
            "`psyche-bench tasks` lists; other tasks are run with lm_eval itself."
        )
    graded = outcomes.regrade(written, sources.universe(item for item, _ in written))
    for path in sorted((folder / "lm_eval").rglob("results_*.json")):
        write_json(path, passport.masked(read_json(path)))  # lm_eval writes keys as they came
    settings |= catalogue.identity(settings["tasks"])
    write_json(folder / "run.json", passport.passport(settings, graded))
    write_lines(folder / "outcomes.jsonl", (outcome.model_dump() for outcome in graded))
    write_text(folder / "table.md", show(folder, "md") + "\n")


def show(folder: Path, form: Any) -> str:
    """A finished run's table with its signature."""
    graded = outcomes.load(folder / "outcomes.jsonl")
    record = read_json(folder / "run.json")
    shown = report.text(summarised(graded, partial=is_partial(record)), form)
    return shown if form in ("json", "csv") else f"{shown}\n\n{record['signature']}"


def is_partial(record: dict[str, Any]) -> bool:
    """Whether a run asked for a part of its items on purpose."""
    return bool(record.get("limit") or record.get("samples"))


def summarised(graded: list[Outcome], *, partial: bool) -> summary.Summary:
    """The summary of outcomes against the data sets their ids name."""
    universe = sources.universe(outcome.id for outcome in graded)
    check.require_whole(universe.values())
    return summary.summarise(graded, universe, partial=partial)
