"""Names of persons: after a cue (我叫, 室友), beside a title (王老师), and standing alone.

A family name begins a name when it is a word by itself (jieba, dictionary only) and what follows are
characters of given names; cues, and what stands before and after, decide. Scholars, figures of
books and eponyms (罗夏测验) stay. Words that begin like names (高兴, 白天, 马上) are words of the
dictionary, and so no candidates.
"""

# ruff: noqa: E501  # alternations of a rule stand in one line

import re
from collections.abc import Iterator
from functools import cache
from importlib.resources import files

from psyche_bench.synthesis.identifiers import Place, words

_H = "\u4e00-\u9fff"


@cache
def _sections(name: str) -> dict[str, frozenset[str]]:
    """A word list with headings in square brackets."""
    path = files("psyche_bench.synthesis") / "lexicon" / f"{name}.txt"
    found: dict[str, list[str]] = {}
    heading = ""
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            heading = line.strip("[]")
        elif not line.startswith("#"):
            found.setdefault(heading, []).extend(line.split())
    return {key: frozenset(value) for key, value in found.items()}


class _Lists:
    """The word lists as the rules use them, read once."""

    def __init__(self) -> None:
        family, given = _sections("surnames"), _sections("given")
        self.never = family["never"]
        self.common = family["common"] - self.never
        self.plain = self.common - family["wordlike"]
        self.compound = family["compound"]
        self.strong = given["strong"] - self.never
        self.given = (given["strong"] | given["other"]) - frozenset("了的")
        self.public = words("scholars")
        self.english = words("english_names")
        single = "".join(sorted(self.common))
        self.candidate = re.compile(
            f"(?:{'|'.join(sorted(self.compound))}|[{single}])(?=[{''.join(sorted(self.given))}])"
        )
        foreign = sorted(words("foreign"), key=len, reverse=True)
        self.foreign = re.compile(f"(?<![·•])(?:{'|'.join(foreign)})(?![·•])")
        self.latin = re.compile(_CALLED_ENGLISH.replace("NAMES", "|".join(sorted(self.english))))
        self.surname = f"(?:{'|'.join(sorted(self.compound))}|[{single}])"
        self.titled = re.compile(
            f"({self.surname})({_TITLE}|(?:[哥姐总叔姨嫂](?![{_H}]?[么哥姐体部是结共之]))|某人)"
        )
        self.familiar = re.compile(f"(?<![{_H}][大幼从])[小老阿]({self.surname})(?!{_NOT_AFTER})")


_TITLE = (
    "(?:老师|医生|大夫|教授|主任|经理|先生|女士|小姐|阿姨|叔叔|同学|师傅|律师|院长|校长|护士|警官|局长|处长"
    "|书记|太太|奶奶|爷爷|伯伯|大爷|大妈|大叔|大姐|大哥|班长|队长|老板|导师|师兄|师姐|师弟|师妹|学长|学姐|学弟|学妹"
    "|咨询师|治疗师|心理师|店长|组长|科长|部长|厂长|老太|总监|老头|村长|教练|姑娘)"
)
_NOT_AFTER = "(?:师|板|公|婆|子|家|人|乡|鼠|虎|式|化|牌|金|本|米粥|康|车|白菜|麦|区|思)"


@cache
def _lists() -> _Lists:
    return _Lists()


@cache
def _tags() -> dict[str, tuple[int, str]]:
    """Word → (frequency, part of speech), jieba's dictionary."""
    import jieba

    with jieba.get_dict_file() as file:
        rows = (line.decode("utf-8").split() for line in file)
        return {row[0]: (int(row[1]), row[2]) for row in rows if len(row) == 3}


@cache
def _tokenizer() -> "object":
    import logging

    import jieba

    jieba.setLogLevel(logging.WARNING)
    jieba.initialize()
    return jieba.dt


def _is_word(text: str, least: int = 1) -> bool:
    """Whether the dictionary knows a word that is no person's name.

    It calls many words persons (安静, 祝福, 文明): two characters are a name only when a plain family
    name and a character of given names meet.
    """
    entry = _tags().get(text)
    if entry is None or entry[0] < least:
        return False
    return not entry[1].startswith("nr") or not _is_nameable(text)


