"""Numbers and addresses that lead to a person: found by their form, their check digit and their cue.

Each finder yields ``(start, end)`` in the text. A form that anyone may know (hotlines, 400 numbers)
is left, and so is a long number that is no card by Luhn's sum and is not called one.
"""

# ruff: noqa: E501  # alternations of a rule stand in one line

import re
from collections.abc import Callable, Iterator

from psyche_bench.synthesis.lexicon import words

Place = tuple[int, int]
_HANZI_DIGITS = "零〇一二三四五六七八九幺"
_N = "0-9０-９"
_GAP = r"[ \t\-—–.·_*]{0,2}"  # what people put between digits so that no filter sees the number
_EDGE = f"(?<![{_N}A-Za-z])", f"(?![{_N}])"


def _digits(text: str) -> str:
    """The digits of a stretch, also those written as Chinese numerals or full-width."""
    table = str.maketrans("零〇一二三四五六七八九幺", "001234567891")
    return "".join(str(int(c)) for c in text.translate(table) if c.isdecimal())


EMAIL = re.compile(
    r"(?<![A-Za-z0-9._%+\-])[A-Za-z0-9][A-Za-z0-9._%+\-]{0,63}"
    r"(?:\s?@\s?|\s?[(（\[]\s?(?:at|AT|艾特)\s?[)）\]]\s?|#(?=[a-z0-9]+\.com)|＠|\s艾特\s?)"
    r"(?:[A-Za-z0-9\-]{1,63}\s?(?:\.|．|。(?=com|cn|net)|[(（\[]\s?(?:dot|点)\s?[)）\]])\s?){1,4}"
    r"[A-Za-z]{2,12}(?![A-Za-z0-9])"
)
_MOBILE = re.compile(
    rf"{_EDGE[0]}(?:(?:\+|00)\s?86{_GAP}|86[-\s])?[1１]{_GAP}[3-9３-９](?:{_GAP}[{_N}]){{9}}{_EDGE[1]}"
)
_SPELT = re.compile(
    rf"(?<![{_HANZI_DIGITS}{_N}])[一幺1１]{_GAP}[三四五六七八九3-9３-９]"
    rf"(?:{_GAP}[{_HANZI_DIGITS}{_N}]){{9}}(?![{_HANZI_DIGITS}{_N}])"
)
_MASKED = re.compile(rf"{_EDGE[0]}1[3-9]\d[*xX×＊]{{4}}\d{{4}}{_EDGE[1]}")
_LANDLINE = re.compile(
    rf"{_EDGE[0]}(?<![\d.\-])(?:(?:\+|00)86[- ]?)?[(（]?0(?:10|2\d|[3-9]\d{{2}})[)）]?{_GAP}"
    rf"[2-9]\d{{2,3}}[- ]?\d{{4}}(?:[-转]\d{{1,5}})?{_EDGE[1]}"
)
_ABROAD = re.compile(
    rf"(?<![{_N}A-Za-z+])(?:\+|00(?=[1-9]))[1-9]\d{{0,2}}[- ]?(?:[(（]\d{{1,4}}[)）][- ]?)?\d{{2,5}}"
    rf"(?:[- ]?\d{{2,5}}){{1,4}}{_EDGE[1]}"
    r"|(?<![\d.(])[(]?\d{3}[)]?[- ]\d{3}-\d{4}(?!\d)"
)
_CALLED = re.compile(
    rf"(?:电话|座机|手机|手机号码?|联系方式|号码|tel|phone|拨打|打给?我|call me at)[^\n{_N}]{{0,6}}?"
    rf"(?<![{_N}\-])((?:[(（]?\d{{3,4}}[)）]?[- ]?)?[2-9]\d{{2,3}}[- ]?\d{{4}}|1(?:{_GAP}\d){{10}}){_EDGE[1]}",
    re.IGNORECASE,
)
_PUBLIC = re.compile(
    r"(?:热线|援助|危机|求助电话|咨询电话|客服|hotline|helpline|lifeline)[^\n。]{0,12}\Z",
    re.IGNORECASE,
)


