"""When two examination items are one question: normal form, and the judgement of a pair.

:mod:`psyche_bench.contamination` finds the pairs worth judging; this file only says yes or no.
The same question stands in the releases with other brackets and spaces, with page marks and
"多选" glued on, with its options in another order, and with its vignette inside the stem. What must
never be taken for one question: items that differ in a negation, a number, or one telling character
(最高/最低, 左/右).
"""

import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, Literal

from psyche_bench.errors import PsycheBenchError
from psyche_bench.repairs import declared
from psyche_bench.schemas import Question

Kind = Literal["exact", "near"]

THRESHOLD = 0.7
"""Least Jaccard similarity of the questions, and of the options, of a near duplicate."""
CARRIED = 0.8
"""Least share of a vignette's 4-grams in the other item's text: the same vignette."""
RELATED = 0.5
"""The same share for a near duplicate: a vignette that was reworded or shortened."""
STOCK = 32
"""Fewer characters of question and options than this fit any vignette (该求助者的诊断是)."""
EMBEDDED = 60
"""A stem with so many characters before its last sentence carries a vignette of its own."""

_SYMBOLS = frozenset("<>≤≥=≠+±×÷%∞√∑")
_JOINED = re.compile(r"(?<=\d)\s*([.\-/:~〜–—])\s*(?=\d)")
# Between two digits these stay; a noncharacter holds their place while punctuation goes.
_KEPT = dict(zip(".-/:~〜–—", "\ufdd0\ufdd1\ufdd2\ufdd3\ufdd1\ufdd1\ufdd1\ufdd1", strict=True))
_MARKS = re.compile(
    r"\s*(?:[(\[【]?\s*\d{0,3}\s*p\s*\d+\s*[)\]】]?"  # a page: (10P257)
    r"|第\s*\d{1,4}\s*题|\d{1,4}\s*[.、:)](?!\d)|\d{1,4}\s*(?=[(\[【]?[单多]项?选)"
    r"|[(\[【]?[单多]项?选(?:择?题)?[)\]】]?\s*:?)"
)
_TRAILING = re.compile(r"(?:\s*[(\[【]?[单多]项?选(?:择?题)?[)\]】]?[\s。.]*)+$")
_SENTENCE = re.compile(r"(?<=[。!?;\n])(?!\s*[”’」])[\s\"']*")
NEGATIONS = frozenset("不没无非未否勿莫误错")
TELLING = (
    NEGATIONS
    | _SYMBOLS
    | frozenset(
        "高低大小多少正负反左右内外先后前早晚长短强弱好差优劣男女父母增减升降主被上下"
        "一二三四五六七八九十百千0123456789.abcdefghijklmnopqrstuvwxyz"
    )
)


def normalise(text: str) -> str:
    """Text reduced to what tells questions apart.

    Look-alikes and full-width forms become ordinary characters (NFKC, and the table of radicals
    of PCEB's repairs), letters small; spaces, brackets and punctuation go. Mathematical signs
    stay, and so do points, dashes and strokes between two digits.

    >>> normalise("ＩＱ 在 85～115 （ ）之间。")
    'iq在85-115之间'
    >>> normalise("P＜0.05") == normalise("P＞0.05")
    False
    """
    return _bare(_plain(text))


def _plain(text: str) -> str:
    """NFKC and small letters, punctuation still there."""
    return unicodedata.normalize("NFKC", text).casefold()


def _bare(plain: str) -> str:
    return _JOINED.sub(lambda found: _KEPT[found[1]], plain).translate(_KEEP)


@cache
def _radicals() -> dict[str, str]:
    """The radicals that NFKC leaves alone, as PCEB's repairs map them."""
    rules = (rule for rule in declared("pceb").rule if rule.name == "radicals")
    return {radical: plain for rule in rules for radical, plain in rule.map.items()}


class _Keep(dict[int, str]):
    """What ``str.translate`` makes of a character, found out once for each."""

    def __missing__(self, code: int) -> str:
        character = _radicals().get(chr(code), chr(code))
        self[code] = character if character.isalnum() or character in _SYMBOLS else ""
        return self[code]


