"""Cross-select: three different models answer with the letters alone (section 2.3).

A question that all of them get wrong is challenging. Not knowing is not wrong: where a model's
letters cannot be read, the question is not challenging, and is counted as undecided.
:func:`challenging` is the rule; the same rule splits PCEB for Figure 4, from saved outcomes.
"""

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from psyche_bench import answers, prompting, scoring
from psyche_bench.errors import RunError
from psyche_bench.jsonl import read_lines
from psyche_bench.store import Reply
from psyche_bench.synthesis import replies
from psyche_bench.synthesis.recipe import Recipe
from psyche_bench.synthesis.rows import Answered, Item, Row, as_question
from psyche_bench.synthesis.step import Again, Ask, Kept, Malformed, Options, Result, Step, Taken


class CrossSelectOptions(Options):
    """``answerers`` name the models (Qwen, Llama and Phi in the paper), asked in this order."""

    answerers: tuple[str, ...] = ()


def challenging(predictions: Sequence[str | None], gold: str) -> bool | None:
    """Whether every model answered and every answer is wrong; None where it cannot be decided.

    >>> challenging(["A", "B", "AC"], "AB"), challenging(["A", "AB", None], "AB")
    (True, False)
    >>> challenging(["A", None, "B"], "AB") is None
    True
    """
    scores = [scoring.standard(set(one), set(gold)) for one in predictions if one is not None]
    if any(score == 1.0 for score in scores):
        return False
    return True if predictions and len(scores) == len(predictions) else None


def split(
    predictions: Mapping[str, Sequence[str | None]], golds: Mapping[str, str]
) -> dict[str, bool | None]:
    """The rule for many questions: id → challenging, not, or undecided (None)."""
    return {item: challenging(found, golds[item]) for item, found in predictions.items()}


def select_runs(runs: Sequence[Path]) -> dict[str, bool | None]:
    """The rule over saved replies: ``outcomes.jsonl`` of several models' runs on one benchmark.

    Args:
        runs: folders of runs, or their ``outcomes.jsonl``.

    Returns:
        id → challenging, not, or undecided, for every choice that each run holds.

    Raises:
        RunError: fewer than two runs, or no item that all of them hold.
    """
    if len(runs) < 2:
        raise RunError("cross-selection needs at least two runs, three in the paper.")
    paths = [run / "outcomes.jsonl" if run.is_dir() else run for run in runs]
    held = [{row["id"]: row for _, row in read_lines(path)} for path in paths]
    shared = [item for item in held[0] if all(item in one for one in held)]
    golds = {item: held[0][item]["gold"] for item in shared if held[0][item]["gold"]}
    if not golds:
        raise RunError("no choice stands in all of these runs. Run the same tasks with each model.")
    found = {item: [one[item]["predicted"] for one in held] for item in golds}
    return split(found, golds)


def ask(item: Item, options: CrossSelectOptions) -> Ask | Kept:
    """Ask the next model; questions for D_cp are not selected from."""
    if item.use == "cp":
        return Kept((item,))
    text = prompting.prompt(as_question(item), "direct", options.lang)
    model = options.answerers[len(item.answers)]
    return Ask([{"role": "user", "content": text}], model)


def take(item: Item, reply: Reply, options: CrossSelectOptions) -> Taken:
    """Note the letters; decide when all have answered."""
    reading = answers.read(replies.text(reply), "".join(item.options), item.options)
    if reading.letters is None:
        raise Malformed("no option letter could be read; write the letters alone")
    return _next(item, "".join(sorted(reading.letters)), options)


def give_up(item: Item, _reason: str, _raw: str, options: CrossSelectOptions) -> Taken:
    """A model without readable letters has not answered."""
    return _next(item, None, options)


def _next(item: Item, predicted: str | None, options: CrossSelectOptions) -> Taken:
    model = options.answerers[len(item.answers)]
    answered = (*item.answers, Answered(model=model, predicted=predicted))
    changed = item.model_copy(update={"answers": answered})
    if len(answered) < len(options.answerers):
        return Again(changed)
    verdict = challenging([one.predicted for one in answered], item.gold)
    said = {True: "challenging", False: "not challenging", None: "undecided, so not challenging"}
    notes = item.notes | {"cross-select": said[verdict]}
    return Kept((changed.model_copy(update={"challenging": verdict, "notes": notes}),))


class RandomOptions(Options):
    """Nothing to set: the size is that of cross-selection, the seed the recipe's."""


def random_select(rows: Iterable[Row], _: RandomOptions, recipe: Recipe) -> Iterator[Result]:
    """As many questions at random as cross-selection chose (Figure 3's other arm)."""
    items = [row for row in rows if isinstance(row, Item)]
    pool = sorted(item.id for item in items if item.use == "pool")
    size = sum(item.challenging is True for item in items if item.use == "pool")
    drawn = set(random.Random(recipe.seed).sample(pool, size))  # noqa: S311  # a draw, not a secret
    for item in items:
        chosen = item.id in drawn if item.use == "pool" else item.challenging
        notes = item.notes | {"random-select": "drawn" if chosen else "not drawn"}
        changes = {"challenging": chosen, "notes": notes if item.use == "pool" else item.notes}
        yield Result(item.id, [item.model_copy(update=changes)])


STEP = Step(
    name="cross-select",
    after=("iterate",),
    options=CrossSelectOptions,
    ask=ask,
    take=take,
    give_up=give_up,
    models=lambda options: options.answerers,
)
RANDOM = Step(
    name="random-select",
    needs=("cross-select",),
    whole=True,
    after=("cross-select",),
    options=RandomOptions,
    plain=random_select,
    models=lambda _: (),
)
