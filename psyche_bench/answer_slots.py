"""Which letters stand in an answer's place: runs, lists, labelled lines, an option's text.

:mod:`psyche_bench.answers` finds the places; the functions here read what stands there, and
leave it alone when it is a term (A型人格), a hedge (A或B), or the list of all options.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice

from psyche_bench import answer_labels as labels
from psyche_bench import answer_patterns as say
from psyche_bench.answer_scope import Found, Scope


def lists(text: str, offer: Scope, start: int = 0) -> Iterator[re.Match[str]]:
    """Every list of letters; a comma between two lists (不选C和D，A、B才对) parts them."""
    upper = offer.words.upper
    for match in upper.finditer(text, start):
        end = match.end()
        if end - match.start() == 1:
            yield match
            continue
        cut = _TWO_LISTS.match(match[0]) if end - match.start() > 6 else None
        if (
            cut is None
            and "," in match[0]
            and _DENIED.search(text[max(0, match.start() - 8) : match.start()])
        ):
            cut = _AFTER_DENIAL.match(match[0])
        if cut is None and "," in match[0] and text.endswith(("etween ", "在"), 0, match.start()):
            cut = _AFTER_PAIR.match(match[0])
        if cut is None:
            yield match
            continue
        comma = match.start() + cut.end()
        halves = upper.match(text, match.start(), comma - 1), upper.match(text, comma, end)
        yield from (half for half in halves if half is not None)


@lru_cache(maxsize=4)
def all_lists(text: str, offer: Scope) -> tuple[re.Match[str], ...]:
    """The same for the whole text, kept while one reply is read: several steps ask for them."""
    return tuple(islice(lists(text, offer), 6000))


_DENIED = re.compile(r"(?:不|无需|别|勿|排除)(?:要|应|能|用|必|选|择){0,3}$")
_AFTER_DENIAL = re.compile(r"[^,]{1,20},(?=[A-Z] ?[、和与及跟])")
"""无需选D,A、B、C即可: the letters behind the comma are not denied with the first."""
_AFTER_PAIR = re.compile(r"[A-Z] ?(?:和|与|、|and) ?[A-Z], ?")
"""Between B and D, B is better: the letter behind the comma is compared with the pair."""
_TWO_LISTS = re.compile(
    r"[A-Z] ?[、和与及跟] ?[A-Z](?: ?[、和与及跟] ?[A-Z])*,(?=[A-Z] ?[、和与及跟])"
)


def letters_in(listing: str, words: say.Grammar, doubled: bool = False) -> frozenset[str] | None:
    """The letters of a matched list; None when a run repeats a letter (a word, no list)."""
    if len(listing) == 1:
        return frozenset(listing.upper())
    plain = re.sub(r"\((?![A-Za-z]\))[^()\n]{2,30}\)", "", listing) if "(" in listing else listing
    if " " in plain:
        plain = re.sub(r"\b(?:and|or|option)\b", " ", plain)
    runs = words.item.findall(plain)
    if not runs or any(_is_word(run, doubled) for run in runs):
        return None
    return frozenset("".join(runs).upper())


def _is_word(run: str, doubled: bool) -> bool:
    """True for a run that repeats a letter, unless a failing model repeats one without end."""
    distinct = len(set(run))
    return distinct != len(run) and distinct > (len(run) > 8) and not (doubled and len(run) < 9)


def read_slot(text: str, match: re.Match[str], kind: str, offer: Scope) -> Found | None:
    """The letters at ``match`` as the answer to a cue of this ``kind``; None if they are not."""
    place = match.start()
    if kind == "strong" and (span := offer.words.span.match(text, place)) is not None:
        return span.end(), letter_range(span[1], span[2], offer)
    if kind == "blank":
        return _filled(text, place, offer)
    end = own_part(text, match)
    if (turned := _TURNED.match(text, end)) is not None:
        place, end = turned.start("new"), turned.end("new")
    listing = text[place:end]
    letters = letters_in(listing, offer.words, doubled=kind == "strong")
    if letters is None or _CHAIN.match(text, end) or say.BLOCKED_RIGHT.match(text, end):
        return None
    if is_hedged(listing) or say.HEDGED_RIGHT.match(text, end):
        return end, None
    if "/" in listing and letters >= frozenset(offer.order[:4]):
        return None
    return _settled(text, (place, end), letters, kind, offer)


_TURNED = re.compile(r" ?→ ?(?P<new>[A-H])(?![A-Za-z])(?=[^→]{0,8}$)")
"""The answer became another one: 答案 A→C."""
_CHAIN = re.compile(r" ?→ ?[A-H] ?→")
"""An order of letters, not an answer: A→B→C."""


def _settled(
    text: str, place_end: tuple[int, int], letters: frozenset[str], kind: str, offer: Scope
) -> Found | None:
    """The letters with what belongs to them, if the sentence ends as this kind of cue demands."""
    place, end = place_end
    if kind == "copula" and (text[place - 1] == "\n" or not _LAST.match(text, end)):
        return None
    if kind == "copula" and len(letters) > 3 and letters >= frozenset(offer.order[:4]):
        return None
    if len(letters) == 1 and offer.words.label.match(text, place):
        return labels.label_run(text, place, offer)
    if kind == "strong" or (kind == "good" and say.PAUSE.match(text, end)):
        return _lone_lines(text, end, letters)
    closed = say.PAUSE if kind in ("correct", "odd") else say.END
    if kind == "correct" and closed.match(text, end):
        return _lone_lines(text, end, letters)
    return (end, letters) if closed.match(text, end) else None


_LAST = re.compile(rf"(?: ?[.、:] ?[^\n。]{{1,60}}|{say.ITEMS})[\"')\]]{{0,2}} ?[。.!]?$")


def _filled(text: str, place: int, offer: Scope) -> Found | None:
    """The letters in a stem's filled blank: 指标是（ C ）。"""
    close = text.find(")", place, place + 40)
    listing = text[place:close].strip() if close > 0 else ""
    if not offer.words.upper.fullmatch(listing) or say.BLOCKED_RIGHT.match(text, close + 1):
        return None
    return close, letters_in(listing, offer.words)


