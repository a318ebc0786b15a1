"""Which letters stand in an answer's place: runs, lists, labelled lines, an option's text.

:mod:`psyche_bench.answers` finds the places; the functions here read what stands there, and
leave it alone when it is a term (A型人格), a hedge (A或B), or the list of all options.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from psyche_bench import answer_patterns as say
from psyche_bench import answer_text as spelling

Found = tuple[int, frozenset[str] | None]
"""Where the letters end, and the letters; None for "A or B", which decides nothing."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What one question offers: letters in order, all of them as a set, texts, patterns.

    ``texts`` maps an option's squeezed text to its letter, or to None where two options share it.
    """

    order: str
    every: frozenset[str]
    texts: Mapping[str, str | None]
    words: say.Grammar
    known: bool
    joined: tuple[tuple[str, str], ...] = ()

    @property
    def full(self) -> int:
        """From how many labelled options on a list is the question's own list of options."""
        return max(2, len(self.every) if self.known else min(4, len(self.order)))


def scope(choices: str, options: Mapping[str, str] | None) -> Scope:
    """Build the scope of one call; option texts are compared without space and punctuation."""
    order = "".join(dict.fromkeys(char for char in choices.upper() if char.isalnum()))
    texts: dict[str, str | None] = {}
    for letter, option in (options or {}).items():
        key = squeeze(spelling.normalise(option))
        if key:
            texts[key] = None if key in texts else letter.upper()
    every = frozenset(letter.upper() for letter in options) if options else frozenset(order)
    extra = "".join(sorted(set(order) - set("ABCDEFGH")))
    joined = tuple(
        (front, put)
        for letter, option in (options or {}).items()
        if (said := spelling.normalise(option)) and "\u4e00" <= said[0] <= "\u9fff"
        for front, put in (
            (f"{letter}{said}", f"{letter}.{said}"),
            (f"{said}({letter})", letter),
        )
    )
    return Scope(order, every, texts, say.grammar("ABCDEFGH" + extra), bool(options), joined)


def lists(
    text: str, offer: Scope, start: int = 0, stop: int | None = None
) -> Iterator[re.Match[str]]:
    """Every list of letters; a comma between two lists (不选C和D，A、B才对) parts them."""
    upper, stop = offer.words.upper, len(text) if stop is None else stop
    for match in upper.finditer(text, start, stop):
        cut = _TWO_LISTS.match(match[0]) if len(match[0]) > 6 else None
        if cut is None:
            yield match
            continue
        comma = match.start() + cut.end()
        halves = upper.match(text, match.start(), comma - 1), upper.match(text, comma, match.end())
        yield from (half for half in halves if half is not None)


_TWO_LISTS = re.compile(
    r"[A-Z] ?[、和与及跟] ?[A-Z](?: ?[、和与及跟] ?[A-Z])*,(?=[A-Z] ?[、和与及跟])"
)


def labelled(text: str, offer: Scope) -> str:
    """``A共情`` as ``A.共情``: a letter that touches its own option's text is its label."""
    for start, dotted in offer.joined:
        if start in text:
            text = re.sub(rf"(?<![A-Za-z]){re.escape(start)}", lambda _, put=dotted: put, text)
    return text


def squeeze(text: str) -> str:
    """Letters, digits and characters only, case folded: how option texts are compared."""
    return "".join(char for char in text.casefold() if char.isalnum())


def letters_in(listing: str, words: say.Grammar) -> frozenset[str] | None:
    """The letters of a matched list; None when a run repeats a letter (a word, no list)."""
    if len(listing) == 1:
        return frozenset(listing.upper())
    plain = re.sub(r"\((?![A-Za-z]\))[^()\n]{2,30}\)", "", listing) if "(" in listing else listing
    if " " in plain:
        plain = re.sub(r"\b(?:and|or|option)\b", " ", plain)
    runs = words.item.findall(plain)
    if not runs or any(len(set(run)) != len(run) for run in runs):
        return None
    return frozenset("".join(runs).upper())


