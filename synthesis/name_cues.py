"""Names that a cue announces: 我叫…, 小名…, 网名…, 姓闵, 小雨是我大学最好的朋友."""

import re
from collections.abc import Iterator

from psyche_bench.synthesis.identifiers import Place
from psyche_bench.synthesis.lexicon import HANZI, cut, tag
from psyche_bench.synthesis.name_alone import LEAST, extent, score
from psyche_bench.synthesis.name_words import (
    NO_NAME,
    RELATION,
    TITLE_AFTER,
    is_word,
    parts,
    related,
)

_H = HANZI
_QUOTE = '[“"「『]?'
_SURNAME = parts().surname
_FAMILY = re.compile(_SURNAME)
_CUE = re.compile(
    r"(?:(?<![把将对])我叫|我的名字[叫是]|名字[叫是]|名叫|姓名(?:[:：]|是|为)\s?"
    r"|(?:全|真|本|大|化)名(?:[叫是]|[:：])\s?|(?:小|乳|别|奶)名(?:就?[叫是]|[:：])?\s?"
    r"|[绰外]号(?:[叫是]|[:：])\s?|名字[:：]\s?|(?:取|起)了?个?(?:小|大|乳)?名字?(?:[叫为]|[:：])?"
    r"|[他她](?:的名字)?叫(?:做)?|我是|署名[:：]?|联系人[:：]?\s?|收件人[:：]?\s?|签名[:：]"
    r"|(?:大家|别人|朋友|他们|同学|家里人|爸妈|网友|都|总|老|错)(?:叫|喊)我"
    rf"|叫什么(?={_SURNAME})|叫(?=[^我你他她])|叫做|是(?={_SURNAME})|自称(?:[是叫])?){_QUOTE}"
)
_CUES = re.compile("[叫名是号联收签署称]")
_SURE = re.compile("叫什么|我叫|[他她]叫|名|联系人|收件人|喊我|叫我|[绰外]号")
_CLOSE = re.compile(f"[^{_H}]|\\Z")
_LATIN = re.compile(r"[A-Za-z][A-Za-z.\-]{1,20}(?: [A-Z][a-z]{1,15})?")


def cued(text: str) -> Iterator[Place]:
    """Names after 我叫, 姓名:, 男友叫, 小名."""
    for found in _CUE.finditer(text) if _CUES.search(text) else ():
        start, kin = found.end(), related(text, found.start())
        if found[0] == "是" and not kin:
            continue
        sure = bool(_SURE.search(found[0])) or (kin and found[0][0] == "叫")
        latin = _LATIN.match(text, start)
        if latin and sure:
            yield latin.span()
            continue
        family = _FAMILY.match(text, start)
        if family and _CLOSE.match(text, family.end()):
            family = None
        end = _cued_end(text, start, family[0], sure) if family else 0
        if sure and not NO_NAME.match(text, start) and (not end or _is_foreign(text, start, end)):
            end = _called(text, start) or end
        if end:
            yield start, end


def _cued_end(text: str, start: int, family: str, sure: bool) -> int:
    """End of a name that is announced: two given characters unless the second begins a word."""
    first = start + len(family)
    if TITLE_AFTER.match(text, first) or not sure:
        return first if TITLE_AFTER.match(text, first) else _unsure_end(text, start, family)
    if NO_NAME.match(text, start) and text[start : start + 1] not in parts().plain:
        return 0
    if _CLOSE.match(text, first + 1):
        return first + 1
    if _CLOSE.match(text, first + 2):
        return first + 2
    if is_word(text[start : first + 1], 100) and family not in parts().plain:
        return 0
    second, third = text[first + 1], text[first + 1 : first + 3]
    goes_on = (
        second in "的是在和说也就来去今年我他她你这那吧呢啊了从每总老"
        or is_word(third, 50)
        or second not in parts().given
    )
    return first + 1 if goes_on else first + 2


def _unsure_end(text: str, start: int, family: str) -> int:
    """After 我是, 朋友是, 叫: only what is made like a name."""
    first = start + len(family)
    unknown = text.startswith("我是", start - 2) and not is_word(text[start : first + 1])
    named = (
        family in parts().plain
        and (unknown or text[start - 1] in "叫名")
        and text[first] not in "不了着过我你他她"
    )
    if named and any(_CLOSE.match(text, first + n) for n in (1, 2)):
        return first + (1 if _CLOSE.match(text, first + 1) else 2)
    end = extent(text, start, family)
    return end if end and score(text, start, end, family) + 1.0 >= LEAST else 0


def _is_foreign(text: str, start: int, end: int) -> bool:
    """叫古丽娜尔，: one character more up to the mark, as in names of other tongues."""
    longer = end - start == 3 and _CLOSE.match(text, end + 1) and not _CLOSE.match(text, end)
    return bool(longer) and tag(text[end])[1][:1] not in set("uydv")


