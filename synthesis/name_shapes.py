"""Names by their shape: 王老师, 小何, 老赵, 阿杰, 佳佳, 芳芳姐, 约翰·史密斯."""

import re
from collections.abc import Iterator
from functools import cache

from psyche_bench.synthesis.identifiers import Place
from psyche_bench.synthesis.lexicon import HANZI, cut, sections, tag, tokens, words
from psyche_bench.synthesis.name_words import (
    EPONYM,
    RELATION,
    TITLE,
    TITLE_AFTER,
    after,
    before,
    is_given,
    is_noun,
    is_word,
    parts,
    related,
)

_H = HANZI
_SHORT_TITLE = "总(?![是结体部共之会算得的务统裁觉])|[哥姐叔姨嫂婶伯](?![哥姐叔姨嫂们])"
_OFFICE = "[工导局处队](?=[说让是把给对跟和也就又的]|[^\u4e00-\u9fff]|\\Z)"
_NOT_AFTER = (
    "(?:师|板|公|婆|子|家|人|乡|鼠|虎|式|化|牌|金|本|米粥|康|车|白菜|麦|区|思|时候|学|姐|哥|弟|妹)"
)


def _is_function(text: str, start: int, end: int) -> bool:
    """对于老师, and 连老师都: a family name that is a preposition here."""
    if text[start] == "于":
        return start > 0 and text[start - 1] in "自对处属由关位等源基出"
    return text[start] == "连" and text[end : end + 1] in set("都也")


_KIN_TITLE = frozenset(
    "妈妈 爸爸 哥哥 姐姐 弟弟 妹妹 婆婆 公公 伯母 会计 秘书 警察 法官 助理 社工 主管 督导".split()
)


@cache
def _titled_form() -> re.Pattern[str]:
    return re.compile(f"({parts().surname})({TITLE}|{_SHORT_TITLE}|{_OFFICE}|某人)")


def titled(text: str) -> Iterator[Place]:
    """王 in 王老师: what follows the family name stays, since it says who that is to the writer."""
    for found in _titled_form().finditer(text):
        start, family, title = found.start(), found[1], found[2]
        word = dict(tokens(text, start)).get(start, "")
        if title == "某人" or (word != family and is_word(text[start : start + 2], 300)):
            continue
        if _is_function(text, start, found.end()) or related(text, start + 1):
            continue
        weak = len(title) == 1 or title in _KIN_TITLE
        if weak and not (before(text, start) and (len(title) == 1 or family in parts().plain)):
            continue
        if word and (word == family or word.startswith(family + title[:1])):
            yield start, start + len(family)


@cache
def _given_titled_form() -> re.Pattern[str]:
    one = parts().one
    return re.compile(f"({one}{one})(?={TITLE}|[哥姐叔姨婶嫂伯](?![哥姐叔姨婶嫂伯]))")


def given_titled(text: str) -> Iterator[Place]:
    """芳芳 in 芳芳姐, 子涵 in 子涵妈妈."""
    for found in _given_titled_form().finditer(text):
        if is_given(found[1]) and before(text, found.start()):
            yield found.span(1)


_NUMBERED = re.compile(r"(?<=[和跟与给对找])老[三四五六七八九幺](?![十百])")


@cache
def _familiar_form() -> re.Pattern[str]:
    return re.compile(f"(?<![{_H}][大幼从])[小老阿大]({parts().surname})(?!{_NOT_AFTER})")


@cache
def _called_form() -> re.Pattern[str]:
    brother = f"[{''.join(sorted(sections('given')['brother']))}]"
    after_a = f"[{''.join(sorted(sections('given')['after_a'] | parts().strong))}]"
    return re.compile(
        f"阿{after_a}(?![姨胶拉尔里富德斯司婆公妈爸])"
        f"|(?:(?<![{_H}])|(?<=[和跟与给对让叫找])){brother}[哥姐](?![一-龥]?们)"
        f"|{brother}子"
    )


@cache
def _little_form() -> re.Pattern[str]:
    chosen = "".join(sorted(parts().strong - sections("given")["not_little"]))
    return re.compile(f"(?<![大从幼最很太更较缩])小[{chosen}](?![{_H}]?[型时])")


