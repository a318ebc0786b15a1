"""How much of a number hangs on the order of the options, and on the language of the prompt?

Runs of one model on the same items go in, which differ in nothing but rotation
(:mod:`psyche_bench.rotation`) or language. A model that knows the answer gives it wherever it
stands; one that likes a letter is right where the gold happens to stand under it. Answers are
held against each other in the release's letters, positions are counted as they were shown.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any, Literal, NamedTuple

from psyche_bench import rotation, stats
from psyche_bench.compare import Place, Run, check, reasons
from psyche_bench.errors import RunError
from psyche_bench.means import Interval
from psyche_bench.schemas import Outcome, Question, Record

MAY_DIFFER = ("rotation", "lang", "prompt_hash", "prompt_hashes")
SAME = (
    "model", "model_args", "num_fewshot", "samples", "gen_kwargs", "apply_chat_template",
    "fewshot_as_multiturn", "system_instruction",
)  # fmt: skip
"""Settings of a passport that must agree beyond those that any comparison asks for."""
ALL = "all"


class Rate(Record):
    """A percentage of ``n`` items, with its 95 % cluster interval where the items can tell."""

    percent: float
    interval: Interval | None
    n: int


class Position(Record):
    """One letter as it was shown, to items of one kind that had an option there.

    ``accuracy``: standard accuracy of the items whose gold stood there (None: there is none).
    ``chosen``: share of answered items in which the letter was chosen (None: none was answered);
    ``gold``: share of items in which the gold holds it, which is what ``chosen`` would be if the
    model were always right. ``run`` is a run, or all runs of a language together.
    """

    run: str
    lang: str
    kind: str
    letter: str
    accuracy: Rate | None
    chosen: float | None
    gold: float


class Consistency(Record):
    """Items of a column over all rotations of one language.

    ``same``: every rotation got an answer, and the same option set. ``right_always`` and
    ``right_sometimes``: right in all rotations, in at least one; accuracy lies between.
    """

    lang: str
    rotations: tuple[int, ...]
    column: str
    same: Rate
    right_always: Rate
    right_sometimes: Rate


class Flip(Record):
    """Two runs on one column: how many items changed.

    ``flipped``: right in one run and not in the other (``lost`` items are right in the first
    alone, ``won`` in the second alone). ``changed``: another option set, or an answer where there
    was none.
    """

    differs: Literal["rotation", "language", "both"]
    first: str
    second: str
    column: str
    flipped: Rate
    changed: Rate
    lost: int
    won: int


class Robustness(Record):
    """Everything the command prints; ``items`` counts the choices every run answered."""

    model: str
    protocol: str
    runs: tuple[str, ...]
    items: int
    positions: tuple[Position, ...]
    consistency: tuple[Consistency, ...]
    flips: tuple[Flip, ...]


class Variant(NamedTuple):
    """One run: how it showed the items, and its outcomes by id."""

    name: str
    rotation: int
    lang: str
    outcomes: dict[str, Outcome]


def robustness(runs: Sequence[Run], questions: Mapping[str, Question]) -> Robustness:
    """Hold runs of one model against each other that differ in rotation or language only.

    Args:
        runs: two or more, each with its passport.
        questions: every item of the data sets the runs touch, by id.

    Raises:
        RunError: a run is damaged or has no passport, the runs differ in anything else (the
            message says in what), or in nothing.
    """
    variants = _variants(runs, questions)
    items = [item for item, outcome in variants[0].outcomes.items() if "standard" in outcome.scores]
    if not items:
        raise RunError(
            "no graded choices in these runs: written answers have no options to move, and a "
            "withheld key tells nothing. Run tasks with choices and known answers."
        )
    columns: dict[str, list[Question]] = {}
    for item in items:
        question = questions[item]
        columns.setdefault(f"{question.benchmark} {question.subset}", []).append(question)
    if len(columns) > 1:
        columns[ALL] = [questions[item] for item in items]
    passport = runs[0].passport
    return Robustness(
        model=str(passport.get("name") or passport["model"]),
        protocol=variants[0].outcomes[items[0]].protocol,
        runs=tuple(variant.name for variant in variants),
        items=len(items),
        positions=tuple(_positions(variants, [questions[item] for item in items])),
        consistency=tuple(_consistency(variants, columns)),
        flips=tuple(_flips(variants, columns)),
    )


# At the door --------------------------------------------------------------------------------------


def _variants(runs: Sequence[Run], questions: Mapping[str, Question]) -> list[Variant]:
    if len(runs) < 2:
        raise RunError("robustness needs two or more runs of one model.")
    places = {item: Place(q.subset, q.cluster, q.benchmark) for item, q in questions.items()}
    graded = [check(run, places) for run in runs]
    bare = [run.name for run in runs if "model" not in run.passport]
    if bare:
        raise RunError(
            f"{bare[0]}: no run.json that names the model, so nobody can say whether it is the "
            "same. Pass the folders that `psyche-bench eval` wrote."
        )
    for run, outcomes in zip(runs[1:], graded[1:], strict=True):
        found = _strange(runs[0], graded[0], run, outcomes)
        if found:
            raise RunError(
                f"{run.name} differs from {runs[0].name} in {'; '.join(found)}. Only the rotation "
                "and the language may differ; `psyche-bench compare` holds models against each "
                "other."
            )
    variants = [
        _variant(run, outcomes, questions) for run, outcomes in zip(runs, graded, strict=True)
    ]
    named: dict[str, str] = {}
    for run, variant in zip(runs, variants, strict=True):
        if variant.name in named:
            raise RunError(
                f"{run.name} and {named[variant.name]} are both {variant.name}: nothing differs. "
                "Evaluate with another --metadata '{\"rotation\": 1}' or --lang en."
            )
        named[variant.name] = run.name
    return sorted(variants, key=lambda variant: (variant.lang != "zh", variant.rotation))


def _strange(
    first: Run, ours: Mapping[str, Outcome], second: Run, theirs: Mapping[str, Outcome]
) -> list[str]:
    """What differs beside rotation and language, in words."""
    first, second = (run._replace(passport=_kept(run.passport)) for run in (first, second))
    level = [
        {item: outcome.model_copy(update={"prompt_hash": ""}) for item, outcome in run.items()}
        for run in (ours, theirs)
    ]
    found = [
        f"{key}: {second.passport.get(key)!r} against {first.passport.get(key)!r}"
        for key in SAME
        if first.passport.get(key) != second.passport.get(key)
    ]
    return found + reasons(first, level[0], second, level[1])


def _kept(passport: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in passport.items() if key not in MAY_DIFFER}


def _variant(run: Run, outcomes: dict[str, Outcome], questions: Mapping[str, Question]) -> Variant:
    turned = {o.rotation: o.id for o in outcomes.values() if questions[o.id].options}
    if len(turned) > 1:
        items = " and ".join(list(turned.values())[:2])
        raise RunError(
            f"{run.name}: several rotations in one run ({items}). Split the file by rotation."
        )
    by, lang = next(iter(turned), 0), str(run.passport.get("lang") or "zh")
    return Variant(f"{lang} rotation {by}", by, lang, outcomes)


# Figures ------------------------------------------------------------------------------------------


def _rate(values: Sequence[bool], questions: Sequence[Question]) -> Rate:
    clusters = [question.cluster for question in questions]
    found = stats.interval([100.0 * value for value in values], clusters, bounds=(0, 100))
    known = found.low is not None and found.high is not None
    ends = Interval.model_validate({"low": found.low, "high": found.high}) if known else None
    return Rate(percent=found.estimate, interval=ends, n=found.n)


def _positions(variants: Sequence[Variant], questions: Sequence[Question]) -> Iterator[Position]:
    kinds = dict.fromkeys(question.kind for question in questions)
    groups = [(variant.name, [variant]) for variant in variants]
    for lang in dict.fromkeys(variant.lang for variant in variants):
        together = [variant for variant in variants if variant.lang == lang]
        if len(together) > 1:
            groups.append((f"{lang} all rotations", together))
    for name, members in groups:
        for kind in kinds:
            shown = [_Shown.of(v, q) for v in members for q in questions if q.kind == kind]
            for letter in sorted({letter for one in shown for letter in one.question.options}):
                yield _position(name, members[0].lang, kind, letter, shown)


class _Shown(NamedTuple):
    """One item as a run showed it: gold and answer in the letters the model saw."""

    question: Question
    gold: str
    answer: str | None
    right: bool

    @classmethod
    def of(cls, variant: Variant, question: Question) -> "_Shown":
        outcome, by = variant.outcomes[question.id], variant.rotation
        answer = outcome.predicted
        return cls(
            question,
            rotation.shown(question.gold or "", question, by),
            None if answer is None else rotation.shown(answer, question, by),
            outcome.scores["standard"] == 1,
        )


def _position(run: str, lang: str, kind: str, letter: str, shown: Sequence[_Shown]) -> Position:
    here = [one for one in shown if letter in one.question.options]
    keyed = [one for one in here if letter in one.gold]
    answers = [one.answer for one in here if one.answer is not None]
    right = _rate([one.right for one in keyed], [one.question for one in keyed]) if keyed else None
    return Position(
        run=run,
        lang=lang,
        kind=kind,
        letter=letter,
        accuracy=right,
        chosen=100 * sum(letter in a for a in answers) / len(answers) if answers else None,
        gold=100 * len(keyed) / len(here),
    )


def _consistency(
    variants: Sequence[Variant], columns: Mapping[str, Sequence[Question]]
) -> Iterator[Consistency]:
    for lang in dict.fromkeys(variant.lang for variant in variants):
        members = [variant for variant in variants if variant.lang == lang]
        for column, questions in columns.items() if len(members) > 1 else ():
            outcomes = [[variant.outcomes[q.id] for variant in members] for q in questions]
            right = [[outcome.scores["standard"] == 1 for outcome in row] for row in outcomes]
            answers = [{outcome.predicted for outcome in row} for row in outcomes]
            yield Consistency(
                lang=lang,
                rotations=tuple(variant.rotation for variant in members),
                column=column,
                same=_rate([len(one) == 1 and None not in one for one in answers], questions),
                right_always=_rate([all(row) for row in right], questions),
                right_sometimes=_rate([any(row) for row in right], questions),
            )


def _flips(
    variants: Sequence[Variant], columns: Mapping[str, Sequence[Question]]
) -> Iterator[Flip]:
    for first, second in combinations(variants, 2):
        for column, questions in columns.items():
            pairs = [(first.outcomes[q.id], second.outcomes[q.id]) for q in questions]
            right = [(a.scores["standard"] == 1, b.scores["standard"] == 1) for a, b in pairs]
            yield Flip(
                differs=_differs(first, second),
                first=first.name,
                second=second.name,
                column=column,
                flipped=_rate([a != b for a, b in right], questions),
                changed=_rate([a.predicted != b.predicted for a, b in pairs], questions),
                lost=sum(a and not b for a, b in right),
                won=sum(b and not a for a, b in right),
            )


def _differs(first: Variant, second: Variant) -> Literal["rotation", "language", "both"]:
    if first.lang == second.lang:
        return "rotation"
    return "language" if first.rotation == second.rotation else "both"
