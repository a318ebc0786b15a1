"""Read posts and dialogues (Type IV, and PsycoLLM's data): four formats to one question, one reply.

``messages``: ``{"messages": [{"role", "content"}]}`` (SmileChat and most others);
``conversation``: ``{"conversation": [{"input", "output"}]}`` (EmoLLM); ``transcript``: ``{"text"}``
with 来访者：/ 心理咨询师：before each turn (CPsyCounD); ``pair``: two keys of the mapping.
Files may be JSON, JSON Lines, CSV or Parquet (shards, too: a folder and a glob).
"""

import json
import re
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any

from psyche_bench.schemas import Turn
from psyche_bench.synthesis.recipe import Recipe, Source
from psyche_bench.synthesis.rows import Origin, Pair, Row, row_id
from psyche_bench.synthesis.source_files import entries, files_of, source_files
from psyche_bench.synthesis.step import Aside, Options, Result, Step

_CLIENT = {"user", "client", "seeker", "来访者", "求助者"}
_SPEAKER = re.compile(r"^[ \t]*(来访者|求助者|心理咨询师|咨询师|支持者)[：:]", re.MULTILINE)


def dialogues(_: Iterable[Row], __: Options, recipe: Recipe) -> Iterator[Result]:
    """One pair from each dialogue of the sources of Type IV and ``ps``."""
    for source in recipe.sources:
        if source.type in ("IV", "ps"):
            yield from _of(source)


def _of(source: Source) -> Iterator[Result]:
    number = 0
    for path, name in source_files(source):
        for place, row in enumerate(entries(path), 1):
            number += 1
            if source.limit is not None and number > source.limit:
                return
            yield _result(source, name, str(row.get("id", place)), row)


def _result(source: Source, file: str, place: str, row: dict[str, Any]) -> Result:
    key = f"{source.name}/{file}#{place}"
    said = turns(row, source)
    history, question, reply = last(said) if source.type == "ps" else pair(said, source.pair)
    if not question or not reply:
        raw = json.dumps(row, ensure_ascii=False)
        return Result(key, dropped=Aside("no post with a reply to it", raw[:2000]))
    origin = Origin(
        source=source.name,
        type=source.type,
        licence=source.licence,
        file=file,
        place=place,
        parent="",
    )
    made = Pair(
        id=row_id("d", key, question, reply),
        origin=origin,
        history=history,
        question=question,
        reply=reply,
    )
    return Result(key, [made])


def turns(row: dict[str, Any], source: Source) -> list[Turn]:
    """The utterances of a dialogue, whatever its format; neighbours of one speaker are joined."""
    if source.format == "conversation":
        said = [
            part
            for turn in row.get("conversation") or []
            for part in (("user", turn.get("input")), ("assistant", turn.get("output")))
        ]
    elif source.format == "transcript":
        said = _transcript(str(row.get("text") or ""))
    elif source.format == "pair":
        said = [("user", row.get(source.mapping.stem)), ("assistant", row.get(source.mapping.gold))]
    else:
        said = [(turn.get("role"), turn.get("content")) for turn in row.get("messages") or []]
    spoken = [(_role(str(who)), str(text).strip()) for who, text in said if text]
    return [
        Turn(role=who, content="\n".join(text for _, text in group))
        for who, group in groupby(spoken, key=lambda one: one[0])
    ]


def _role(who: str) -> Any:
    if who == "system":
        return "system"
    return "user" if who in _CLIENT else "assistant"


def _transcript(text: str) -> list[tuple[str, str]]:
    parts = _SPEAKER.split(text)
    return list(zip(parts[1::2], parts[2::2], strict=True))


def pair(said: list[Turn], which: str) -> tuple[tuple[Turn, ...], str, str]:
    """Post and reply: the opening of a dialogue, or all that either says.

    >>> opening = [Turn(role="user", content="睡不着"), Turn(role="assistant", content="多久了？")]
    >>> pair(opening, "opening")
    ((), '睡不着', '多久了？')
    """
    spoken = [turn for turn in said if turn.role != "system"]
    while spoken and spoken[0].role == "assistant":
        spoken = spoken[1:]
    if which == "opening":
        spoken = spoken[:2]
    sides = {
        role: "\n".join(turn.content for turn in spoken if turn.role == role)
        for role in ("user", "assistant")
    }
    return (), sides["user"], sides["assistant"]


def last(said: list[Turn]) -> tuple[tuple[Turn, ...], str, str]:
    """History, last post and the reply to it."""
    while said and said[-1].role != "assistant":
        said = said[:-1]
    if len(said) < 2 or said[-2].role != "user":
        return (), "", ""
    return tuple(said[:-2]), said[-2].content, said[-1].content


STEP = Step(
    name="dialogues",
    after=(),
    plain=dialogues,
    whole=True,
    files=files_of("IV", "ps"),
    models=lambda _: (),
)
