"""Iterate: refine the prompt, reason again, keep the best rationale (section 2.2).

R rounds of

    P* ← LLM(P, q, r)          the prompt is refined in sight of question and rationale
    (r*, â*) ← LLM(P*, q)      the refined prompt is tried
    if â* = a: P, r ← P*, r*   else the previous pair stays

and at the end a model compares all rationales that reached the gold and the best is chosen. Every
round stays in the row with its prompt, its rationale and whether it was adopted.
"""

import random

from psyche_bench.store import Reply
from psyche_bench.synthesis import prompts, replies
from psyche_bench.synthesis.rationale import messages, predict
from psyche_bench.synthesis.rows import Item, Round, shown
from psyche_bench.synthesis.step import Again, Ask, Dropped, Kept, Malformed, Options, Step, Taken


class IterateOptions(Options):
    """``rounds`` is R; ``judge`` the model that compares at the end, ``model`` where empty."""

    rounds: int = 3
    judge: str = ""


def _current(item: Item) -> Round:
    """The pair (P, r) that stands: the last one adopted."""
    return [one for one in item.rounds if one.adopted][-1]


def _rationales(item: Item) -> list[Round]:
    """The adopted rounds in the order they are shown in, drawn from the question's id."""
    kept = [one for one in item.rounds if one.adopted]
    random.Random(item.id).shuffle(kept)  # noqa: S311  # an order, not a secret
    return kept


def ask(item: Item, options: IterateOptions) -> Ask | Kept | Dropped:
    """Refine, try the refined prompt, or compare at the end: whatever is next."""
    if item.use == "cp":
        return Kept((item,))
    if not item.rounds:
        return Dropped("no rationale to refine: switch the step rationale on")
    if item.draft:
        return Ask(messages(item, item.draft, options), options.model, len(item.rounds))
    if len(item.rounds) <= options.rounds:
        stands = _current(item)
        values = {"prompt": stands.prompt, "question": shown(item), "rationale": stands.rationale}
        # The round is the number of the draw: after a round that was not adopted the same words
        # are asked again, and a stored reply would repeat the same refinement for ever.
        turns = prompts.turns("refine_prompt", options.lang, **values)
        return Ask(turns, options.model, len(item.rounds))
    return _compare(item, options)


def _compare(item: Item, options: IterateOptions) -> Ask | Kept:
    kept = _rationales(item)
    if len(kept) == 1:
        return Kept((item,))
    listed = "\n\n".join(f"[{number}]\n{one.rationale}" for number, one in enumerate(kept, 1))
    values = {"question": shown(item), "answer": item.gold, "rationales": listed}
    turns = prompts.turns("compare", options.lang, **values)
    return Ask(turns, options.judge or options.model)


def take(item: Item, reply: Reply, options: IterateOptions) -> Taken:
    """What the next of the three replies brings."""
    if item.draft:
        found = predict(item, reply)
        return _round(item, item.draft, found.rationale, found.predicted, adopted=found.right)
    if len(item.rounds) <= options.rounds:
        refined = str(replies.mapping(reply, "prompt")["prompt"] or "").strip()
        if not refined:
            raise Malformed("the refined prompt is empty")
        return Again(item.model_copy(update={"draft": refined}))
    best = str(replies.mapping(reply, "best")["best"])
    kept = _rationales(item)
    if not best.isdigit() or not 1 <= int(best) <= len(kept):
        raise Malformed("best must be the number of one of the rationales")
    chosen = kept[int(best) - 1]
    why = f"round {chosen.number} of {len(item.rounds) - 1}, chosen among {len(kept)}"
    return Kept((_noted(item, why, chosen.rationale),))


def _round(
    item: Item, prompt: str, rationale: str, predicted: str | None, *, adopted: bool
) -> Again:
    """The row with one round more; an adopted rationale is the one that stands."""
    made = Round(
        number=len(item.rounds),
        prompt=prompt,
        rationale=rationale,
        predicted=predicted,
        adopted=adopted,
    )
    changes: dict[str, object] = {"rounds": (*item.rounds, made), "draft": ""}
    if adopted:
        changes["rationale"] = rationale
    return Again(item.model_copy(update=changes))


def give_up(item: Item, reason: str, _raw: str, options: IterateOptions) -> Taken:
    """A reply that stays malformed costs its round, or the comparison, and not the question."""
    if len(item.rounds) <= options.rounds:
        return _round(item, f"(no prompt: {reason})", "", None, adopted=False)
    stands = _current(item)
    why = f"round {stands.number}, the last adopted: no comparison could be read ({reason})"
    return Kept((_noted(item, why, stands.rationale),))


def _noted(item: Item, why: str, rationale: str) -> Item:
    return item.model_copy(update={"rationale": rationale, "notes": item.notes | {"iterate": why}})


STEP = Step(
    name="iterate",
    needs=("rationale",),
    after=("rationale",),
    options=IterateOptions,
    ask=ask,
    take=take,
    give_up=give_up,
    prompts=("rationale", "refine_prompt", "compare"),
    models=lambda options: (options.model, options.judge or options.model),
)
