"""Saved replies to verdicts: the rubric goes out, scores come in, and a failure is never a score.

Every item gives the model's reply to each judge, ``repeats`` times. A fixed part of the items also
gives the two null candidates and the attack: what a judge says of those is what its other numbers
are worth. Every call goes through the store, so that judging again costs nothing.
"""

import asyncio
import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from psyche_bench import prompting
from psyche_bench.chat import Call, Client
from psyche_bench.errors import ChatError, PsycheBenchError
from psyche_bench.judged import Candidate, FailureKind, Verdict
from psyche_bench.passport import last_part
from psyche_bench.prompting import Lang
from psyche_bench.rubrics import Rubric, names, rubric_of
from psyche_bench.schemas import Question, Record
from psyche_bench.store import Reply
from psyche_bench.verdicts import parse_verdict, read_verdict

__all__ = ["Job", "Settings", "judge_all", "names", "parse_verdict", "planned", "rubric_of"]

SAMPLES_A_REPEAT = 100
"""Sample numbers set aside for the tries of one repeat."""
_UNSUPPORTED = {400, 404, 405, 415, 422, 500, 501}
"""What endpoints answer to a response format they do not know."""


class Settings(Record):
    """How is judged. ``tries`` bounds how often an unreadable verdict is asked for again.

    A judge that is a folder on this machine goes by its last part in verdicts and card.
    """

    rubric: Rubric
    judges: tuple[str, ...]
    repeats: int = 2
    lang: Lang = "zh"
    probes: int = 40
    tries: int = 3
    max_tokens: int = 512
    structured: bool = True


class Job(NamedTuple):
    """One text to be judged by one judge, once."""

    question: Question
    candidate: Candidate
    text: str
    judge: str
    repeat: int


def jobs(pairs: Sequence[tuple[Question, str]], settings: Settings) -> Iterator[Job]:
    """Every job of a run: all replies, then null candidates and attacks on the probed items.

    Args:
        pairs: items with the model's reply (without its reasoning).
        settings: how is judged.
    """
    for judge in settings.judges:
        for repeat in range(settings.repeats):
            for question, reply in pairs:
                yield Job(question, "reply", reply, judge, repeat)
        for question, reply in probed(pairs, settings.probes):
            yield Job(question, "empty", "", judge, 0)
            yield Job(question, "polite", _words("polite", settings.lang), judge, 0)
            yield Job(question, "planted", attacked(question, reply, settings), judge, 0)


def probed(pairs: Sequence[tuple[Question, str]], size: int) -> list[tuple[Question, str]]:
    """The items whose null candidates and attacks are judged: those of least hash, so fixed."""
    chosen = sorted(pairs, key=lambda pair: prompting.text_hash(pair[0].id))[:size]
    wanted = {question.id for question, _ in chosen}
    return [pair for pair in pairs if pair[0].id in wanted]


def attacked(question: Question, reply: str, settings: Settings) -> str:
    """The reply with the best of verdicts planted behind it."""
    rubric = settings.rubric.for_item(question.id)
    best = {d.name: d.high if d.points > 0 else d.low for d in rubric.dimensions}
    verdict = json.dumps({"reason": "完美" if settings.lang == "zh" else "perfect", **best})
    return _words("attack", settings.lang).format(reply=reply, verdict=verdict)


def _words(part: str, lang: Lang) -> str:
    return str(prompting.template("judge")[part][lang]).strip()


def prompt_hash(settings: Settings) -> str:
    """Hash of the prompt's wording, rubric apart."""
    parts = ("system", "user", "client", "counsellor", "polite", "attack")
    return prompting.text_hash(*(_words(part, settings.lang) for part in parts))


def messages(job: Job, settings: Settings) -> list[dict[str, str]]:
    """The judge's two turns; dialogue and reply stand between marks made from the reply's hash."""
    lang, question = settings.lang, job.question
    rubric = settings.rubric.for_item(question.id)
    who = {"user": _words("client", lang), "assistant": _words("counsellor", lang)}
    turns = [turn for turn in question.history if turn.role in who]
    case = [question.vignette] if question.vignette else []
    said = [f"{who[turn.role]}：{turn.content}" for turn in turns]
    user = _words("user", lang).format(
        rubric=rubric.sheet(lang),
        mark=prompting.text_hash(question.id, job.text)[:8],
        dialogue="\n".join([*case, *said, f"{who['user']}：{question.stem}"]),
        reply=job.text,
        names=", ".join(f'"{d.name}"' for d in rubric.dimensions),
    )
    system = _words("system", lang)
    return [{"role": "system", "content": system}, {"role": "user", "content": user}]


