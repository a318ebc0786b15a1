"""Everything in a reply that could be its answer, each with its place and its strength.

:mod:`psyche_bench.answers` weighs these statements; here they are only found: behind cues from
the end backwards, on lines of their own, in brackets, and as 全选 or 除D外均正确.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from psyche_bench import answer_cues as cues
from psyche_bench import answer_patterns as say
from psyche_bench import answer_slots as slots
from psyche_bench.answer_slots import Scope


@dataclass(frozen=True, slots=True)
class Statement:
    """One possible answer; None for letters says that there is none (A或B, 以上都不对)."""

    start: int
    end: int
    letters: frozenset[str] | None
    strength: int


FIRM, LIKELY, VAGUE = 3, 2, 1
NOTHING = Statement(0, 0, None, VAGUE)


def stated(text: str, offer: Scope) -> Iterator[Statement]:
    """What stands behind cues, from the end back to the last firm one, and on lines of its own."""
    found = list(_from_the_end(text, offer))
    yield from found
    lone = _lone_line(text, offer)
    firm = [statement for statement in found if statement.strength == FIRM]
    if lone is not None and not any(lone.start < statement.end for statement in firm):
        yield lone
    elif not firm:
        yield from _behind_cues(text, offer)
        yield from _first_line(text, offer)


def _from_the_end(text: str, offer: Scope) -> Iterator[Statement]:
    """The cued statements back to the last firm one, joined with what it adds to (再选B)."""
    added: Statement | None = None
    for match in _lists_from_the_end(text, offer):
        statement = _behind_cue(text, match, offer)
        if statement is None:
            continue
        if added is not None:
            near = added.start - statement.end < 200
            yield _joined(statement, added) if near else added
            return
        if _adds(text, statement):
            added = statement
            continue
        yield statement
        if statement.strength == FIRM:
            return
    if added is not None:
        yield added


def _lists_from_the_end(text: str, offer: Scope) -> Iterator[re.Match[str]]:
    """Lists of letters, last first; the last sentences, most replies' answer, alone."""
    tail = max(text.rfind(mark, 0, max(0, len(text) - 300)) for mark in "。\n") + 1
    yield from reversed(list(islice(slots.lists(text, offer, tail), 150)))
    before = list(islice(slots.lists(text, offer, 0, tail), 3000))
    yield from reversed(before[:30] + before[30:][-120:])


def _adds(text: str, statement: Statement) -> bool:
    """True for 再选B, 也选C: the letters join those before them."""
    if statement.strength != FIRM or text[statement.start] != "选":
        return False
    if _ALSO_CHOSEN.search(text[max(0, statement.start - 60) : statement.start]):
        return True
    return cues.ADDED.search(text, max(0, statement.start - 5), statement.start) is not None


_ALSO_CHOSEN = re.compile(r"选[A-H](?:\([^()。]{0,50}\))?,$")
"""选A（…），选C（…）: two choices in one breath."""


def _joined(first: Statement, second: Statement) -> Statement:
    if first.letters is None or second.letters is None:
        return Statement(first.start, second.end, None, FIRM)
    return Statement(first.start, second.end, first.letters | second.letters, FIRM)


def _behind_cue(text: str, match: re.Match[str], offer: Scope) -> Statement | None:
    """The letters at ``match`` if a cue leads to them: 答案, 选, 因此, answer, boxed, …"""
    place = match.start()
    begin = max(0, place - 40)
    tail = text[max(0, place - 12) : place].rstrip(cues.LINK_SKIP)[-1:]
    if not (tail in cues.LINK_END or (tail.isascii() and tail.isalnum())):
        return None
    window = text[begin:place]
    opened = _cue(window)
    if opened is None:
        return None
    kind = opened.lastgroup or ""
    cue_at = begin + opened.start()
    sentence = cues.sentence_before(text, cue_at)
    if cues.dismissed(sentence, kind):
        return None
    second = kind == "copula" or _OR_CHOOSE.search(sentence)
    if second and offer.words.upper.search(sentence):
        return None
    found = slots.read_slot(text, match, kind, offer)
    if found is None:
        return None
    end, letters = found
    strength = _strength(kind, sentence, text[cue_at:place])
    if sentence.endswith("先") and cues.GIVEN_UP.search(text, end, end + 200):
        return Statement(cue_at, end, None, VAGUE)
    if strength == VAGUE and cues.INITIAL.search(sentence) and cues.DROPPED.search(text, end):
        letters = None
    return Statement(cue_at, end, letters, strength)


def _cue(window: str) -> re.Match[str] | None:
    """The strongest cue from which nothing but linking words leads to the window's end."""
    best = None
    for start in cues.START.finditer(window):
        cue = cues.cue_at(window, start.start())
        if cue is None or (best and _rank(cue) >= _rank(best)):
            continue
        if cues.LINK.fullmatch(window, cue.end()):
            best = cue
    return best