def phones(text: str) -> Iterator[Place]:
    """Mobile numbers (also spelt, spaced or masked), landlines, numbers abroad; no hotlines."""
    for pattern in (_MOBILE, _SPELT, _MASKED):
        yield from (found.span() for found in pattern.finditer(text))
    for pattern, group in ((_LANDLINE, 0), (_ABROAD, 0), (_CALLED, 1)):
        for found in pattern.finditer(text):
            if not _is_public(text, found.start(group), found[group]):
                yield found.span(group)


def _is_public(text: str, start: int, number: str) -> bool:
    """A hotline by its digits, a service number by its form, or a landline that is called one."""
    digits = _digits(number).removeprefix("0086").removeprefix("86")
    listed = digits in words("hotlines") or digits[:3] in {"400", "800"}
    mobile = len(digits) == 11 and digits[0] == "1"
    return listed or (not mobile and bool(_PUBLIC.search(text, max(0, start - 24), start)))


_ID_CARD = re.compile(
    r"(?<![0-9A-Za-z])[1-9]\d{5}[ \-]?(?:18|19|20)\d{2}[ \-]?(?:0[1-9]|1[0-2])[ \-]?"
    r"(?:0[1-9]|[12]\d|3[01])[ \-]?\d{3}[ \-]?[\dXx](?![0-9A-Za-z])"
)
_ID_CALLED = re.compile(
    r"(?:身份证(?:号码?)?|证件号码?|ID\s?card)[^\n0-9]{0,8}?(\d(?:[ \-]?\d){13,16}[ \-]?[\dXx])(?![0-9A-Za-z])",
    re.IGNORECASE,
)
_ORDER = re.compile(r"(?:订单|单号|流水|编号|运单|快递|序列)[^\n。]{0,8}\Z")
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def is_id_card(number: str) -> bool:
    """The check digit of 18 characters: sum of weighted digits mod 11 (GB 11643-1999).

    >>> is_id_card("990101199003071093"), is_id_card("990101199003071091")
    (True, False)
    """
    if len(number) != 18 or not number[:17].isdecimal():
        return False
    total = sum(w * int(d) for w, d in zip(_WEIGHTS, number, strict=False))
    return "10X98765432"[total % 11] == number[17].upper()


def id_cards(text: str) -> Iterator[Place]:
    """Numbers of identity cards: with region and date, unless an order number fails the check."""
    for found in _ID_CARD.finditer(text):
        number = re.sub(r"[ \-]", "", found[0])
        if is_id_card(number) or not _ORDER.search(text, max(0, found.start() - 12), found.start()):
            yield found.span()
    yield from (found.span(1) for found in _ID_CALLED.finditer(text))


_CARD = re.compile(
    r"(?<![0-9A-Za-z.])[1-9]\d{3}(?:[ \-]?\d{4}){2}[ \-]?(?:\d{4}[ \-]?\d{1,3}|\d{3,4})(?![0-9A-Za-z])"
)
_CARD_CALLED = re.compile(
    r"(?:(?:打|转|汇|存)(?:款|账|钱)?[到给进]|户名|开户|银行卡|信用卡|储蓄卡|借记卡|工资卡|卡号|账号|账户|card (?:number|no\.?))[^\n0-9]{0,10}?"
    r"(\d(?:[ \-]?\d){14,18})(?![0-9])",
    re.IGNORECASE,
)


def luhn(number: str) -> bool:
    """Luhn's sum (ISO/IEC 7812): every second digit from the right doubled, the total ends in 0.

    >>> luhn("4111111111111111"), luhn("4111111111111112")
    (True, False)
    """
    doubled = (int(d) * (1 + i % 2) for i, d in enumerate(reversed(number)))
    return sum(d - 9 if d > 9 else d for d in doubled) % 10 == 0