def _is_noun(text: str) -> bool:
    """Whether the dictionary knows a frequent word that it does not call a person."""
    frequency, tag = _tags().get(text, (0, ""))
    return frequency >= 20 and not tag.startswith("nr")


def _is_nameable(text: str) -> bool:
    lists = _lists()
    if text in words("ordinary"):
        return False
    return len(text) != 2 or (text[0] in lists.plain and text[1] in lists.strong)


_STOP = re.compile(f"[^{_H}]")


def tokens(text: str, place: int, reach: int = 8) -> list[tuple[int, str]]:
    """Words of the clause around a place, as (start, word); ``reach`` characters to either side."""
    start, end = max(0, place - reach), min(len(text), place + reach)
    for i in range(place - 1, start - 1, -1):
        if _STOP.match(text[i]):
            start = i + 1
            break
    if found := _STOP.search(text, place, end):
        end = found.start()
    at, result = start, []
    for word in _tokenizer().cut(text[start:end], HMM=False):  # type: ignore[attr-defined]  # untyped
        result.append((at, word))
        at += len(word)
    return result


_KIN = (
    "(?:朋友|同学|同事|室友|舍友|闺蜜|闺密|男友|女友|对象|老公|老婆|丈夫|妻子|前夫|前妻|儿子|女儿|孩子|哥哥|姐姐|弟弟|妹妹|"
    "前任|上司|领导|老板|邻居|老师|医生|咨询师|网友|班长|同桌|表[哥姐弟妹]|堂[哥姐弟妹]|学[长姐弟妹]|师[兄姐弟妹]|发小|哥们|"
    "爸爸|妈妈|父亲|母亲|爷爷|奶奶|外公|外婆|舅舅|叔叔|阿姨|姑姑|班主任|导师|经理|主任|主管|组长|客户|患者|来访者|学生|"
    "初恋|暗恋|相亲|[我他她你][爸妈哥姐弟妹爷奶舅姑叔姨]|男生|女生|男孩|女孩|小伙|姑娘|组员|队友|搭档|房东|姓名|名字|本人|署名|联系人|收件人|家属|监护人)"
)
_BEFORE = re.compile(
    rf"(?:\A|[^{_H}]|[和跟与给对让叫是找被把向为及像问怪恨爱想见等说]|{_KIN}|喜欢|遇到|认识|遇见|觉得|发现|听说|因为|而且|但是|可是|后来|昨[天晚]|今[天早晚]|那[天次]|前天|上周|上个?月|去年|前年|有一?次|结果|"
    r"就是|还有|以及|关于|告诉|感谢|谢谢|联系|约了?|追|位)\Z"
)
_AFTER = re.compile(
    rf"[^{_H}]|\Z|[说问打骂让给和跟与对是的在也就又还总把被很不都要会能想却才从向叫喊欺追找帮约陪提看生哭笑喜讨推踢拿抢骗拉抱送借欠失告他她我你来去到]"
    rf"|今[天年]|昨[天晚]|最近|突然|一直|经常|总是|已经|后来|居然|竟然|老是|每[天次]|当时|以前|曾经|分手|吵架|结婚|离婚|{_TITLE}"
)
_EPONYM = re.compile(
    "(?:效应|理论|量表|测验|疗法|学派|定律|实验|综合[征症]|模型|曲线|智力|问卷|主义|范式|法则|心理学|的?《)"
)


_LATIN_NAME = re.compile("[A-Z][a-z]")


def names(text: str) -> list[Place]:
    """Places of personal names, ascending, not overlapping; repeated names wherever they stand."""
    found: list[Place] = []
    if not text.isascii():
        for finder in (_cued, _nicknames, _dotted, _alone, _titled, _familiar, _doubled):
            found += finder(text)
    if _LATIN_NAME.search(text):
        found += _english(text)
    kept = [place for place in found if not _is_public(text, *place)]
    return _merged(kept + _again(text, kept))


