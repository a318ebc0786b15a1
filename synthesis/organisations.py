"""Schools, employers and hospitals that are named, not merely mentioned.

Each ends in a telling word (小学, 医院, 公司), and its name is what stands before,
back to the first word that belongs to the sentence. 我们学校, 一家外贸公司 and 市里的大医院 name
nothing and stay.
"""

import re
from collections.abc import Iterator

from psyche_bench.synthesis.lexicon import HANZI, either, sections, tag, tokens, words

Organisation = tuple[int, int, str]

_H = HANZI
_NUMERAL = "[一二三四五六七八九十]"
_AT = "(?=[^\u4e00-\u9fff]|[读的上念工毕就实做当任大退休里对教那])"
_SCHOOL = re.compile(
    f"(?:(?!中学[会习到着])(?!大学习){either('places', 'school')}"
    f"|外国语(?:学校|学院|大学|中学|小学)|外国语{_AT}"
    rf"|{_NUMERAL}{{1,3}}中(?![国间心学等午文专介])|\d{{1,3}}中(?![国间心学等午文专介])"
    f"|{either('places', 'college')}{_AT})"
)
_HOSPITAL = re.compile(
    f"(?:附属(?:第{_NUMERAL}+)?(?:[{_H}]{{2,3}})?医院|{either('places', 'hospital')})"
)
_EMPLOYER = re.compile(
    f"(?:{either('places', 'employer')}|(?:服务|培训|教育|美容|月子|健身)中心"
    f"|{either('places', 'short_employer')}(?=[^{_H}]|[上工做当的任实干裁辞]))"
)
_FIRM = re.compile(either("places", "firm"))
_ENDS = {"school": _SCHOOL, "hospital": _HOSPITAL, "employer": _EMPLOYER}
_AT_WORK = re.compile(
    r"(?:在|进了?|入职了?|去了?|就职于|供职于|任职于|跳槽到了?|离开了?|辞了|辞掉|辞去|被|从|考进了?|干了?)\s?"
    f"({either('places', 'known_employer')})"
    rf"(?=上班|面试|工作|实习|任职|做|当|干|总部|的|[^{_H}]|\Z|加班|写|搬|裁|辞|离职|跳|开|送|熬)"
)
_SHORT_SCHOOL = either("places", "short_school")
_AT_SCHOOL = re.compile(
    rf"(?:在|考上了?|考进了?|读|毕业于|就读于|来自|是|进了?|上|去|从)({_SHORT_SCHOOL})"
    "(?!的?研究(?!生)|附近|街|路|的?出版|代表|常委|会议)"
)
_AT_HOSPITAL = re.compile(
    f"(?:在|去|到|挂了?|从|转到|住进)了?({either('places', 'known_hospital')})(?:医院)?"
    "(?=看|住|挂|确诊|开的?药|精神|心理|复诊|检查|做的?|治|的医生|的专家|门诊|排队|出院)"
)
_PUBLIC_USE = re.compile(
    "(?:的?(?:研究(?!生)|学者|一项|调查显示|报告|出版社|学报|心理学[家者])"
    "|出版社|学报|教授[^，。]{0,6}(?:提出|发现|认为))"
)
_CAPITALS = r"(?<![A-Za-z])(?:[A-Z][A-Za-z'&]+\.?,? ){1,4}"
_ENGLISH = {
    "school": re.compile(
        rf"{_CAPITALS}(?:University|College|Academy)\b"
        rf"|{_CAPITALS}(?:High|Middle|Elementary|Primary|Grammar) School\b"
        r"|(?<![A-Za-z])University of [A-Z][a-z]+(?: [A-Z][a-z]+)?"
    ),
    "hospital": re.compile(rf"{_CAPITALS}(?:Hospital|Clinic|Medical Center|Infirmary)\b"),
    "employer": re.compile(rf"{_CAPITALS}(?:Inc|Ltd|LLC|Corp|Corporation|Company|Group|GmbH)\b\.?"),
}
_ENGLISH_PUBLIC = re.compile(
    r" (?:study|studies|research|professor|psychologist|press)", re.IGNORECASE
)
_ARTICLE = re.compile(r"(?:(?:The|A|An|My|Our|At|In|From|I|We|He|She|When|After|Last|This) )+")
_LATIN = re.compile("[A-Z][a-z]+ ")


def organisations(text: str) -> Iterator[Organisation]:
    """Named schools, hospitals and employers, as (start, end, type)."""
    for kind, pattern in (*_ENDS.items(), ("employer", _FIRM)):
        for found in pattern.finditer(text):
            start = _begin(text, found.start(), found.end(), kind)
            name = text[start : found.start()]
            cue = _AT_FIRM if pattern is _FIRM else _LEADS
            led = found[0] not in _SHORT or cue.search(text, max(0, start - 4), start)
            if led and _is_named(name, found[0], kind) and not _PUBLIC_USE.match(text, found.end()):
                yield start, found.end(), kind
    yield from ((*found.span(1), "employer") for found in _AT_WORK.finditer(text))
    yield from ((*found.span(1), "school") for found in _AT_SCHOOL.finditer(text))
    yield from ((*found.span(1), "hospital") for found in _AT_HOSPITAL.finditer(text))
    if _LATIN.search(text):
        yield from _english(text)


def _english(text: str) -> Iterator[Organisation]:
    """Northfield State University, St. Clement Hospital."""
    for kind, pattern in _ENGLISH.items():
        for found in pattern.finditer(text):
            article = _ARTICLE.match(found[0])
            start = found.start() + (article.end() if article else 0)
            named = " " in text[start : found.end()]
            if named and not _ENGLISH_PUBLIC.match(text, found.end()):
                yield start, found.end(), kind


