"""From a model's reply to the letters it answered: the only place that reads letters.

The benchmark's metrics, the synthesis pipeline's "is this prediction right?" and the GRPO reward
all call :func:`read`. It returns what was read *and* what happened, never a bare guess: where a
careful person would hesitate, the reply is ``unparsed``.

How it reads: cut the reasoning off, bring the rest to one spelling, stop where a rambling model
starts the next question, look from the end for statements that could be an answer, and let the
last of the strongest win; then for judgements option by option; and where nothing is stated, for
the only letters that anything speaks for. Time is linear in the reply's length: patterns are
bounded and an overlong reply is read at its head, its tail and its last 答案.

One file per step: ``answer_text`` and ``answer_forms`` (spelling), ``answer_scope`` (what the
question offers), ``answer_cues`` and ``answer_patterns`` (the language), ``answer_slots``,
``answer_labels`` and ``answer_options`` (what stands in an answer's place), ``answer_statements``
and ``answer_wholes`` (what is stated), ``answer_verdicts`` (what is judged), ``answer_mentions``
(what is left).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from psyche_bench import answer_cues as cues
from psyche_bench import answer_mentions as mentions
from psyche_bench import answer_options as texts
from psyche_bench import answer_patterns as say
from psyche_bench import answer_statements as statements
from psyche_bench import answer_text as spelling
from psyche_bench import answer_verdicts as verdicts
from psyche_bench import answer_wholes as wholes
from psyche_bench.answer_scope import Scope, scope
from psyche_bench.answer_statements import FIRM, LIKELY, NOTHING, VAGUE, Statement

ReadState = Literal["answered", "unparsed", "truncated"]


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read and what happened; ``letters`` is None exactly when nothing was answered."""

    letters: frozenset[str] | None
    state: ReadState


_THINK = re.compile(r"[<◁](/?)think(?:ing)? ?[>▷]", re.IGNORECASE)
_CHUNK = 16_384


def visible(reply: str) -> str | None:
    """The text after the reasoning, or None when the reasoning never closed.

    Only text after the last ``</think>`` or ``</thinking>`` counts; the opening tag may have been
    part of the prompt. An opening tag behind the last closing one means a reply cut off.

    >>> visible("<think>A?</think>答案：B"), visible("<think>A?")
    ('答案：B', None)
    """
    if not isinstance(reply, str):
        return ""
    if "hink" not in reply and "HINK" not in reply:
        return reply
    for stop in range(len(reply), 0, -_CHUNK):
        last = None
        for tag in _THINK.finditer(reply, max(0, stop - _CHUNK - 16), stop):
            last = tag
        if last is not None:
            return reply[last.end() :] if last[1] else None
    return reply


def render(gold: str) -> str:
    """A gold as an answer sentence, for the self-check over every data set.

    >>> render("ABD")
    '答案：ABD'
    """
    return f"答案：{gold}"


def read(reply: str, choices: str = "ABCDE", options: Mapping[str, str] | None = None) -> Reading:
    """Read the answered letters out of ``reply``.

    Args:
        reply: what the model wrote, reasoning included.
        choices: the letters on offer; a letter outside them in an explicit answer is kept.
        options: letter -> text, so that an option's text given instead of its letter is read.

    Returns:
        letters and ``answered``; None and ``unparsed`` where no answer stands or a person would
        hesitate; None and ``truncated`` where the reasoning never closed. Nothing raises.

    >>> sorted(read("答案不是A，而是C和D。").letters or "")
    ['C', 'D']
    >>> read("可能是A或B").state, read("<think>选A").state
    ('unparsed', 'truncated')
    """
    text = visible(reply)
    if text is None:
        return Reading(None, "truncated")
    offer = scope(choices, options)
    letters = _answer(texts.labelled(spelling.normalise(spelling.clip(text)), offer), offer)
    return Reading(letters, "answered" if letters else "unparsed")


def _answer(text: str, offer: Scope) -> frozenset[str] | None:
    """The letters of the first part that holds a decision, up to the next question."""
    start = 0
    for stop, after in [*spelling.next_questions(text), (len(text), len(text))]:
        part = text[start:stop].strip()
        example = spelling.EXAMPLE.match(part) is not None and stop < len(text)
        decision = None if example or not part else _decide(part, offer)
        if decision is not None:
            return decision.letters
        start = after
    return None


def _decide(text: str, offer: Scope) -> Statement | None:
    stated = sorted(statements.stated(text, offer), key=lambda statement: statement.start)
    firm = [statement for statement in stated if statement.strength == FIRM][-1:]
    if firm and not _taken_back(text, firm[0], offer):
        return firm[0]
    found = verdicts.claims(text, offer)
    likely = [statement for statement in stated if statement.strength == LIKELY]
    likely += [*wholes.wholes(text, offer), *wholes.in_brackets(text, offer)]
    if (lined := verdicts.by_line(text, offer)) is not None:
        likely.append(Statement(lined[0], lined[0] + 1, lined[1], LIKELY))
    if (summary := verdicts.concluded(text, found)) is not None:
        likely.append(Statement(summary[0], summary[0] + 1, summary[1], LIKELY))
    likely.sort(key=lambda statement: statement.start)
    if firm:
        later = [statement for statement in likely if statement.start > firm[0].end]
        return later[-1] if later else NOTHING
    if likely:
        return likely[-1]
    if stated:
        vague = {statement.letters for statement in stated}
        last = max(one.end for one in stated)
        gave_up = say.GIVE_UP.search(text, last) or cues.UNSURE.search(text, last)
        return NOTHING if gave_up or len(vague) > 1 else stated[0]
    letters = verdicts.tally(text, found, offer)
    letters = letters or texts.text_at_end(text, offer) or mentions.inferred(text, offer)
    if letters:
        return Statement(0, 0, letters, VAGUE)
    return NOTHING if say.GIVE_UP.search(text) else None


def _taken_back(text: str, last: Statement, offer: Scope) -> bool:
    """True when a correction or a rival follows the last firm statement, unconfirmed."""
    if cues.RIVAL.search(text, last.end) and cues.UNSURE.search(text, last.end):
        return True
    for mark in cues.CORRECTION.finditer(text, last.end):
        if text[mark.start() - 1] not in cues.CORRECTION_FRONT:
            continue
        claims = verdicts.claims(text[mark.start() :], offer)
        if any(one.right and (len(one.letters) > 1 or one.superlative) for one in claims):
            return True
        short = len(text) - mark.end() < 400
        return short and not cues.CONFIRMED.search(text, mark.end())
    return False
