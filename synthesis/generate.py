"""Generate questions from segments (Type I, section 2.1): one call per segment and kind.

The prompt asks for challenging questions that need reasoning, can be answered from the text with
evidence, carry all they need, differ from one another, and have valid options. What comes back is
checked here; a question that is not whole is rejected with its reason and its text.
"""

import json
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from psyche_bench import answers
from psyche_bench.schemas import Record
from psyche_bench.store import Reply
from psyche_bench.synthesis import prompts, replies
from psyche_bench.synthesis.rows import Item, Origin, QuestionKind, Segment, row_id
from psyche_bench.synthesis.step import Again, Aside, Ask, Kept, Malformed, Options, Step, Taken

LETTERS = "ABCDE"
KIND = {
    "zh": {"smcq": "单项选择题", "mmcq": "多项选择题"},
    "en": {"smcq": "single-answer", "mmcq": "multiple-answer"},
}
RULE = {
    "zh": {"smcq": "恰有一个选项正确", "mmcq": "有两个或两个以上选项正确"},
    "en": {"smcq": "exactly one option is correct", "mmcq": "two or more options are correct"},
}


class GenerateOptions(Options):
    """How many questions of each kind a segment is asked for."""

    smcq: int = 2
    mmcq: int = 1

    @property
    def wanted(self) -> list[tuple[QuestionKind, int]]:
        """Kinds that are asked for, with their numbers."""
        both: list[tuple[QuestionKind, int]] = [("smcq", self.smcq), ("mmcq", self.mmcq)]
        return [(kind, count) for kind, count in both if count > 0]


def ask(segment: Segment, options: GenerateOptions) -> Ask:
    """Ask for the next kind."""
    kind, count = options.wanted[segment.asked]
    values = {"count": count, "kind": KIND[options.lang][kind], "rule": RULE[options.lang][kind]}
    return Ask(prompts.turns("generate", options.lang, text=segment.text, **values), options.model)


def take(segment: Segment, reply: Reply, options: GenerateOptions) -> Taken:
    """The whole questions of a reply; then the next kind, if there is one."""
    kind, _ = options.wanted[segment.asked]
    kept, rejected = questions(reply, kind, segment.origin.child(segment.id))
    if segment.asked + 1 < len(options.wanted):
        return Again(segment.model_copy(update={"asked": segment.asked + 1}), kept, rejected)
    return Kept(kept, rejected)


class _Made(Record):
    """A question as models write it."""

    question: str
    options: dict[str, str]
    answer: str


def questions(
    reply: Reply, kind: QuestionKind, origin: Origin, subfield: str = ""
) -> tuple[tuple[Item, ...], tuple[Aside, ...]]:
    """The whole questions of a reply, and why the others are not.

    Raises:
        Malformed: there is no JSON, or not one question in it is whole.
    """
    kept: dict[str, Item] = {}
    rejected = []
    for made in replies.mappings(reply, "questions"):
        raw = json.dumps(made, ensure_ascii=False)
        problem, item = _question(made, kind, origin, subfield)
        if item is None:
            rejected.append(Aside(f"question not whole: {problem}", raw))
        elif item.id in kept:
            rejected.append(Aside("the same question twice in one reply", raw))
        else:
            kept[item.id] = item
    if not kept:
        raise Malformed(rejected[0].reason)
    return tuple(kept.values()), tuple(rejected)


def _question(
    made: Any, kind: QuestionKind, origin: Origin, subfield: str
) -> tuple[str, Item | None]:
    if not isinstance(made, dict):
        return "a JSON object is expected", None
    try:
        read = _Made(
            question=str(made.get("question") or "").strip(),
            options=_options(made.get("options")),
            answer=_letters(made.get("answer")),
        )
    except ValidationError as error:
        return f"{error.errors()[0]['loc'][0]} is not as asked for", None
    problem = whole(read.question, read.options, read.answer, kind)
    if problem:
        return problem, None
    content = (read.question, *read.options.values(), read.answer)
    item = Item(
        id=row_id("q", origin.parent, *content),
        origin=origin,
        use="pool",
        kind=kind,
        stem=read.question,
        options=read.options,
        gold=read.answer,
        subfield=subfield,
    )
    return "", item


def whole(stem: str, options: Mapping[str, str], gold: str, kind: str) -> str:
    """What keeps this from being a question; empty when nothing does.

    >>> whole("短时记忆的容量是？", {"A": "七个组块", "B": "没有上限"}, "C", "smcq")
    'the answer is not among the options'
    """
    texts = [text.strip() for text in options.values()]
    problems = {
        "no question": not stem.strip(),
        "fewer than two options": len(options) < 2,
        "letters of the options are not A, B, C …": "".join(options) != LETTERS[: len(options)],
        "an option is empty": not all(texts),
        "two options are the same": len(set(texts)) < len(texts),
        "no answer": not gold,
        "the answer is not among the options": bool(set(gold) - set(options)),
        "one answer is expected": kind == "smcq" and len(gold) > 1,
        "two answers or more are expected": kind == "mmcq" and len(gold) == 1,
    }
    return next((problem for problem, holds in problems.items() if holds), "")


def _options(value: Any) -> dict[str, str]:
    """Options as an object letter → text, or as a list, with or without letters before them."""
    if isinstance(value, list):
        texts = [str(text).strip() for text in value]
        value = dict(
            zip(LETTERS, (_unlettered(text, i) for i, text in enumerate(texts)), strict=False)
        )
    if not isinstance(value, dict):
        return {}
    return {str(letter).strip().upper(): str(text).strip() for letter, text in value.items()}


def _unlettered(text: str, place: int) -> str:
    if place < len(LETTERS) and text[:1].upper() == LETTERS[place] and text[1:2] in ".．、:：)）":
        return text[2:].strip()
    return text


def _letters(value: Any) -> str:
    """Sorted letters of an answer, read by the one reader of letters."""
    said = "".join(map(str, value)) if isinstance(value, list) else str(value or "")
    reading = answers.read(answers.render(said), LETTERS)
    return "".join(sorted(reading.letters or ""))


STEP = Step(
    name="generate",
    changes=True,
    after=("chunk",),
    options=GenerateOptions,
    ask=ask,
    take=take,
    prompts=("generate",),
)