def cards(text: str) -> Iterator[Place]:
    """Card numbers of 15 to 19 digits: right by Luhn's sum, or called a card's."""
    yield from (f.span() for f in _CARD.finditer(text) if luhn(re.sub(r"\D", "", f[0])))
    yield from (found.span(1) for found in _CARD_CALLED.finditer(text))


_IS = r"(?:号码?|ID|id|账号|帐号|名|聊|私聊)?\s?(?:就?是|为|叫|改成|换成)?\s?[:：=，,]?\s?"
_WECHAT = re.compile(
    r"(?:[微薇威维徽]信|卫星|(?<![A-Za-z])(?:[Vv]信|[Vv][Xx]|[Ww][Xx]|wechat|WeChat|Wechat|weixin|Weixin)"
    r"|[加➕+]\s?(?:一下)?(?:我|俺|个|下)?(?:的)?\s?(?:[VvＶ](?![A-Za-z])|[微薇])"
    r"|(?<![A-Za-z])[Vv](?=[:：])|我[Vv](?=[A-Za-z0-9_\-]{6})|绿泡泡?|绿色软件|[薇微威]\s?[❤♥心]?(?=\s?[:：]?\s?[A-Za-z0-9_\-]{5})[❤♥]?)"
    rf"{_IS}([A-Za-z][A-Za-z0-9_\-]{{4,19}}|\d[A-Za-z0-9_\-]{{4,19}})(?![A-Za-z0-9@])"
)
_QQ = re.compile(
    r"(?:(?<![A-Za-z])[Qq]{2}|扣扣|企鹅|球球|[加➕+]\s?(?:一下)?(?:我|个|下)?(?:的)?\s?[QqＱ扣](?![A-Za-z])"
    r"|(?<![A-Za-z])[Qq](?=[:：]|\s?[1-9]\d{7})|(?<![A-Za-z])[QqＱ扣]\s?我|我\s?扣|群(?=号|聊号|\s?[:：]?\s?[1-9]\d{6}))"
    r"\s?(?:群|小号|大号|群聊)?"
    rf"{_IS}([1-9](?:[ \-]?\d){{4,10}})(?![0-9@人元块天个])"
)


_WECHAT_LATER = re.compile(
    r"(?:微信|(?<![A-Za-z])[Vv][Xx])[^A-Za-z0-9。！？!?\n]{1,8}"
    r"(?=[A-Za-z_\-]{0,19}[0-9_])([A-Za-z][A-Za-z0-9_\-]{5,19})(?![A-Za-z0-9@.])"
)
_QQ_LATER = re.compile(
    r"(?:(?<![A-Za-z])[Qq]{2}|扣扣)[^0-9\n]{2,24}?(?:[，,：:（(]|号码?是?)\s?([1-9]\d{7,9})(?![0-9A-Za-z元])"
)


def wechats(text: str) -> Iterator[Place]:
    """WeChat names after 微信, V, vx, …; a word of letters alone needs 是 or a colon."""
    for found in _WECHAT.finditer(text):
        name, cue = found[1], text[found.start() : found.start(1)]
        said = any(mark in cue for mark in "号:：是为叫=")
        if said or not name.isalpha():
            yield found.span(1)
    yield from (found.span(1) for found in _WECHAT_LATER.finditer(text))


def qqs(text: str) -> Iterator[Place]:
    """QQ numbers after QQ, 扣扣, 企鹅."""
    for found in (*_QQ.finditer(text), *_QQ_LATER.finditer(text)):
        if not _ORDER.search(text, max(0, found.start(1) - 12), found.start(1)):
            yield found.span(1)


_PLATE = re.compile(
    r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][ ]?[A-HJ-NP-Za-hj-np-z][·•・ \-]?"
    r"(?=[A-Za-z]{0,5}\d)[A-HJ-NP-Za-hj-np-z0-9]{4,6}[学警港澳挂]?(?![A-Za-z0-9])"
)


