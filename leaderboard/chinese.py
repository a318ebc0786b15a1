"""Sentences that the core and the audit write in English, in Chinese, for the Chinese pages.

Records, exports and the audit's files hold one text each; here its phrases are put into Chinese one
by one, as ``templates/chinese.toml`` lists them. What no phrase knows stays as it is: names,
protocols, hashes, figures.
"""

import re
import tomllib
from functools import cache
from importlib.resources import files
from typing import NamedTuple

COUNTED = "count of "


class Phrases(NamedTuple):
    """Whole texts by their English, and patterns of parts with what stands for each, in order."""

    whole: dict[str, str]
    parts: tuple[tuple[re.Pattern[str], str], ...]


@cache
def phrases() -> Phrases:
    """The list that ships with the templates."""
    path = files("psyche_bench.leaderboard") / "templates" / "chinese.toml"
    listed = tomllib.loads(path.read_text(encoding="utf-8"))
    order = listed["phrases"]["order"]
    return Phrases(listed["whole"], tuple((re.compile(one), other) for one, other in order))


@cache
def told(text: str) -> str:
    """A text of the core or the audit in Chinese, as far as its phrases are known.

    >>> told("20 of 310 items, 2 of 6 columns")
    '310 题中的 20 题，6 列中的 2 列'
    """
    known = phrases()
    if text in known.whole:
        return known.whole[text]
    if text.startswith(COUNTED):
        return f"{told(text.removeprefix(COUNTED))}（汇总）"
    found = text
    for pattern, chinese in known.parts:
        found = pattern.sub(chinese, found)
    return text if found == text else found.replace("; ", "；")
