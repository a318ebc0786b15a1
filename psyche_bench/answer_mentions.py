"""What a careful person still infers when a reply states nothing outright.

No cue, no judgement that the other modules know: then every mention of letters is taken as for or
against, by the words of its own clause. If all that speaks for an option speaks for the same
letters, they are the answer: "输出：B", "BC排除，AD保留", "In conclusion, B best describes it".
Any doubt (a condition, a question, a letter that names a person, an analysis cut off) ends it.
"""

import re
from dataclasses import dataclass
from itertools import islice

from psyche_bench import answer_cues as cues
from psyche_bench import answer_patterns as say
from psyche_bench.answer_scope import Scope
from psyche_bench.answer_slots import is_hedged, letters_in, lists

_DOUBT = re.compile(
    r"[?吗呢若像]|[A-H]的(?:区别|区分|鉴别|差异)|(?i:\bso (?:is|are)\b)"
    r"|之间|当中|中有一|道理|各有|(?:^| ):D|犹豫|二选一|任选|拿不准|格式|这样|如果"
    r"|假如|可能|也许|或许|或者|不确定|难以|纠结|无法|不能|请|提供|选项(?:有|如下|包括)|[例比譬]如"
    r"|(?i:\b(?:if|cannot|can't|either|whether|please|plausible|merit|depend|depending|some|many|students?|people|unclear|insufficient|sorry)\b)"
)
_AGAINST_LEFT = re.compile(
    r"(?:不[是选为能应含]|不(?:应该?|当|会|必|用|要|该|可以?|宜)选择?|并?非|排除|除了?|比|不如|优于|好于|胜过|而不|错误?的?是|[误错]选"
    r"|(?i:than|not|of|except|except for|unlike|exclud(?:e|ing)|eliminat(?:e|ing)"
    r"|rul(?:e|ing) out|(?:could|might|may) be|think|thought))[\s\"'(:]*$"
)
_AGAINST_RIGHT = re.compile(
    r"^.{0,8}?(?:不|没|非|错|误|无关|排除|✗|太|过于|绝对|片面|次之)|"
    r"(?i:\b(?:not|wrong|incorrect|false|no|isn't|doesn't|cannot|fails?|ruled)\b|n't|\b(?:might|may|could|seems?|tempting)\b)"
)
_FOR_RIGHT = re.compile(
    r"是|对|正确|符合|保留|[更最恰]|选|可|✓|一致|满足|(?i:\b(?:is|are|fits?|appl(?:y|ies)|best|correct|right|final|as)\b)"
)
_ALL_OF = re.compile(r"[A-H](?:[三四五]?[个项])?(?:选项)?[都均皆全]")
_COMPARED = re.compile(
    r" ?(?:,? ?(?:rather than|instead of|not)|,?而[不非]是?|比|优于|好于)[ \"'(]*$"
)
_EDGE = frozenset("\n,。;:.!([{\"'|=→>、}&✓-])按与取归采")
_ENGLISH_LEFT = re.compile(
    r"(?i:(?:\b(?:is|are|be|options?|choices?|only|but|get|answers?|and|both|than|of|not|so|assistant|with"
    r"|picks?|except|,)|\d) *[\"'(]?)$"
)
_LABEL = re.compile(r"(?:选项|项)? ?[:.、](?=\S)")
_SUBJECT_GOES_ON = re.compile(
    r"[\s,。.;:!()\[\]{}\"'=<|&✓✗→\-项选这两三四五是为的都均皆才最更体符属比优对正错不排保留当入说强描也则无即所与太恰过]|反映"
)
"""What follows letters that stand for options; other characters make them part of a noun."""
_CLAUSE = re.compile(r"[,。;!\n]|\.(?= |$)")
_CLOSED = frozenset("。.!)\"']}~✓项个题择案")


@dataclass(frozen=True, slots=True)
class _Mention:
    """Letters and their clause: what it says for them, or against them."""

    letters: frozenset[str]
    against: bool
    firm: bool


def inferred(text: str, offer: Scope) -> frozenset[str] | None:
    """The only letters that anything speaks for; None in doubt.

    >>> from psyche_bench.answer_scope import scope
    >>> sorted(inferred("A和B排除,留C和D。", scope("ABCD", None)) or "")
    ['C', 'D']
    """
    if len(text) > 400 or text[-1:] in ",;:" or _DOUBT.search(text):
        return None
    found = list(islice(lists(text, offer), 12))
    mentions = []
    for number, match in enumerate(found):
        if say.TERM_RIGHT.match(text, match.end()):
            continue
        if len(found) > 1 and _LABEL.match(text, match.end()):
            return None
        left = found[number - 1].end() if number else 0
        right = found[number + 1].start() if number + 1 < len(found) else len(text)
        mention = _mention(text, match, (left, right), offer)
        if mention is None:
            return None
        mentions.append(mention)
    return _only_one_for(mentions, text)


def _mention(
    text: str, match: re.Match[str], around: tuple[int, int], offer: Scope
) -> _Mention | None:
    letters = letters_in(match[0], offer.words)
    if letters is None:
        return None
    before, after = text[around[0] : match.start()], text[match.end() : around[1]]
    edge = before.rstrip(" ")[-1:]
    if edge and not (
        edge in _EDGE
        or edge in cues.LINK_END
        or _ENGLISH_LEFT.search(before)
        or _AGAINST_LEFT.search(before)
    ):
        return None
    if not letters <= offer.every or (after and not _SUBJECT_GOES_ON.match(after)):
        return None
    after = re.sub(say.SUBJECT, "", after, count=1)
    stop = _CLAUSE.search(after)
    said = after[: stop.start() if stop else len(after)][:80]
    against = bool(_AGAINST_LEFT.search(before[-14:])) or (
        not _COMPARED.fullmatch(after) and _AGAINST_RIGHT.search(said) is not None
    )
    if is_hedged(match[0]) and not against:
        return None
    firm = bool(not said.strip(" )\"'}]") or _COMPARED.fullmatch(after) or _FOR_RIGHT.search(said))
    return _Mention(letters, against, firm)


def _only_one_for(mentions: list[_Mention], text: str) -> frozenset[str] | None:
    sides = {mention.letters for mention in mentions if not mention.against}
    against = frozenset().union(*(one.letters for one in mentions if one.against))
    if len(sides) != 1:
        return None
    letters = sides.pop()
    if len(letters) > 3 and not _ALL_OF.search(text):
        return None
    favoured = [mention for mention in mentions if mention.letters == letters]
    if letters & against or not (len(mentions) == len(favoured) or any(m.firm for m in favoured)):
        return None
    return letters if text[-1] in _CLOSED or text[-1].isascii() or favoured[-1].firm else None
