"""What leads to an answer (答案是, 故选, the answer is), and what takes it away (不, 有人, 如果).

A cue has a kind. ``strong`` names the answer; ``correct`` overrides an earlier one (而是, 应该是);
``good`` says which option fits; ``odd`` says which is wrong (the answer to some stems only);
``final`` merely concludes; ``blank`` is a stem's filled bracket; ``loose`` only points at
letters; ``copula`` is believed at the very end of a reply that says nothing clearer.
"""

import re
from functools import cache

_KIND = (
    r"(?:诊断|说法|做法|表述|描述|选项|选择|答案|一项|项|理解|搭配|观点|处理|技术|方法|内容"
    r"|组合|有|陈述)?"
)
_FITS = rf"[^\sA-Z,。:的不]{{0,4}}的{_KIND}(?=[^\sA-Z,。:]{{0,6}}?(?:[是为有:]|包括))"
_ODD = rf"[^\sA-Z,。:]{{0,8}}?的{_KIND}(?=[是为有:])"

CUES: tuple[tuple[str, str, str], ...] = (
    ("strong", "答", r"答案(?!解析)|(?<![^\n])答(?= ?:)"),
    ("strong", "正", r"正解|正确的?(?:选项|选择)"),
    (
        "strong",
        "选",
        r"(?<!入)(?<![^应]当)(?<![A-H])(?!(?:(?<=[A-H]:)|(?<=[A-H]: ))选[\n,;])"
        r"选(?!项|择题|择性|修|拔|手|举|段|材|集|票)[择出取定中填]?"
        r"|选项(?=[\"'] ?:)",
    ),
    ("strong", "最合恰对", r"(?:最佳|最优|合适的|恰当的|对的|最终)(?:选项|选择)"),
    ("strong", "结回作预", r"(?:结论|回答|作答|预测|结果)[\"']{0,2}(?= ?(?:[是为]|:|\]|\n|--))"),
    ("strong", "bf", r"f?box(?:ed)?(?=[{ ])"),
    ("strong", "rof", r"(?:result|output|final)(?=[\"']? ?:)"),
    ("strong", "aA", r"(?i:answers?(?: to (?:this|the) \w+)?|ans(?=[.:]))"),
    ("strong", "pP", r"(?i:prediction|pred\b|pick(?:ed)?\b)"),
    ("strong", "cC", r"(?i:cho(?:ose|se|osing|ice|ices|sen)\b|correct(?=:))"),
    ("strong", "sS", r"(?i:select(?:ed|ing|ion)?\b)"),
    ("strong", "gGoO", r"(?i:go(?:ing)? (?:with|for)\b|opt(?:ing)? for\b|options? is\b)"),
    (
        "strong",
        "cCrRbBfFtT",
        r"(?i:(?:correct|right|best|final|true) (?:options?|choices?|statements?|ones?|items?)\b)",
    ),
    ("strong", "投填涂圈勾蒙", r"投|填[写入上]?|涂|圈|勾选?|蒙"),
    ("strong", "选", r"(?<![^\n。])选项(?= ?:(?! ?\n))"),
    (
        "odd",
        "不错有",
        rf"(?:不正确|错误|不恰当|不属于|不符合|不合适|不准确|不妥|有误|不包括){_ODD}",
    ),
    (
        "good",
        "符合恰准可贴正典适对佳成",
        rf"(?:符合|合适|恰当|准确|可能|贴切|正确|典型|适合|适当|对|佳|成立){_FITS}",
    ),
    ("odd", "属", r"属于[^\sA-Z,。:不]{1,12}的(?=[是有])"),
    ("good", "最", r"最(?![后终初近])[^\sA-Z,。:;]{1,16}[是为]"),
    ("good", "正✓选", rf"正确{_KIND}(?= ?[:是为有])|✓(?= ?:)|选项(?=[是为应])"),
    ("correct", "肯绝显当无必准", r"(?:肯定|绝对|显然|当然|无疑|必然|必定|准)是"),
    ("correct", "应而", r"应该?[是为]|应当[是为]|应选?[是为]|而应?该?是"),
    ("correct", "改更修订", r"改[为成]|[更修]正为|(?:修改|[更修改订]正)后?(?= ?:)"),
    ("correct", "不", r"不(?:是|对)?, ?(?:应该?)?是|不是[A-Za-z]而"),
    ("correct", "本这此该", r"[本这此该]道?题的?(?:显然|应该?|肯定|当然|就|无疑|自然|明显)?[是为]"),
    ("correct", "认觉感", r"认为是?|觉得是?|感觉(?:应该)?是"),
    ("correct", "那还就倾猜保留", r"保留|留下|[那还]就?是|那就|就是|倾向于|倾向(?=选)|猜"),
    ("correct", "sS", r"(?i:say)\b"),
    (
        "correct",
        "crCs",
        r"(?i:(?:chang|revis|switch)(?:e|ed|ing) (?:[a-z]+ ){0,3}(?:from [A-H] )?to\b)",
    ),
    ("correct", "iIsSmMwWhH", r"(?:[Ii]t is|[Ii]t's|(?:should|must|would|has to) be)(?= )"),
    ("good", "剩", r"剩下?的?"),
    (
        "good",
        "mMbB",
        r"(?i:(?:most|best) [a-z ]{2,40}?(?:is|are|be)(?= ))",
    ),
    ("final", "DdCcSsOo必就", r"(?i:definitely|certainly|surely|obviously)\b|必|就(?=[A-H]吧)"),
    ("good", "符", r"符合(?:题意|题干|要求|条件)?的?(?= ?:)"),
    (
        "final",
        "plifmsw",
        r"(?:(?:points?|leads?|leans?) (?:to|towards?)|which is|indicates|favou?rs|matches"
        r"|supports)\b",
    ),
    ("correct", "推支赞主认看首", r"首推|推荐|支持|赞[成同]|主张|认同|看(?:来|起来)(?:就|应该)?是"),
    (
        "final",
        "答因所故综总可最∴",
        r"答案解析(?= ?:)|(?:因此|所以),?|故|综上(?:所述)?,?|总之,?|可见,?|最[终后]|∴",
    ),
    (
        "final",
        "TSHFbtlhs",
        r"(?:[Tt]herefore|[Ss]o(?! (?:is|are|do|does)\b)|[Tt]hus|[Hh]ence|Final|but"
        r"|leaves(?: us| me)?(?: with)?)\b,?",
    ),
    (
        "blank",
        "是为有括于即由用称叫",
        r"(?:是|(?<![行作认因])为|有|括|于|即|由|用|称|叫)(?= ?\()",
    ),
    ("loose", "即也对in", r"即|也就是|对应的?|i\.e\.,?|namely,?"),
    ("copula", "是为有括属断", r"是|(?<![行作认因])为|有|括|属于|[判诊]?断(?= ?:)"),
)
"""Kind, the characters the cue can begin with, and the cue; stronger kinds first."""

