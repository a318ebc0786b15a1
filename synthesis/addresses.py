"""Addresses down to a house, a compound, a village or a district: 文三路138号, not 北京.

The parts of an address are matched atomically, each in a window of bounded width, so that the work
for a text grows with its length whatever stands in it.
"""

import re
from collections.abc import Iterator

from psyche_bench.synthesis.identifiers import Place
from psyche_bench.synthesis.lexicon import HANZI, either, sections

_H = HANZI
_D = "0-9０-９"
_ADMIN_END = "(?:省|自治区|市|自治州|地区|盟|州|(?<![小校社郊城山景])区|县|旗|新区|开发区)"
_ADMIN = f"(?>(?:[{_H}]{{2,8}}?{_ADMIN_END}){{0,3}})"
_TOWN = f"(?>(?:[{_H}]{{1,6}}?(?:街道|镇|乡))?)"
_VILLAGE = f"(?>(?:[{_H}]{{1,6}}?(?:村|屯|庄|社区))?)"
_ROAD = f"(?:[{_H}]{{1,8}}?(?:路|街|大道|大街|巷|弄|胡同|里弄|道)(?:[东南西北中]段?)?)"
_NUMBER = rf"\s?[{_D}一二三四五六七八九十百]{{1,5}}(?:[-—之][0-9]{{1,4}})?\s?[号弄]院?"
_COMPOUND = either("places", "compound")[3:-1]
_HOUSE = f"(?:[{_H}]{{2,8}}?(?:{_COMPOUND}|府|城|湾|广场|大厦|里|居|庭|园|宿舍楼?|校区))"
_UNIT = f"[{_D}A-Za-z一二三四五六七八九十]{{1,4}}"
_ROOM = (
    rf"(?:\s?(?:[A-Za-z]座|{_UNIT}\s?(?:号楼|栋|幢|座|单元|号院|期|区|组|队|层|楼|号|门|室|户|#)\s?)"
    rf"(?:{_UNIT}\s?(?:号楼|栋|幢|座|单元|层|楼|号|门|室|户|#)\s?){{0,4}}(?:[0-9]{{2,4}}(?:室|房|户)?)?)"
)
_ADDRESS = re.compile(
    f"{_ADMIN}{_TOWN}{_VILLAGE}(?:{_ROAD}{_NUMBER}(?:{_HOUSE})?{_ROOM}?|{_HOUSE}{_ROOM})"
    f"|(?>(?:[{_H}]{{2,8}}?(?:省|自治区|市|自治州|地区|盟|州)){{0,2}})"
    f"[{_H}]{{2,6}}?(?:市|区|县|旗)(?:[{_H}]{{1,6}}?(?:街道|镇|乡))"
    f"(?:[{_H}]{{1,6}}?(?:村|屯|庄|社区)(?:[0-9一二三四五六七八九十]+[组队号])?)?"
    f"|(?:[{_H}]{{2,6}}?(?:省|自治区|市)){{1,2}}[{_H}]{{1,6}}?(?:区|县|旗)(?![别域间分]|长)"
    f"(?:{_ROAD}|{_HOUSE})?"
    f"|[{_H}]{{2,6}}?[市区县](?:[{_H}]{{2,6}}?(?:{_COMPOUND}))"
    f"|{_ROAD}[与和]{_ROAD}(?:交叉口|交叉路口|路口|交汇处|交界)"
    f"|{_ROAD}(?:人行天桥|天桥|地铁站|公交站|派出所|路口)"
)
_VILLAGES = "(?:村|屯|庄|寨|镇|乡)"
_AT_HOME = re.compile(
    r"(?:住在|家住|现住|住址[:：是]?|地址[:：是]?|搬到了?|搬进了?|家在|老家在|老家是|寄到|送到|户籍[:：是]?|定位[:：是]?)\s?"
    f"((?:{_ADMIN}{_TOWN}{_VILLAGE}{_ROAD}?(?:{_HOUSE}))|{_ADMIN}{_TOWN}[{_H}]{{1,5}}?{_VILLAGES}"
    f"|{_ADMIN}{_ROAD}(?:附近|边上)?)(?![{_H}]?[里长])"
)
_MOVED = re.compile(
    rf"从((?:{_ADMIN}{_TOWN}{_VILLAGE}{_ROAD}?(?:{_HOUSE})))(?=搬)"
    f"|[在住到从去](?![这那我你他她每全整本小古某])([{_H}]{{2,3}}[镇乡](?:[{_H}]{{0,2}}[街路巷](?![道口上])|[{_H}]{{1,4}}?[村屯庄寨]村?))"
)
_GREW_UP = re.compile(
    "(?:(?:我们|我家|老家|家乡|我)[村屯庄寨镇乡县]?(?:那个[村镇])?(?:叫|是|在)"
    "|从小在|出生在|生在|长在|嫁到|我是|来自|出身|走出|逃离|回到?|老家)"
    f"([{_H}]{{1,5}}?(?:{_VILLAGES}|县))(?=[^{_H}]|长大|出来|出生|生活|的|之后|以后|里?种地|住|过年|教书|支教|一个)"
)
_HINT = re.compile("[路街巷弄号栋幢室县区镇乡村寨苑园府庄]|小区|公寓|单元|大道|大厦|胡同")
_ENGLISH = re.compile(
    r"(?<![A-Za-z0-9])\d{1,5}(?:-\d{1,4})?\s(?:[A-Z][A-Za-z]+\s){1,4}"
    r"(?:Street|St|Road|Rd|Avenue|Ave|Lane|Ln|Drive|Dr|Boulevard|Blvd|Court|Ct|Way)\b\.?"
    r"(?:,? (?:Apt|Apartment|Unit|Room|Suite)\.? ?#?\w{1,5})?"
)


