"""Everything in a reply that could be its answer, each with its place and its strength.

:mod:`psyche_bench.answers` weighs these statements; here they are only found: behind cues from
the end backwards, on lines of their own, in brackets, and as 全选 or 除D外均正确.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from psyche_bench import answer_cues as cues
from psyche_bench import answer_labels as labels
from psyche_bench import answer_options as texts
from psyche_bench import answer_patterns as say
from psyche_bench import answer_slots as slots
from psyche_bench.answer_scope import Scope, squeeze


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
    """The cued statements back to the last firm one, joined with what its sentence says too."""
    last: Statement | None = None
    reach, adds = 0, False
    for match in _lists_from_the_end(text, offer):
        if last is not None and match.start() < reach:
            break
        statement = _behind_cue(text, match, offer)
        if statement is None:
            continue
        if last is None and statement.strength != FIRM:
            yield statement
        elif last is None:
            last, adds = statement, _adds(text, statement)
            before = cues.sentence_before(text, statement.start + 1, ";")
            reach = statement.start - (200 if adds else len(before))
        elif adds or (statement.strength == FIRM and _joins(text, statement, last)):
            last = _joined(statement, last)
            if adds:
                break
        elif statement.strength == FIRM and statement.letters != last.letters:
            last = last if _turns(text, statement, last) else _torn(statement, last)
            break
    if last is not None:
        yield last


_TURNS = re.compile(
    r"不|非|改|更|而|但|应|错|等|再|实际|其实|正确的?(?!选项)|最终|所以|因此|故|就|后|答案|综"
    r"|(?i:\b(?:but|instead|however|should|wait|no|still|so|therefore|final|answer)\b)"
)
_PARALLEL = re.compile(r"因为?|由于|第[一二三四]个|一[则是]|分别")


def _joins(text: str, first: Statement, second: Statement) -> bool:
    """True where two choices in one sentence stand side by side: 选A是因为…，选B是因为…"""
    gap = text[first.end : second.start]
    return _PARALLEL.search(gap) is not None and not re.search("不|改|但", gap)


def _turns(text: str, first: Statement, second: Statement) -> bool:
    """True where the second of two choices in a sentence takes the first's place: 但, 应为."""
    begin = first.end if first.end <= second.start else first.start + 1
    return _TURNS.search(text, begin, second.end) is not None or len(text) > 12 + second.end


def _torn(first: Statement, second: Statement) -> Statement:
    return Statement(first.start, second.end, None, FIRM)


def _lists_from_the_end(text: str, offer: Scope) -> Iterator[re.Match[str]]:
    """Lists of letters, last first; the last sentences, most replies' answer, alone."""
    tail = max(text.rfind(mark, 0, max(0, len(text) - 300)) for mark in "。\n") + 1
    yield from reversed(list(islice(slots.lists(text, offer, tail), 150)))
    before = [match for match in slots.all_lists(text, offer) if match.start() < tail]
    yield from reversed(before[:30] + before[30:][-120:])


def _adds(text: str, statement: Statement) -> bool:
    """True for 再选B, 也选C: the letters join those before them."""
    if statement.strength != FIRM:
        return False
    if text.startswith(("第二个", "第三个", "第四个"), max(0, statement.start - 3)):
        return True
    if text[statement.start] != "选":
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
    second = kind == "copula" or _OR_CHOOSE.search(sentence)
    # 选项:A. … begins the list of options.
    restated = opened[0] == "选项" and _FIRST_LABEL.match(text, place) is not None
    doubled = second and offer.words.upper.search(sentence)
    if restated or doubled or cues.dismissed(sentence, kind):
        return None
    found = slots.read_slot(text, match, kind, offer)
    if found is None:
        return None
    end, letters = found
    strength = _strength(kind, sentence, text[cue_at:place])
    if text.startswith(("的理由", "的原因"), end):
        strength = VAGUE
    if sentence.endswith("先") and cues.GIVEN_UP.search(text, end, end + 200):
        return Statement(cue_at, end, None, VAGUE)
    if strength == VAGUE and len(letters or ()) > 1 and cues.TENTATIVE.search(sentence[-12:]):
        letters = None
    if strength == VAGUE and cues.INITIAL.search(sentence) and cues.DROPPED.search(text, end):
        letters = None
    return Statement(cue_at, end, letters, strength)