_LEADS = re.compile(r"(?:\A|[^\u4e00-\u9fff]|[在去进从给是的辞]|入职|离开)了?\Z")
_AT_FIRM = re.compile(r"(?:在|入职了?|进了?|从|跳槽到了?|就职于|供职于|任职于)\Z")
_SHORT = sections("places")["short_employer"] | sections("places")["firm"]
_STRAY = frozenset(
    "您咱带我你他她它这那哪在去从是的了到往于被把让给跟和与及或过有又也都还就才很说叫"
    "读念考住由离至比为、没要会能不着吧吗呢啊想用对连像着多少些等每各某如入上下里外前"
    "后时陪送进找"
)
_OMENS = sections("places")["omen"]
_OUTSIDE = sections("places")["outside"] | sections("places")["never"]
_KINDS = _SHORT | sections("places")["generic"]
_PROPER = frozenset({"ns", "nz", "nt"})
_FOR_NAMES = ("n", "j", "b", "x", "eng", "i", "l", "m", "f", "g", "s")


def _begin(text: str, suffix: int, end: int, kind: str) -> int:
    """Where a name begins that ends here: the words before, back to one of the sentence.

    The telling word must end a word (失败中学习 names no school), except after 第一 or a digit.
    """
    row = [(place, word) for place, word in tokens(text, suffix, 14) if place < end]
    if not row or row[-1][0] + len(row[-1][1]) > end:
        return suffix
    begin = suffix
    for place, word in reversed(row):
        if place >= suffix:
            continue
        frequency, part = tag(word)
        plain = len(word) == 1 and word not in _STRAY and part not in {"p", "r", "c", "d", "u"}
        fits = part.startswith(_FOR_NAMES) or (frequency < 100 and part[:1] not in set("vdcprz"))
        omen = word in _OMENS and text[place - 1 : place] not in set("不我都很只也")
        fits = fits or word in _KINDS
        named = omen or (len(word) > 1 and fits and word not in _OUTSIDE)
        paired = word == "和" and place + 1 == suffix and _is_with_he(text, place)
        stray = word[0] in _STRAY and part not in _PROPER
        if not paired and (stray or not (plain or named)):
            break
        begin = place
    return begin


def _is_with_he(text: str, place: int) -> bool:
    """在安和医院: a character that 在 or 去 stands before makes a name with 和, not a pair."""
    return text[place - 2 : place - 1] in set("在去到进从往")


_DIGITS = re.compile(r"^[0-9]+(?![0-9一二三四五六七八九十]*中)")
_NUMBERED = re.compile(r"第[一二三四五六七八九十\d]+|[一二三四五六七八九十\d]+\Z")
_NUMBERED_FIRM = re.compile(f"(?:[{_H}]{{0,6}}[省市县区])第{_NUMERAL}+(?![家个份次间所])")
_NUMBERED_SCHOOL = re.compile(r"[一二三四五六七八九十\d]+中")
_GENERIC = re.compile(f"{either('places', 'generic')}+")
_SEAT = re.compile(f"[{_H}]{{1,6}}[省市县区州镇乡]|[省市县区]")
_LOCAL = sections("places")["local_hospital"]


def _is_named(name: str, suffix: str, kind: str) -> bool:
    """Whether what stands before the telling word names one school, hospital or firm."""
    name = _DIGITS.sub("", name)
    numbered = kind == "school" and _NUMBERED_SCHOOL.fullmatch(suffix)
    if numbered and (name in set("市县省区") or len(suffix) > 2):
        return True
    if not name or len(name) > 14 or kind == "employer":
        return bool(name) and len(name) < 15 and _is_firm(name, suffix)
    if _NUMBERED.search(name) and len(name) > 1:
        return True
    if kind == "hospital" and _is_local(name, suffix):
        return True
    rest = _GENERIC.sub("", name)
    return len(rest) > 1 and _is_own(rest, suffix, rest != name)


def _is_local(name: str, suffix: str) -> bool:
    """市儿童医院, 省肿瘤医院, 平川县人民医院: the one of its kind in a place; not 市人民医院."""
    if _SEAT.fullmatch(name) and suffix in _LOCAL:
        return suffix not in {"人民医院", "中心医院"} or len(name) > 1
    return name[0] in "省市县区" and len(name) > 2


def _is_own(rest: str, suffix: str, typed: bool) -> bool:
    """Whether a word is a school's or hospital's own name: a place, unknown, a wish.

    ``typed``: a word of its kind stands beside it (艺术高中), so that it is more than a word.
    """
    frequency, part = tag(rest)
    own = part in {"ns", "nz", "nt", "nr", "j", ""} or rest in _OMENS
    return own or (frequency < 600 and (typed or suffix not in {"高中", "初中", "诊所"}))


def _is_firm(name: str, suffix: str) -> bool:
    """A firm's own name is no common word: 宏远, not 隔壁; with 有限公司 or 集团 anything is."""
    if suffix.endswith(("局", "委", "院", "所", "处", "队", "会")) and _SEAT.fullmatch(name):
        return len(name) > 1
    if tag(name)[1] in _PROPER or _NUMBERED_FIRM.match(name):
        return True
    rest = _GENERIC.sub("", name)
    if len(rest) < 2 or rest in words("ordinary"):
        return False
    if "有限" in suffix or suffix.startswith("集团"):
        return True
    frequency, part = tag(rest)
    known = part in _PROPER | {"nr"} or (not part and len(rest) < 9)
    return known or (len(rest) == 2 and frequency < 60)