def read_slot(text: str, match: re.Match[str], kind: str, offer: Scope) -> Found | None:
    """The letters at ``match`` as the answer to a cue of this ``kind``; None if they are not."""
    place = match.start()
    if kind == "strong" and (span := offer.words.span.match(text, place)) is not None:
        return span.end(), letter_range(span[1], span[2], offer)
    if kind == "blank":
        return _filled(text, place, offer)
    end = _own_part(text, match)
    listing = text[place:end]
    letters = letters_in(listing, offer.words)
    if letters is None or say.BLOCKED_RIGHT.match(text, end):
        return None
    if is_hedged(listing) or say.HEDGED_RIGHT.match(text, end):
        return end, None
    if "/" in listing and letters >= frozenset(offer.order[:4]):
        return None
    return _settled(text, (place, end), letters, kind, offer)


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
        return label_run(text, place, offer)
    if kind == "strong" or (kind == "good" and say.PAUSE.match(text, end)):
        return _lone_lines(text, end, letters)
    closed = say.PAUSE if kind in ("correct", "odd") else say.END
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


def _own_part(text: str, match: re.Match[str]) -> int:
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
    """Letters alone on the following lines belong to the answer: 答案：⏎A⏎B."""
    if text[end : end + 2] in (",\n", "、\n", ";\n"):
        end += 1
    while text[end : end + 1] == "\n":
        stop = text.find("\n", end + 1)
        stop = len(text) if stop < 0 else stop
        more = re.fullmatch(
            r"[-·] ?[\"']?([A-Z])[\"']?|([A-Z])", text[end + 1 : min(stop, end + 9)]
        )
        if more is None or len(letters) > 12:
            break
        letters |= {more[1] or more[2]}
        end = stop
    return end, letters


_EXPLAINS = re.compile(r"属于|描述|是指|因为|强调|说的是|错|不|体现|✗|✓")
_BULLET = re.compile(r"[-·+>|✓ ]{0,4}(?:\d{1,2}[.)] ?)?(?:选项 ?)?")


def label_run(text: str, place: int, offer: Scope) -> Found | None:
    """``A. 共情 C. 倾听``, or one such label a line; None when it is the list of all options.

    Lines go on being part of the answer while they keep the order of the choices and do not
    start explaining: "B. 面质⏎A. 倾听属于参与性技术" answers B.
    """
    chosen: list[str] = []
    seen: list[str] = []
    begin, plain, end = place, True, place
    bullet = _bullet(text, text.rfind("\n", 0, place) + 1)
    for number in range(12):
        stop = text.find("\n", begin)
        stop = len(text) if stop < 0 else stop
        if number and bullet and _bullet(text, begin) != bullet:
            break
        labels = _labels(text[begin : min(stop, begin + 400)], offer)
        fresh = _ascending(seen, [letter for letter, _ in labels], offer)
        if not fresh:
            break
        seen += fresh
        part = text[begin + labels[0][1] : min(stop, begin + 400)]
        explains = _EXPLAINS.search(part) is not None
        if number == 0:
            plain = bool(bullet) or (not explains and "。" not in part[:-1])
        if bullet and _DENIED.match(part):
            continue_at = stop + 1
            begin = continue_at
            if stop >= len(text):
                break
            continue
        goes_on = bool(bullet) or not explains
        if number == 0 or (plain and goes_on and (bullet or chosen == seen[: -len(fresh)])):
            chosen += fresh[:1] if explains else fresh
            end = stop
        begin = stop + 1
        if stop >= len(text):
            break
    return None if not chosen or len(seen) >= offer.full else (end, frozenset(chosen))


_MARKER = re.compile(r" ?(?:([-·+])|\(?\d{1,2}[.)、]) ?")
_DENIED = re.compile(r"[^,。;]{0,6}?(?:不|错|✗)")


def _bullet(text: str, place: int) -> str:
    """The kind of list marker at the beginning of a line: a sign, ``1`` for numbers, or none."""
    marker = _MARKER.match(text, place)
    return "" if marker is None else marker[1] or "1"