def _merged(places: list[Place]) -> list[Place]:
    result: list[Place] = []
    for start, end in sorted(set(places), key=lambda place: (place[0], -place[1])):
        if not result or start >= result[-1][1]:
            result.append((start, end))
    return result


def _is_public(text: str, start: int, end: int) -> bool:
    """A scholar, part of a scholar's name, or an eponym."""
    public, name = _lists().public, text[start:end]
    if name in public or _EPONYM.match(text, end):
        return (
            name in public
            or not re.fullmatch(f"[{_H}]{{2,4}}", name)
            or _EPONYM.match(text, end) is not None
        )
    around = text[max(0, start - 4) : end + 4]
    return any(
        len(name) > 1 and name in word and word in around
        for word in (around[i : i + n] for n in (3, 4, 5) for i in range(len(around) - n + 1))
        if word in public
    )


def _again(text: str, places: list[Place]) -> list[Place]:
    """Other places of the names found, and of their given names of two characters."""
    lists = _lists()
    known = {text[a:b] for a, b in places if b - a > 1}
    known |= {
        n[1:]
        for n in known
        if len(n) == 3
        and n[0] in lists.common
        and not _is_word(n[1:])
        and re.fullmatch(f"[{_H}]{{3}}", n)
    }
    more: list[Place] = []
    for name in sorted(known, key=len, reverse=True):
        start = text.find(name)
        while start >= 0:
            end = start + len(name)
            cut = name.isascii() and (
                text[start - 1 : start].isalnum() or text[end : end + 1].isalnum()
            )
            if not cut or not (text[max(0, start - 1) : end + 1].isascii()):
                more.append((start, end))
            start = text.find(name, end)
    return more


# --- standing alone ------------------------------------------------------------------------------


def _alone(text: str) -> Iterator[Place]:
    lists = _lists()
    for found in lists.candidate.finditer(text):
        start, family = found.start(), found[0]
        if len(family) == 1 and _is_word(text[start : start + 2]):
            if _is_called(text, start):
                yield start, start + 2
            continue
        end = _extent(text, start, family)
        if end and _score(text, start, end, family) >= _LEAST:
            yield start, end


_LEAST = 4.0
_KIN_BEFORE = re.compile(rf"(?:{_KIN}|认识了?|爱上了?|暗恋)\Z")


def _is_called(text: str, start: int) -> bool:
    """前女友白雪把我…: a word that jieba calls a person, between kin and what a person does."""
    tag = _tags().get(text[start : start + 2], (0, ""))[1]
    given = text[start + 1] in _lists().strong
    kin = _KIN_BEFORE.search(text, max(0, start - 4), start)
    does = re.match("[把说打骂跟和对给让总又也就是，、。]", text[start + 2 : start + 3])
    return tag.startswith("nr") and given and kin is not None and does is not None


def _extent(text: str, start: int, family: str) -> int:
    """Where a name that begins here ends by the words around it, or 0."""
    given, row = _lists().given, tokens(text, start)
    at = next((i for i, (place, _) in enumerate(row) if place == start), None)
    if at is None:
        return 0
    word = row[at][1]
    first, second = ([word for _, word in row[at + 1 : at + 3]] + ["", ""])[:2]
    if len(word) > len(family):
        named = _tags().get(word, (0, ""))[1].startswith("nr") and _is_nameable(word)
        longer = len(word) == 2 and len(first) == 1 and first in _lists().strong
        return start + len(word) + longer if named and len(word) <= 4 else 0
    if len(first) == 2 and all(c in given for c in first):
        return start + len(family) + 2
    if len(first) != 1 or first not in given:
        return 0
    more = len(second) == 1 and second in _lists().given and second not in "一和有来向以先才"
    return start + len(family) + 1 + more