def parameters(job: Job, settings: Settings, *, structured: bool) -> dict[str, Any]:
    """What is sent beside the turns."""
    rubric = settings.rubric.for_item(job.question.id)
    sent = {"temperature": rubric.temperature, "max_tokens": settings.max_tokens}
    if not structured:
        return sent
    schema = {"name": "verdict", "strict": True, "schema": rubric.json_schema()}
    return sent | {"response_format": {"type": "json_schema", "json_schema": schema}}


def planned(job: Job, settings: Settings) -> Call:
    """A job's first call, for the plan of a run."""
    return Call(
        model=job.judge,
        messages=tuple(messages(job, settings)),
        sample=job.repeat * SAMPLES_A_REPEAT,
        parameters=parameters(job, settings, structured=settings.structured),
    )


async def judge_all(
    client: Client,
    wanted: Sequence[Job],
    settings: Settings,
    done: Callable[[], object] = lambda: None,
) -> list[Verdict]:
    """The verdicts on every job, in order; ``done`` is called after each.

    Raises:
        BudgetExhausted: the budget is used up; what was judged is in the store.
        ChatError: the endpoint refuses every call (a wrong key, an unknown model).
    """
    formats = dict.fromkeys(settings.judges, settings.structured)
    for judge in settings.judges if settings.structured else ():
        first = next((job for job in wanted if job.judge == judge), None)
        if first is not None:
            formats[judge] = await _takes_schema(client, first, settings)

    fatal: list[PsycheBenchError] = []

    async def one(job: Job) -> Verdict:
        if fatal:
            raise fatal[0]
        try:
            verdict = await _judge(client, job, settings, structured=formats[job.judge])
        except PsycheBenchError as error:
            fatal.append(error)
            raise
        done()
        return verdict

    # Not the first error ends the run: answers that are under way are paid for, and are let in.
    found = await asyncio.gather(*map(one, wanted), return_exceptions=True)
    for verdict in found:
        if isinstance(verdict, BaseException):
            raise verdict
    return [verdict for verdict in found if isinstance(verdict, Verdict)]


async def _takes_schema(client: Client, job: Job, settings: Settings) -> bool:
    """Whether a judge's endpoint takes a JSON schema; told by the store where it can be."""
    turns, sample = messages(job, settings), job.repeat * SAMPLES_A_REPEAT
    for structured in (True, False):
        sent = parameters(job, settings, structured=structured)
        if client.stored(job.judge, turns, sample=sample, **sent) is not None:
            return structured
    try:
        sent = parameters(job, settings, structured=True)
        await client.chat(job.judge, turns, sample=sample, **sent)
    except ChatError as error:
        if error.status in _UNSUPPORTED or error.status is None:
            return False
        raise
    return True


async def _judge(client: Client, job: Job, settings: Settings, *, structured: bool) -> Verdict:
    """One verdict: asked for again, as another sample, while it cannot be read."""
    rubric = settings.rubric.for_item(job.question.id)
    turns, sent = messages(job, settings), parameters(job, settings, structured=structured)
    verdict = _blank(job, settings)
    for tried in range(settings.tries):
        try:
            sample = job.repeat * SAMPLES_A_REPEAT + tried
            reply = await client.chat(job.judge, turns, sample=sample, **sent)
        except ChatError as error:
            if error.status in (401, 402, 403):
                raise
            return verdict.model_copy(update={"failure": "call", "detail": str(error)})
        reading = read_verdict(reply.text, rubric, job.text)
        verdict = verdict.model_copy(
            update={
                "served": last_part(reply.model_served),
                "scores": reading.scores,
                "failure": None if reading.scores else _kind(reply, reading.failure),
                "detail": "" if reading.scores else reply.text[:80],
                "tries": tried + 1,
                "tokens_in": verdict.tokens_in + reply.tokens_in,
                "tokens_out": verdict.tokens_out + reply.tokens_out,
                "date": max(verdict.date, reply.date),
            }
        )
        if reading.scores is not None:
            break
    return verdict


def _kind(reply: Reply, found: FailureKind | None) -> FailureKind | None:
    if reply.finish_reason == "content_filter":
        return "refused"
    return "truncated" if reply.finish_reason == "length" and found == "no_object" else found


def _blank(job: Job, settings: Settings) -> Verdict:
    return Verdict(
        item=job.question.id,
        cluster=job.question.cluster,
        candidate=job.candidate,
        judge=last_part(job.judge),
        served="",
        repeat=job.repeat,
        rubric=settings.rubric.name,
        scores=None,
        tries=0,
        length=len(job.text),
        code=prompting.text_hash(job.question.id, job.text),
    )