def _rank(cue: re.Match[str]) -> int:
    return cues.RANK[cue.lastgroup or ""]


def _strength(kind: str, sentence: str, link: str) -> int:
    guess = cues.INITIAL.search(sentence)
    if link[0] == "选" and cues.WHY.search(sentence[-14:]):
        return VAGUE
    if cues.TENTATIVE.search(sentence[-12:] + link):
        return VAGUE
    if guess and not cues.SETTLED.search(sentence + link, guess.end()):
        return VAGUE
    return {"strong": FIRM, "correct": FIRM, "odd": VAGUE, "loose": VAGUE, "copula": VAGUE}.get(
        kind, LIKELY
    )


_OR_CHOOSE = re.compile(r"(?:还是|或者?|抑或) ?$")


def _behind_cues(text: str, offer: Scope) -> Iterator[Statement]:
    """The rarer answers behind a strong cue: lower-case letters, an option's text."""
    if not offer.texts and not offer.words.lower.search(text):
        return
    places = [start.start() for start in cues.START.finditer(text)]
    for begin in places[:100] + places[100:][-400:]:
        cue = cues.cue_at(text, begin)
        if cue is None or cue.lastgroup in ("odd", "final", "blank", "loose", "copula"):
            continue
        link = cues.LINK.match(text, cue.end())
        place = link.end() if link else cue.end()
        found = _lower_at(text, place, cue, offer)
        if found is None and cue[0] != "选项" and cue[0][0] not in "那还就剩猜保留认觉感iIs":
            found = slots.text_at(text, place, offer)
        if found is None:
            continue
        kind, sentence = cue.lastgroup or "", cues.sentence_before(text, cue.start())
        if not cues.dismissed(sentence, kind):
            strength = _strength(kind, sentence, text[cue.start() : place])
            yield Statement(cue.start(), *found, strength)


def _lower_at(
    text: str, place: int, cue: re.Match[str], offer: Scope
) -> tuple[int, frozenset[str] | None] | None:
    """Lower-case letters; a run such as "bad" only where no English sentence leads to it."""
    match = offer.words.lower.match(text, place) if cue.lastgroup == "strong" else None
    if match is None or re.match(r" [A-Za-z]", text[match.end() : match.end() + 2]):
        return None
    spelled = any(len(run) > 1 for run in offer.words.item.findall(match[0]))
    if spelled and re.search(r"[a-z] $", text[cue.start() : place]):
        return None
    return slots.read_slot(text, match, "strong", offer)


def wholes(text: str, offer: Scope) -> Iterator[Statement]:
    """全选, 以上都对, 除D外均正确, 以上都不对."""
    for pattern, letters in ((say.ALL_RIGHT, offer.every), (say.NONE_RIGHT, None)):
        for match in islice(pattern.finditer(text), 100):
            sentence = cues.sentence_before(text, match.start())
            if cues.dismissed(sentence, "whole") or "其" in sentence[-2:] or "除" in sentence[-12:]:
                continue
            if _of_named(match[0], sentence, offer):
                continue
            named = slots.text_at(text, match.start(), offer)
            yield Statement(match.start(), match.end(), named[1] if named else letters, LIKELY)
    for said in islice(say.ALL_BUT.finditer(text), 20):
        left_out = slots.letters_in(said["out"], offer.words)
        good = say.ALL_BUT_GOOD.match(text, said.end())
        if left_out and good:
            kept = left_out if good["bad"] else offer.every - left_out
            yield Statement(said.start(), good.end(), kept or None, LIKELY)
    for hit in islice(_EXCLUDED.finditer(text), 10):
        out = slots.letters_in(hit[1], offer.words)
        if out and offer.words.upper.fullmatch(hit[1]):
            yield Statement(hit.start(), hit.end(), (offer.every - out) or None, LIKELY)
    for hit in islice(re.finditer("除", text), 40):
        excepted = say.EXCEPT.match(text, hit.start())
        out = excepted and offer.words.upper.fullmatch(excepted["out"].strip(" \"'"))
        left_out = slots.letters_in(out[0], offer.words) if out else None
        if excepted and left_out:
            kept = offer.every - left_out if excepted["good"] else left_out
            yield Statement(hit.start(), excepted.end(), kept or None, LIKELY)


_EXCLUDED = re.compile(
    r"(?<![A-Za-z])([A-H](?: ?[、,和与] ?[A-H]){0,3})(?:选项|项)?除外,(?:其[余他它])?[^,。\n]{0,8}?"
    r"(?:全选|[都均]选|正确|对)"
)


def _of_named(said: str, sentence: str, offer: Scope) -> bool:
    """True where 都对 and 三项均正确 speak of letters just named, not of all."""
    if said[0] in "都均全皆" and not said.startswith("全选"):
        return offer.words.upper.search(sentence) is not None
    return said[1:2] in "项个" and re.search(r"[A-Za-z][\"')]? ?$", sentence) is not None


