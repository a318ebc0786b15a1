"""Dialogue: enrich the reply (section 2.4).

The reply gains emotional resonance and support, understanding that rests on evidence, and concrete
steps for this person's issue.
"""

from psyche_bench.store import Reply
from psyche_bench.synthesis import prompts
from psyche_bench.synthesis.dialogue_refine import plain_text
from psyche_bench.synthesis.rows import Pair
from psyche_bench.synthesis.step import Ask, Kept, Options, Step, Taken


def ask(pair: Pair, options: Options) -> Ask | Kept:
    """Ask for the enriched reply; PsycoLLM's data go on as they are."""
    if pair.origin.type == "ps":
        return Kept((pair,))
    values = {"question": pair.question, "reply": pair.reply}
    return Ask(prompts.turns("dialogue_enrich", options.lang, **values), options.model)


def take(pair: Pair, reply: Reply, _: Options) -> Taken:
    """The enriched reply in the place of the old one, which stays in the notes."""
    notes = pair.notes | {"reply": pair.reply}
    return Kept((pair.model_copy(update={"reply": plain_text(reply), "notes": notes}),))


STEP = Step(
    name="dialogue-enrich",
    after=("dialogue-refine",),
    ask=ask,
    take=take,
    prompts=("dialogue_enrich",),
)
