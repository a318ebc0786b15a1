"""Dialogue filter: is the reply helpful, substantive advice? (section 2.4)

"Everything will get better" is not. Reasonable pairs go on; the others are dropped with what the
model said against them. PsycoLLM's data go on as they are.
"""

from psyche_bench.store import Reply
from psyche_bench.synthesis import prompts, replies
from psyche_bench.synthesis.rows import Pair
from psyche_bench.synthesis.step import Ask, Dropped, Kept, Malformed, Options, Step, Taken


def ask(pair: Pair, options: Options) -> Ask | Kept:
    """Ask whether the reply helps this person."""
    if pair.origin.type == "ps":
        return Kept((pair,))
    values = {"question": pair.question, "reply": pair.reply}
    return Ask(prompts.turns("dialogue_filter", options.lang, **values), options.model)


def take(pair: Pair, reply: Reply, _: Options) -> Taken:
    """Keep the pair, or drop it as not reasonable."""
    said = replies.mapping(reply, "reasonable")
    verdict, why = said["reasonable"], str(said.get("reason") or "")
    if not isinstance(verdict, bool):
        raise Malformed("reasonable must be true or false")
    if not verdict:
        return Dropped("the reply is no substantive advice", why)
    return Kept((pair.model_copy(update={"notes": pair.notes | {"dialogue-filter": why}}),))


STEP = Step(
    name="dialogue-filter",
    after=("dialogue-deidentify",),
    ask=ask,
    take=take,
    prompts=("dialogue_filter",),
)