def familiar(text: str) -> Iterator[Place]:
    """小王, 老李, and 大刘 behind a relation."""
    for found in _familiar_form().finditer(text):
        start, end, family = found.start(), found.end(), found[1]
        frequency, kind = tag(text[start:end])
        timed = kind == "t" and frequency < 100  # as the dictionary calls 老周
        if is_word(text[end - 1 : end + 1], 20) or (is_noun(text[start:end]) and not timed):
            continue
        if found[0][0] == "大" and not (related(text, start) and not is_word(found[0])):
            continue
        plain = family in parts().plain
        beside = before(text, start) and after(text, end)
        fits = len(family) == 1 and (beside or (plain and before(text, start)))
        if fits and not is_word(text[start - 1 : start + 1], 50):
            yield start, end


def little(text: str) -> Iterator[Place]:
    """小美, 阿杰, 强哥, 强子: a given name of one character, where a person is named or called."""
    for found in _NUMBERED.finditer(text):
        if before(text, found.start()) and after(text, found.end()):
            yield found.span()
    for form in (_little_form(), _called_form()):
        for found in form.finditer(text):
            start, end = found.span()
            if text[end - 1] == "子" and not related(text, start):
                continue
            beside = (before(text, start) or _is_called(text, start)) and after(text, end)
            split = is_word(text[end - 1 : end + 1], 20) and not related(text, start)
            word = is_noun(text[start:end]) or is_word(text[start : end + 1], 20)
            if beside and not split and (not word or _is_called(text, start)):
                yield start, end


_CALL = re.compile(r"(?:[和跟与给对让叫找]|叫我|喊我)\Z")
_TWICE = re.compile(f"([{_H}])\\1(?!\\1)")
_DOES = re.compile(
    "[说问打骂让给和跟对是在也就又总把被很不都要会能想去来没跟家从转住的啊呀加，。！？：、”]"
    "|\\Z|昨天|昨晚|今天|最近"
)
_CALLS = re.compile(rf"(?:\A|[^{_H}]|[和跟与给对让叫找喊是]|叫我|喊我)\Z")


def _is_called(text: str, start: int) -> bool:
    return related(text, start) or bool(_CALL.search(text, max(0, start - 2), start))


@cache
def _foreign_form() -> re.Pattern[str]:
    listed = sorted(words("foreign"), key=len, reverse=True)
    return re.compile(f"(?<![·•])(?:{'|'.join(listed)})(?![·•])")


def doubled(text: str) -> Iterator[Place]:
    """佳佳, and 安娜: names without a family name, where a person is called or does something."""
    for found in _TWICE.finditer(text):
        start, end = found.span()
        frequency, kind = tag(found[0])
        told = (
            text[max(0, start - 2) : start] in {"叫我", "喊我"} or text[start - 1 : start] == "叫"
        )
        titled = bool(TITLE_AFTER.match(text, end))
        titled = titled and (not frequency or found[0] in sections("given")["doubled"])
        known = (
            told
            or titled
            or found[1] in sections("given")["strong"]
            or (found[1] in parts().given and not frequency and tag(found[1])[1].startswith("n"))
            or (
                related(text, start)
                and frequency < 30
                and tag(found[1])[1][:1] not in set("vdpcrz")
            )
        )
        pet = found[0] in sections("given")["doubled"]
        known = known or pet
        common = (kind != "nz" and is_noun(found[0])) or (
            kind[:1] in {"d", "r", "q"} and frequency > 5
        )
        ordinary = common and not pet
        stands = _stands(text, start, end) or (titled and before(text, start))
        if known and not ordinary and (stands or _does(text, start, end)):
            yield start, end
    for found in _foreign_form().finditer(text):
        if _does(text, *found.span()):
            yield found.span()


_MANY = frozenset("我们 咱们 他们 她们".split())


def _stands(text: str, start: int, end: int) -> bool:
    """除了冰冰谁…: behind a word that leads to a person; not 清清楚楚, 静静地."""
    four = text[start - 2 : start - 1] == text[start - 1 : start] or _TWICE.match(text, end)
    leads = sections("persons")["before"] - _MANY
    led = any(text[max(0, start - n) : start] in leads for n in (2, 3))
    return led and not four and text[end : end + 1] not in set("地得") and after(text, end)


def _does(text: str, start: int, end: int) -> bool:
    if text[max(0, start - 2) : start] in {"叫我", "喊我"}:
        return True
    led = related(text, start) or _CALLS.search(text, max(0, start - 1), start)
    return bool(led and _DOES.match(text, end))


@cache
def _given_form() -> re.Pattern[str]:
    one = f"[{''.join(sorted(parts().strong))}]"
    return re.compile(f"(?<=[喊叫找和跟给对起见念识欢上到去诉系了]){one}{one}")


