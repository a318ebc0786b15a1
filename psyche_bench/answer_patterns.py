"""The language in which letters are chosen, judged and listed: patterns, and nothing decided.

Every pattern is bounded: no unlimited repeat stands before something that may be absent, so a
search stays linear. They expect text in the one spelling of :mod:`psyche_bench.answer_text`.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

LATIN = "(?=[A-Za-z])"
"""Before English words: Chinese text is let go at its first character, not word by word."""
_TERM = (
    r"(?:型|组|级|班|校|君|血|因子|理论|模型|技术|法|细胞|染色|计划|方案|量表|药"
    r"|类(?!似)|波|纤维|受体|公司|先生|女士|同学|卷|期|族|维生素|情绪)"
)
TERM_RIGHT = re.compile(_TERM)
"""Behind letters that name no option: A型人格, ABC理论."""
BLOCKED_RIGHT = re.compile(
    _TERM + r"|(?:选项|项)? ?[\"')\]]{0,2} ?(?:吗|么|\?|还是|或|的(?:话|人|同学|考生|格式|形式"
    r"|情况|可能)|为例|格式|这样的|这种"
    r"|是?(?:不对|不正确|错|有误|不合适|不妥|不恰当|不行|不符|误|不是|不成立))"
    r"|,? if\b"
    r"|[\"']\s?:| ?[,;、]? ?\d{1,3} ?[.)、:] ?[A-Z]"
)
HEDGED_RIGHT = re.compile(
    r"(?:选项|项)? ?(?:之间|中的?(?:一|某|其一|任)|其中之一|之一|二选一|任选|都有可能"
    r"|都可能|均有可能|两可)"
)
ITEMS = r"(?:这?[两二三四五]个|号)?(?:选项|项|这?[两二三四五]项|这?[两三四五]者)?"
_PARTICLE = r"吧|啊|呀|哦|啦|哈|嘛"
END = re.compile(
    rf"{ITEMS}(?: ?\([^()\n]{{1,40}}\))?[\"')\]}}]{{0,3}} ?(?:$|[。.!;\n]|{_PARTICLE}"
    r"|了[。!\n]|无疑|没错)"
)
PAUSE = re.compile(
    rf"{ITEMS}(?: ?\([^()\n]{{1,40}}\))?[\"')\]}}]{{0,3}} ?(?:$|[。.!;\n]|,(?! ?(?:即"
    rf"|也就是|如|指))|{_PARTICLE}|了|无疑|没错|因为|这|才[对是])"
)
SUBJECT_RIGHT = re.compile(
    rf"{ITEMS} ?(?P<all>都|均|皆|全)|(?!{ITEMS}(?:$|[^\u4e00-\u9fff])|因|这|等|共|吧|了"
    rf"|解[析释]|分析|理由|说明|考|故|所以|即|详|其中|得分|为(?:正确|答案|最)|是(?:正确"
    rf"|答案)"
    r"|符合|才是|组合|一起|作为)[\u4e00-\u9fff]"
)
"""A clause goes on behind the letters: the last of them may be its subject (选A，B错误)."""
_EVERY = (
    "以上 上述 三个 四个 五个 三项 四项 五项 所有 全部 各个 各 每个 每一个 每项 每一项"
    " 这三 这四 这五 四者 三者"
).split()
_EVERY_KIND = (
    r"的?(?:[三四五]?[个项])?(?:选项|说法|答案|表述|内容|描述|项)?(?:全部|全|都|均|皆){1,2}"
)
_EVERY_GOOD = (
    r"(?:是|为|应该?|应当|说法|可以)?(?:正确|对(?![应于])|符合(?:题意|题干|要求|条件)"
    r"|是(?=[。,!\s]|$)"
    r"|应?入?选(?=[。,!\s]|$)|要选|可选)"
)
_FRONT = r"(?<![^\s,。:是].)"
ALL_RIGHT = re.compile(
    "|".join(word + _EVERY_KIND + _EVERY_GOOD for word in _EVERY)
    + r"|没有一[个项](?:选项|说法)?是?(?:错|不正确|不对)的?"
    + r"|答案[是为:]{0,2} ?(?:以上)?全部(?:选项)?(?=[。,!\s]|$)"
    + r"|全选(?![对错])|全部?都?选(?:择|上|中)?(?=[。,!\s]|$)|"
    + "|".join(
        rf"{word[0]}{_FRONT}{word[1:]}是?(?:对|正确|选)的?(?=[。,!\s]|$)"
        for word in ("全部", "全都", "全", "都", "均", "皆")
    )
    + "|"
    # Every branch begins with a plain character: such a search takes an eighth of the time.
    + "|".join(
        rf"{first}(?:very|ach) (?:option|choice|statement|one) is (?:correct|right|true)"
        for first in "Ee"
    )
    + "|"
    + "|".join(
        rf"{word} (?:of the above|of them are|(?:the )?(?:four |five )?(?:options"
        rf"|choices|statements) are)"
        r"(?! (?:not|wrong|incorrect))"
        for word in ("All", "all")
    )
)
NONE_RIGHT = re.compile(
    "|".join(rf"{word}{_EVERY_KIND}(?:不|错|没)" for word in _EVERY)
    + r"|没有(?:一个|任何)?(?:正确|合适|符合)(?:题意)?的?(?:答案|选项)"
    r"|没有一个(?:选项|正确|是)(?!是?错)"
    r"|无(?:正确|合适)(?:答案|选项)|都(?<![^\s,。:].)(?:不[选对正是]|错)"
    r"|均(?<![^\s,。:].)(?:不[选对正是]|错)"
    r"|None of the (?:above|options)|none of the (?:above|options)"
)
_UNABLE = (
    r"(?:从|准确|直接|明确|最终|仅?凭?|据此|作出|做出|给出|得出|确切){0,2}"
    r"(?:判断|确定|回答|作答|选择|选出|答案|结论|诊断)"
)
GIVE_UP = re.compile(
    "|".join(word + _UNABLE for word in ("无法", "不能", "难以", "没法", "不好"))
    + r"|can(?:not|'t) (?:be )?(?:determine|answer|say|decide)|unable to|Unable to"
)
EXCEPT = re.compile(
    r"(?:除(?:了|去|开)? ?(?P<out>[^,。\n]{1,24}?)(?:选项|项)?(?:之外|以外|外)?"
    r"|(?<![A-Za-z])(?P<but>[A-H](?:[、,和与][A-H]){0,3})(?:选项|项)?(?:之外|以外|外))的?[, ]{0,2}"
    r"(?:(?:其他|其余|其它|剩下|别)的?)?(?:[两三四][个项])?(?:选项|答案|说法)?(?:都|均|全部?|皆)"
    r"(?:是|为|应该?|应当|可以|要|属于){0,2}(?:(?P<good>正确|对|符合|可选|应?选|合适"
    r"|恰当)|(?P<bad>不|错))"
)
_GOOD = (
    r"正确(?![性率与]|的(?:说法|做法|应|是|理解|表述|答案))|对(?=的|[。,;!\s、)|A-H]|$)"
    r"|没错|无误|没有?问题|相符|吻合|一致(?=[。,;!\s)|]|$)|符合(?=题意|题干|要求|条件|描述|定义|案例|本题|[。,:;\s)|]|$)"
    r"|(?:合适|恰当|准确|贴切|适合|适当|合理)(?![性地化])|最?佳(?<=最佳)|(?:全面|完整|科学"
    r"|典型)(?<=最..)|好(?<=最好)|选[上中入出]|(?<=[是为的确佳题])答案(?=[。,;!\s)]|$)"
    r"|[入当应可要]选|选(?=[。,;\s)|]|$)|成立|打?✓|打勾|打对号"
    r"|即可(?=[。,;!\s)]|$)|(?<=[都均皆])可(?=[。,;!\s)]|$)"
    rf"|{LATIN}(?i:(?:the )?(?:correct|right|true|best|better|most appropriate"
    r"|more (?:appropriate|accurate|suitable|consistent|fitting))\b)"
)
_BAD = (
    r"不[当入]选|不然|则否|不行|不是(?=[。,;\s]|$)|不(?:太|完全|够|尽|十分)?(?:正确|对|相符|符|合适|恰当|准确|选|是|属于|应|当|成立|入选|妥|合|贴切|能选"
    r"|[可要必需]选)|错误?的?|有误|排除|打?✗|打叉|无关|干扰项"
    rf"|{LATIN}(?i:incorrect|wrong|false|not\b|isn't|aren't|n't)"
)
_ADVERB = (
    r"都|均|全部|全(?!面)|皆|才|则|也|是|为|属于|最|更|比较|较为?|同样|显然|应该?|应当"
    r"|完全|说法|表述|描述|的|可(?:以|(?![。,;!\s)]|$))|要|需|"
    r"最为|就|与(?:题[干意目]|定义|描述)|其中|说得|表述得|判断|观点|做法|[:\-\s→]|无疑|很|一定|这一|唯一|明显|肯定|确实|基本|本身"
    r"|绝对|当然|会|还|看来|(?:本|该|此|这道?)题的?|仍然?|依然|倒"
    rf"|则|{LATIN}(?i:is|are|both|was|also|clearly|therefore|all|the|only|seems?|appears?|to be)\b"
)
REST = re.compile(
    r"(?:(?P<pick>(?<!不)选择?)?(?:其余|其他|其它|剩下|剩余|另外)的?(?:[一两二三四几各][个项]?)?(?:选项|说法|项"
    r"|表述)?(?:都|均|全部?|皆|则)?(?:是|为)?"
    r"|(?:rest|others|remaining [a-z]{4,10}) (?:is|are|were) (?:all )?)"
    rf"(?:(?P<bad>{_BAD})|(?P<good>{_GOOD})|(?(pick)(?=[。,\n]|$)|(?!)))"
)
REST_WORDS = ("其余", "其他", "其它", "剩下", "剩余", "另外", "rest ", "others ", "remaining ")
"""A cheap sieve before the search for what is said of the rest."""
VERDICT_FIRST = re.compile(
    r"(?m)^[-·> ]{0,3}\(?(?:(?P<good>正确|✓|对|选|应选|入选|保留|符合(?:题意)?"
    r"|[Tt]rue|[Cc]orrect|[Rr]ight)"
    r"|(?P<bad>错误?|✗|不正确|不对|不选|不应选|排除|不符合(?:题意)?|[Ff]alse|[Ii]ncorrect|[Ww]rong))"
    r"(?:的?(?:选项|说法|项))?\)?(?: ?: ?|(?<=\)) ?)(?=[A-Z])"
)
"""A line that begins with the judgement: 正确:A、C."""
VERDICT_LATER = re.compile(
    rf"(?:所以|因此|故|也)?(?:(?P<bad>{_BAD})|(?P<good>{_GOOD}))[^,。;!\nA-Z]{{0,6}}(?=[。;!\n]|$)"
)
VERDICT_WORD = re.compile(rf"(?P<bad>{_BAD})|(?P<good>{_GOOD})")
SEGMENT_VERDICT = re.compile(
    rf"(?:(?P<badtick>✗)|(?P<goodtick>✓)|(?:^|[:,。;(\[\-|→\s\"]|所以|因此|故|说法|表述|是"
    rf"|为|属于|该项|此项|本项)(?:明显|显然|完全|确实|基本|也)?"
    rf"(?:(?P<bad>{_BAD})|(?P<good>{_GOOD})))(?![性率与地])"
)
MARKED = re.compile(r"[(\[←→\-] ?(?:这是)?(?:正确|答案|正解|正确答案|正确选项|✓)[)\]]? ?$|[✓★] ?$")
"""Ends the line of the option that a model marks in a list of all options."""
PAIR = re.compile(
    r"([A-Z])(?<![A-Za-z].)[\"')]{0,2} ?(?:[.、:=\-]|, ?\"\w{2,20}\" ?:)? ?[\"(]{0,2}(?<![A-Za-z])"
    r"(?:(是|对|正确|符合|O|1|Y|T|[Yy]es|[Tt]rue|Correct)"
    r"|(?:否|错|错误|不正确|不对|不符合|X|0|N|F|[Nn]o|[Ff]alse|Incorrect))"
    r"(?![A-Za-z0-9\u4e00-\u9fff])"
)
"""A letter with a one-word judgement: ``A: Y``, ``B. 否``."""
CELL_VERDICT = re.compile(
    r"(?P<bad>✗|不|否|错|排除|(?i:no\b|false|wrong|incorrect|f$))"
    r"|(?P<good>✓|是|正确|对|符合|选|入选|成立|吻合|(?i:yes|true|right|correct|t$))"
)
WRONG_STEM = re.compile(
    "|".join(
        rf"{word}[^\sA-Z,。:]{{0,6}}的(?:一项|选项|一个|说法|是|有)"
        for word in "不正确 错误 不恰当 不属于 不符合 不合适 不准确 不包括 有误 不是".split()
    )
    + r"|Which [^.?\n]{0,40}(?:not|incorrect|false|wrong)"
    + r"|which [^.?\n]{0,40}(?:not|incorrect|false|wrong)"
)
LABEL_TEXT = re.compile(r" ?[.、:] ?[^,。;:\n]{1,30}?(?= ?(?:是(?:正确|最|错|不)|最|不?符合|更))")
"""An option's text between its letter and the judgement: B. 森田疗法 是正确的."""
JUDGEMENT = re.compile(
    rf" ?{ITEMS}(?: ?\([^()\n]{{1,40}}\))?[\"')\]]{{0,2}}(?:,(?=[都均皆全]))?处?"
    rf"(?:{_ADVERB}){{0,8}}+(?:(?P<bad>{_BAD})|(?P<good>{_GOOD}))"
)
"""What follows letters when they are judged: 两项都正确, 选项说法错误."""
SUBJECT = re.compile(rf" ?{ITEMS}")
SUBJECT_START = frozenset(" 这两二三四五号选项")
JUDGEMENT_START = frozenset(
    ",处打会还就即与吻一看本该此这明肯确基本绝仍依倒都均全皆才则也是为属最更比较同显应完说表描的可要需其无很一判观做不错有排干正对没符合恰准贴适佳科典好选入当成"
    ":- →✓✗(\"')]"
)
"""The characters a judgement can begin with (Latin letters apart): a cheap sieve."""
CHOSEN = re.compile(
    r"(?:的|[^\sA-Z,。;的]{1,10}(?=,))?,? ?(?:故|所以|因此|应该?|应当|要|可)?"
    r"(?:(?P<bad>不(?:当|入|应该?|能|要)?选"
    r"|排除)|(?P<good>[当入]选|选(?=[。;,\s]|$)))"
)
"""After a judgement: what it means for the answer (表述错误，当选)."""
ALL_BUT = re.compile(
    r"(?i:\b(?:all|everything|every option|each)(?: of)?(?: the| these)?(?: four| five)?"
    r"(?: options?| statements?| choices?| above| answers)?,? "
    r"(?:except|but|other than|excluding|besides)(?: for)?(?: options?)? )"
    r"(?P<out>[A-Z](?:(?:, | and |, and |& )?[A-Z]\b)*)\b"
)
ALL_BUT_GOOD = re.compile(
    r" ?(?i:(?:is|are|were)? ?(?:(?P<bad>(?:wrong|incorrect|false)\b)"
    r"|(?:correct|right|true)\b)|(?=[.,;\n]|$))"
)
"""All but one, in English, and what is said of them."""
ELECTED = re.compile(r"[当入]选")
IDENTITY = re.compile(
    r"(?<=正确|合适|恰当|最佳)的?(?:选项|答案|项|选择|一项)(?![的中])"
    r"| (?:options?|answers?|choices?)\b"
)
"""After a judgement: said to be the answer, not only to be true (B是正确的选项)."""
RULED_OUT = re.compile(r"排除|不[当入能]?选")
SUPERLATIVE = re.compile(r"最|才|答案|[入当应]选|更|唯一|即可|(?i:best|most|only|better|more)")