def _cue(window: str) -> re.Match[str] | None:
    """The strongest cue from which nothing but linking words leads to the window's end."""
    best = None
    begin = max(window.rfind(mark) for mark in "。;") + 1  # neither cue nor link holds these
    for start in cues.START.finditer(window, begin):
        cue = cues.cue_at(window, start.start())
        if cue is None or (best and _rank(cue) >= _rank(best)):
            continue
        if cues.LINK.fullmatch(window, cue.end()) and not _breaks_off(window, cue):
            best = cue
            if not _rank(best):
                break
    return best


def _breaks_off(window: str, cue: re.Match[str]) -> bool:
    """True where a line ends behind a cue that needs its letters in the same: 提供支持⏎D. …"""
    return (
        cue.lastgroup in ("final", "correct", "loose")
        and "\n" in window[cue.end() :]
        and ":" not in window[cue.end() :]
    )


def _rank(cue: re.Match[str]) -> int:
    return cues.RANK[cue.lastgroup or ""]


def _strength(kind: str, sentence: str, link: str) -> int:
    guess = cues.INITIAL.search(sentence)
    if link[0] == "选" and cues.WHY.search(sentence[-14:]):
        return VAGUE
    if cues.TENTATIVE.search(sentence[-12:].rpartition(",")[2] + link):
        return VAGUE
    if guess and not cues.SETTLED.search(sentence + link, guess.end()):
        return VAGUE
    return {"strong": FIRM, "correct": FIRM, "odd": VAGUE, "loose": VAGUE, "copula": VAGUE}.get(
        kind, LIKELY
    )


_FIRST_LABEL = re.compile(r"A ?[.、:]")
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
        if (
            found is None
            and (cue[0] != "选项" or text.startswith(":", cue.end()))
            and cue[0][0] not in "那还就剩猜保留认觉感iIs"
        ):
            found = texts.text_at(text, place, offer)
        if found is None or (cue[0] == "选项" and found[1] == offer.every):
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
    if _RECONSIDERED.match(text):
        yield Statement(0, 1, frozenset(text[0]), FIRM)
        return
    if re.match(r"[A-Z](?! ?[.、:)])", line) and (len(line) > 30 or re.search("[,。、]", line)):
        return
    small = re.fullmatch(r"\(?([a-h])[).、] ?[\u4e00-\u9fff][^\n]{0,40}", text)
    if small is not None:
        yield Statement(0, len(text), frozenset(small[1].upper()), FIRM)
    run = labels.label_run(text, 0, offer)
    if run is None or say.VERDICT_WORD.search(line):
        return
    if not offer.words.label_line.search(text, run[0]):
        yield Statement(0, *run, FIRM)


_RECONSIDERED = re.compile(r"[A-H]\.? ?(?=On second thought|Wait\b|Actually|No,|等等)")
"""A letter taken back in the same breath is no label: A. On second thought, …"""
_NUMBERED = re.compile(r"^\d{1,3} ?[.、)] ?(?=\S{1,12}$)")
_REASON = re.compile(
    r" ?(?:[。;]|,(?= ?(?:因为?|理由|原因|题|这|由于|根据|来访|求助|because|since)))"
)


def _said_first(text: str, offer: Scope) -> Statement | None:
    """Letters that open the reply and are explained at once: "AC。A项体现…", "B，因为…"."""
    match = offer.words.upper.match(text)
    if match is None:
        named = texts.text_at(text, 0, offer)
    else:
        end = slots.own_part(text, match)
        hedged = slots.is_hedged(text[:end])
        named = None if hedged else (end, slots.letters_in(text[:end], offer.words))
    if named is None or not named[1] or not _REASON.match(text, named[0]):
        return None
    return Statement(0, *named, FIRM)


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
    if (letter := offer.texts.get(squeeze(line))) is not None:
        return frozenset(letter)
    listed = texts.text_at(line, 0, offer)
    return listed[1] if listed and not line[listed[0] :].strip("\"'。. ") else None
