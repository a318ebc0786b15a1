"""Names of persons: after a cue (我叫, 室友), beside a title (王老师), and standing alone.

Each finder yields places of names by one kind of evidence; here they are put together. Scholars,
figures of books and eponyms (罗夏测验) stay. A name that one place shows to be one is taken
wherever it stands, and so is its neighbour in an enumeration (丁一、马晓丹).
"""

import re
from collections.abc import Iterator

from psyche_bench.synthesis import name_alone, name_cues, name_english, name_shapes
from psyche_bench.synthesis.identifiers import Place
from psyche_bench.synthesis.lexicon import HANZI, words
from psyche_bench.synthesis.name_words import EPONYM, is_given, is_word, parts

_IN_NONE = re.compile("[你我他她它您这那的了是们就也还都但把被吗呢吧]")
_LATIN_NAME = re.compile("[A-Z][a-z]")
_WHOLE = re.compile(f"[{HANZI}]{{2,4}}")
_THREE = re.compile(f"[{HANZI}]{{3}}")


def names(text: str) -> list[Place]:
    """Places of personal names, ascending, not overlapping; repeated names wherever they stand."""
    found: list[Place] = []
    if not text.isascii():
        found += name_cues.nicknames(text)
        for finder in (*name_cues.FINDERS, *name_shapes.FINDERS, name_alone.alone):
            found += (place for place in finder(text) if not _IN_NONE.search(text, *place))
    if _LATIN_NAME.search(text):
        found += name_english.english(text)
        found += name_english.related_latin(text)
    kept = [place for place in found if not _is_public(text, *place)]
    kept += [place for place in _beside(text, kept) if not _is_public(text, *place)]
    return _merged(kept + _again(text, kept))


def _merged(places: list[Place]) -> list[Place]:
    result: list[Place] = []
    for start, end in sorted(set(places), key=lambda place: (place[0], -place[1])):
        if not result or start >= result[-1][1]:
            result.append((start, end))
    return result


def _is_public(text: str, start: int, end: int) -> bool:
    """A scholar or a medicine, part of a scholar's name, or an eponym."""
    public, name = words("scholars") | words("medicines"), text[start:end]
    if EPONYM.match(text, end) and (name in public or not text.startswith("治疗师", end)):
        return True
    if name in public:
        return True
    around = text[max(0, start - 4) : end + 4]
    return any(
        len(name) > 1 and name in word and word in around
        for word in (around[i : i + n] for n in (3, 4, 5) for i in range(len(around) - n + 1))
        if word in public
    )


def _again(text: str, places: list[Place]) -> list[Place]:
    """Other places of the names found, and of their given names of two characters."""
    known = {text[a:b] for a, b in places if b - a > 1}
    known |= {
        n[1:]
        for n in known
        if _THREE.fullmatch(n) and n[0] in parts().family and not is_word(n[1:])
    }
    more: list[Place] = []
    for name in sorted(known, key=len, reverse=True):
        start = text.find(name)
        while start >= 0:
            end = start + len(name)
            cut = name.isascii() and (
                text[start - 1 : start].isalnum() or text[end : end + 1].isalnum()
            )
            if not cut or not (text[max(0, start - 1) : end + 1].isascii()):
                more.append((start, end))
            start = text.find(name, end)
    return more


_LEFT = re.compile(rf"(?:\A|[^{HANZI}]|[和跟与给对让叫找被把向同是])([{HANZI}]{{2,3}})[、和跟与]\Z")
_RIGHT = re.compile(
    rf"[、和跟与]([{HANZI}]{{2,3}}?)"
    rf"(?=[^{HANZI}]|\Z|[和跟与都也又就住在一他她们两三几说]|[两三四几]个)"
)


def _beside(text: str, places: list[Place]) -> Iterator[Place]:
    """Neighbours of a name in an enumeration, as far as they are made like names."""
    todo = [place for place in places if place[1] - place[0] > 1]
    seen = set(todo)
    while todo:
        start, end = todo.pop()
        left, right = _LEFT.search(text, max(0, start - 5), start), _RIGHT.match(text, end)
        for found in (left, right):
            if found and found.span(1) not in seen and _is_name(found[1]):
                seen.add(found.span(1))
                todo.append(found.span(1))
                yield found.span(1)


def _is_name(word: str) -> bool:
    """A family name with a given one, or a given name, that is no common word."""
    known = parts()
    if is_word(word, 20):
        return False
    whole = word[0] in known.family and all(c in known.given for c in word[1:])
    return whole or is_given(word) or (word[0] in "小阿老" and len(word) == 2)
