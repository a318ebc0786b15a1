"""Which of these runs is better, by how much, and can that be told at all?

Loaded runs go in, a :class:`Comparison` comes out; nothing is read or printed here. Runs are
compared item by item, so they must have met the same items with the same prompts under the same
protocol. Where they have not, this says so and stops: a silent intersection of what two runs
happen to share is how wrong tables are made.
"""

import math
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np

from psyche_bench import paired
from psyche_bench.errors import RunError
from psyche_bench.paired import Difference
from psyche_bench.ranks import RankInterval
from psyche_bench.resampling import Floats
from psyche_bench.schemas import Outcome, Record
from psyche_bench.scoring import elastic, standard

METRICS = {"standard": standard, "elastic": elastic}
SHARES = tuple(METRICS)
"""Measures in [0, 1], reported in percent; text metrics come in percent already."""
PASSPORT_KEYS = (
    "protocol", "lang", "rotation", "num_fewshot", "limit", "view", "data_hashes", "prompt_hashes",
)  # fmt: skip


class Place(NamedTuple):
    """Where an item belongs: its column, its cluster (vignette, dialogue), its benchmark."""

    subset: str
    cluster: str
    benchmark: str = ""


class Run(NamedTuple):
    """A saved run: its name in the table, its outcomes, and its passport (may be empty)."""

    name: str
    outcomes: Sequence[Outcome]
    passport: Mapping[str, Any] = {}


class Row(Record):
    """One pair of runs on one column, percentages and percentage points."""

    first: str
    second: str
    benchmark: str
    measure: str
    column: str
    first_value: float
    second_value: float
    difference: Difference
    p_holm: float | None


class Flips(Record):
    """Items that one run of a pair has right (``standard``) and the other has not."""

    first: str
    second: str
    only_first: tuple[str, ...]
    only_second: tuple[str, ...]


class Standing(Record):
    """The ranks one run may hold, by one measure of one benchmark."""

    run: str
    benchmark: str
    measure: str
    ranks: RankInterval


class Comparison(Record):
    """All pairs on all columns, the items that flipped, and each run's rank interval.

    ``label`` is None, or says why the runs are not comparable. ``items`` counts each run's items,
    ``compared`` those that went in, ``ungraded`` those of them without a score in any run.
    ``p_holm`` is adjusted over all pairs of one measure and column.
    """

    label: str | None
    runs: tuple[str, ...]
    items: dict[str, int]
    compared: int
    ungraded: int
    differences: tuple[Row, ...]
    flips: tuple[Flips, ...]
    ranks: tuple[Standing, ...]


class Panel(NamedTuple):
    """Comparable runs: names, outcomes by id, the items to compare, and the pairs wanted."""

    names: list[str]
    graded: list[dict[str, Outcome]]
    items: list[str]
    pairs: list[tuple[int, int]]


def compare(
    runs: Sequence[Run],
    places: Mapping[str, Place],
    *,
    baseline: str | None = None,
    anyway: bool = False,
    draws: int = 10_000,
) -> Comparison:
    """Compare runs on the same items.

    Args:
        runs: at least two, with different names.
        places: column and cluster of every item of the benchmark, by id.
        baseline: compare every run with this one alone (run minus baseline); else all pairs.
        anyway: compare runs that differ in protocol, items or prompts, on the items they share,
            and say so in ``label``.
        draws: bootstrap draws.

    Raises:
        RunError: a run is damaged (duplicated or foreign ids, mixed protocols), or the runs are
            not comparable; the message names keys and example ids.
    """
    runs = _ordered(runs, baseline)
    graded = [check(run, places) for run in runs]
    found = [
        f"{run.name} differs from {runs[0].name} in {'; '.join(told)}"
        for run, outcomes in zip(runs[1:], graded[1:], strict=True)
        if (told := reasons(runs[0], graded[0], run, outcomes))
    ]
    if found and not anyway:
        raise RunError(
            f"not comparable: {'. '.join(found)}. Run them alike, or pass --anyway to compare the "
            "items in common under a label."
        )
    shared = [item for item in graded[0] if all(item in other for other in graded[1:])]
    if not shared:
        raise RunError("not comparable: the runs have no item in common.")
    pairs = list(combinations(range(len(runs)), 2))
    if baseline is not None:
        pairs = [pair for pair in pairs if pair[1] == len(runs) - 1]
    panel = Panel([run.name for run in runs], graded, shared, pairs)
    label = f"NOT COMPARABLE: {'. '.join(found)}" if found else None
    return _compared(panel, places, label, draws)


