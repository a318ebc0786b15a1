"""A recipe: sources, models, steps and their settings, as one TOML file with a schema.

Paths in a recipe are relative to the data root (``PSYCHE_BENCH_DATA``, see
:func:`psyche_bench.sources.data_root`). ``--set models.teacher.base_url=http://…`` changes one
value for one run. A key that is not known is an error: a setting with a typing error would
otherwise silently be none.
"""

import tomllib
from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError

from psyche_bench.budget import Budget, Price, Prices
from psyche_bench.errors import DataError
from psyche_bench.prompting import Lang
from psyche_bench.schemas import Record
from psyche_bench.synthesis.rows import SourceType


class Model(Record):
    """An endpoint's model; ``input`` and ``output`` are prices of a million tokens.

    ``prefill`` and ``decode`` are tokens a second that the machine it runs on reads and writes in
    all, for planning only; ``source`` says where price and speed come from.
    """

    model: str
    base_url: str | None = None
    key_env: str = "OPENAI_API_KEY"
    parameters: dict[str, Any] = Field(default_factory=dict)
    max_in_flight: int = Field(default=32, ge=1)
    timeout: float = Field(default=300.0, gt=0)
    input: float | None = Field(default=None, ge=0)
    output: float | None = Field(default=None, ge=0)
    prefill: float | None = Field(default=None, gt=0)
    decode: float | None = Field(default=None, gt=0)
    source: str = ""


class Mapping(Record):
    """Where a question bank keeps what: keys of its rows (a dot goes into an object).

    ``options`` names an object letter → text or a list; or ``letters`` names one key per letter.
    """

    stem: str = "question"
    options: str = "options"
    letters: dict[str, str] = Field(default_factory=dict)
    gold: str = "answer"
    rows: str = ""


class Source(Record):
    """Something to read.

    Type I: ``path`` with ``glob`` are documents. Type II: ``set`` is CPsyExam train
    (``cpsyexam``), or ``path`` a bank of JSON, JSON Lines or CSV with a ``mapping``; ``use`` says
    where its questions go. Type III: ``subfields``. Type IV and ``ps``: ``path`` are dialogues in
    one of the ``format`` s of :mod:`psyche_bench.synthesis.dialogues`. ``limit`` takes the first so
    many files or rows.
    """

    name: str
    type: SourceType
    licence: str
    path: str = ""
    glob: str = "**/*"
    set: Literal["", "cpsyexam"] = ""
    mapping: Mapping = Mapping()
    use: Literal["pool", "cp"] = "pool"
    subfields: tuple[str, ...] = ()
    format: Literal["messages", "conversation", "transcript", "pair"] = "messages"
    pair: Literal["opening", "whole"] = "opening"
    limit: int | None = Field(default=None, ge=1)


class Expected(Record):
    """What a step is expected to do with a row, for planning: calls, tokens, and rows that go on.

    ``rows`` per row, ``calls`` per row, ``read`` and ``written`` tokens per call. ``start`` rows
    the step begins with where its input is not counted yet.
    """

    start: float | None = None
    rows: float = 1.0
    calls: float = 1.0
    read: float = 0.0
    written: float = 0.0
    source: str = ""


class Recipe(Record):
    """A whole run. ``steps`` names the steps that are on; the others hand their input on."""

    name: str
    about: str
    lang: Lang = "zh"
    seed: int = 42
    currency: str = "USD"
    models: dict[str, Model] = Field(default_factory=dict)
    sources: tuple[Source, ...]
    benchmarks: tuple[str, ...]
    steps: dict[str, dict[str, Any]]
    budget: Budget = Budget()
    expected: dict[str, Expected] = Field(default_factory=dict)

    @property
    def prices(self) -> Prices:
        """The prices of the models that have both, by the name the endpoint knows."""
        priced = {
            model.model: Price(input=model.input, output=model.output)
            for model in self.models.values()
            if model.input is not None and model.output is not None
        }
        return Prices(currency=self.currency, models=priced)


def shipped() -> list[str]:
    """Names of the recipes that come with the package."""
    folder = files("psyche_bench.synthesis") / "recipes"
    return sorted(path.name for path in folder.iterdir() if path.name.endswith(".toml"))