def plates(text: str) -> Iterator[Place]:
    """Number plates of the mainland: province, letter, five or six more."""
    for found in _PLATE.finditer(text):
        more = re.sub(r"[^A-Za-z0-9学警港澳挂]", "", found[0][1:])
        if 6 <= len(more) <= 7:
            yield found.span()


_YEAR = r"(?:(?:19|20)?\d{2}|[一二]?[零〇一二三四五六七八九九]{2,4})\s?年\s?"
_MONTH = r"(?:农历|阴历|阳历|公历)?\s?(?:[01]?\d|正|腊|冬|[一二三四五六七八九十]{1,2})\s?月\s?"
_DAY = r"(?:[0-3]?\d|初?[一二三四五六七八九十廿]{1,3})\s?[日号]?"
_DATE = (
    rf"(?:{_YEAR}{_MONTH}(?:{_DAY})?|{_MONTH}{_DAY}"
    r"|(?:19|20)\d{2}\s?[-/.．]\s?\d{1,2}\s?[-/.．]\s?\d{1,2}|(?:19|20)\d{2}[-/.．](?:0?[1-9]|1[0-2])(?![\d.\-/])|(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?!\d)"
    r"|(?:0?[1-9]|1[0-2])[-/.](?:[12]\d|3[01]|0?[1-9])(?!\d)"
    r"|(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*\.? \d{1,2}(?:st|nd|rd|th)?,? (?:19|20)\d{2}"
    r"|\d{1,2}(?:st|nd|rd|th)? (?:January|February|March|April|May|June|July|August|September|October|November|December),? (?:19|20)\d{2})"
)
_BORN = re.compile(
    r"(?:出生年月日?|出生日期|出生时间|出生(?:于|在)|生日|生辰|生于|诞辰|(?<!女)(?<!男)生在|date of birth|DOB|born(?: on)?|birthday(?: is)?)"
    rf"(?:是|在|为|就是|is|[:：]|\s|，|农历|阴历|的|我|都)*({_DATE})"
    rf"|({_DATE})\s?(?:的?(?:出生|生日|生人|生的)|[,，]?\s?(?:我)?出生|那天出生|生(?=[，。、；]|\Z)|来到这个世界|(?:的)?(?=是?(?:我|他|她)的?生日))",
    re.IGNORECASE,
)


_BIRTH = re.compile(
    "出生|生[日辰于人的在，。、；]|生\\Z|诞辰|个世界|born|birth|DOB", re.IGNORECASE
)  # a search for words is quick


def birth_dates(text: str) -> Iterator[Place]:
    """Dates of at least a month that are said to be somebody's birth; a year alone is an age."""
    if not _BIRTH.search(text):
        return
    for found in _BORN.finditer(text):
        group = 1 if found[1] else 2
        stretch = found[group]
        yield found.start(group), found.start(group) + len(stretch.rstrip())


NUMBER = re.compile(
    rf"[{_N}@＠]|(?:[{_HANZI_DIGITS}]{_GAP}){{9}}|艾特|[(（\[]\s?at|[微薇威维徽Vv]信|[Vv][Xx]|[Ww][Xx]|we|[加➕+]|[Vv][:：]|泡泡|{_BIRTH.pattern}",
    re.IGNORECASE,
)
"""Without one of these a text holds none of what the finders look for."""

FINDERS: dict[str, Callable[[str], Iterator[Place]]] = {
    "email": lambda text: (found.span() for found in EMAIL.finditer(text)),
    "id_card": id_cards,
    "card": cards,
    "wechat": wechats,
    "qq": qqs,
    "phone": phones,
    "plate": plates,
    "birth_date": birth_dates,
}
"""Finders in the order of their precedence: where two overlap, the first keeps the place."""
