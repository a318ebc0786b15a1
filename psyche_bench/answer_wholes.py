"""Answers that speak of all options at once, or only of those in brackets.

全选, 以上都对, 除D外均正确, all but D, 以上都不对; and （A）（C） at the end of the last sentence.
"""

import re
from collections.abc import Iterator
from itertools import islice

from psyche_bench import answer_cues as cues
from psyche_bench import answer_options as texts
from psyche_bench import answer_patterns as say
from psyche_bench import answer_slots as slots
from psyche_bench.answer_scope import Scope
from psyche_bench.answer_statements import LIKELY, Statement


def wholes(text: str, offer: Scope) -> Iterator[Statement]:
    """全选, 以上都对, 除D外均正确, 以上都不对."""
    asked = ((say.ALL_RIGHT, offer.every), (say.NONE_RIGHT, None)) if _speaks_of_all(text) else ()
    for pattern, letters in asked:
        for match in islice(pattern.finditer(text), 100):
            sentence = cues.sentence_before(text, match.start())
            if cues.dismissed(sentence, "whole") or "其" in sentence[-2:] or "除" in sentence[-12:]:
                continue
            if sentence.endswith(("前", "后", "前面", "后面")):
                continue
            if _of_named(match[0], sentence, offer):
                continue
            named = texts.text_at(text, match.start(), offer)
            yield Statement(match.start(), match.end(), named[1] if named else letters, LIKELY)
    if _BUT.search(text):
        yield from _but_in_english(text, offer)
    if "外" in text or "除" in text:
        yield from _all_but(text, offer)
        yield from _besides(text, offer)
    if any(place.search(text) for place in _COUNTED):
        yield from _counted_off(text, offer)


_ALL = ("都", "均", "全", "皆", "All", "all", "very ", "ach ", "one of", "没有", "无正", "无合")


def _speaks_of_all(text: str) -> bool:
    """A cheap sieve before the search for 以上都对 and 都不对."""
    return any(word in text for word in _ALL)


_BUT = re.compile("xcept|but|ther than|xcluding|esides")
"""A cheap sieve before the search for an exception in English."""


def _but_in_english(text: str, offer: Scope) -> Iterator[Statement]:
    """All except D: every letter but those."""
    for said in islice(say.ALL_BUT.finditer(text), 20):
        left_out = slots.letters_in(said["out"], offer.words)
        good = say.ALL_BUT_GOOD.match(text, said.end())
        if left_out and good:
            kept = left_out if good["bad"] else offer.every - left_out
            yield Statement(said.start(), good.end(), kept or None, LIKELY)


def _counted_off(text: str, offer: Scope) -> Iterator[Statement]:
    """选前两项, 后三个选项都正确, 选第二个选项, 第一项和第三项正确: options by their place."""
    letters = sorted(offer.every, key=offer.order.find)
    for hit in islice(_ORDINALS.finditer(text), 20):
        sentence = cues.sentence_before(text, hit.start())
        if (hit["asked"] or hit["good"]) and not cues.dismissed(sentence, "whole"):
            if hit["count"] is None:
                places = {"一二三四五".index(one) for one in _NTH.findall(hit["nth"])}
                chosen = [letter for place, letter in enumerate(letters) if place in places]
            else:
                count = "两二三四".index(hit["count"]) + (2 if hit["count"] == "两" else 1)
                chosen = letters[:count] if hit["side"] == "前" else letters[-count:]
            yield Statement(hit.start(), hit.end(), frozenset(chosen) or None, LIKELY)


_COUNTED = [
    re.compile(place)
    for place in (
        "前面?的?[两二三四][个项者]",
        "后面?的?[两二三四][个项者]",
        "第[一二三四五][个项]",
    )
]
"""Cheap sieves: a search for a fixed first character is the fastest there is."""
_NTH = re.compile(r"第([一二三四五])")
_ORDINALS = re.compile(
    r"(?P<asked>选择?|答案[是为:]?)? ?(?:(?P<side>前|后)面?的?(?P<count>[两二三四])[个项者]"
    r"|(?P<nth>第[一二三四五][个项](?:(?:选项)?(?:和|与|、)第[一二三四五][个项]){0,3}))"
    r"(?:选项|说法)?"
    r"(?P<good>(?:都|均|全|皆)?(?:是|应当?)?(?:正确|对|符合题意|入?选)的?)?(?=[。,;!\s]|$)"
)


def _all_but(text: str, offer: Scope) -> Iterator[Statement]:
    """除D外均正确, D除外: every letter but those."""
    for hit in islice(_EXCLUDED.finditer(text), 10):
        without = slots.letters_in(hit[1], offer.words)
        if without and offer.words.upper.fullmatch(hit[1]):
            yield Statement(hit.start(), hit.end(), (offer.every - without) or None, LIKELY)
    for hit in islice(_ANSWER_BUT.finditer(text), 10):
        if without := slots.letters_in(hit[1], offer.words):
            yield Statement(hit.start(), hit.end(), (offer.every - without) or None, LIKELY)
    for hit in islice(_EXCEPTING.finditer(text), 40):
        excepted = say.EXCEPT.match(text, hit.start())
        named = (excepted["out"] or excepted["but"]).strip(" \"'") if excepted else ""
        out = offer.words.upper.fullmatch(named)
        left_out = slots.letters_in(out[0], offer.words) if out else None
        if excepted and left_out:
            kept = offer.every - left_out if excepted["good"] else left_out
            yield Statement(hit.start(), excepted.end(), kept or None, LIKELY)


_EXCLUDED = re.compile(
    r"(?<![A-Za-z])([A-H](?: ?[、,和与] ?[A-H]){0,3})(?:选项|项)?除外,(?:其[余他它])?[^,。\n]{0,8}?"
    r"(?:全选|[都均]选|正确|对)"
)


_ANSWER_BUT = re.compile(
    r"(?:答案|选)择?[是为:]{0,2} ?除了?([A-H](?:[、,和与][A-H]){0,3})(?:选项|项)?[以之]?外的?"
    r"(?:所有|其余|其他|其它|全部|剩[余下])的?(?:[两三四][个项])?(?:选项|项)?(?=[。,;!\s]|$)"
)


def _besides(text: str, offer: Scope) -> Iterator[Statement]:
    """除了B,还有C: both."""
    for hit in islice(_BESIDES.finditer(text), 10):
        both = [slots.letters_in(part, offer.words) for part in hit.groups()]
        if all(both):
            yield Statement(hit.start(), hit.end(), frozenset().union(*filter(None, both)), LIKELY)


_EXCEPTING = re.compile(
    r"除|(?<![A-Za-z、,和与除])(?<!除了)[A-H](?=(?:[、,和与][A-H]){0,3}(?:选项|项)?(?:以|之)?外)"
)
"""Where an exception can begin."""
_BESIDES = re.compile(
    r"除了?([A-H](?:[、和与,][A-H]){0,3})(?:选项|项)?(?:以外|之外|外)?,?(?:还有|还选)?([A-H](?:[、和与,][A-H]){0,3})"
    r"(?:选项|项)?(?<!\n)(?=[也还同]|[。!\n]|$)"
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