def _score(text: str, start: int, end: int, family: str) -> float:
    """Points for family name, given name, and both neighbours."""
    lists, given = _lists(), text[start + len(family) : end]
    points = 2.0 if family in lists.plain or len(family) > 1 else 1.0
    points += sum(1.0 if c in lists.strong else 0.3 for c in given)
    points += 0.5 * (len(given) == 1 and family in lists.plain)
    if len(given) == 2 and _is_word(given, 30):
        points -= 1.0 if family in lists.plain else 2.0
    entry = _tags().get(text[start:end])
    points += 1.0 if entry and entry[1].startswith("nr") and _is_nameable(text[start:end]) else 0.0
    before = bool(_BEFORE.search(text, max(0, start - 4), start))
    after = bool(_AFTER.match(text, end))
    kin = bool(re.search(rf"{_KIN}\Z", text[max(0, start - 4) : start]))
    counted = start and text[start - 1] in "一二三四五六七八九十两几这那每张哪0123456789"
    points -= 2.0 if counted else 0.0
    return points + (1.2 if before else -0.5) + (1.0 if after else -0.8) + 1.6 * kin


# --- with a cue ----------------------------------------------------------------------------------

_CUE = re.compile(
    r"(?:(?<![把将对])我叫|我的名字[叫是]|名字[叫是]|名叫|姓名(?:[:：]|是|为)\s?|(?:全|真|本|小|大|化)名(?:[叫是]|[:：])\s?|名字[:：]\s?"
    r"|[他她]叫(?:做)?|我是|署名[:：]?|联系人[:：]?\s?|收件人[:：]?\s?|签名[:：]|(?:大家|别人|朋友|他们|同学|家里人|爸妈|网友)都?(?:叫|喊)我"
    rf"|{_KIN}(?:叫|名叫|是)|叫(?=[^我你他她])|叫做)[“\"「]?"
)
_SURE = re.compile(r"我叫|名|联系人|收件人|喊我|叫我")
_CLOSE = re.compile(rf"[^{_H}]|\Z")
_NO_NAME = re.compile(
    "(?:[他她它你我您这那哪谁什怎]|自己|大家|别人|人家|一[个种下声名位]|不|没|了|着|过|做|作|苦|醒|来|去|停|救|外卖|车|爸|妈|老师|家长"
    "|妈妈|爸爸|哥哥|姐姐|弟弟|妹妹|老公|老婆|宝宝|宝贝|亲爱|孩子|学生|大学生|高中生|女生|男生|个|在|从|单|独生|一|起|回|进|出|上|下|到)"
)


def _cued(text: str) -> Iterator[Place]:
    lists = _lists()
    for found in _CUE.finditer(text):
        start, cue = found.end(), found[0]
        sure = bool(_SURE.search(cue))
        latin = re.compile(r"[A-Za-z][A-Za-z.\-]{1,20}(?: [A-Z][a-z]{1,15})?").match(text, start)
        if latin and sure:
            yield latin.span()
            continue
        family = re.compile(lists.surname).match(text, start)
        if family and _STOP.match(text[family.end() : family.end() + 1] or " "):
            family = None
        if family:
            end = _cued_end(text, start, family[0], sure)
            if end:
                yield start, end
        elif sure and not _NO_NAME.match(text, start):
            end = _called(text, start)
            if end:
                yield start, end


def _cued_end(text: str, start: int, family: str, sure: bool) -> int:
    """End of a name that is announced: two given characters unless the second begins a word."""
    first = start + len(family)
    named = (
        family in _lists().plain
        and text[start - 1] in "叫名"
        and text[first] not in "不了着过我你他她"
    )
    if not sure and named and any(_CLOSE.match(text, first + n) for n in (1, 2)):
        return first + (1 if _CLOSE.match(text, first + 1) else 2)
    if not sure:
        end = _extent(text, start, family)
        return end if end and _score(text, start, end, family) + 1.0 >= _LEAST else 0
    if _CLOSE.match(text, first + 1):
        return first + 1
    if _CLOSE.match(text, first + 2):
        return first + 2
    second, third = text[first + 1], text[first + 1 : first + 3]
    given = _lists().given
    goes_on = (
        second in "的是在和说也就来去今年我他她你这那吧呢啊了"
        or _is_word(third, 50)
        or second not in given
    )
    return first + 1 if goes_on else first + 2