def _ordered(runs: Sequence[Run], baseline: str | None) -> list[Run]:
    names = [run.name for run in runs]
    if len(names) < 2 or len(set(names)) < len(names):
        raise RunError(f"comparing needs two or more runs with different names, not {names}.")
    if baseline is not None and baseline not in names:
        raise RunError(f"no run is called {baseline!r}. The runs are: {', '.join(names)}.")
    return sorted(runs, key=lambda run: run.name == baseline)


def check(run: Run, places: Mapping[str, Place]) -> dict[str, Outcome]:
    """The outcomes of one run by id, if it is sound.

    Raises:
        RunError: no outcomes, an id twice, an id of no known item, several protocols, or a score
            that is not what the answer earns.
    """
    if not run.outcomes:
        raise RunError(f"{run.name}: no outcomes. Evaluate the model first.")
    counts = Counter(outcome.id for outcome in run.outcomes)
    twice = [item for item, count in counts.items() if count > 1]
    if twice:
        raise RunError(f"{run.name}: {_named(twice)} duplicated. Keep one outcome an item.")
    foreign = [item for item in counts if item not in places]
    if foreign:
        raise RunError(
            f"{run.name}: {_named(foreign)} of no known data set. Was the run made with another "
            "release? Score its replies again with `psyche-bench score`."
        )
    protocols = Counter(outcome.protocol for outcome in run.outcomes)
    if len(protocols) > 1:
        rare = min(protocols, key=protocols.__getitem__)
        items = [outcome.id for outcome in run.outcomes if outcome.protocol == rare]
        raise RunError(
            f"{run.name}: mixed protocols {sorted(protocols)}; {_named(items)} under {rare!r}. "
            "Split the file by protocol."
        )
    altered = [outcome.id for outcome in run.outcomes if not _earned(outcome)]
    if altered:
        raise RunError(
            f"{run.name}: {_named(altered)} with other scores than the answer earns. Was the file "
            "edited? `psyche-bench score` grades its replies again."
        )
    return {outcome.id: outcome for outcome in run.outcomes}


def _earned(outcome: Outcome) -> bool:
    """Whether a choice's scores are those of its letters, and a text's are finite."""
    if not outcome.gold:
        return all(map(math.isfinite, outcome.scores.values()))
    predicted = None if outcome.predicted is None else frozenset(outcome.predicted)
    gold = frozenset(outcome.gold)
    earned = {name: metric(predicted, gold) for name, metric in METRICS.items()}
    return not outcome.scores or outcome.scores == earned


def reasons(
    first: Run, ours: Mapping[str, Outcome], second: Run, theirs: Mapping[str, Outcome]
) -> list[str]:
    """Why the second run cannot be compared with the first; empty if it can.

    Args:
        first, second: the runs. ours, theirs: their outcomes by id.
    """
    found: list[str] = []
    told: set[str] = set()  # what a passport need not say again
    missing = [item for item in ours if item not in theirs]
    extra = [item for item in theirs if item not in ours]
    if missing or extra:
        parts = [f"{_named(missing)} missing"] if missing else []
        parts += [f"{_named(extra)} more"] if extra else []
        found.append(f"items: {', '.join(parts)} ({len(theirs)} against {len(ours)})")
        told.add("prompt_hashes")
    protocols = [next(iter(run.values())).protocol for run in (theirs, ours)]
    if protocols[0] != protocols[1]:
        found.append(f"protocol: {protocols[0]!r} against {protocols[1]!r}")
        told.add("protocol")
    common = [item for item in ours if item in theirs]
    for field in ("prompt_hash", "gold"):
        off = [i for i in common if getattr(ours[i], field) != getattr(theirs[i], field)]
        if off:
            found.append(f"{field}: {_named(off)}")
            told.add(f"{field}es")
    off = [item for item in common if set(ours[item].scores) != set(theirs[item].scores)]
    if off:
        found.append(f"scores given: {_named(off)}")
    return found + list(_passports(first.passport, second.passport, told))


