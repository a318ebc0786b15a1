"""Generate questions by subfield (Type III): for fields that the books hardly touch (section 2.1).

The paper names sports psychology and asks Qwen2.5-72B-Instruct. Each topic of a Type III source is
asked for in calls of ``per_call`` questions, ``questions`` in all for each kind.
"""

from collections.abc import Iterable, Iterator

from psyche_bench.store import Reply
from psyche_bench.synthesis import prompts
from psyche_bench.synthesis.generate import KIND, RULE, GenerateOptions, questions
from psyche_bench.synthesis.recipe import Recipe
from psyche_bench.synthesis.rows import Origin, QuestionKind, Row, Topic, row_id
from psyche_bench.synthesis.step import Ask, Kept, Result, Step, Taken


class SubfieldOptions(GenerateOptions):
    """``smcq`` and ``mmcq`` questions for each subfield, ``per_call`` in one call."""

    per_call: int = 5


def topics(_: Iterable[Row], options: SubfieldOptions, recipe: Recipe) -> Iterator[Result]:
    """One row for each call that is to be made."""
    for source in recipe.sources:
        if source.type != "III":
            continue
        for subfield in source.subfields:
            origin = Origin(
                source=source.name,
                type="III",
                licence=source.licence,
                file="",
                place=subfield,
                parent="",
            )
            for kind, wanted in options.wanted:
                yield Result(None, list(_calls(origin, subfield, kind, wanted, options.per_call)))


def _calls(
    origin: Origin, subfield: str, kind: QuestionKind, wanted: int, per_call: int
) -> Iterator[Topic]:
    for number, start in enumerate(range(0, wanted, per_call)):
        yield Topic(
            id=row_id("t", subfield, kind, str(number)),
            origin=origin,
            subfield=subfield,
            kind=kind,
            count=min(per_call, wanted - start),
            number=number,
        )


def ask(topic: Topic, options: SubfieldOptions) -> Ask:
    """Ask for questions on a subfield; equal calls differ by their sample number."""
    values = {
        "count": topic.count,
        "kind": KIND[options.lang][topic.kind],
        "rule": RULE[options.lang][topic.kind],
        "subfield": topic.subfield,
    }
    return Ask(prompts.turns("subfield", options.lang, **values), options.model, topic.number)


def take(topic: Topic, reply: Reply, _: SubfieldOptions) -> Taken:
    """The whole questions of a reply."""
    return Kept(*questions(reply, topic.kind, topic.origin.child(topic.id), topic.subfield))


TOPICS = Step(
    name="topics",
    after=(),
    options=SubfieldOptions,
    plain=topics,
    whole=True,
    models=lambda _: (),
)
STEP = Step(
    name="subfield",
    needs=("topics",),
    changes=True,
    after=("topics",),
    options=SubfieldOptions,
    ask=ask,
    take=take,
    prompts=("subfield",),
)
