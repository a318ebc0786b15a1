"""Answers given by an option's text instead of its letter, or beside it."""

import re

from psyche_bench.answer_scope import Found, Scope, squeeze


def labelled(text: str, offer: Scope) -> str:
    """``A共情`` as ``A.共情``: a letter that touches its own option's text is its label."""
    for start, dotted in offer.joined:
        if start in text:
            # An option's text may hold a backslash, which a replacement would read as an escape.
            plain = dotted.replace("\\", r"\\")
            text = re.sub(rf"(?<![A-Za-z]){re.escape(start)}", plain, text)
    return text


_TEXT_END = re.compile(
    r"[\s。.,;:!?\"')\]}<(](?! ?[\"'(\[]?(?:和|与|及|以及|、))|$|这|选项|一项|因为|而[不非]"
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
    said = _KIND.sub("", squeeze(_BECAUSE.split(last)[0]))
    key = max((key for key in offer.texts if said.endswith(key)), key=len, default="")
    before = said[: len(said) - len(key)] if key else ""
    if (
        re.search(
            r"(?<!不)(?<!并非)(?:属于|是|为|称作|叫做?|选择?|采用|使用|运用|用了?|is)(?:典型的|一种)?$",
            before,
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
_BECAUSE = re.compile(r",(?:因为|由于)")
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
