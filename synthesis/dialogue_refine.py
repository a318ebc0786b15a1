"""Dialogue: refine the question (section 2.4).

The post becomes a complete and clear question in the first person: what happened in which order,
and what the psychological confusion is. Only the question is returned.
"""

from psyche_bench.answers import visible
from psyche_bench.store import Reply
from psyche_bench.synthesis import prompts, replies
from psyche_bench.synthesis.rows import Pair
from psyche_bench.synthesis.step import Ask, Kept, Malformed, Options, Step, Taken


def ask(pair: Pair, options: Options) -> Ask | Kept:
    """Ask for the refined question; PsycoLLM's data go on as they are."""
    if pair.origin.type == "ps":
        return Kept((pair,))
    turns = prompts.turns("dialogue_refine", options.lang, question=pair.question)
    return Ask(turns, options.model)


def plain_text(reply: Reply) -> str:
    """A reply that is to be used as it stands.

    Raises:
        Malformed: it is empty or was cut off.
    """
    said = (visible(reply.text) or "").strip()
    if replies.cut_off(reply):
        raise Malformed("the reply was cut off; be shorter")
    if not said:
        raise Malformed("the reply is empty")
    return said


def take(pair: Pair, reply: Reply, _: Options) -> Taken:
    """The refined question in the place of the post; the post stays in the notes."""
    notes = pair.notes | {"post": pair.question}
    return Kept((pair.model_copy(update={"question": plain_text(reply), "notes": notes}),))


STEP = Step(
    name="dialogue-refine",
    after=("dialogue-filter",),
    ask=ask,
    take=take,
    prompts=("dialogue_refine",),
)