def _passports(
    ours: Mapping[str, Any], theirs: Mapping[str, Any], told: Collection[str]
) -> Iterator[str]:
    """Differing settings of two passports, but for those that the outcomes told already."""
    for key in PASSPORT_KEYS:
        if key not in ours or key not in theirs or key in told:
            continue
        left, right = ours[key], theirs[key]
        if isinstance(left, Mapping) and isinstance(right, Mapping):
            common = left.keys() & right.keys()
            left, right = ({name: side[name] for name in sorted(common)} for side in (left, right))
        if left != right:
            yield f"run.json's {key}: {right!r} against {left!r}"


def _named(items: Collection[str]) -> str:
    """``3 items (a, b, c)``, with the first few by name."""
    few = ", ".join(list(items)[:3])
    rest = ", …" if len(items) > 3 else ""
    return f"{len(items)} item{'' if len(items) == 1 else 's'} ({few}{rest})"


def _compared(
    panel: Panel, places: Mapping[str, Place], label: str | None, draws: int
) -> Comparison:
    rows: list[Row] = []
    standings: list[Standing] = []
    for (benchmark, measure), items in _measured(panel, places).items():
        family = _family(panel, places, measure, items, draws)
        rows += _rows(panel, benchmark, measure, family)
        standings += [
            Standing(run=name, benchmark=benchmark, measure=measure, ranks=ranks)
            for name, ranks in zip(panel.names, family.ranks, strict=True)
        ]
    return Comparison(
        label=label,
        runs=tuple(panel.names),
        items={name: len(run) for name, run in zip(panel.names, panel.graded, strict=True)},
        compared=len(panel.items),
        ungraded=sum(not any(run[item].scores for run in panel.graded) for item in panel.items),
        differences=tuple(rows),
        flips=tuple(_flips(panel)),
        ranks=tuple(standings),
    )


def _measured(panel: Panel, places: Mapping[str, Place]) -> dict[tuple[str, str], list[str]]:
    """Items with a score in every run, by benchmark and measure."""
    found: dict[tuple[str, str], list[str]] = {}
    for item in panel.items:
        for measure in panel.graded[0][item].scores:
            if all(measure in run[item].scores for run in panel.graded[1:]):
                found.setdefault((places[item].benchmark, measure), []).append(item)
    return found


def _family(
    panel: Panel, places: Mapping[str, Place], measure: str, items: list[str], draws: int
) -> paired.Family:
    scores = [[run[item].scores[measure] for item in items] for run in panel.graded]
    matrix: Floats = np.array(scores) * (100.0 if measure in SHARES else 1.0)
    return paired.compare_all(
        matrix,
        columns=[places[item].subset for item in items],
        clusters=[places[item].cluster for item in items],
        pairs=panel.pairs,
        kind="binary" if measure == "standard" else "real",
        draws=draws,
    )


def _rows(panel: Panel, benchmark: str, measure: str, family: paired.Family) -> Iterator[Row]:
    for column in family.names:
        differences = family.differences[column]
        adjusted = paired.holm([difference.p for difference in differences])
        for pair, difference, p in zip(panel.pairs, differences, adjusted, strict=True):
            yield Row(
                first=panel.names[pair[0]],
                second=panel.names[pair[1]],
                benchmark=benchmark,
                measure=measure,
                column=column,
                first_value=family.values[column][pair[0]],
                second_value=family.values[column][pair[1]],
                difference=difference,
                p_holm=p,
            )


def _flips(panel: Panel) -> Iterator[Flips]:
    right = [
        {item for item in panel.items if run[item].scores.get("standard") == 1}
        for run in panel.graded
    ]
    told = [i for i in panel.items if all("standard" in run[i].scores for run in panel.graded)]
    for first, second in panel.pairs if told else []:
        yield Flips(
            first=panel.names[first],
            second=panel.names[second],
            only_first=tuple(i for i in told if i in right[first] and i not in right[second]),
            only_second=tuple(i for i in told if i in right[second] and i not in right[first]),
        )
