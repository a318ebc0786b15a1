"""Names in Latin letters: after a title, after a cue, and given names that are no words."""

import re
from collections.abc import Iterator
from functools import cache

from psyche_bench.synthesis.identifiers import Place
from psyche_bench.synthesis.lexicon import words
from psyche_bench.synthesis.name_words import RELATION

_CAPITAL = r"[A-Z][a-z]{1,14}(?:-[A-Z][a-z]+)?"
_CALLED = (
    r"(?<![A-Za-z])(?:(?:Mr|Mrs|Ms|Miss|Dr|Prof|Professor|Aunt|Uncle|Coach)\.?\s"
    rf"(?P<titled>{_CAPITAL}(?:\s{_CAPITAL})?)"
    r"|(?:[Mm]y name is|[Mm]y name's|[Nn]amed|[Cc]all me|[Ss]igned,?|I'm|I am)\s"
    rf"(?P<called>{_CAPITAL}(?:\s{_CAPITAL})?)"
    rf"|(?P<first>NAMES)(?P<last>\s(?:[A-Z]\.\s)?{_CAPITAL})?)(?![a-z])"
)
_NOT_LAST = frozenset(
    "And But He She The They We You It Is Was Said Has I Then So When My His Her Who".split()
)


@cache
def _form() -> re.Pattern[str]:
    return re.compile(_CALLED.replace("NAMES", "|".join(sorted(words("english_names")))))


@cache
def _behind_relation() -> re.Pattern[str]:
    return re.compile(f"{RELATION}([A-Z][a-z]{{2,11}})(?![A-Za-z0-9])")


def related_latin(text: str) -> Iterator[Place]:
    """健身教练Leon: a word with a capital directly behind a relation, whatever it is."""
    yield from (found.span(1) for found in _behind_relation().finditer(text))


def english(text: str) -> Iterator[Place]:
    """Alice Brown, Mrs. Dalton, "my name is …"; scholars stay."""
    public, given = words("scholars"), words("english_names")
    for found in _form().finditer(text):
        group = "titled" if found["titled"] else "called" if found["called"] else "first"
        parts = found[0].replace(".", "").split()
        first = found[group].split()[0]
        if group == "called" and found[0].startswith("I") and first not in given:
            continue
        if group != "called" and any(part in public for part in parts):
            continue
        if group != "first":
            yield found.span(group)
        else:
            last = found["last"] and found["last"].split()[-1] not in _NOT_LAST
            yield found.start("first"), found.end("last" if last else "first")