def is_hedged(listing: str) -> bool:
    """True for A或B, A还是B, A or B."""
    return "或" in listing or "还是" in listing or " or " in listing


def letter_range(first: str, last: str, offer: Scope) -> frozenset[str]:
    """The letters from ``first`` to ``last`` in the order of the choices (A-D, A到D)."""
    order = offer.order
    if first in order and last in order[order.index(first) :]:
        return frozenset(order[order.index(first) : order.index(last) + 1])
    return frozenset((first, last))


def own_part(text: str, match: re.Match[str]) -> int:
    """Where the answer's own letters end: 选A，B错误 answers A alone."""
    listing = match[0]
    if len(listing) == 1:
        return match.end()
    subject = say.SUBJECT_RIGHT.match(text, match.end())
    loose = list(re.finditer(r" ?[,;] ?| (?=[A-Za-z])", listing)) if subject else []
    if subject is None or not loose:
        return match.end()
    if not subject["all"]:
        return match.start() + loose[-1].start()
    tight = re.search(r"[、和与及跟]", listing)
    shared = re.match(r"[^不错]{0,6}?(?:正确|符合|对)", text[match.end() : match.end() + 12])
    return match.end() if shared and not tight else match.start() + loose[0].start()


def _lone_lines(text: str, end: int, letters: frozenset[str]) -> Found:
    """Letters alone on the next lines or between full stops belong too: 答案：⏎A⏎B, 答案：A。B。"""
    while len(letters) < 13 and (more := _LONE.match(text, end)) is not None:
        letters |= {more[1]}
        end = more.end()
    return end, letters


_LONE = re.compile(
    r"(?:[,、;。]?\n(?:[-·] ?|\(?\d{1,2}[.)、] ?)?|。 ?)[\"']?([A-Z])[\"']?"
    r"(?=[,、;。]?\n|。|[,、;]?$)"
)
