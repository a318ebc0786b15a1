"""Answers written as labelled options: ``A. 共情 C. 倾听`` on a line, or one a line (bullets)."""

import re
from collections.abc import Iterator

from psyche_bench.answer_scope import Found, Scope, squeeze

_JUDGED = r"不(?:正确|对|选|符|是|属于|成立|妥|[当应]选)|错误?(?=[,。;:) ]|$)|有误|✗"
_EXPLAINS = re.compile(rf"属于|描述|是指|因为|强调|说的是|体现|✓|{_JUDGED}")
_PROSE = re.compile(r"(?i:\b(?:because|since|however|but|this|it|some|many|is|are)\b)")
_BULLET = re.compile(r"[-·+>|✓ ]{0,4}(?:\d{1,2}[.)] ?)?(?:选项 ?)?")


def label_run(text: str, place: int, offer: Scope) -> Found | None:
    """``A. 共情 C. 倾听``, or one such label a line; None when it is the list of all options.

    Lines go on being part of the answer while they keep the order of the choices and do not
    start explaining ("B. 面质⏎A. 倾听属于参与性技术" answers B), or while they keep the bullet of
    the first ("- B: 因为…⏎- C: 因为…" answers both); a bullet that is denied is left out.
    """
    chosen: list[str] = []
    seen: list[str] = []
    plain, end = True, place
    bullet = _bullet(text, text.rfind("\n", 0, place) + 1)
    for number, (begin, stop) in enumerate(_parts(text, place)):
        if number and bullet and _bullet(text, begin) != bullet:
            break
        labels = _labels(text[begin:stop], offer)
        fresh = _ascending(seen, [letter for letter, _ in labels], offer)
        if not fresh:
            break
        seen += fresh
        part = text[begin + labels[0][1] : stop]
        explains = _EXPLAINS.search(part) is not None
        if number == 0:
            plain = bool(bullet) or (not explains and "。" not in part[:-1])
        if bullet and _DENIED.match(part):
            continue
        follows = bullet or (plain and not explains and chosen == seen[: -len(fresh)])
        if number == 0 or follows:
            chosen += fresh[:1] if explains else fresh
            end = stop
    if not chosen or len(seen) >= offer.full or (len(seen) > 2 and _CUT.search(text)):
        return None
    if len(chosen) > 1 and end >= len(text) and _broken_off(text, chosen[-1], offer):
        return None
    return end, frozenset(chosen)


def _parts(text: str, begin: int) -> Iterator[tuple[int, int]]:
    """The next dozen lines, or what a full stop or a closing bracket leaves of them."""
    for _ in range(12):
        line = text.find("\n", begin)
        line = len(text) if line < 0 else line
        said = _SAID.search(text, begin, line)
        stop = said.start() + 1 if said else line
        yield begin, min(stop, begin + 400)
        begin = stop + 1
        if stop >= len(text):
            return


def _broken_off(text: str, letter: str, offer: Scope) -> bool:
    """True where the last option's text stops short: the options were being restated."""
    said = squeeze(text[text.rfind(letter, max(0, len(text) - 400)) + 1 :])
    return any(
        whole.startswith(said) and whole != said
        for whole, own in offer.texts.items()
        if own == letter
    )


_CUT = re.compile(r"[A-Z] ?[.、:]?$")
"""A list of labelled options ends at a bare label: it was going on."""
_SAID = re.compile(
    r"。(?! ?[A-Z] ?(?:[.:]|、(?![A-Z])))(?=.)|(?<=\")\](?=[,}])|\"(?=, ?\"\w{1,12}\" ?:)"
)
_MARKER = re.compile(r" ?(?:([-·+])|\(?\d{1,2}[.)、]) ?")
_DENIED = re.compile(rf"[^,。;]{{0,6}}?(?:{_JUDGED}|排除)")


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
    prose = _PROSE.search(line, first.end())
    for match in offer.words.label.finditer(line, first.end(), prose.start() if prose else 400):
        inside = line[match.start() - 1] in " 、;,和与及\"'[(" and match.end() < len(line)
        if inside and len(found) < 12:
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