def in_brackets(text: str, offer: Scope) -> Iterator[Statement]:
    """The only letters in brackets at a sentence's end: 核心症状是心境低落和兴趣丧失（AB）。"""
    found = list(islice(_BRACKETED.finditer(text), 40))
    if not found or len(found) > 5 or not _CLOSES.match(text, found[-1].end()):
        return
    if not all(offer.words.upper.fullmatch(one[1]) for one in found):
        return
    sentence = cues.sentence_before(text, found[0].start())
    inside = text[found[0].end() : found[-1].start()]
    if cues.SENTENCE_END.search(inside) or "不" in inside or "是" in inside:
        return
    if re.search(r"[是为有选括用]", sentence) and not cues.dismissed(sentence, "good"):
        letters = frozenset().union(*(slots.letters_in(one[1], offer.words) or () for one in found))
        if letters and (len(letters) > 1 or len(text) - found[-1].end() < 3):
            yield Statement(found[0].start(), found[-1].end(), letters, LIKELY)


_BRACKETED = re.compile(r"\( ?([A-Z][A-Z、,和 ]{0,14}) ?\)")
_CLOSES = re.compile(r"[。.!\n]|$")


def _lone_line(text: str, offer: Scope) -> Statement | None:
    """Letters (or an option's text) alone on the last of several lines."""
    start = text.rfind("\n") + 1
    line = text[start:]
    if not start or len(line) > 300 or offer.words.label_line.match(line):
        return None
    letters = _alone(line, offer)
    if not letters:
        return None
    lines = 1
    while start and lines < 40:
        above = text.rfind("\n", 0, start - 1) + 1
        more = _alone(text[above : start - 1], offer) if start - above < 60 else None
        if not more:
            break
        letters, start, lines = letters | more, above, lines + 1
    looped = lines > len(letters) >= 4
    return Statement(start, len(text), None if looped else letters, FIRM)


def _first_line(text: str, offer: Scope) -> Iterator[Statement]:
    """Letters alone on the first line, or ``A. 共情`` lines with no other option behind them."""
    line = text[:400].partition("\n")[0]
    if len(line) == len(text):
        line = _NUMBERED.sub("", line)
    if (letters := _alone(line, offer)) is not None:
        parts = [_alone(part, offer) for part in text[:400].split("\n")]
        if len(text) <= 400 and all(parts):
            yield Statement(0, len(text), frozenset().union(*filter(None, parts)), FIRM)
        else:
            yield Statement(0, len(line), letters, FIRM)
        return
    if (said := _said_first(text, offer)) is not None:
        yield said
        return
    if re.match(r"[A-Z](?! ?[.、:)])", line) and (len(line) > 30 or re.search("[,。、]", line)):
        return
    small = re.fullmatch(r"\(?([a-h])[).、] ?[\u4e00-\u9fff][^\n]{0,40}", text)
    if small is not None:
        yield Statement(0, len(text), frozenset(small[1].upper()), FIRM)
    run = slots.label_run(text, 0, offer)
    if run is None or say.VERDICT_WORD.search(line):
        return
    if not offer.words.label_line.search(text, run[0]):
        yield Statement(0, *run, FIRM)


_NUMBERED = re.compile(r"^\d{1,3} ?[.、)] ?(?=\S{1,12}$)")
_REASON = re.compile(r" ?(?:[。;]|,(?= ?(?:因为?|理由|原因|题|这|由于|根据|来访|求助)))")


def _said_first(text: str, offer: Scope) -> Statement | None:
    """Letters that open the reply and are explained at once: "AC。A项体现…", "B，因为…"."""
    match = offer.words.upper.match(text)
    if match is None or not _REASON.match(text, match.end()) or slots.is_hedged(match[0]):
        return None
    letters = slots.letters_in(match[0], offer.words)
    return Statement(0, match.end(), letters, FIRM) if letters else None


def _alone(line: str, offer: Scope) -> frozenset[str] | None:
    if line.count("|") > 3:
        return None
    if (span := offer.words.span.fullmatch(line)) is not None and span[1] < span[2]:
        return slots.letter_range(span[1], span[2], offer)
    match = offer.words.bare.fullmatch(line)
    shut = line[match.end(match.lastindex or 0) :] if match is not None else ""
    judged = "(" in shut and say.VERDICT_WORD.search(shut) is not None
    if match is not None and not slots.is_hedged(line) and not judged:
        return slots.letters_in(match[1] or match[2], offer.words)
    if not offer.texts:
        return None
    if (letter := offer.texts.get(slots.squeeze(line))) is not None:
        return frozenset(letter)
    listed = slots.text_at(line, 0, offer)
    return listed[1] if listed and not line[listed[0] :].strip("\"'。. ") else None