_KEEP = _Keep({0xFDD0: ".", 0xFDD1: "-", 0xFDD2: "/", 0xFDD3: ":"})
_vignette = lru_cache(maxsize=4096)(normalise)  # one vignette, a dozen questions


def grams(text: str, n: int) -> frozenset[str]:
    """The set of character n-grams; a text shorter than n is its own only gram."""
    if len(text) <= n:
        return frozenset((text,)) if text else frozenset()
    return frozenset(text[i : i + n] for i in range(len(text) - n + 1))


def sketches(sets: Iterable[Iterable[Any]], count: int, **how: Any) -> Iterator[Any]:
    """The MinHash of each set, with ``count`` permutations; the one place that calls datasketch's.

    ``how`` goes through to ``datasketch.MinHash`` (``scheme``, ``hashfunc``).

    Raises:
        PsycheBenchError: datasketch is not installed.
    """
    try:
        from datasketch import MinHash
    except ImportError:
        raise PsycheBenchError(
            "near duplicates need datasketch, which is not installed. "
            "Run `pip install 'psyche-bench[synth]'`."
        ) from None
    return iter(MinHash.generator(sets, num_perm=count, **how))


def jaccard(a: Collection[str], b: Collection[str]) -> float:
    """|A ∩ B| / |A ∪ B| of two sets; 1 for two empty ones.

    >>> jaccard({"情绪", "绪低"}, {"情绪", "绪高"})
    0.3333333333333333
    """
    if not a and not b:
        return 1.0
    shared = len(frozenset(a) & frozenset(b))
    return shared / (len(a) + len(b) - shared)


@dataclass(frozen=True, slots=True)
class Item:
    """A question in normal form.

    ``context`` is the vignette or the dialogue before; where the stem carries it (``embedded``),
    everything before the stem's last sentence. ``text`` is context and question together.
    """

    id: str
    question: str
    context: str
    embedded: bool
    options: tuple[str, ...]

    @property
    def text(self) -> str:
        """Context and question."""
        return self.context + self.question

    @property
    def key(self) -> tuple[str, ...]:
        """The set of option texts, in one order."""
        return tuple(sorted(set(self.options)))


def prepare(question: Question) -> Item:
    """The normal form of one item."""
    context = _vignette(question.vignette + "".join(turn.content for turn in question.history))
    before, asked = _split(_unmarked(_plain(question.stem)))
    embedded = not context and len(before) >= EMBEDDED
    options = (
        _bare(re.sub(rf"^\s*{letter.lower()}\s*[.、:]", "", _plain(text)))
        for letter, text in question.options.items()
    )
    return Item(
        id=question.id,
        question=asked if embedded else before + asked,
        context=before if embedded else context,
        embedded=embedded,
        options=tuple(options),
    )


def _unmarked(plain: str) -> str:
    """A stem without numbers, page marks and "多选" before and after it."""
    plain = _TRAILING.sub("", plain)
    while found := _MARKS.match(plain):
        plain = plain[found.end() :]
    return plain


def _split(plain: str) -> tuple[str, str]:
    """What stands before the last sentence, and the last sentence, both bare."""
    sentences = [part for part in _SENTENCE.split(plain) if _bare(part)]
    if not sentences:
        return "", _bare(plain)
    return _bare("".join(sentences[:-1])), _bare(_unmarked(sentences[-1]))