def _called(text: str, start: int) -> int:
    """End of a name without a family name: up to the next mark or 的, at most four characters."""
    found = _ENDED.search(text, start, start + 5)
    end = found.start() if found else 0
    name = text[start:end]
    if not 2 <= len(name) <= 4 or is_word(name, 200):
        return 0
    row = [word for _, word in cut(text, start, end)]
    function = tag(row[0])[1][:1] in {"d", "p", "c", "r", "u"} or row[-1] in {"了", "过", "着"}
    verb = len(row[0]) > 1 and tag(row[0])[1].startswith("v") and len(row) > 1
    return 0 if function or verb else end


_ENDED = re.compile(rf"[^{_H}]|\Z|的(?=[女男人孩同姑小朋网老医学家阿哥姐弟妹那病])")
_WORD = '[^\\s，。,、；;！!？?”"」』（()）]'
_SCREEN = re.compile(
    r"(?:网名|昵称|笔名|游戏名|用户名|微信名|微博名|(?<![A-Za-z])ID|艺名|花名|圈名|马甲)(?:[叫是为]|[:：])+\s?"
    rf"{_QUOTE}({_WORD}{{2,12}}?)(?=的?(?:那个|那位|这个|的人|的网友|的姑娘|的男)|[\s，。,、；;！!？?”\"」』（(]|\Z)"
)
_ONE_CALLED = re.compile(
    rf"(?:[有那]个|一个|一位|有位|那位)叫(?:做)?{_QUOTE}({_WORD}{{2,8}}?)(?=[”\"」』]?的(?:网友|人|朋友|女|男|同学|姑娘|小|老师|病友|医生))"
)
_SO_CALLED = re.compile(
    rf"(?:\A|[^{_H}]|请|可以|们|家|您|你|就)(?:叫|喊|称呼)我"
    rf"{_QUOTE}({_WORD}{{1,6}}?)[”\"」』]?"
    "(?:就好|就行|就可以|好了|吧|即可|都行|都可以)"
)
_CALLS_ME = re.compile("[叫喊呼]我")
_IN_BRACKETS = re.compile(
    rf"(?:\A|[^{_H}A-Za-z]|[和跟与是叫])([{_H}A-Za-z]{{2,6}})[（(](?:网名|化名|昵称|小名)[）)]"
)
_FAMILY_SAID = re.compile(
    rf"(?<![同改随冠母父贵老百跟名异外复])姓([{_H}])(?![名氏什啥甚])(?=[^{_H}]|\Z|[的这那是在她他我])"
)
_LIKE_ME = re.compile(
    rf"(?:\A|[^{_H}])([{_H}]{{2,3}}?)是我(?:们)?[^，。！？；\n]{{0,10}}?{RELATION}"
)


_NAME_OF = re.compile(rf"{RELATION}({_SURNAME}[{_H}]{{1,2}})的名字")


def nicknames(text: str) -> Iterator[Place]:
    """网名叫…, 叫我…就好, …（网名）, and 姓王."""
    yield from (found.span(1) for found in _SCREEN.finditer(text))
    yield from (found.span(1) for found in _IN_BRACKETS.finditer(text))
    yield from (found.span(1) for found in _ONE_CALLED.finditer(text))
    for found in _SO_CALLED.finditer(text) if _CALLS_ME.search(text) else ():
        if not re.fullmatch(RELATION, found[1]) and not NO_NAME.match(found[1]):
            yield found.span(1)
    for found in _FAMILY_SAID.finditer(text):
        if found[1] in parts().family:
            yield found.span(1)


_AGED = re.compile(
    rf"{RELATION}([{_H}]{{2,3}}?)[，,]?(?:今年|才|刚满|快)[0-9一二三四五六七八九十]{{1,3}}岁"
)


def aged(text: str) -> Iterator[Place]:
    """我家闹闹今年五岁: who is so many years old, behind a relation."""
    for found in _AGED.finditer(text) if "岁" in text else ():
        if tag(found[1])[1][:1] not in set("rdctmpn") or tag(found[1])[0] < 20:
            yield found.span(1)


def introduced(text: str) -> Iterator[Place]:
    """小雨是我大学最好的朋友: whom the sentence says to be somebody to the writer."""
    for found in _LIKE_ME.finditer(text) if "是我" in text else ():
        name = found[1]
        frequency, kind = tag(name)
        familiar = name[0] in "小阿老" or name[-1] in "哥姐叔姨"
        if re.fullmatch(RELATION, name) or (kind[:1] in {"r", "d", "v", "c", "t"}):
            continue
        if not kind or kind.startswith("nr") or (familiar and frequency < 20):
            titled = name[-1] in "哥姐叔姨" and name[0] in parts().family
            yield found.start(1), found.end(1) - (titled and len(name) == 2)
    if "的名字" in text:
        yield from (found.span(1) for found in _NAME_OF.finditer(text))


FINDERS = (cued, introduced, aged)
