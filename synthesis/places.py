"""Addresses, schools, employers and hospitals that are named, not merely mentioned.

Each ends in a telling word (小学, 医院, 公司, 号楼), and its name is what stands before, back to the
first word that belongs to the sentence. 我们学校, 一家外贸公司 and 市里的大医院 name nothing and stay.
"""

# ruff: noqa: E501  # alternations of a rule stand in one line

import re
from collections.abc import Iterator

from psyche_bench.synthesis.identifiers import Place

_H = "\u4e00-\u9fff"
# Words of the sentence, not of a name: the name begins after the last of them.
_OUTSIDE = (
    "我们|你们|他们|她们|咱们|自己|大家|这所|那所|一所|某所|两所|几所|这家|那家|一家|某家|两家|几家|这个|那个|一个|某个|这座|那座|一座|每个|各个|哪个|"
    "毕业于|就读于|就读|任职于|就职于|供职于|考上了?|考进了?|考入|考到|进入|进了|转到|转学到|转入|转去|转至|调到|分到|去了|来到|来自|到了|上了|读的是|念的是|"
    "上的是|读了|念了|毕业|坐落|位于|住在|住进|家住|家在|现住|住址|地址|搬到|搬进|寄到|寄给|送到|送去|送进|带去|带到|在读|实习|工作|上班|上学|读书|任教于|"
    "目前|现在|以前|之前|后来|曾经|已经|刚刚|刚从|今年|去年|前年|当时|然后|最后|于是|因为|所以|但是|可是|不过|如果|虽然|昨天|今天|明天|上周|上个月|每天|每周|"
    "朋友|同学|同事|室友|男友|女友|老公|老婆|丈夫|妻子|儿子|女儿|孩子|爸爸|妈妈|父母|哥哥|姐姐|弟弟|妹妹|老师|表哥|表姐|表弟|表妹|爸妈|父亲|母亲|"
    "挂了|预约了?|推荐|听说|觉得|喜欢|离开|离职|辞职|应聘|入职|跳槽到?|面试|收到|参加|叫做|名叫|学校是|单位是|公司是|医院是|"
    "[我你他她它这那哪在去从是的了到往于被把让给跟和与及或过有又也都还就才很说叫读念考住由离至比为、]"
)
_CUT = re.compile(f"(?:.*?(?:{_OUTSIDE}))+")
_OUTSIDE_WORD = re.compile(
    _OUTSIDE
    + "|时候|小时候|情况|时代|故事|问题|过程|对象|网校|学校|个体户|学生|老师|家长|经历|时间|社会|生活|关系|知识|文本|机会|同桌"
)
_PROPER_PARTS = re.compile(
    "(?:共和|中和|和平|和谐|和顺|永和|三和|泰和|和美|祥和|人和|太和|大有|有为|读者|为民|有志|在水|到位|明德|仁爱|德和|家和|天和|和睦|义和|颐和|和润|和信)"
)