def judge(a: Item, b: Item, threshold: float = THRESHOLD) -> tuple[Kind, float] | None:
    """Whether two items are one question: ``("exact" | "near", similarity)``, or None.

    *exact*: the same set of option texts, and the same vignette and question; where one item has
    its vignette beside the stem and the other inside it, one question must contain the other, and
    80 % of one vignette's 4-grams must stand in the other's text. *near*: the Jaccard similarity
    of the character 2-grams of the questions and of the options both reach the threshold (with the
    same options, one question may contain the other), two vignettes share half of their 4-grams,
    and no telling character (negation, digit, one of a pair of opposites) differs. Where only one
    item has a vignette, nothing but the same options and a contained question will do, and stock
    questions that fit every vignette (该求助者的情绪症状包括) will not.

    The similarity is the least of the parts that were compared: question, options, vignette.
    """
    options = _options_similarity(a, b)
    if options < threshold:
        return None
    equal = a.key == b.key
    if a.text == b.text and equal:
        return "exact", 1.0
    carried = carriage(a, b)
    if carried is not None and carried < RELATED:
        return None
    cuts = [(x, y) for x in _questions(a, b) for y in _questions(b, a)]
    held = equal and _inside(a, b) and any(same_telling(x, y, NEGATIONS) for x, y in cuts)
    if carried is not None and held and carried >= CARRIED and a.embedded != b.embedded:
        return "exact", carried
    if bool(a.context) != bool(b.context):
        stock = _length(a if b.context else b) < STOCK
        return ("near", 1.0) if held and not stock else None
    alike = (jaccard(grams(x, 2), grams(y, 2)) for x, y in cuts if same_telling(x, y, TELLING))
    asked = 1.0 if held else max(alike, default=0.0)
    similarity = min(asked, options, 1.0 if carried is None else carried)
    return ("near", similarity) if asked >= threshold else None


def carriage(a: Item, b: Item) -> float | None:
    """Share of one vignette's 4-grams in the other item's text; None unless both have one."""
    if not a.context or not b.context:
        return None
    if a.context == b.context:
        return 1.0
    return max(_share(a.context, b.text), _share(b.context, a.text))


def _share(part: str, whole: str) -> float:
    wanted = _grams4(part)
    return len(wanted & _grams4(whole)) / len(wanted)


@lru_cache(maxsize=4096)
def _grams4(text: str) -> frozenset[str]:
    return grams(text, 4)


def _length(item: Item) -> int:
    return len(item.question) + sum(len(option) for option in item.options)


def _questions(a: Item, b: Item) -> list[str]:
    """Where the question of ``a`` may begin, when it was cut out of its stem and that of b not."""
    if not a.embedded or b.embedded:
        return [a.question]
    starts = {len(a.text) - max(len(a.question), len(b.question))}
    if b.context:
        starts.add(a.text.rfind(b.context[-8:]) + 8)
    latest = len(a.text) - len(b.question)
    return [a.text[start:] for start in sorted(starts) if 0 <= start <= latest]


def _inside(a: Item, b: Item) -> bool:
    """Whether one question stands whole in the other item.

    A question cut out of its stem may be a stub (表明心理咨询师) and is not looked for in a stem
    that was left whole. Without options a question must be the same: 自我效能感 is a question, and
    stands in many others.
    """
    if not a.options:
        return a.question == b.question
    pairs = [(x, y) for x, y in ((a, b), (b, a)) if y.embedded or not x.embedded]
    return any(len(x.question) >= 4 and x.question in y.text for x, y in pairs)


def same_telling(a: str, b: str, telling: frozenset[str]) -> bool:
    """Whether the telling characters agree, in their order: 前…后 is not 后…前."""
    return [c for c in a if c in telling] == [c for c in b if c in telling]


def _options_similarity(a: Item, b: Item) -> float:
    """Mean best Jaccard of the options that are not the same, those that are counting 1."""
    ours, theirs = set(a.options), set(b.options)
    if ours == theirs:
        return 1.0
    if not ours or not theirs:
        return 0.0
    left, right = sorted(ours - theirs), sorted(theirs - ours)
    score = float(len(ours & theirs))
    pairs = sorted(
        (
            (jaccard(grams(x, 2), grams(y, 2)), x, y)
            for x in left
            for y in right
            if same_telling(x, y, TELLING)
        ),
        reverse=True,
    )
    used: set[str] = set()
    for similarity, x, y in pairs:
        if x not in used and y not in used:
            used |= {x, y}
            score += similarity
    return score / max(len(ours), len(theirs))