def _called(text: str, start: int) -> int:
    """End of a name without a family name: up to the next mark, at most four characters."""
    found = _CLOSE.search(text, start, start + 5)
    end = found.start() if found else 0
    name = text[start:end]
    return end if 2 <= len(name) <= 4 and not _is_word(name, 200) else 0


_SCREEN = re.compile(
    r"(?:网名|昵称|笔名|游戏名|用户名|微信名|微博名|(?<![A-Za-z])ID|艺名|花名|圈名)(?:[叫是为]|[:：])+\s?[“\"「『]?"
    r"([^\s，。,、；;！!？?”\"」』（(]{2,12}?)(?=的?(?:那个|那位|这个|的人|的网友|的姑娘|的男)|[\s，。,、；;！!？?”\"」』（(]|\Z)"
)
_FAMILY_SAID = re.compile(
    r"(?:免贵|我|他|她|本人|老师|医生|领导|同事|老板|人)姓([\u4e00-\u9fff])(?![名氏什啥甚])"
)


def _nicknames(text: str) -> Iterator[Place]:
    """网名叫…, and 姓王."""
    yield from (found.span(1) for found in _SCREEN.finditer(text))
    for found in _FAMILY_SAID.finditer(text):
        if found[1] in _lists().common:
            yield found.span(1)


_DOTTED = re.compile(
    f"[{_H}]{{1,6}}(?:[·•・][{_H}]{{1,7}}){{1,3}}|[{_H}]{{1,6}}[·•・][A-Z](?![A-Za-z])"
)


_DOTS = re.compile("[·•・]")


def _dotted(text: str) -> Iterator[Place]:
    """约翰·史密斯, unless a part is a scholar's or it names a thing."""
    for found in _DOTTED.finditer(text) if _DOTS.search(text) else ():
        parts = re.split("[·•・]", found[0])
        stands = any(
            part in word or word in part
            for part in parts
            for word in _lists().public
            if len(part) > 1 and len(word) > 1
        )
        after = re.match("大学|学院|医院", text[found.end() : found.end() + 2])
        if not (
            stands
            or after
            or _EPONYM.match(text, found.end())
            or re.search("大学|学院|医院|效应|理论|量表|测验|疗法", found[0])
        ):
            yield _trimmed(text, *found.span())


def _trimmed(text: str, start: int, end: int) -> Place:
    """Without a verb or kin word that ran into the name from the left or the right."""
    head = re.match(
        rf"(?:.{{0,3}}(?:叫|是|和|跟|对|给|让|的|{_KIN}))",
        text[start:end].split("·", maxsplit=1)[0],
    )
    start += len(head[0]) if head else 0
    tail = re.search(r"[·•・](?:.{2,4}?)([说问在是的对让给和跟].*)\Z", text[start:end])
    return start, end - (len(tail[1]) if tail else 0)


# --- with a title, familiar ----------------------------------------------------------------------


def _titled(text: str) -> Iterator[Place]:
    """王 in 王老师: what follows the family name stays, since it says who that is to the writer."""
    for found in _lists().titled.finditer(text):
        start, family, title = found.start(), found[1], found[2]
        if title == "某人" or _is_word(text[start : start + 2], 300):
            continue
        word = dict(tokens(text, start)).get(start, "")
        if word and (word == family or word.startswith(family + title[:1])):
            yield start, start + len(family)


_GIVEN_ALONE = re.compile(
    "(?<![大从幼最很太更较缩])小[明红丽芳强刚华美杰雅婷玲娟燕军伟峰倩静敏佳琳欣悦薇宇浩涵轩萱颖莹慧莉萍霞琴菲瑶璐媛彤茜蕾琪雯晴露楠洁艳娜勇斌涛磊鹏辉凯龙虎宝贝](?![一-龥]?[型时])"
    "|阿[杰珍明强伟华芳玲丽军勇辉斌涛峰鹏浩凯雯琳婷敏静娟燕红梅莲香秀珠霞翔豪森龙虎宝木哲泽信坤成诚亮健康](?![姨胶拉尔里富德斯司])"
    "|(?:(?<![一-龥])|(?<=[和跟与给对让叫找]))[强芳杰娜军伟刚涛斌磊鹏辉凯浩龙琳婷丽玲娟燕红梅霞敏静][哥姐](?![一-龥]?们)"
)


