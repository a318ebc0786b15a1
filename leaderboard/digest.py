"""What one pass over a run's outcomes leaves for its page, its rank and its comparisons.

A board of a hundred runs has most of a million outcomes: they are read once, one run at a time,
and only counts and two small arrays of each are kept.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from psyche_bench.leaderboard.records import BoardOutcome

Small = NDArray[np.float32]
EXAMPLES = 3
"""Replies shown of each state."""
_CASE = re.compile(r"^(pceb/case)/[sm]mcq/(.+)-\d+$")


def cluster(item: str) -> str:
    """The vignette an item hangs on, from its id; its own id where it stands alone.

    >>> cluster("pceb/case/smcq/second-14/0001-01"), cluster("pceb/moral/smcq/third/0001")
    ('pceb/case/second-14/0001', 'pceb/moral/smcq/third/0001')
    """
    found = _CASE.match(item)
    return f"{found[1]}/{found[2]}" if found else item


class Selection(NamedTuple):
    """How the letters chosen in multiple-answer questions compare with the gold's.

    ``exact``: the gold; ``under``: right letters, but not all; ``over``: all right letters and
    more; ``mixed``: some right, some wrong, some missed; ``none``: no right letter; ``silent``: no
    answer. ``counts`` holds items by (letters in the gold, letters chosen).
    """

    kinds: Counter[str]
    counts: Counter[tuple[int, int]]


class Digest(NamedTuple):
    """One run: item ids in order with their column, scores, selection and some replies.

    ``standard`` and ``elastic`` are in [0, 1], NaN where there is no score.
    """

    ids: tuple[str, ...]
    tasks: tuple[str, ...]
    standard: Small
    elastic: Small
    selection: Mapping[str, Selection]
    states: Mapping[str, Counter[str]]
    examples: tuple[BoardOutcome, ...]


def kind(outcome: BoardOutcome) -> str:
    """How the chosen letters of one item compare with its gold's; see :class:`Selection`."""
    if outcome.hits is None or outcome.extra is None or outcome.missed is None:
        return "silent"
    if not outcome.hits:
        return "none"
    if outcome.extra:
        return "mixed" if outcome.missed else "over"
    return "under" if outcome.missed else "exact"


def digest(outcomes: Iterable[BoardOutcome]) -> Digest:
    """One run's outcomes, in the order of their ids."""
    kept: list[tuple[str, str, float, float]] = []
    selection: dict[str, Selection] = {}
    states: dict[str, Counter[str]] = {}
    shown: dict[str, list[BoardOutcome]] = {}
    for outcome in outcomes:
        scores = outcome.scores
        both = (scores.get("standard", np.nan), scores.get("elastic", np.nan))
        kept.append((outcome.id, outcome.task, *both))
        states.setdefault(outcome.task, Counter())[outcome.state] += 1
        if outcome.task.endswith("_mmcq"):
            _count(selection.setdefault(outcome.task, Selection(Counter(), Counter())), outcome)
        if outcome.reply and len(shown.setdefault(outcome.state, [])) < EXAMPLES:
            shown[outcome.state].append(outcome)
    kept.sort()
    return Digest(
        tuple(line[0] for line in kept),
        tuple(line[1] for line in kept),
        np.array([line[2] for line in kept], dtype=np.float32),
        np.array([line[3] for line in kept], dtype=np.float32),
        selection,
        states,
        tuple(outcome for some in shown.values() for outcome in some),
    )


def _count(selection: Selection, outcome: BoardOutcome) -> None:
    selection.kinds[kind(outcome)] += 1
    if outcome.hits is not None and outcome.extra is not None and outcome.missed is not None:
        selection.counts[outcome.hits + outcome.missed, outcome.hits + outcome.extra] += 1
