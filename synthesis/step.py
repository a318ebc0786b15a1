"""What a step is: a name, the steps it follows, and one function, or the two of a step that asks.

A *plain* step is a generator over all its rows. An *asking* step is two pure functions,
``ask(row) -> Ask`` and ``take(row, reply) -> Kept | Dropped | Again``; the runner
(:mod:`psyche_bench.synthesis.calls`) does everything between them. A step that needs several
replies for one row (attempts, rounds, three models) keeps where it stands in the row itself and
returns :class:`Again`, so that nothing but the row has a state.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import Field

from psyche_bench.prompting import Lang
from psyche_bench.schemas import Record
from psyche_bench.store import Reply


class Options(Record):
    """What every step's table in a recipe may hold; each step adds its own.

    ``model`` names a table under ``[models]``; ``retries`` how often a malformed reply is asked
    again; ``parameters`` are sent with each call, over the model's own; ``lang`` is the language of
    the prompts, the recipe's own where none is given.
    """

    model: str = ""
    lang: Lang = "zh"
    retries: int = 2
    parameters: dict[str, Any] = Field(default_factory=dict)


class Ask(NamedTuple):
    """One call: chat turns, the model's name in the recipe, and the number of the draw."""

    messages: list[dict[str, Any]]
    model: str
    sample: int = 0


class Malformed(ValueError):  # noqa: N818  # what the reply is; the runner asks again
    """A reply that cannot be read; the message tells the model what to mend."""


@dataclass(frozen=True)
class Aside:
    """Why a row, or a part of what it gave, goes no further; ``raw`` is the text that was said."""

    reason: str
    raw: str = ""


@dataclass(frozen=True)
class Kept:
    """Rows that go on; ``rejected`` are parts of the reply that do not."""

    rows: tuple[Any, ...]
    rejected: tuple[Aside, ...] = ()


@dataclass(frozen=True)
class Dropped:
    """The row goes no further."""

    reason: str
    raw: str = ""


@dataclass(frozen=True)
class Again:
    """The row as it stands now; another call is needed. What is kept so far is kept."""

    row: Any
    rows: tuple[Any, ...] = ()
    rejected: tuple[Aside, ...] = ()


Taken = Kept | Dropped | Again


@dataclass
class Result:
    """What became of one row of the input; ``source`` is None for rows a step brings itself.

    A row that was neither dropped nor gave rows of its own has joined another's. ``figures`` are
    counts of the step's own for the card (persons' data found, agreement of reviewers); numbers of
    the same name are added up.
    """

    source: str | None
    rows: list[Any] = field(default_factory=list)
    rejected: list[Aside] = field(default_factory=list)
    dropped: Aside | None = None
    figures: dict[str, float] = field(default_factory=dict)


def give_up(_row: Any, reason: str, raw: str, _options: Any) -> Taken:
    """What becomes of a row whose reply stays malformed: it is set aside with the raw text."""
    return Dropped(f"malformed reply: {reason}", raw)


@dataclass(frozen=True)
class Step:
    """One step of the paper's section 2.

    Attributes:
        name: as in the recipe and in file names.
        after: steps whose rows it takes; one that is off hands its own input on.
        options: the model of its table in the recipe.
        plain: ``(rows, options, recipe) -> results`` of a step without calls.
        ask: ``(row, options) -> Ask``; or what is kept or dropped, where no call is needed.
        take: ``(row, reply, options) -> Kept | Dropped | Again``; raises :class:`Malformed`.
        give_up: what becomes of a row whose reply stays malformed.
        needs: steps that must be on with it.
        changes: its rows are of another form than its input: when it is off, nothing is handed on.
        whole: a plain step that must see all rows at once; the others can be cut into batches.
        files: ``(options, recipe) -> paths`` of what it reads from outside; when their content
            changes, the step runs again.
        prompts: names of its prompt files, whose hash goes on the card.
        models: names, in the recipe, of the models it asks.
        spares: a row the endpoint breaks down over, while it answers others, is set aside; without
            it the run ends there, to be started again.
    """

    name: str
    after: tuple[str, ...]
    options: type[Options] = Options
    plain: Callable[[Iterable[Any], Any, Any], Iterator[Result]] | None = None
    ask: Callable[[Any, Any], Ask | Kept | Dropped] | None = None
    take: Callable[[Any, Reply, Any], Taken] | None = None
    give_up: Callable[[Any, str, str, Any], Taken] = give_up
    needs: tuple[str, ...] = ()
    changes: bool = False
    whole: bool = False
    files: Callable[[Any, Any], list[Path]] = lambda _options, _recipe: []
    prompts: tuple[str, ...] = ()
    models: Callable[[Any], tuple[str, ...]] = lambda options: (options.model,)
    spares: bool = False