@dataclass(frozen=True, slots=True, eq=False)  # one per alphabet: compared by identity
class Grammar:
    """The patterns that hold option letters, for one alphabet of letters."""

    upper: re.Pattern[str]
    lower: re.Pattern[str]
    item: re.Pattern[str]
    span: re.Pattern[str]
    label: re.Pattern[str]
    label_line: re.Pattern[str]
    bare: re.Pattern[str]
    cell: re.Pattern[str]


_LINKED = (
    r"(?: ?\([^()\n]{2,30}\))?[\"')\]}]{0,3} ?(?:选项|项)? ?"
    r"(?:、|,|;|\.(?=[A-Z](?![A-Za-z0-9])| [A-Z](?:\. [A-Z]){0,6}\.(?:\n|$))|/|"
    r"\+|&|·|\||和|与|及|以及|跟|或者?|还是"
    r"|而?且|,? ?(?:and|or|as well as)(?= )"
    r"|[,、] ?(?:和|与|以及|还有|及|或))"
    r" ?(?:选项|option )?[\"'(\[{]{0,3}"
)
_SEPARATOR = rf"(?:{_LINKED}|[\"')\]}}]{{1,2}} ?[\"'(\[{{]{{1,2}}| )"
_WORD_END = r"(?![A-Za-z0-9]|-(?:[a-z0-9]|[A-Z](?:[A-Za-z0-9]|-)))"
_NO_ARTICLE = (
    r"(?:(?<![Aa])|(?! (?!and\b|or\b|to [A-Z]\b|through\b|is\b|are\b|because|since|as\b|which"
    r"|with\b|for\b|not\b|but\b|only|was\b|would|"
    r"should|has\b|correct|alone)[A-Z]?[a-z]))"
)


