"""Split: every row into one part of D_sft or D_grpo (section 2.4).

D_sft = D_pr ∪ D_em ∪ D_ps, D_grpo = D_pc ∪ D_cp: challenging questions (D_pc) and CPsyExam train
(D_cp) are prompts for GRPO, the other questions (D_pr) with their rationales, the dialogues (D_em)
and PsycoLLM's data (D_ps) are examples for SFT. A question's prompt is the benchmark's own.
"""

from collections.abc import Iterable, Iterator

from psyche_bench import prompting
from psyche_bench.mixture import GrpoLine, SftLine, completion
from psyche_bench.schemas import Turn
from psyche_bench.synthesis.recipe import Recipe
from psyche_bench.synthesis.rows import Item, Pair, Row, as_question
from psyche_bench.synthesis.step import Options, Result, Step


def split(rows: Iterable[Row], options: Options, _: Recipe) -> Iterator[Result]:
    """One line of a mixture for each row."""
    for row in rows:
        if isinstance(row, Item):
            yield Result(row.id, [question_line(row, options)])
        elif isinstance(row, Pair):
            yield Result(row.id, [dialogue_line(row)])


def question_line(item: Item, options: Options) -> SftLine | GrpoLine:
    """A question as an example for SFT or, if challenging or CPsyExam's, a prompt for GRPO."""
    question = as_question(item)
    asked = (Turn(role="user", content=prompting.prompt(question, "reason", options.lang)),)
    if item.use == "cp" or item.challenging:
        return GrpoLine(
            id=item.id,
            part="D_cp" if item.use == "cp" else "D_pc",
            kind=item.kind,
            prompt=asked,
            gold=item.gold,
            options=item.options,
            origin=str(item.origin),
            licence=item.origin.licence,
        )
    answer = prompting.answer(question, options.lang)
    return SftLine(
        id=item.id,
        part="D_pr",
        kind=item.kind,
        prompt=asked,
        rationale=item.rationale,
        answer=answer,
        completion=completion(item.rationale, answer),
        gold=item.gold,
        options=item.options,
        origin=str(item.origin),
        licence=item.origin.licence,
    )


def dialogue_line(pair: Pair) -> SftLine:
    """A dialogue: history and post are the prompt, the reply is learnt."""
    return SftLine(
        id=pair.id,
        part="D_ps" if pair.origin.type == "ps" else "D_em",
        kind="dialogue",
        prompt=(*pair.history, Turn(role="user", content=pair.question)),
        rationale="",
        answer=pair.reply,
        completion=pair.reply,
        gold=None,
        options={},
        origin=str(pair.origin),
        licence=pair.origin.licence,
    )


STEP = Step(name="split", after=("decontaminate",), plain=split, models=lambda _: ())
