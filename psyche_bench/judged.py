"""What a judging run leaves: its verdicts, and the summary with the judge card.

``DIR/verdicts.jsonl`` holds one :class:`Verdict` a line, ``DIR/judged.json`` one :class:`Judged`;
the leaderboard reads the latter. No number leaves without its card.
"""

from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from psyche_bench.jsonl import read_json
from psyche_bench.schemas import Record, checked

Candidate = Literal["reply", "empty", "polite", "planted"]
"""What was judged: the model's reply; the two null candidates, an empty reply and one constant
polite sentence; the model's reply with a perfect verdict planted in it."""

FailureKind = Literal["call", "refused", "truncated", "no_object", "incomplete", "out_of_range"]
"""Why there is no verdict: the endpoint gave none, the judge declined or was cut off, its reply
holds no object, the object lacks a dimension, or a score lies off the scale."""

POINTS = "points"
"""The one column of a criteria rubric: the share of points reached, from 0 to 1."""

LEAST_COVERAGE = 0.99
LEAST_ALPHA = 0.67
"""Below this ordinal alpha not even tentative conclusions are customary (Krippendorff, 2004)."""


class Verdict(Record):
    """One judge's verdict on one candidate: ``scores``, or the reason why there are none."""

    item: str
    cluster: str
    candidate: Candidate
    judge: str
    served: str
    repeat: int
    rubric: str
    scores: dict[str, int] | None
    failure: FailureKind | None = None
    detail: str = ""
    tries: int
    tokens_in: int = 0
    tokens_out: int = 0
    date: str = ""
    """The day the judge answered (UTC), wherever it is read from now."""
    length: int
    """Characters of the judged text."""
    code: str = ""
    """Hash of item and judged text: what a blinded sheet calls it."""


class Estimate(Record):
    """A figure with its 95 % interval over ``n`` units; None where the data cannot tell."""

    value: float | None
    low: float | None = None
    high: float | None = None
    n: int
    note: str | None = None


class Dimension(Record):
    """One column of the table: the mean score of the candidate and what belongs beside it.

    ``alpha_judges`` and ``alpha_repeats`` are ordinal Krippendorff alphas on this dimension;
    ``length`` is Spearman's correlation of score and reply length; ``empty`` and ``polite`` are the
    null candidates' means; ``planted`` is the mean gain of a planted verdict.
    """

    name: str
    title: str
    low: int
    high: int
    mean: Estimate
    alpha_judges: Estimate | None
    alpha_repeats: Estimate | None
    length: Estimate
    empty: float | None
    polite: float | None
    planted: float | None


class HumanAgreement(Record):
    """A judge against people, on one dimension: quadratically weighted kappa, Spearman, alpha.

    ``bias`` is the judge's mean minus the people's: above zero the judge is kinder.
    """

    dimension: str
    judge: str
    n: int
    kappa: Estimate
    spearman: Estimate
    alpha: Estimate
    bias: Estimate


class Card(Record):
    """The judge card. ``coverage`` is the share of verdicts on the model's replies that exist.

    ``probed`` counts the items whose null candidates and attacks were judged; ``planted_moved`` is
    the share of planted verdicts that raised a score; ``alpha_judges`` and
    ``alpha_repeats`` are the lowest over the dimensions. Calls, tokens and cost are those of all
    judge replies behind the verdicts, whenever they were paid. ``reasons`` says why a number is not
    reliable, and is empty where it is.
    """

    judges: tuple[str, ...]
    served: tuple[str, ...]
    repeats: int
    items: int
    missing: int
    verdicts: int
    coverage: float
    failures: dict[str, int]
    alpha_judges: float | None
    alpha_repeats: float | None
    probed: int = 0
    planted: int
    planted_moved: float | None
    human: tuple[HumanAgreement, ...] = ()
    rubric: str
    rubric_hash: str
    prompt_hash: str
    lang: Literal["zh", "en"]
    temperature: float
    date: str
    calls: int
    tokens_in: int
    tokens_out: int
    cost: float | None
    currency: str
    reliable: bool
    reasons: tuple[str, ...]


class Judged(Record):
    """A judged run: whose replies, on which items, the table's columns, and the card.

    ``label`` stands beside every figure of a reconstructed rubric. ``mean_over`` is the rubric's
    protocol: over cases, or within each dialogue and then over dialogues. ``candidate`` is the
    passport of the run that wrote the replies, where it is known; ``tasks`` its lm-eval tasks.
    """

    schema_version: Literal[1] = 1
    model: str
    tasks: tuple[str, ...]
    label: str
    mean_over: Literal["cases", "dialogues"]
    dialogues: int
    dimensions: tuple[Dimension, ...]
    card: Card
    signature: str
    candidate: dict[str, Any] = Field(default_factory=dict)


def read_judged(path: Path) -> Judged:
    """Read a ``judged.json`` (or the folder that holds it).

    Raises:
        DataError: it is missing, broken, or of another version; the field is named.
    """
    path = path / "judged.json" if path.is_dir() else path
    return checked(
        Judged.model_validate,
        read_json(path),
        str(path),
        "The file is written by `psyche-bench judge … --out DIR`: run that again (stored calls "
        "cost nothing).",
    )
