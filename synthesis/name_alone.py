"""Names that stand alone: a family name by itself, and characters of given names behind it.

A family name begins a name when it is a word by itself (jieba, dictionary only); points for the
family name, the given name and both neighbours decide. Words that begin like names (高兴, 白天,
马上) are words of the dictionary, and so no candidates.
"""

import re
from collections.abc import Iterator
from functools import cache

from psyche_bench.synthesis.identifiers import Place
from psyche_bench.synthesis.lexicon import HANZI, sections, tag, tokens
from psyche_bench.synthesis.name_words import (
    TITLE_AFTER,
    after,
    before,
    is_nameable,
    is_word,
    parts,
    related,
)

LEAST = 4.0
_MEETS = re.compile(r"(?:认识了?|[爱等][上了过]了?|喜欢[上了过]?|暗恋了?)\Z")
_DOES = re.compile("[把说打骂跟和对给让总又也就是，、。]|[一二三四五六七八九十两0-9]+年")
_WITH = frozenset("和跟与")
_TOGETHER = re.compile(
    f"[{HANZI}]{{0,6}}?(?:认识|在一起|分手|[结离订]婚|吵|打架|聊|说|道歉|表白|和好|绝交|恋爱|见面)"
)
_TO = re.compile(r"(?:[借送还发寄写嫁输留]给|告诉)了?\Z")
_CLOSE = re.compile(f"[^{HANZI}]|\\Z")


@cache
def _candidate() -> re.Pattern[str]:
    return re.compile(f"{parts().surname}(?=[{HANZI}])")


def alone(text: str) -> Iterator[Place]:
    """Names by their own make and both neighbours."""
    for found in _candidate().finditer(text):
        start, family = found.start(), found[0]
        if len(family) == 1 and is_word(text[start : start + 2]) and not _is_apart(text, start):
            if _is_called(text, start):
                yield start, start + 2
            elif _is_cut_wrong(text, start):
                yield start, start + 3
            continue
        if TITLE_AFTER.match(text, start + len(family)):
            continue
        end = _best(text, start, family)
        if (end and score(text, start, end, family) >= LEAST) or (
            not end and (end := _told_apart(text, start, family))
        ):
            yield start, end
        elif _is_twice(text, start, family) and dict(tokens(text, start)).get(start) == family:
            yield start, start + len(family) + 2


def _is_apart(text: str, start: int) -> bool:
    """督导路遥远老师, 部门的宋明哲: where the dictionary itself cuts the word in two."""
    rare = related(text, start) or tag(text[start : start + 2])[0] < 150
    return rare and dict(tokens(text, start)).get(start) == text[start]


def _is_called(text: str, start: int) -> bool:
    """前女友白雪把我…, 和许诺在一起: a word in a place where only a person fits."""
    word, end = text[start : start + 2], start + 2
    frequency, kind = tag(word)
    strong = kind.startswith("nr") and word[1] in parts().strong
    kin, goes_on = related(text, start), _DOES.match(text, end) is not None
    if strong and kin and goes_on:
        return True
    if word[1] not in parts().given or frequency >= 500 or not kind.startswith(("n", "vn")):
        return False
    if goes_on and (frequency < 100 if kin else _MEETS.search(text, max(0, start - 4), start)):
        return True
    if word in sections("ordinary")["people"] | sections("persons")["relation"]:
        return False
    if text[start - 1 : start] in _WITH:
        return _TOGETHER.match(text, end) is not None
    return bool(_TO.search(text, max(0, start - 3), start) and _CLOSE.match(text, end))


def _is_cut_wrong(text: str, start: int) -> bool:
    """方志强: family name and two characters, of which the first two are also a word."""
    known, third = parts(), text[start + 2 : start + 3]
    frequency, kind = tag(text[start : start + 2])
    rare = frequency < 100 or kind.startswith("nr")
    made = text[start + 1] in known.given and third in known.strong
    apart = not any(is_word(text[start + n : start + n + 2], 20) for n in (1, 2))
    return rare and made and apart and before(text, start) and after(text, start + 3)


