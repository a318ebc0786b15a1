"""Rationale: (P, q) → (r, â), kept when â = a, asked again at most T times (section 2.2).

The answer is read by the one reader of letters and held against the gold by the one scorer. P is
the system turn, so that the next step can refine it; the question is the user turn.
"""

from psyche_bench import answers, scoring
from psyche_bench.schemas import Record
from psyche_bench.store import Reply
from psyche_bench.synthesis import prompts, replies
from psyche_bench.synthesis.generate import KIND, RULE
from psyche_bench.synthesis.rows import Item, Round, shown
from psyche_bench.synthesis.step import Again, Ask, Dropped, Kept, Options, Step, Taken


class RationaleOptions(Options):
    """``tries`` is T of the paper: how often a wrong rationale is made anew before it is pruned."""

    tries: int = 3


class Prediction(Record):
    """What one reply holds: the reasoning, the letters (None: not read), and whether â = a."""

    rationale: str
    predicted: str | None
    right: bool


def messages(item: Item, prompt: str, options: Options) -> list[dict[str, str]]:
    """The call (P, q): the prompt as system turn, the question as user turn."""
    lang = options.lang
    values = {"kind": KIND[lang][item.kind], "rule": RULE[lang][item.kind]}
    asked = prompts.part("rationale", "user", lang, question=shown(item), **values)
    return [{"role": "system", "content": prompt}, {"role": "user", "content": asked}]


def predict(item: Item, reply: Reply) -> Prediction:
    """Read r and â out of a reply; a reply that was cut off holds neither.

    The reasoning is what stands between the think tags, or all before the last line where a model
    reasons in the open.
    """
    whole = replies.text(reply)
    reading = answers.read(whole, "".join(item.options), item.options)
    if replies.cut_off(reply) or reading.letters is None:
        return Prediction(rationale="", predicted=None, right=False)
    right = scoring.standard(reading.letters, set(item.gold)) == 1.0
    rationale = _reasoning(whole)
    return Prediction(
        rationale=rationale,
        predicted="".join(sorted(reading.letters)),
        right=right and bool(rationale),
    )


def _reasoning(reply: str) -> str:
    if "</think>" in reply:
        inside = reply.rpartition("</think>")[0]
        return inside.replace("<think>", "").replace("</think>", "").strip()
    return reply.strip().rpartition("\n")[0].strip()


def first_prompt(options: Options) -> str:
    """P as it stands before any refinement."""
    return prompts.part("rationale", "system", options.lang)


def ask(item: Item, options: RationaleOptions) -> Ask | Kept:
    """Ask for reasoning; questions for D_cp need none."""
    if item.use == "cp":
        return Kept((item,))
    return Ask(messages(item, first_prompt(options), options), options.model, item.attempts)


def take(item: Item, reply: Reply, options: RationaleOptions) -> Taken:
    """Keep a rationale whose answer is right; else draw again, T times."""
    found = predict(item, reply)
    if found.right:
        first = Round(
            number=0,
            prompt=first_prompt(options),
            rationale=found.rationale,
            predicted=found.predicted,
            adopted=True,
        )
        return Kept((item.model_copy(update={"rounds": (first,), "rationale": found.rationale}),))
    if item.attempts < options.tries:
        return Again(item.model_copy(update={"attempts": item.attempts + 1}))
    reason = "no rationale reached the gold" if found.predicted else "no rationale could be read"
    return Dropped(f"{reason} in {options.tries + 1} attempts", replies.text(reply))


STEP = Step(
    name="rationale",
    after=("review",),
    options=RationaleOptions,
    ask=ask,
    take=take,
    prompts=("rationale",),
)