def addresses(text: str) -> Iterator[Place]:
    """Places down to a house, a compound, a village or a district."""
    if _HINT.search(text):
        for found in _ADDRESS.finditer(text):
            yield from _cut(text, *found.span())
        for form in (_AT_HOME, _GREW_UP, _MOVED):
            for found in form.finditer(text):
                yield from _cut(text, *found.span(found.lastindex or 0))
    yield from (found.span() for found in _ENGLISH.finditer(text))


_ORDINARY = re.compile(
    "(?:这|那|本|该|各|某|隔壁|对面|附近|老旧?|新|旧|高档|普通|大|小|每|整|全|市|县|我|一|同一|两|几|个|条|大学|学校|公司|单位|员工|学生|农|山|乡|集|赶|城)*"
    "(?:房子|屋子|楼房|小区|公寓|花园|校区|宿舍楼?|社区|村|镇|乡|县|街|路|市区|地区|区|城|园|里|广场|大厦|山庄|别墅|寨|庄)里?"
)
_PART = re.compile(r"[0-9一二三四五六七八九十]+[号楼室层单元栋区组队期院门座\d]+")
_OUTSIDE = re.compile(f"(?:.*?{either('places', 'outside')})+")
_PROPER = re.compile("|".join(sorted(sections("places")["with_he"] | sections("places")["omen"])))


def _cut(text: str, start: int, end: int) -> Iterator[Place]:
    """The address without the words of the sentence before it."""
    stretch = _PROPER.sub(lambda found: "〇" * len(found[0]), text[start:end])
    joined = re.search("[与和](?=[^与和]{1,9}(?:交叉|路口|交汇|交界))", stretch)
    if joined:
        stretch = stretch[: joined.start()] + "〇" + stretch[joined.end() :]
    outside = _OUTSIDE.match(stretch)
    start += outside.end() if outside else 0
    end = start + len(text[start:end].rstrip())
    kept = text[start:end]
    if len(kept) >= 3 and not _ORDINARY.fullmatch(kept) and not _PART.fullmatch(kept):
        yield start, end
