"""A judge's reply to scores, or to the reason why there are none.

The verdict is an object in the judge's reply, never a number in prose. The last complete object
that names a dimension wins; it must give every dimension a whole number on its scale. An object
that the judged text itself contains, quoted by the judge, is not the judge's.
"""

import json
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from psyche_bench import answers
from psyche_bench.judged import FailureKind
from psyche_bench.loose_json import objects
from psyche_bench.rubrics import Rubric, rubric_of

_SCORE_KEYS = ("score", "value", "points", "分数", "评分", "得分")


class Reading(NamedTuple):
    """Scores by dimension, or the kind of failure."""

    scores: dict[str, int] | None
    failure: FailureKind | None = None


def parse_verdict(
    raw: str, rubric: str | Rubric = "psydt", candidate: str | None = None
) -> dict[str, int] | None:
    """The scores a judge gives, or None where its reply holds no whole verdict.

    Args:
        raw: the judge's reply, whatever it holds; never raises over it.
        rubric: name of a rubric, or a rubric.
        candidate: the judged text, whose own objects do not count when the judge quotes them.

    >>> parse_verdict(
    ...     '{"emotional_empathy": 2, "cognitive_empathy": 1, "conversation_strategy": 3, '
    ...     '"state_and_attitude": 2}'
    ... )  # doctest: +NORMALIZE_WHITESPACE
    {'emotional_empathy': 2, 'cognitive_empathy': 1, 'conversation_strategy': 3,
     'state_and_attitude': 2}
    >>> parse_verdict("Emotional empathy: 2, cognitive empathy: 1 …") is None
    True
    """
    return read_verdict(raw, rubric_of(rubric), candidate).scores


def read_verdict(raw: object, rubric: Rubric, candidate: str | None = None) -> Reading:
    """Like :func:`parse_verdict`, with the reason for a missing verdict."""
    text = answers.visible(raw) if isinstance(raw, str) else None
    if not text:
        return Reading(None, "no_object")
    names = rubric.names
    planted = {
        _canonical(whole)
        for found in objects(candidate or "")
        for whole in _naming(found.value, names)
    }
    for found in reversed(objects(text)):
        named = _naming(found.value, names)
        own = [whole for whole in named if not planted or _canonical(whole) not in planted]
        if own:
            return _scores(own[-1], rubric)
    return Reading(None, "no_object")


def _naming(value: Mapping[str, Any], names: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """The objects nearest the top, in order, that name a dimension."""
    if any(_plain(key) in names for key in value):
        yield dict(value)
        return
    for inner in value.values():
        for part in inner if isinstance(inner, list) else [inner]:
            if isinstance(part, dict):
                yield from _naming(part, names)


def _canonical(value: Mapping[str, Any]) -> str:
    """The same for two objects that say the same, however they are written."""
    return json.dumps({_plain(k): v for k, v in value.items()}, sort_keys=True, default=repr)


def _scores(value: Mapping[str, Any], rubric: Rubric) -> Reading:
    given: dict[str, list[Any]] = {}
    for key, score in value.items():
        name = rubric.names.get(_plain(key))
        if name is not None:
            given.setdefault(name, []).append(score)
    scores: dict[str, int] = {}
    for dimension in rubric.dimensions:
        found = given.get(dimension.name)
        if found is None:
            return Reading(None, "incomplete")
        whole = {_whole(score, boolean=rubric.form == "criteria") for score in found}
        number = whole.pop() if len(whole) == 1 else None
        if number is None or not dimension.low <= number <= dimension.high:
            return Reading(None, "out_of_range")
        scores[dimension.name] = number
    return Reading(scores)


def _whole(value: Any, *, boolean: bool) -> int | None:
    """A score as a whole number: ``2``, ``2.0``, ``"2"``, ``{"score": 2, …}``; else None.

    Yes and no are scores of criteria only.
    """
    if isinstance(value, dict):
        inner = [value[key] for key in _SCORE_KEYS if key in value]
        value = inner[0] if len(inner) == 1 and not isinstance(inner[0], dict) else None
    if isinstance(value, bool):
        return int(value) if boolean else None
    if isinstance(value, str):
        digits = unicodedata.normalize("NFKC", value.strip())
        return int(digits) if digits.isdecimal() and len(digits) <= 3 else None
    if isinstance(value, float):
        return int(value) if value.is_integer() else None
    return value if isinstance(value, int) else None


def _plain(key: str) -> str:
    """A key without case, spaces and hyphens; full-width letters become plain ones."""
    return unicodedata.normalize("NFKC", key).strip().casefold().replace(" ", "_").replace("-", "_")
