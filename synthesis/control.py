"""Control: can the question be solved from itself and from knowledge alone? (section 2.1)

A few-shot prompt asks a model; questions with incomplete information, confused logic or unclear
expression are dropped with that reason.
"""

from psyche_bench.store import Reply
from psyche_bench.synthesis import prompts, replies
from psyche_bench.synthesis.rows import Item, shown
from psyche_bench.synthesis.step import Ask, Dropped, Kept, Malformed, Options, Step, Taken

PROBLEMS = {
    "incomplete": "incomplete information",
    "illogical": "logical confusion",
    "unclear": "unclear expression",
}
"""What the judge may say → the reason on the card."""


def ask(item: Item, options: Options) -> Ask:
    """Instructions, worked examples as earlier turns, and the question with its answer."""
    lang = options.lang
    turns = [{"role": "system", "content": prompts.part("control", "system", lang)}]
    for number in range(1, prompts.count("control", "example") + 1):
        for role, which in (("user", "example"), ("assistant", "verdict")):
            text = prompts.part("control", f"{which}_{number}", lang)
            turns.append({"role": role, "content": text})
    text = prompts.part("control", "user", lang, question=shown(item), answer=item.gold)
    return Ask([*turns, {"role": "user", "content": text}], options.model)


def take(item: Item, reply: Reply, _: Options) -> Taken:
    """Keep the question, or drop it with the reason."""
    said = replies.mapping(reply, "verdict")
    verdict = str(said["verdict"]).strip().lower()
    why = str(said.get("reason") or "")
    if verdict == "ok":
        return Kept((item.model_copy(update={"notes": item.notes | {"control": why or "ok"}}),))
    if verdict in PROBLEMS:
        return Dropped(PROBLEMS[verdict], why)
    raise Malformed(f"verdict must be one of ok, {', '.join(PROBLEMS)}")


STEP = Step(name="control", after=("rank",), ask=ask, take=take, prompts=("control",))
