"""What the board shows, as data: one record per model × protocol × task group.

A published row and a run of one's own have the same shape, so that they are shown in the same way;
``origin`` keeps them apart, and they are never merged. A run's record lies in
``<folder>/<stem>.json`` with ``<stem>.outcomes.jsonl`` beside it; ``psyche-bench board check``
computes every figure of the one from the other.
"""

import hashlib
import re
from typing import Annotated, Literal

from pydantic import Field, JsonValue

from psyche_bench.lineage import Lineage
from psyche_bench.means import Intervals, Scores
from psyche_bench.schemas import Record, State
from psyche_bench.summary import Clean, CleanGroup

Origin = Literal["paper", "re-run", "submitted", "constant"]
"""Printed in the paper; run by those who keep the board; sent in; or no model at all: a constant
answer, computed over the same items."""

Category = Literal["general", "reasoning", "closed", "psychological", "constant", "unknown"]


class Model(Record):
    """Whom a figure belongs to.

    ``baseline`` is the model's name in ``baselines.toml`` where it is one of those, and joins its
    published and re-run records. ``size`` is in billions of parameters; None where unknown.
    """

    name: str
    baseline: str | None = None
    category: Category = "unknown"
    size: float | None = None
    version: str = ""


class Column(Record):
    """One subset, or one subject of a group; None = cannot be known.

    ``scores`` are percentages (standard, elastic), text metrics 0–100, or a judge's means; the
    counts and shares are those of :class:`psyche_bench.summary.Column`.
    """

    column: str
    group: str
    subset: str
    n: int | None
    whole: int | None
    missing: int | None = None
    scores: Scores
    intervals: Intervals = Field(default_factory=dict)
    clean: Clean | None = None
    chance: dict[str, float] = Field(default_factory=dict)
    answered: float | None = None
    truncated: float | None = None
    capped: float | None = None
    tokens: float | None = None


class Group(Record):
    """A benchmark's means over ``columns`` of its ``of`` columns.

    ``scores`` holds ``standard``, ``elastic`` (unweighted over columns), ``standard_by_item`` and
    ``elastic_by_item``, always computed from the columns; ``printed`` holds what the paper prints
    under the same names.
    """

    group: str
    n: int | None
    columns: int
    of: int
    scores: Scores
    intervals: Intervals = Field(default_factory=dict)
    clean: CleanGroup | None = None
    answered: float | None = None
    truncated: float | None = None
    printed: dict[str, float] = Field(default_factory=dict)


class BoardOutcome(Record):
    """What a model did with one item, without the item's text and without its gold.

    ``hits``, ``extra`` and ``missed`` count the chosen letters that are in the gold, the chosen
    ones that are not, and the gold's that were not chosen; None where no gold is known or nothing
    was chosen. ``reply`` is kept on request only.
    """

    id: str
    task: str
    prompt_hash: str = ""
    predicted: str | None
    state: State
    scores: dict[str, float] = Field(default_factory=dict)
    hits: int | None = None
    extra: int | None = None
    missed: int | None = None
    tokens: int | None = None
    capped: bool | None = None
    rotation: int = 0
    reply: str | None = None


Hash = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Result(Record):
    """One model under one protocol on one task group.

    ``group`` is ``pceb``, ``cpsyexam``, ``cpsyexam_5shot``, their dev twins, ``counselling`` …;
    ``groups`` holds its mean (empty where there is none: written answers, judged dialogues),
    ``columns`` its subsets and ``subjects`` the same items by subject. ``partial`` says that only
    a part of the items was asked on purpose. ``passport`` is the run's ``run.json``; a judged
    result also has the judge's ``card``, and verdicts in the place of outcomes. ``source`` cites
    where a published figure is printed.
    """

    format: Literal[1] = 1
    model: Model
    origin: Origin
    group: str
    protocol: str
    lang: str = "zh"
    shots: int | None = None
    partial: bool = False
    groups: tuple[Group, ...] = ()
    columns: tuple[Column, ...]
    subjects: tuple[Column, ...] = ()
    signature: str | None = None
    passport: dict[str, JsonValue] = Field(default_factory=dict)
    card: dict[str, JsonValue] | None = None
    lineage: Lineage | None = None
    source: str | None = None
    items: int | None = None
    outcomes: str | None = None
    outcomes_sha256: Hash | None = None
    verdicts: str | None = None
    verdicts_sha256: Hash | None = None
    replies: bool = False

    @property
    def parts(self) -> list[Group | Column]:
        """The means, then the columns they are of: every figure but the subjects'."""
        parts: list[Group | Column] = [*self.groups, *self.columns]
        return parts

    @property
    def whole(self) -> bool:
        """Whether every item of every column was asked: a mean over fewer is another figure."""
        return not self.partial and all(group.columns == group.of for group in self.groups)

    @property
    def stem(self) -> str:
        """The file name, without suffix, that this record goes by.

        >>> record = Result(
        ...     model=Model(name="org/My Model"),
        ...     origin="re-run",
        ...     group="pceb",
        ...     protocol="direct",
        ...     columns=(),
        ...     passport={"limit": 20, "rotation": 1},
        ... )
        >>> record.stem
        'org-My-Model--direct--pceb--limit20--rotation1'
        """
        parts = [self.model.name, self.protocol, self.group]
        parts += [self.lang] if self.lang != "zh" else []
        for setting in ("limit", "rotation"):
            if self.passport.get(setting):
                parts.append(f"{setting}{self.passport[setting]}")
        parts += [self.origin] if self.origin != "re-run" else []
        return "--".join(slug(part) for part in parts)


LONGEST = 80
"""Bytes of a name in a file's name: three such parts stay below any system's limit."""


def slug(text: str) -> str:
    """Letters, digits, dot, underscore and hyphen of a name; Chinese letters stay.

    A name too long for a file's is cut, and told from others that begin like it by a hash.

    >>> slug("../心理 <b>R1</b>")
    '心理-b-R1-b'
    """
    plain = re.sub(r"[^\w.]+", "-", text).strip("-.") or "unnamed"
    if len(plain.encode("utf-8")) <= LONGEST:
        return plain
    return f"{plain[:24]}-{hashlib.sha256(text.encode('utf-8')).hexdigest()[:8]}"