_GENERIC = re.compile(
    "(?:(?:重点|普通|名牌|高等|综合|民办|公办|公立|私立|国外|国内|理想|心仪|老家|附近|全日制|农村|县城|县里|市里|省里|镇上|镇里|乡镇|村里|城里|乡下|寄宿制?|贵族|老年|职业|"
    "技术|技工|中等|高级|初级|完全|九年一贯制|男子|女子|本地|当地|外地|外省|本省|本市|本科|专科|三甲|三级|二级|甲等|大型|小型|中型|正规|专业|精神病?|精神科|心理|"
    "妇产科?|儿童|妇幼|口腔|眼科|肿瘤|中医|西医|骨科|社区|校|县|市|省|区|镇|乡|村|大|小|中|好|新|老|旧|原|本|该|外|私人|医美|整形|宠物|人民|中心|急救|康复|传染病|"
    "外贸|贸易|互联网|网络|科技|软件|上市|国有|国企|私企|外企|民营|合资|创业|初创|保险|广告|房地产|地产|建筑|装修|装饰|快递|物流|金融|投资|证券|基金|传媒|媒体|教育|培训|"
    "咨询|旅游|食品|服装|电子|游戏|影视|文化|设计|会计|律师|事务|化妆品|医药|制药|汽车|家具|搬家|家政|保洁|中介|婚庆|保安|分|总|子|母|大|小|前|上家|下家|新|老|两|几|"
    "第一|第二|一|二|三|四|五|六|七|八|九|十|名|读|上|念|考|进|所|座|家|间|个|级|年|城市|星级|商业|国家|地方|公共|工商|建设|农业|招商|跨国|知名|著名|顶尖|顶级|世界|"
    "电影|美术|音乐|体育|舞蹈|艺术|护理|师范|医科|理工|工业|党|军|警|电视|函授|成人|网|开放|夜|空中|象牙塔|清洁|代工|血汗|服装|鞋|玩具|电子|印刷|水泥|纺织|化工|钢铁|食品)+)"
)
_SCHOOL = (
    "(?:职业技术(?:学院|学校|大学)|职业(?:学院|学校|中学|高中)|技工学校|实验(?:学校|小学|中学)|外国语(?:学校|学院|大学)?(?=[^\\u4e00-\\u9fff]|[的读上念工毕就实])|国际学校|附属(?:小学|中学)|"
    "附[小中]|(?:高级)?中学|小学|高中|初中|大学|学院|幼儿园|卫校|技校|党校|[一二三四五六七八九十]中(?![国间心学等午文专介])|\\d{1,3}中(?![国间心学等午文专介]))"
)
_HOSPITAL = "(?:附属(?:第[一二三四五六七八九十]+)?医院|人民医院|中心医院|医院|卫生院|卫生所|卫生服务中心|卫生中心|妇幼保健院|保健院|诊所|疗养院|门诊部|心理咨询中心|心理咨询工作室|医学中心)"
_EMPLOYER = (
    "(?:(?:股份)?有限(?:责任)?公司|集团(?:公司)?|分公司|公司|事务所|律所|研究院|研究所|设计院|工厂|制造厂|银行|证券|"
    "超市|酒店|大酒店|宾馆|餐厅|工作室|报社|出版社|电视台|派出所|公安局|法院|检察院|居委会|街道办|税务局|教育局|供电局|传媒|科技(?=[^\u4e00-\u9fff]|[上工做当的任实]))"
)
_KNOWN_EMPLOYERS = (
    "(?:华为|腾讯|阿里巴巴|阿里|字节跳动|字节|百度|美团|京东|小米|拼多多|滴滴|网易|比亚迪|富士康|海底捞|顺丰|联想|微软|谷歌|中兴|海尔|格力|快手|小红书|携程|肯德基|麦当劳|星巴克|沃尔玛|"
    "普华永道|德勤|毕马威|安永|中石油|中石化|国家电网|蔚来|理想汽车|特斯拉|宁德时代|万科|恒大|平安保险|中国平安|中国移动|中国电信|中国联通)"
)
_SHORT_SCHOOLS = "(?:北大|清华|复旦|浙大|人大附中|北师大|华师大|华东师大|南大|武大|中大|厦大|川大|山大|上交|上海交大|西安交大|同济|北航|哈工大|中科大|华科|南开|天大|东南大学|中南大学|湖大|吉大|兰大|重大|北理工|华南理工)"
_AT_WORK = re.compile(
    rf"(?:在|进了?|入职了?|去了?|就职于|供职于|任职于|跳槽到了?|离开)\s?({_KNOWN_EMPLOYERS})(?=上班|面试|工作|实习|任职|做|当|干|总部|的|[^{_H}]|\Z|加班|写|搬)"
)
_AT_SCHOOL = re.compile(
    rf"(?:在|考上了?|考进了?|读|毕业于|就读于|来自|是|进了?|上|去)({_SHORT_SCHOOLS})(?!的?研究|附近|街|路|的?出版)"
)
_PUBLIC_USE = re.compile(
    "(?:的?(?:研究(?!生)|学者|一项|调查显示|报告|出版社|学报|心理学[家者])|出版社|学报|教授[^，。]{0,6}(?:提出|发现|认为))"
)
_ENDS = {
    "school": re.compile(_SCHOOL),
    "hospital": re.compile(_HOSPITAL),
    "employer": re.compile(_EMPLOYER),
}
_HINT = re.compile("[校院园中大小所司团厂行室店馆局台社部会券市厅]")


def organisations(text: str) -> Iterator[tuple[int, int, str]]:
    """Named schools, hospitals and employers, as (start, end, type)."""
    for kind, pattern in _ENDS.items():
        for found in pattern.finditer(text):
            start = _begin(text, found.start(), found.end(), kind)
            name = text[start : found.start()]
            if _is_named(name, found[0], kind) and not _PUBLIC_USE.match(text, found.end()):
                yield start, found.end(), kind
    yield from ((*found.span(1), "employer") for found in _AT_WORK.finditer(text))
    yield from ((*found.span(1), "school") for found in _AT_SCHOOL.finditer(text))