RANK = {kind: number for number, kind in enumerate(dict.fromkeys(kind for kind, _, _ in CUES))}
_STARTS = "".join(dict.fromkeys("".join(starts for _, starts, _ in CUES)))
START = re.compile(f"[{_STARTS}]")
"""The characters a cue can begin with: a cheap sieve."""


@cache
def _cues_from(char: str) -> re.Pattern[str]:
    kinds: dict[str, list[str]] = {}
    for kind, starts, pattern in CUES:
        if char in starts:
            kinds.setdefault(kind, []).append(pattern)
    front = r"(?<![A-Za-z])" if char.isascii() else ""
    groups = "|".join(f"(?P<{kind}>{'|'.join(found)})" for kind, found in kinds.items())
    return re.compile(f"{front}(?:{groups})")


_BY_START = {char: _cues_from(char) for char in _STARTS}


def cue_at(text: str, place: int) -> re.Match[str] | None:
    """The cue that begins at ``place``, its kind in ``lastgroup``.

    >>> cue_at("故选AC", 1).lastgroup
    'strong'
    """
    return _BY_START[text[place]].match(text, place)


_CHINESE_LINK = (
    r"应当|应该?|当然|乃|系|便是|考虑|优先考虑|锁定|给[出的]{1,2}|指向|落在|直指|就|会|是|为|选择?|选项|有|包括|包含|如下|分别|即|则|字母|组合"
    r"|表述|描述|(?:不正确|不准确|错误|有误|不恰当)的"
    r"|最终|仅|只有?|只能|可以|"
    r"的|定|确定|以下|下列|显然|肯定|一定|无疑|确实|仍然?|依然|还|呢|什么|哪[个些项]|最"
    r"|可能|也许|或许|大概|似乎|好像|"
    r"[单多]选题?|一?[项个]|\d分|了|到|在|我|倾向于|正确|唯一|所以|因此|故|说法|综上"
)
_ENGLISH_LINK = (
    r"(?=[A-Za-z])(?i:is|are|includes?|as follows|was|would|should|must|be|the|options?|choices?"
    r"|letters?"
    r"|correct|both"
    r"|therefore|thus|"
    r"clearly|definitely|likely|most|probably|answers?|indeed|still|might|could|may"
    r"|either|simply)\b"
)
LINK = re.compile(
    rf"(?:\(s\)|[ :=\"'(\[{{→>\-?]|\n(?!\|)|\|(?!\n)|,(?=[^A-Z]{{0,3}}是)|\)(?= ?:)|\]|\}}"
    rf"|\d{{1,3}} ?[.)、](?= |$|[A-Z])|"
    rf"{_CHINESE_LINK}|{_ENGLISH_LINK}){{0,14}}+"
)
"""What may stand between a cue and its letters."""
LINK_END = frozenset(
    "选择是系为有括含下别即则母合终仅只能可以的定然肯疑实旧仍还呢么个些项最许概乎像题分了到在我于向确一所此故法上"
    "以下列断属析案解答论果留由用称叫出取中填涂圈勾蒙改订推荐持张同必就定入上成正虑乃意干求件符合题剩猜测应该当就会x✓∴?得觉吧)]}投"
)
"""The characters a cue or a link can end with (Latin letters apart)."""
LINK_SKIP = " \n:\"'([{-|>=→,.0123456789"