_NAMING = re.compile(
    "(?:[喊叫找和跟给对]|想起|梦见|想念|认识|喜欢|爱上|遇到|见到|失去|告诉|联系|提到)了?\\Z"
)


def called_given(text: str) -> Iterator[Place]:
    """奶奶一直喊秀英，: a given name that somebody calls, knows or loses."""
    for found in _given_form().finditer(text):
        start, end = found.span()
        row = dict(tokens(text, start))
        whole = len(row.get(start, "")) == 2 or (start in row and start + 1 in row)
        split = not whole or is_word(text[end - 1 : end + 1], 20)
        frequency, kind = tag(text[start:end])
        rare = frequency < 150 and kind[:1] != "a"
        named = rare and not split and is_given(text[start:end])
        if named and _NAMING.search(text, max(0, start - 4), start) and after(text, end):
            yield start, end


def related_given(text: str) -> Iterator[Place]:
    """儿媳妇桂兰, 发小胖虎: a given name or a nickname directly behind a relation."""
    for found in _RELATION.finditer(text):
        start = found.end()
        row = cut(text, start, min(len(text), start + 6)) if start < len(text) else []
        end = _given_end(text, row)
        if end and after(text, end):
            yield start, end


@cache
def _spoken_to_form() -> re.Pattern[str]:
    one = f"[{''.join(sorted(parts().strong))}]"
    return re.compile(f'(?:\\A|[“"「『：:。！？，\n])({one}{one})(?=[啊呀，！,!：])')


def spoken_to(text: str) -> Iterator[Place]:
    """“思琪啊: a given name that is no word, and stands alone."""
    for found in _spoken_to_form().finditer(text):
        if not tag(found[1])[0] and found[1][0] != found[1][1]:
            yield found.span(1)


_RELATION = re.compile(f"{RELATION}(?=[{_H}])")


def _given_end(text: str, row: list[tuple[int, str]]) -> int:
    """The end of a given name in front of a row of words, or 0."""
    if not row or row[0][1][0] in "家有子人心":
        return 0
    start, word = row[0]
    name = text[start : start + 2]
    if (
        name[:1] == "小"
        and name[1:] in parts().given
        and not is_word(text[start + 1 : start + 3], 50)
    ):
        return start + 2
    if len(word) == 2:
        return start + 2 if is_given(word) else 0
    if len(word) > 1 or len(row) < 2 or len(row[1][1]) > 1:
        return 0
    kinds = {tag(word)[1][:1], tag(row[1][1])[1][:1]}
    fits = name[1] in parts().strong and (
        name[0] in parts().given or name[0] in sections("given")["pet"]
    )
    little = fits and not kinds & {"d", "p", "c", "r", "u", "y", "v", "f", "m"}
    return start + 2 if is_given(name) or little else 0


_DOTS = re.compile("[·•・]")
_DOTTED = re.compile(
    f"[{_H}]{{1,6}}(?:[·•・][{_H}]{{1,7}}){{1,3}}|[{_H}]{{1,6}}[·•・][A-Z](?![A-Za-z])"
)
_INSTITUTION = re.compile("大学|学院|医院|效应|理论|量表|测验|疗法")


def dotted(text: str) -> Iterator[Place]:
    """约翰·史密斯, unless a part is a scholar's or it names a thing."""
    for found in _DOTTED.finditer(text) if _DOTS.search(text) else ():
        stands = any(
            part in word or word in part
            for part in _DOTS.split(found[0])
            for word in words("scholars")
            if len(part) > 1 and len(word) > 1
        )
        named = _INSTITUTION.search(text, found.start(), found.end() + 2)
        if not (stands or named or EPONYM.match(text, found.end())):
            yield _trimmed(text, *found.span())


def _trimmed(text: str, start: int, end: int) -> Place:
    """Without a verb or kin word that ran into the name from the left or the right."""
    head = re.match(
        rf"(?:.{{0,3}}(?:认识|遇到|叫|是|了|如|和|跟|对|给|让|的|{RELATION}))",
        _DOTS.split(text[start:end])[0],
    )
    start += len(head[0]) if head else 0
    tail = re.search(r"[·•・](?:.{2,4}?)([说问在是的对让给和跟].*)\Z", text[start:end])
    return start, end - (len(tail[1]) if tail else 0)


FINDERS = (
    titled, given_titled, familiar, little, doubled, related_given, called_given, spoken_to, dotted,
)  # fmt: skip
