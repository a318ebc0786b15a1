"""Word lists as data, and jieba's dictionary: what is a word, and what kind of one.

A list in ``lexicon/`` has words separated by blanks; a line that begins with # is a comment, and
one in square brackets heads a section.
"""

import re
from functools import cache, lru_cache
from importlib.resources import files

HANZI = "\u4e00-\u9fff"
_STOP = re.compile(f"[^{HANZI}]")


@cache
def sections(name: str) -> dict[str, frozenset[str]]:
    """A word list by its headings; what stands before the first heading is under ``""``."""
    path = files("psyche_bench.synthesis") / "lexicon" / f"{name}.txt"
    found: dict[str, list[str]] = {}
    heading = ""
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            heading = line.strip("[]")
        elif not line.startswith("#"):
            found.setdefault(heading, []).extend(line.split())
    return {key: frozenset(value) for key, value in found.items()}


@cache
def words(name: str) -> frozenset[str]:
    """All words of a list, whatever their heading."""
    return frozenset[str]().union(*sections(name).values())


@cache
def either(name: str, *headings: str) -> str:
    """A pattern for any word of some sections, the longest first.

    Words with the same beginning stand together, so that a search looks at few of them.
    """
    groups: dict[str, set[str]] = {}
    for word in {word for heading in headings for word in sections(name)[heading]}:
        groups.setdefault(word[0], set()).add(word[1:])
    return f"(?:{'|'.join(_grouped(first, rests) for first, rests in sorted(groups.items()))})"


def _grouped(first: str, rests: set[str]) -> str:
    longest = sorted(rests, key=lambda word: (-len(word), word))
    return re.escape(first) + (f"(?:{'|'.join(map(re.escape, longest))})" if rests != {""} else "")


@cache
def _tags() -> dict[str, tuple[int, str]]:
    import jieba

    with jieba.get_dict_file() as file:
        rows = (line.decode("utf-8").split() for line in file)
        return {row[0]: (int(row[1]), row[2]) for row in rows if len(row) == 3}


def tag(word: str) -> tuple[int, str]:
    """Frequency and part of speech by jieba's dictionary; (0, "") for what is no word there."""
    return _tags().get(word, (0, ""))


@cache
def _tokenizer() -> "object":
    import logging

    import jieba

    jieba.setLogLevel(logging.WARNING)
    jieba.initialize()
    return jieba.dt


def tokens(text: str, place: int, reach: int = 8) -> list[tuple[int, str]]:
    """Words of the clause around a place, as (start, word); ``reach`` characters to either side."""
    start, end = max(0, place - reach), min(len(text), place + reach)
    for i in range(place - 1, start - 1, -1):
        if _STOP.match(text[i]):
            start = i + 1
            break
    if found := _STOP.search(text, place, end):
        end = found.start()
    return cut(text, start, end)


def cut(text: str, start: int, end: int) -> list[tuple[int, str]]:
    """Words of a stretch, as (start in the text, word), by the dictionary alone."""
    at, result = start, []
    for word in _cut(text[start:end]):
        result.append((at, word))
        at += len(word)
    return result


@lru_cache(maxsize=65_536)
def _cut(stretch: str) -> tuple[str, ...]:
    return tuple(_tokenizer().cut(stretch, HMM=False))  # type: ignore[attr-defined]  # untyped