SENTENCE_END = re.compile(r"[。!?;\n….](?:(?<!\.)|(?=[\s.])|(?<=\.\.))")
CONDITION = re.compile(
    r"如果|若(?<![般宛]若)(?!干)|假如|假设|倘若|要是|除非|万一|否则|反之"
    r"|(?:[上下另]一|同类|类似)[道个]?(?:题|问)(?!.*[本这]道?题)"
    r"|(?i:\b(?:if|otherwise)\b)"
)
CONCLUSION = re.compile(
    r"因此|所以|故|综上|因而|可知|可见|由此|最终|总之|综合|总的来|∴|Therefore|therefore"
    r"|Thus|thus|Hence|hence|So\b|so\b"
)
FORCED = re.compile(r"[只必]能?须?[选有]|非要|一定要|让我|要我")
TENTATIVE = re.compile(
    r"可能(?<!最可能)(?<!很有可能)|也许|或许|大概|似乎|好像|might|could|may be|possibl"
    r"|Might|Could|Possibl"
)
INITIAL = re.compile(
    r"一开始|起初|最初|初步|原本|本来|乍一?看|第一眼|直觉|原先|之前|原以为|先入|暂"
)
SETTLED = re.compile(r"最终|最后|现在|因此|所以|故|改|保留|(?:复核|检查)后|[细再]想")
"""Within the same sentence a first guess gave way to this."""
DROPPED = re.compile(r"但|不过|然而|复核|检查|再|改|矛盾|有误|其实|不对")
"""After a first guess: the guess may not stand."""

GIVEN_UP = re.compile(r"不过|但|然而|等等|其实|不对|矛盾")
"""After 先选A: the choice did not stand."""