_STRAY = frozenset(
    "您咱带我你他她它这那哪在去从是的了到往于被把让给跟和与及或过有又也都还就才很说叫读念考住由离至比为、没要会能不着吧吗呢啊想用对连像着多少些等每各某上下里外前后时"
)
_NAMING_VERBS = frozenset(
    "希望 实验 育才 光明 启明 建设 胜利 奋斗 解放 振兴 育英 树人 立德 崇德 明德 培英 育红 弘毅 致远 启航 扬帆 远航 同济 协和 安定 回龙 爱心 博爱 仁爱 仁济".split()
)
_FOR_NAMES = ("n", "j", "b", "x", "eng", "i", "l", "m", "f", "g", "s")


def _begin(text: str, suffix: int, end: int, kind: str) -> int:
    """Where a name begins that ends here: the words before, back to one that belongs to the sentence.

    The telling word must end a word (失败中学习 names no school), except after 第一 or a digit.
    """
    from psyche_bench.synthesis.names import _tags, tokens

    row = [(place, word) for place, word in tokens(text, suffix, 14) if place < end]
    if not row or row[-1][0] + len(row[-1][1]) > end:
        return suffix
    begin = suffix
    for place, word in reversed(row):
        if place >= suffix:
            continue
        frequency, tag = _tags().get(word, (0, "x"))
        plain = len(word) == 1 and word not in _STRAY and tag not in {"p", "r", "c", "d", "u"}
        fits = tag.startswith(_FOR_NAMES) or (frequency < 100 and tag[0] not in "vdcprz")
        named = word in _NAMING_VERBS or (
            len(word) > 1 and fits and not _OUTSIDE_WORD.fullmatch(word)
        )
        if word[0] in _STRAY or not (plain or named):
            break
        begin = place
    return begin


def _is_named(name: str, suffix: str, kind: str) -> bool:
    """Whether what stands before the telling word names one school, hospital or firm."""
    name = re.sub("^[0-9]+(?![0-9一二三四五六七八九十]*中)", "", name)
    numbered = kind != "employer" and re.fullmatch(r"[一二三四五六七八九十\d]+中", suffix)
    if numbered and name in {"市", "县", "省", "区"}:
        return True
    if not name or len(name) > 14:
        return False
    if kind == "employer":
        return not _GENERIC.fullmatch(name) and _is_firm(name, suffix)
    if (
        re.search(r"第[一二三四五六七八九十\d]+|[一二三四五六七八九十\d]+\Z", name)
        and len(name) > 1
    ):
        return True
    rest = _GENERIC.sub("", name)
    return len(rest) > 1 and _is_own(rest, suffix)


def _is_own(rest: str, suffix: str) -> bool:
    """Whether a word is a school's or hospital's own name: a place, unknown, or one of good omen."""
    from psyche_bench.synthesis.names import _tags

    frequency, tag = _tags().get(rest, (0, "nz"))
    own = tag in {"ns", "nz", "nt", "nr", "j"} or rest in _NAMING_VERBS
    return own or (frequency < 600 and suffix not in {"高中", "初中", "诊所"})


def _is_firm(name: str, suffix: str) -> bool:
    """A firm's own name is no common word: 宏远, not 隔壁; with 有限公司 or 集团 anything is."""
    from psyche_bench.synthesis.names import _tags

    rest = _GENERIC.sub("", name)
    if len(rest) < 2:
        return False
    if "有限" in suffix or suffix.startswith("集团"):
        return True
    entry = _tags().get(rest)
    return (
        entry is None or entry[1] in {"ns", "nz", "nt", "nr"} or (len(rest) == 2 and entry[0] < 60)
    )