def _familiar(text: str) -> Iterator[Place]:
    """小王, 老李, 阿杰, 强哥."""
    for found in _lists().familiar.finditer(text):
        start, end, family = found.start(), found.end(), found[1]
        if _is_word(text[end - 1 : end + 1], 20) or _is_noun(text[start:end]):
            continue
        plain = family in _lists().plain
        beside = _BEFORE.search(text, max(0, start - 4), start) and _AFTER.match(text, end)
        if len(family) == 1 and (plain or beside) and not _is_word(text[start - 1 : start + 1], 50):
            yield start, end
    for found in _GIVEN_ALONE.finditer(text):
        start, end = found.span()
        word = _is_noun(text[start:end])
        before = _BEFORE.search(text, max(0, start - 4), start)
        kin = re.search(
            rf"(?:{_KIN}|[和跟与给对让叫找]|叫我|喊我)\Z", text[max(0, start - 4) : start]
        )
        if (kin or (not word and before)) and (
            _AFTER.match(text, end) and not _is_word(text[end - 1 : end + 1], 20)
        ):
            yield start, end


_TWICE = re.compile("([\u4e00-\u9fff])\\1")


def _doubled(text: str) -> Iterator[Place]:
    """佳佳, and 安娜: names without a family name, where a person is called or does something."""
    lists = _lists()
    for found in _TWICE.finditer(text):
        told = text[max(0, found.start() - 2) : found.start()] in {"叫我", "喊我"}
        if (
            (told or found[1] in lists.strong)
            and not _is_noun(found[0])
            and _does(text, *found.span())
        ):
            yield found.span()
    for found in lists.foreign.finditer(text):
        if _does(text, *found.span()):
            yield found.span()


_DOES = re.compile(
    "[说问打骂让给和跟对是在也就又总把被很不都要会能想的，。！？：、]|\\Z|昨天|今天|最近"
)
_CALLS = re.compile(rf"(?:\A|[^\u4e00-\u9fff]|[和跟与给对让叫找喊是]|叫我|喊我|{_KIN})\Z")


def _does(text: str, start: int, end: int) -> bool:
    before = _CALLS.search(text, max(0, start - 4), start)
    return bool(before and (_DOES.match(text, end) or before[0].endswith(("叫我", "喊我"))))


# --- English -------------------------------------------------------------------------------------

_CAPITAL = r"[A-Z][a-z]{1,14}(?:-[A-Z][a-z]+)?"
_CALLED_ENGLISH = (
    rf"(?<![A-Za-z])(?:(?:Mr|Mrs|Ms|Miss|Dr|Prof|Professor|Aunt|Uncle|Coach)\.?\s(?P<titled>{_CAPITAL}(?:\s{_CAPITAL})?)"
    rf"|(?:[Mm]y name is|[Mm]y name's|[Nn]amed|[Cc]all me|[Ss]igned,?|I'm|I am)\s(?P<called>{_CAPITAL}(?:\s{_CAPITAL})?)"
    rf"|(?P<first>NAMES)(?P<last>\s(?:[A-Z]\.\s)?{_CAPITAL})?)(?![a-z])"
)


def _english(text: str) -> Iterator[Place]:
    lists = _lists()
    for found in lists.latin.finditer(text):
        group = "titled" if found["titled"] else "called" if found["called"] else "first"
        parts = found[0].replace(".", "").split()
        if group == "called" and (
            found[0].startswith("I") and found[group].split()[0] not in lists.english
        ):
            continue
        if group != "called" and any(part in lists.public for part in parts):
            continue
        if group != "first":
            yield found.span(group)
        else:
            last = found["last"] and found["last"].split()[-1] not in _NOT_LAST
            yield found.start("first"), found.end("last" if last else "first")


_NOT_LAST = frozenset(
    "And But He She The They We You It Is Was Said Has I Then So When My His Her Who".split()
)