def _is_twice(text: str, start: int, family: str) -> bool:
    """钱多多: a family name with a character twice."""
    twice = text[start + len(family) : start + len(family) + 2]
    doubled = len(twice) == 2 and twice[0] == twice[1]
    frequency, kind = tag(twice)
    doubled = doubled and frequency < 500 and kind[:1] not in set("drqtv")
    return doubled and before(text, start) and after(text, start + len(family) + 2)


def _told_apart(text: str, start: int, family: str) -> int:
    """我女儿温以宁，: between a relation and a mark, family name and two characters are a name."""
    end = start + len(family) + 2
    if not (_CLOSE.match(text, end) and related(text, start)):
        return 0
    row = [word for place, word in tokens(text, start) if start <= place < end]
    kinds = [tag(word)[1][:1] for word in row]
    single = len(row) == 3 and not {"d", "p", "c", "r", "u", "y"} & set(kinds[:2])
    return end if single and text[end - 1] not in "了的着过吧吗呢" else 0


def _best(text: str, start: int, family: str) -> int:
    """看到温莉发…: the extent, or one character less where that makes a name and the whole none."""
    end = extent(text, start, family)
    shorter = end - start - len(family) == 2 and score(text, start, end, family) < LEAST
    return end - shorter


def extent(text: str, start: int, family: str) -> int:
    """Where a name that begins here ends by the words around it, or 0."""
    given, row = parts().given, tokens(text, start)
    at = next((i for i, (place, _) in enumerate(row) if place == start), None)
    if at is None:
        return 0
    word = row[at][1]
    first, second = ([word for _, word in row[at + 1 : at + 3]] + ["", ""])[:2]
    if len(word) > len(family):
        named = tag(word)[1].startswith(("nr", "ns", "nz")) and is_nameable(word)
        longer = len(word) == 2 and len(first) == 1 and first in parts().strong
        short = len(word) <= 2 + len(family)
        return start + len(word) + longer if named and short else 0
    if len(first) == 2 and all(c in given for c in first):
        return start + len(family) + 2
    if len(first) != 1 or first not in given:
        return 0
    more = len(second) == 1 and second in given and second not in "一和有来向以先才"
    return start + len(family) + 1 + more


_NEAR = re.compile("面前|身边|身上|眼[里中]|心[里中]|手[里上中]|背后|那[里儿边]|家里")
_ACTS = re.compile("当[着众]|[把被对跟给]我|又|突然|忽然|居然|竟然|一直|[说问骂推]")


def _is_subject(text: str, start: int, end: int) -> bool:
    """那天周野当着…: between a word of time and what a person does."""
    timed = any(tag(text[max(0, start - n) : start])[1].startswith("t") for n in (2, 3))
    return (timed or text[max(0, start - 2) : start] in _THEN) and bool(_ACTS.match(text, end))


_THEN = frozenset({"那天", "那次", "上次", "有次"})


def score(text: str, start: int, end: int, family: str) -> float:
    """Points for family name, given name, and both neighbours."""
    known, given = parts(), text[start + len(family) : end]
    points = 2.0 if family in known.plain or len(family) > 1 else 1.0
    points += 0.5 * (points < 2 and tag(family)[1].startswith("nr"))
    points += sum(1.0 if c in known.strong else 0.3 for c in given)
    points += 0.5 * (len(given) == 1 and family in known.plain)
    strong = all(c in known.strong for c in given)
    if len(given) == 2 and is_word(given, 100 if strong else 30):
        points -= 1.0 if family in known.plain or strong else 2.0
    named = tag(text[start:end])[1].startswith("nr") and is_nameable(text[start:end])
    points += 1.0 * named + 1.0 * bool(TITLE_AFTER.match(text, end))
    counted = start and text[start - 1] in "一二三四五六七八九十两几这那每张哪0123456789"
    points -= 2.0 if counted else 0.0
    kin = related(text, start)
    points += 1.0 * _is_subject(text, start, end) + 1.7 * bool(_NEAR.match(text, end))
    beside = (1.2 if before(text, start) else -0.5) + (1.0 if after(text, end) else -0.8)
    return points + beside + 1.6 * kin
