"""From a model's reply to the letters it answered: the only place that reads letters."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

ReadState = Literal["answered", "unparsed", "truncated"]


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read and what happened; ``letters`` is None exactly when nothing was answered."""

    letters: frozenset[str] | None
    state: ReadState


_THINK = re.compile(r"<(/?)think(?:ing)?>", re.I)
_ANSWER = re.compile(r"(?:答案|选)[^A-Ha-h\n]{0,8}([A-H](?:[、,，和 ]{0,3}[A-H])*)(?![A-Za-z])")


def visible(reply: str) -> str | None:
    """The text after the reasoning, or None when the reasoning never closed."""
    if not isinstance(reply, str):
        return ""
    last = None
    for last in _THINK.finditer(reply):
        pass
    if last is None:
        return reply
    return reply[last.end() :] if last[1] else None


def render(gold: str) -> str:
    """A gold as an answer sentence, for the self-check.

    >>> render("ABD")
    '答案：ABD'
    """
    return f"答案：{gold}"


def read(reply: str, choices: str = "ABCDE", options: Mapping[str, str] | None = None) -> Reading:
    """Read the answered letters out of ``reply``.

    >>> sorted(read("答案：ABD").letters or "")
    ['A', 'B', 'D']
    """
    text = visible(reply)
    if text is None:
        return Reading(None, "truncated")
    found = _ANSWER.findall(text[-100_000:])
    if not found:
        return Reading(None, "unparsed")
    return Reading(frozenset(re.findall("[A-H]", found[-1])), "answered")