def _labels(line: str, offer: Scope) -> list[tuple[str, int]]:
    """(letter, end) of the labels in a line; the first may stand behind a bullet."""
    lead = _BULLET.match(line)
    first = offer.words.label.match(line, lead.end() if lead else 0)
    if first is None:
        return []
    found = [(first[1], first.end())]
    for match in offer.words.label.finditer(line, first.end()):
        if line[match.start() - 1] in " 、;,和与及" and len(found) < 12:
            found.append((match[1], match.end()))
    return found


def _ascending(before: list[str], labels: list[str], offer: Scope) -> list[str]:
    """The labels that go on in the order of the choices; explanations jump about."""
    rank = {letter: index for index, letter in enumerate(offer.order)}
    taken: list[str] = []
    for label in labels:
        last = [*before, *taken][-1:]
        if last and rank.get(label, 99) <= rank.get(last[0], 98):
            break
        taken.append(label)
    return taken


_TEXT_END = re.compile(
    r"[\s。.,;:!?\"')\]}<(](?! ?[\"'(\[]?(?:和|与|及|以及|、))|$|这|选项|一项|因为"
)


_TEXT_LINK = re.compile(
    r"[\"')]{0,2} ?(?:[、,;]|和|与|及|以及|\n[-·+] ?|\n\d[.、] ?){1,2} ?[\"'(]{0,2}"
)


def text_at_end(text: str, offer: Scope) -> frozenset[str] | None:
    """The option whose text ends a conclusion that names no letters: 所以这属于被试内设计。"""
    last = text[-200:].rstrip("。.!").rpartition("。")[2]
    if not offer.texts or offer.words.upper.search(text):
        return None
    if _CONCLUDES.search(last) is None and not _one_sentence(text, offer):
        return None
    said = _KIND.sub("", squeeze(last))
    key = max((key for key in offer.texts if said.endswith(key)), key=len, default="")
    before = said[: len(said) - len(key)] if key else ""
    if (
        re.search(
            r"(?<!不)(?<!并非)(?:属于|是|为|称作|叫做?|选择?|采用|使用|运用|用了?|is)$", before
        )
        is None
    ):
        return None
    letter = offer.texts[key]
    return frozenset(letter) if letter else None


def _one_sentence(text: str, offer: Scope) -> bool:
    """True for a reply of one sentence that names one option's text: 这属于面质技术."""
    if len(text) > 80 or re.search(r"[。.!?;\n](?=.)|或|还是|可能|不", text):
        return False
    said = squeeze(text)
    named = [key for key in offer.texts if key in said]
    return sum(not any(key != other and key in other for other in named) for key in named) == 1


_KIND = re.compile(r"(?:技术|疗法|方法|法|理论|障碍|原则|效应|现象|这一项|选项)$")
_CONCLUDES = re.compile(r"所以|因此|故|可见|综上")


def text_at(text: str, place: int, offer: Scope, depth: int = 0) -> Found | None:
    """An option's text in the answer's place; the longest that ends at a boundary."""
    if not offer.texts:
        return None
    longest = max(map(len, offer.texts))
    squeezed, ends = "", []
    for position, char in enumerate(text[place : place + 300].lower()):
        if len(squeezed) >= longest:
            break
        if char.isalnum():
            if not squeezed and not any(key[0] == char for key in offer.texts):
                return None
            squeezed += char
            ends.append(place + position + 1)
    for key in sorted(offer.texts, key=len, reverse=True):
        if not squeezed.startswith(key):
            continue
        letter, end = offer.texts[key], ends[len(key) - 1]
        link = _TEXT_LINK.match(text, end)
        more = text_at(text, link.end(), offer, depth + 1) if link and depth < 8 else None
        if letter and more is not None:
            return more[0], frozenset(letter) | (more[1] or frozenset())
        if _TEXT_END.match(text, end):
            return (end, frozenset(letter)) if letter else None
    return None