_P = f"[{_H}A-Za-z0-9]"
_ADMIN = f"(?:[{_H}]{{2,8}}?(?:省|自治区|市|自治州|地区|盟|州|区|县|旗|新区|开发区)){{0,3}}"
_TOWN = f"(?:[{_H}]{{1,6}}?(?:街道|镇|乡))?"
_VILLAGE = f"(?:[{_H}]{{1,6}}?(?:村|屯|庄|社区))?"
_ROAD = f"(?:[{_H}]{{1,8}}?(?:路|街|大道|大街|巷|弄|胡同|里弄|道)(?:[东南西北中]段?)?)"
_NUMBER = r"\s?[0-9０-９一二三四五六七八九十百]{1,5}(?:[-—之][0-9]{1,4})?\s?[号弄]院?"
_HOUSE = f"(?:[{_H}]{{2,8}}?(?:小区|花园|公寓|新村|家园|苑|府|城|湾|广场|大厦|新城|名邸|里|居|庭|园|宿舍楼?|校区))"
_ROOM = (
    r"(?:\s?(?:[A-Za-z]座|[0-9０-９A-Za-z一二三四五六七八九十]{1,4}\s?(?:号楼|栋|幢|座|单元|号院|期|区|组|队|层|楼|号|门|室|户|#)\s?)"
    r"(?:[0-9０-９A-Za-z一二三四五六七八九十]{1,4}\s?(?:号楼|栋|幢|座|单元|层|楼|号|门|室|户|#)\s?){0,4}(?:[0-9]{2,4}(?:室|房|户)?)?)"
)
_ADDRESS = re.compile(
    f"{_ADMIN}{_TOWN}{_VILLAGE}(?:{_ROAD}{_NUMBER}(?:{_HOUSE})?{_ROOM}?|{_HOUSE}{_ROOM})"
    f"|(?:[{_H}]{{2,8}}?(?:省|自治区|市|自治州|地区|盟|州)){{0,2}}[{_H}]{{2,6}}?(?:市|区|县|旗)(?:[{_H}]{{1,6}}?(?:街道|镇|乡))(?:[{_H}]{{1,6}}?(?:村|屯|庄|社区)(?:[0-9一二三四五六七八九十]+[组队号])?)?"
    f"|(?:[{_H}]{{2,6}}?(?:省|自治区|市)){{1,2}}[{_H}]{{1,6}}?(?:区|县|旗)(?![别域间分]|长)(?:{_ROAD}|{_HOUSE})?"
)
_AT_HOME = re.compile(
    f"(?:住在|家住|现住|住址[:：是]?|地址[:：是]?|搬到了?|搬进了?|家在|老家在|老家是|寄到|送到|户籍[:：是]?|定位[:：是]?)\\s?"
    f"((?:{_ADMIN}{_TOWN}{_VILLAGE}{_ROAD}?(?:{_HOUSE}))|{_ADMIN}{_TOWN}[{_H}]{{1,5}}?(?:村|屯|庄|寨|镇|乡)|{_ADMIN}{_ROAD}(?:附近|边上)?)(?![{_H}]{{0,1}}[里长])"
)
_ADDRESS_HINT = re.compile("[路街巷弄号栋幢室县区镇乡村苑园府庄]|小区|公寓|单元|大道|大厦|胡同")
_ENGLISH_ADDRESS = re.compile(
    r"(?<![A-Za-z0-9])\d{1,5}(?:-\d{1,4})?\s(?:[A-Z][A-Za-z]+\s){1,4}(?:Street|St|Road|Rd|Avenue|Ave|Lane|Ln|Drive|Dr|Boulevard|Blvd|Court|Ct|Way)\b\.?(?:,? (?:Apt|Apartment|Unit|Room|Suite)\.? ?#?\w{1,5})?"
)
_NO_ADDRESS = re.compile(
    "(?:小区|公寓|花园|村|镇|街道|县|区|市|省|路|街|城市|农村|乡镇|宿舍楼?|校区|校园|广场|大厦|一个小区|社区|家园|新区|开发区|市区|地区|山区|郊区|景区)?"
)


def addresses(text: str) -> Iterator[Place]:
    """Places down to a house, a compound, a village or a district: 文三路138号, not 北京."""
    if _ADDRESS_HINT.search(text):
        for found in _ADDRESS.finditer(text):
            yield from _cut_address(text, *found.span())
        for found in _AT_HOME.finditer(text):
            yield from _cut_address(text, *found.span(1))
    yield from (found.span() for found in _ENGLISH_ADDRESS.finditer(text))


_ORDINARY = re.compile(
    "(?:这|那|本|该|各|某|隔壁|对面|附近|老旧?|新|旧|高档|普通|大|小|每|整|全|市|县|我|一|同一|两|几|个|条|大学|学校|公司|单位|员工|学生)*(?:房子|屋子|楼房|小区|公寓|花园|校区|宿舍楼?|社区|村|镇|乡|县|街|路|市区|地区|区|城|园|里|广场|大厦)"
)


def _cut_address(text: str, start: int, end: int) -> Iterator[Place]:
    """The address without the words of the sentence before it."""
    stretch = _PROPER_PARTS.sub(lambda found: "〇" * len(found[0]), text[start:end])
    outside = _CUT.match(stretch)
    start += outside.end() if outside else 0
    end = start + len(text[start:end].rstrip())
    kept = text[start:end]
    if (
        len(kept) >= 3
        and not _ORDINARY.fullmatch(kept)
        and not re.fullmatch(r"[0-9一二三四五六七八九十]+[号楼室层单元栋区组队期院门座\d]+", kept)
    ):
        yield start, end