def load(named: str, changes: Iterable[str] = ()) -> Recipe:
    """Read a recipe, a file or the name of a shipped one, with ``KEY=VALUE`` changes.

    Raises:
        DataError: no such recipe, no TOML, an unknown key, or a change that fits nowhere.
    """
    content = _read(named)
    for change in changes:
        _change(content, change)
    try:
        return Recipe.model_validate(content)
    except ValidationError as error:
        raise DataError(f"{named}: {_first(error, Recipe)}") from None


def _read(named: str) -> dict[str, Any]:
    """The tables of a recipe over those of the one it ``extends``, less the steps it puts ``off``.

    A table of the same name is joined key by key; anything else replaces what stood there.
    """
    path = Path(named)
    if not path.is_file() and named in shipped():
        path = Path(str(files("psyche_bench.synthesis") / "recipes" / named))
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError:
        raise DataError(
            f"{named}: no such recipe. Name a file, or one of {', '.join(shipped())}."
        ) from None
    except ValueError as error:
        raise DataError(f"{named}: no TOML ({error}).") from None
    if "extends" not in content:
        return content
    base = _read(str(content.pop("extends")))
    unused = content.pop("off", [])
    joined = _joined(base, content)
    for name in unused:
        if joined["steps"].pop(name, None) is None:
            raise DataError(f"{named}: off names {name!r}, which is no step of what it extends.")
    return joined


def _joined(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    joined = dict(base)
    for name, value in over.items():
        below = joined.get(name)
        both = isinstance(value, dict) and isinstance(below, dict)
        joined[name] = _joined(below, value) if both else value  # type: ignore[arg-type]  # both are
    return joined


def options_of(recipe: Recipe, name: str, form: type[Any]) -> Any:
    """A step's settings, checked.

    Raises:
        DataError: a key is unknown, a value does not fit, or the model is not under ``[models]``.
    """
    try:
        options = form.model_validate({"lang": recipe.lang, **recipe.steps[name]})
    except ValidationError as error:
        raise DataError(f"recipe {recipe.name}, [steps.{name}]: {_first(error, form)}") from None
    return options


def check_models(recipe: Recipe, step: str, named: Iterable[str]) -> None:
    """Fail unless every model a step asks stands under ``[models]``."""
    for model in named:
        if model not in recipe.models:
            raise DataError(
                f"recipe {recipe.name}, [steps.{step}]: no model is called {model!r}. "
                f"Known: {', '.join(recipe.models) or 'none'}; add [models.NAME]."
            )


def _first(error: ValidationError, form: Any) -> str:
    first = error.errors()[0]
    if first["type"] == "extra_forbidden":
        *path, key = first["loc"]
        for part in path:
            form = _form_of(form.model_fields[part].annotation) if isinstance(part, str) else form
        where = f" in {'.'.join(map(str, path))}" if path else ""
        return f"no key is called {key!r}{where}. Keys: {', '.join(form.model_fields)}."
    return f"{'.'.join(map(str, first['loc']))}: {first['msg']} (got {first['input']!r:.60})"


def _form_of(annotation: Any) -> Any:
    """The model inside an annotation such as ``tuple[Source, ...]``."""
    inside = getattr(annotation, "__args__", ())
    return next((found for one in inside if (found := _form_of(one))), None) or (
        annotation if hasattr(annotation, "model_fields") else None
    )


def _change(content: dict[str, Any], change: str) -> None:
    key, equals, text = change.partition("=")
    if not equals:
        raise DataError(f"--set {change}: KEY=VALUE is expected, such as --set seed=7.")
    *path, last = key.split(".")
    place: Any = content
    for part in path:
        if isinstance(place, list):
            place = place[_index(place, part, change)]
        else:
            place = place.setdefault(part, {})
    if isinstance(place, list):
        place[_index(place, last, change)] = _toml(text)
    elif isinstance(place, dict):
        place[last] = _toml(text)
    else:
        raise DataError(f"--set {change}: {'.'.join(path)} is a value and holds no {last!r}.")


def _index(place: list[Any], part: str, change: str) -> int:
    """A number from 0, or the name of an entry (``sources.smilechat.limit``)."""
    names = [entry.get("name") for entry in place if isinstance(entry, dict)]
    if part in names:
        return names.index(part)
    if part.isdigit() and int(part) < len(place):
        return int(part)
    raise DataError(f"--set {change}: no entry {part!r}. There are: {', '.join(map(str, names))}.")


def _toml(text: str) -> Any:
    """The text as a TOML value; what is none is itself, so that paths need no quotes."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text