_PEOPLE = (
    r"(?:有的?人|有些人|某些人|[不很许]?[少多]人|部分人|一些人|别人|他人|同学|考生|学生"
    r"|网友|老师|专家|家长|医生|[你您他她]们?|同桌|朋友|室友|同伴|大家|初学者|选手"
    r"|[\d一二三四五六七八九几多][成%](?:的人)?|半(?:数|的人)?)"
)
_REJECT_LEFT = re.compile(
    rf"{_PEOPLE}(?:会|都|可能|往往|容易|就|也|经?常|总|误|认为|觉得|说|主张|直接|坚持|,|倾向于?|的)"
    r"{0,4}$|(?:[误错漏]|容易|[误错]误的?|是否|会不会|备|候|待|常见错误|干扰)$"
    r"|(?:例如|比如|譬如|格式(?:如下|为|是)?|示例|样例|形如|,如|即按|按照?)[:,\"'(\s]{0,3}$"
    r"|为(?:什么|何|啥)[^,。:;]{0,6}[会想][^,。:;]{0,3}$|(?:<-+|[←→]) ?(?:正确)?$"
    r"|(?:有些|有的|某些|网上|网传|流传|旧版|原(?:解析|答案)|题库|教辅)[^,。]{0,10}$|(?<![所可予])以[:\"'(]{1,2}$"
)
_OTHERS = re.compile(
    r"(?:[不很许][少多]|有的?|有些|部分|一些)(?:人|同学|考生|学生)们?(?:会|都|可能|往往|容易|经?常常?|误)"
    r"(?!.*(?:但|其实|实际|正确|应|(?<!从)而|却|本题|不过|答案))"
)
"""What others do, to the end of the sentence: 不少人会把两者相混,从而选C."""
_ENGLISH_OTHERS = re.compile(
    r"(?i:\b(?:friends?|students?|classmates?|roommates?|people|others|some|many|candidates?"
    r"|examinees?|(?:test-?)?takers?|someone|anyone|he|she|they|you|who|peers?|partner)"
    r"(?: (?:who|that|might|may|could|had|have|has|often|also|usually|initially|even|said|says"
    r"|thinks?|thought|claims?|claimed|believed?|insists?|insisted|wrongly|mistakenly|tend to"
    r"|incorrectly|be tempted to|probably|the|correct|right|will|told me|argued?|all|first"
    r"|answered)){0,6} ?$)"
    r"|(?i:\b(?:mistake|error|trap|tempt(?:ing|ation)|easy)(?: (?:is|was|would be|here))? to $)"
)
_REJECT_SIEVE = frozenset(
    "师家长医你您他她们些的某原库辅桌伴者手数么何啥网流旧人学生友成%半误错漏易否会备候待扰例比譬格样形如按以确-←→<"
)
_NEGATED_LEFT = re.compile(
    r"(?:不|无需|(?<![分区差级性类])别|勿|未|没有?|并?非|无法|不是|弃|n't|[Nn]ot|[Nn]ever|cannot)"
    r"(?:应该?|当|能|会|该|要|可以?|再|直接|单独|只|仅|轻易|考虑|建议|推荐|予|宜|得|敢|必|用"
    r"| ?be){0,3} ?$"
)
_NEGATED_SIEVE = frozenset("需不别勿未没非无弃tr")


def sentence_before(text: str, stop: int, within: str = "") -> str:
    """What the sentence said before ``stop`` (at most 60 characters back).

    Marks in ``within`` (a semicolon, say) do not end a sentence.
    """
    before = text[max(0, stop - 60) : stop]
    start = 0
    for mark in SENTENCE_END.finditer(before):
        if mark[0] not in within:
            start = mark.end()
    return before[start:]


def dismissed(sentence: str, kind: str) -> bool:
    """True when what leads to the cue negates it, reports others, or makes it conditional.

    >>> dismissed("我不", "strong"), dismissed("很多考生会", "strong"), dismissed("所以", "strong")
    (True, True, False)
    """
    near = sentence[-14:]
    if not _NEGATED_SIEVE.isdisjoint(near) and _NEGATED_LEFT.search(near):
        return True
    if not _REJECT_SIEVE.isdisjoint(near) and _REJECT_LEFT.search(near):
        return True
    if _OTHERS.search(sentence):
        return True
    if sentence[-2:-1].isascii() and _ENGLISH_OTHERS.search(sentence):
        return True
    conditions = list(CONDITION.finditer(sentence))
    if not conditions or kind == "final":
        return False
    rest = sentence[conditions[-1].end() :]
    return not (CONCLUSION.search(rest) or FORCED.search(rest))


CORRECTION = re.compile(
    r"等等|等一下|等下|且慢|不对|哦不|啊不|错了|更正|修正|纠正|重新|再想想|写错|划掉|撤回|但我(?:个人)?(?:认为|觉得)|再核对"
    r"|仔细|复查|复核|revised|second thought|Wait|wait|Actually|Correction"
)
RIVAL = re.compile(
    r"[A-H](?:选项|项)?(?:好像|似乎|看来|其实)?也(?:对|行|可|正确|有道?理|说得通|符合)"
)
UNSURE = re.compile(r"不太?确定|不敢(?:肯定|确定)|也有?可能|拿不准|说不准|不知道|到底|难以取舍")
"""After an answer, both together: it was none."""
CORRECTION_FRONT = frozenset("→。.!?…\n,:( ")
WHY = re.compile(r"为(?:什么|何|啥)(?:要|应该?|能|可以?|我们?|是|而)*$")
"""Before 选: a question about a choice, or a heading over its reasons; no decision of its own."""
ADDED = re.compile(r"(?:再|也|还|另外?|同时|又)(?:要|应该?|可以?|需要?|得)?$")
"""Before a verb of choosing: the letters join those chosen in the same sentence."""
CONFIRMED = re.compile(r"无误|没错|没有问题|仍然?|依然|确认|维持|不变|坚持|还是")