@lru_cache(maxsize=64)
def grammar(letters: str) -> Grammar:
    """Compile the patterns for ``letters`` (upper case, distinct)."""
    up, low = re.escape(letters), re.escape(letters.lower())
    item, small = rf"[{up}]{{1,999}}+{_WORD_END}", rf"[{low}]{{1,8}}+(?!-?[A-Za-z0-9'])"
    front = rf"[{up}](?<![A-Za-z0-9].)(?<![A-Za-z]['-].)"
    first = rf"{front}[{up}]{{0,999}}+{_WORD_END}"
    listing = rf"{first}(?:{_SEPARATOR}{item}){{0,11}}+{_NO_ARTICLE}"
    low_first = rf"[{low}](?<![A-Za-z0-9].)(?<![A-Za-z]['-].)[{low}]{{0,7}}+(?!-?[A-Za-z0-9'])"
    few = rf"[{up}](?![A-Za-z0-9])(?:{_SEPARATOR}{item}){{0,11}}+"
    single = r"(?:[\[(]?[单多]选题?[\])]?:? ?)?"
    edge = r"[·+\s.。,;:!\"'()\[\]{}>|、~=-]"
    return Grammar(
        upper=re.compile(listing),
        lower=re.compile(rf"{low_first}(?:{_SEPARATOR}{small}){{0,11}}+{_NO_ARTICLE}"),
        item=re.compile(rf"(?<![A-Za-z])[{up}{low}]+(?![A-Za-z])"),
        span=re.compile(rf"([{up}]) ?(?:-|~|到|至|through|to) ?([{up}])(?!-?[A-Za-z0-9])"),
        label=re.compile(
            rf"[\"'(\[]{{0,2}}([{up}])[\"')\]]{{0,2}}(?: ?[.、:)](?!\d)(?! ?[{up}](?![a-z])"
            rf"|(?<=\.)[A-Z][a-z]) ?"
            r"|(?= ?\([^()\n]{2,30}\))| -(?= )| (?!选项|项|答案"
            r"|[和与及是都均也的才最更为不错对型组级]|正确|因子|理论"
            r"|应[该当选为是])(?=[\u4e00-\u9fff]))"
        ),
        label_line=re.compile(
            rf"(?m)^[-·+>|✓✗ ]{{0,4}}(?:\(?\d{{1,2}}[.)、] ?)?"
            r"(?:第[一二三四五六]步,?|首先,?|其次,?|最后,?|然后,?|[先再]?看|判断|对于|关于"
            r"|选项|[Oo]ption ){0,3} ?"
            rf"[\"'(\[]?([{up}{low}])[\"')\]]?"
            r"(?:选项|项)?(?: ?[.、:,)(|\-→✓✗]| (?=[^\sa-zA-Z]))"
        ),
        bare=re.compile(
            rf"{edge}{{0,12}}(?:[嗯啊哦唉好]{{1,3}},? ?)?{single}(?:选项 ?|[Oo]ptions? )?(?:({few}"
            rf"|[{up}]{{2,8}}{_SEPARATOR}(?:{item})?|{item})"
            rf"|([{low}](?:{_SEPARATOR}[{low}]){{0,11}}+(?![A-Za-z])|[{low}]{{2,8}}))"
            rf"(?:号?选项|项)?(?: ?\([^()\n]{{1,40}}\))?(?:吧|呗|啊|呀|哦|啦|了)?{edge}{{0,60}}"
        ),
        cell=re.compile(
            rf"(?:选项 ?)?[\"'(\[]?([{up}{low}])[\"')\]]?(?:选项"
            rf"|项)?(?:[.、:] ?.{{0,80}}| .{{0,80}})?"
        ),
    )
