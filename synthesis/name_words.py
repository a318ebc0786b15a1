"""Which characters and words a Chinese name is made of, and what may stand around it."""

import re
from dataclasses import dataclass
from functools import cache

from psyche_bench.synthesis.lexicon import HANZI, either, sections, tag, words

RELATION = either("persons", "relation")
TITLE = either("persons", "title")
_BEFORE = re.compile(
    rf"[^{HANZI}]|[和跟与给对让叫是找被把向为及像问怪恨爱想见等说追位骂打劝帮求陪替等的了着过到]"
)
_AFTER = re.compile(
    rf"[^{HANZI}]|\Z|[说问打骂让给和跟与对是的在也就又还总把被很不都要会能想却才从向叫喊欺追找帮约"
    "陪提看生哭笑喜讨推踢拿抢骗拉抱送借欠失告他她我你来去到这那没有因为上下走发过住啊呀吧呢先]"
    rf"|{either('persons', 'after')}|{TITLE}"
)
TITLE_AFTER = re.compile(TITLE)
EPONYM = re.compile(either("persons", "eponym") + "|的?《")
NO_NAME = re.compile(either("persons", "no_name"))
_RELATIONS = sections("persons")["relation"]
_LEADS = _RELATIONS | sections("persons")["before"]
_LENGTHS = sorted(set(map(len, _LEADS)))
_LEADING = ("t", "v", "c", "p")  # parts of speech that lead to a name: 昨晚, 想念, 因为
# Parts of speech that go on with a sentence after a name, and never stand inside one.
_GOING_ON = ("v", "d", "p", "c", "r", "t", "u", "y", "f", "m", "l", "i", "a", "z")


@dataclass(frozen=True)
class Parts:
    """Family names and the characters of given names."""

    family: frozenset[str]
    plain: frozenset[str]
    compound: frozenset[str]
    strong: frozenset[str]
    given: frozenset[str]

    @property
    def surname(self) -> str:
        """A pattern for any family name."""
        return f"(?:{'|'.join(sorted(self.compound))}|[{''.join(sorted(self.family))}])"

    @property
    def one(self) -> str:
        """A class of the characters of given names."""
        return f"[{''.join(sorted(self.given))}]"


@cache
def parts() -> Parts:
    """The lists as the rules use them, read once."""
    family, given = sections("surnames"), sections("given")
    single = (family["common"] | family["rare"]) - family["never"]
    strong = given["strong"] - family["never"]
    return Parts(
        family=single,
        plain=single - family["wordlike"],
        compound=family["compound"],
        strong=strong,
        given=(strong | given["other"]) - frozenset("了的与"),
    )


def before(text: str, start: int) -> bool:
    """Whether a name may begin here by what stands before."""
    if not start or _BEFORE.match(text, start - 1) or _ends(text, start, _LEADS):
        return True
    return any(tag(text[max(0, start - n) : start])[1].startswith(_LEADING) for n in (2, 3))


def related(text: str, start: int) -> bool:
    """Whether kin or another relation is named directly before: 室友, 我爸."""
    return _ends(text, start, _RELATIONS)


def _ends(text: str, end: int, listed: frozenset[str]) -> bool:
    return any(text[end - n : end] in listed for n in _LENGTHS if n <= end)


def after(text: str, end: int) -> bool:
    """Whether the sentence goes on as it does after a name."""
    if _AFTER.match(text, end):
        return True
    if any(tag(text[end : end + n])[1].startswith(_GOING_ON) for n in (2, 3)):
        return True
    return text[end] not in parts().given and tag(text[end])[1].startswith(_GOING_ON)


def is_word(text: str, least: int = 1) -> bool:
    """Whether the dictionary knows a word that is no person's name.

    It calls many words persons (安静, 祝福, 文明): two characters are a name only when a plain
    family name and a character of given names meet.
    """
    frequency, kind = tag(text)
    if not kind or frequency < least or _is_rare_name(text, frequency, kind):
        return False
    return not kind.startswith("nr") or not is_nameable(text)


def _is_rare_name(text: str, frequency: int, kind: str) -> bool:
    """沈默, 于洋: hardly ever read, called a name, and made of the characters of persons' names."""
    made = len(text) == 2 and text[0] in parts().family and text[1] in parts().given
    named = kind.startswith(("nr", "ns", "nz")) and text not in words("ordinary")
    return made and named and frequency < 50


def is_noun(text: str) -> bool:
    """Whether the dictionary knows a frequent word that it does not call a person."""
    frequency, kind = tag(text)
    return frequency >= 20 and not kind.startswith("nr")


def is_nameable(text: str) -> bool:
    """Whether what the dictionary calls a person may be one."""
    if text in words("ordinary"):
        return False
    if _is_rare_name(text, *tag(text)):
        return True
    return len(text) != 2 or (text[0] in parts().plain and text[1] in parts().strong)


def is_given(text: str) -> bool:
    """Whether two characters are a given name on their own: 子涵, 芳芳, 桂兰; no common word."""
    frequency, kind = tag(text)
    known = kind.startswith(("nr", "nz")) or (kind and frequency < 100)
    if len(text) != 2 or (kind and not known) or text in words("ordinary") or "和" in text:
        return False
    if text[0] == text[1]:
        return text[0] in parts().given or (not kind and tag(text[0])[1].startswith("n"))
    strong = [c in parts().strong for c in text]
    return all(strong) or (any(strong) and all(c in parts().given for c in text) and not kind)
