"""The language in which answers are given: one spelling for many, and the patterns over it.

:mod:`psyche_bench.answers` decides; this file only knows words. Every pattern is bounded: no
unlimited repeat stands before something that may be absent, so a search stays linear.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

LIMIT_HEAD, LIMIT_TAIL, LIMIT_MIDDLE = 6_000, 12_000, 400
"""Characters kept of an overlong reply: its head, its tail, and what follows its last 答案."""

CUT = "\x01"
"""Stands for a chat template's token: whatever follows is another speaker's turn."""

_TRADITIONAL = (
    "選选項项確确錯错誤误對对為为爲为無无題题應应該该綜综結结論论據据斷断與与個个這这後后終终標标準准"
    "參参義义絕绝還还從从來来說说認认於于當当並并僅仅類类組组級级樣样現现觀观點点實实際际兩两種种總总"
    "歸归屬属沒没問问給给擇择覺觉開开關关單单雙双餘余請请裡里難难紅红條条則则會会號号顯显處处陳陈"
    "體体質质適适應应當当述述釋释囊囊導导傾倾聽听隱隐護护見见長长過过進进時时間间們们動动學学習习"
)
_SPELLINGS = {
    '"': "“”„‟「」『』《》〈〉",
    "'": "‘’＇´",
    "[": "【〖〔［",
    "]": "】〗〕］",
    "、": "丶﹑､",
    "·": "•・‧∙⋅●",
    "✓": "√✔☑✅⭕",
    "✗": "×✘❌✖☐□",
    "是": "係",
    "→": "➜➔⇒⟹➡👉",
    " ": "\u00a0\u2002\u2003\u2009\u202f\u3000\t\u2005\u2007\u2008\u200a",
    "\n": "\r\u2028\u2029\x0b\x0c\x85",
    "-": "–—―−‐‑─",
    "": "*#$_`\ufe0f\u200b\u200c\u200d\u2060\ufeff\u20e3\x00\x01",
    "A": "АΑ",
    "B": "ВΒ",
    "C": "С",
    "E": "ЕΕ",
    "H": "НΗ",
}


def _spelling_table() -> dict[str, str]:
    """Character -> how this module spells it; no value contains a key."""
    table = {chr(0xFEE0 + code): chr(code) for code in range(0x21, 0x7F)}
    for start, stop in ((0x249C, 0x24EA), (0x1D400, 0x1D6A4)):
        for code in range(start, stop):
            plain = unicodedata.normalize("NFKC", chr(code)).strip("()")
            if len(plain) == 1 and plain.isascii():
                table[chr(code)] = plain
    for start in (0x1F130, 0x1F150, 0x1F170):
        table |= {chr(start + index): chr(0x41 + index) for index in range(26)}
    table |= dict(zip(_TRADITIONAL[::2], _TRADITIONAL[1::2], strict=True))
    table |= {odd: plain for plain, odds in _SPELLINGS.items() for odd in odds}
    table |= {"＊": "", "＃": "", "＄": "", "＿": "", "｀": ""}
    return {odd: plain for odd, plain in table.items() if odd != plain}


_TABLE = _spelling_table()
_STRUCK = re.compile(r"~~[^~\n]{0,200}~~")
_LATEX = (
    (re.compile(r"\\n(?![a-z])"), "\n"),
    (re.compile(r"\\(?:q?quad|[,; ])"), " "),
    (re.compile(r"\\(?:text|mathrm|mathbf|mathsf|boldsymbol|textbf|mathbb|bm)\s?\{"), "{"),
    (re.compile(r"\\checkmark"), "✓"),
    (re.compile(r"\\[()\[\]]"), " "),
    (re.compile(r"\\"), ""),
)
_TOKEN_TAG = re.compile(r"<\|[^<>|]{1,30}\|>|</s>|<(?:eos|end_of_turn|start_of_turn)>")
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]{0,20})(?:\s[^<>\n]{0,80})?/?>")
_BREAKS = frozenset("br p li ul ol div tr h1 h2 h3 h4 table".split())
_SPACES = re.compile(r"\s{2,}")
_BOXES = re.compile(r"(?<=[A-Z])\}{1,3} ?(?:和|与|,|、|and)? ?boxed\{{1,2}(?=[A-Z])")
_CHECKBOX = re.compile(r"(?m)^[-+·] ?\[([xX✗ ✓])\]")


def _tag(match: re.Match[str]) -> str:
    closing, name = match.groups()
    if name.isupper() and len(name) <= 8 and name.lower() not in _BREAKS and name != "ANSWER":
        return f" {name} "
    if name.lower() in ("answer", "final", "choice"):
        return "\n" if closing else "\n答案:"
    return "\n" if name.lower() in _BREAKS else ""


def normalise(text: str) -> str:
    """One spelling for many: width, script, quotes, ticks, Markdown, LaTeX, HTML, white space.

    >>> normalise("正確答案：**Ａ**、$\\\\boxed{\\\\text{C}}$")
    '正确答案:A、boxed{{C}}'
    """
    if "\\" in text:
        for pattern, plain in _LATEX:
            text = pattern.sub(plain, text)
    if "~~" in text:
        text = _STRUCK.sub("", text)
    for odd in _TABLE.keys() & set(text):
        text = text.replace(odd, _TABLE[odd])
    if "<" in text:
        text = _TAG.sub(_tag, _TOKEN_TAG.sub(f"\n{CUT}", text))
    text = _SPACES.sub(lambda run: "\n" if "\n" in run[0] else " ", text)
    if "boxed{" in text:
        text = _BOXES.sub(",", text)
    if "[" in text:
        text = _CHECKBOX.sub(lambda box: "✗" if box[1] == " " else "✓", text)
    return text.strip()


def clip(text: str) -> str:
    """Keep what a reader would look at of an overlong reply: head, last 答案, tail."""
    if len(text) <= LIMIT_HEAD + LIMIT_TAIL:
        return text
    head, tail = text[:LIMIT_HEAD], text[-LIMIT_TAIL:]
    cue = text.rfind("答案", LIMIT_HEAD, len(text) - LIMIT_TAIL)
    middle = text[cue : cue + LIMIT_MIDDLE] if cue >= 0 else ""
    return f"{head}\n{middle}\n{tail}"


NEXT_LABEL = re.compile(
    rf"{CUT}|(?:问题|题目|例题|试题|下一题|新题目?|单选题?|多选题?|单项选择题?|多项选择题?|不定项选择题?|用户"
    r"|Question|Problem|User|Human|Q)(?: ?\d{0,3} ?:|\])|第 ?[\d一二三四五六七八九十]{1,3} ?题"
)
NEXT_NUMBER = re.compile(
    r"\n\(?\d{1,3} ?[.、)] ?[^\n]{4,200}?[)?:。是有的为括]\n(?=\(?[A-Z]\)? ?[.、:])"
)
"""Where a rambling model starts the next question (only believed after an answer)."""

SENTENCE_END = re.compile(r"[。!?;\n]|\.(?=\s)|\.{2,}|…")
CONDITION = re.compile(
    r"如果|(?<![般宛])若(?!干)|假如|假设|倘若|要是|除非|万一|\b[Ii]f\b|是\"?不正确的?\"?则"
)
CONCLUSION = re.compile(
    r"因此|所以|故|综上|因而|可知|可见|由此|最终|总之|综合|总的来|∴|(?i:\b(?:therefore|thus|hence|so)\b)"
)
FORCED = re.compile(r"[只必]能?须?[选有]|非要|一定要|让我|要我")
TENTATIVE = re.compile(r"(?<!最)(?<!很有)可能|也许|或许|大概|似乎|好像|(?i:might|could|may be|possibl)")
INITIAL = re.compile(r"一开始|起初|最初|初步|原本|本来|乍一?看|第一眼|直觉|原先|之前|原以为|先入|暂")
_PEOPLE = (
    r"(?:有的?人|有些人|某些人|[不很许]?[少多]人|部分人|一些人|别人|他人|同学|考生|学生|网友|"
    r"[成%半](?:的人)?)"
)
REJECT_LEFT = re.compile(
    rf"{_PEOPLE}(?:会|都|可能|往往|容易|就|也|经?常|总|误|认为|觉得|说|主张|直接|坚持|,|倾向于?|的)"
    r"{0,4}$|(?:[误错漏]|容易|[误错]误的?|是否|会不会|备|候|待|常见错误|干扰)$"
    r"|(?:例如|比如|譬如|格式(?:如下|为|是)?|示例|样例|形如|,如|即按|按照?)[:,\"'(\s]{0,3}$|(?<![所可予])以[:\"'(]{1,2}$"
)
NEGATED_LEFT = re.compile(
    r"(?:不|(?<![分区差级性类])别|勿|未|没有?|并?非|无法|不是|弃|(?i:n't|not|never|cannot))"
    r"(?:应该?|当|能|会|该|要|可以?|再|直接|单独|轻易|考虑|建议|推荐|予|宜|得|敢|必|用|(?i: ?be))"
    r"{0,3} ?$"
)
CORRECTION = re.compile(
    r"等等|等一下|等下|且慢|不对|哦不|啊不|错了|更正|修正|纠正|重新|再想想|再核对|仔细|复查|复核"
    r"|Wait|wait|Actually|Correction"
)
CORRECTION_FRONT = frozenset("。.!?…\n,:( ")
CONFIRMED = re.compile(r"无误|没错|没有问题|仍然?|依然|确认|维持|不变|坚持|还是")

_CHINESE_LINK = (
    r"应该?|应当|当然|就|会|是|为|选择?|选项|有|包括|包含|如下|分别|即|则|字母|组合|最终|仅|只有?|只能|可以|"
    r"的|定|显然|肯定|一定|无疑|确实|仍然?|依然|还|呢|什么|哪[个些项]|最|可能|也许|或许|大概|似乎|好像|"
    r"[单多]选题?|一?项|\d分|了|到|在|我|倾向于?|正确|唯一|所以|因此|故|说法|综上"
)
_ENGLISH_LINK = (
    r"(?i:is|are|was|would|should|must|be|the|options?|choices?|letters?|correct|both|therefore|thus|"
    r"clearly|definitely|likely|most|probably|answers?|indeed|still|might|could|may|either|simply)\b"
)
LINK = re.compile(
    rf"(?:[ :=\"'(\[{{→>\-?]|\n(?!\|)|\|(?!\n)|,(?=[^A-Z]{{0,3}}是)|\)(?= ?:)|\]|{_CHINESE_LINK}|{_ENGLISH_LINK})"
    r"{0,14}+"
)
"""What may stand between a cue and its letters."""

_KIND = r"(?:诊断|说法|做法|表述|描述|选项|选择|答案|一项|项|理解|搭配|观点|处理|技术|方法|内容|组合|有|陈述)?"
CUE = re.compile(
    r"(?P<strong>答案(?!解析)|正解|正确的?(?:选项|选择)|选(?!项|择题|择性|修|拔|手|举|段|材|集|票)[择出取定中填]?"
    r"|(?:最佳|最优|合适的|恰当的|对的)(?:选项|选择)|(?<=[\n])答(?= ?:)|^答(?= ?:)"
    r"|(?:结论|回答|作答|预测|结果|最终选项)\"?'?(?= ?(?:[是为]|:))|boxed(?=[{ ])"
    r"|(?i:answers?|prediction|\bpred\b|\bcho(?:ose|se|osing|ice|ices|sen)\b|\bselect(?:ed|ing|ion)?\b"
    r"|\bpick(?:ed)?\b|\bgo(?:ing)? (?:with|for)\b|\bopt(?:ing)? for\b"
    r"|(?:correct|right|best|final|true) (?:options?|choices?|statements?|ones?|items?)\b|\bcorrect(?=:)|\boptions? is\b))"
    r"|(?P<odd>(?:不正确|错误|不恰当|不属于|不符合|不合适|不准确|不妥|有误|不包括)[^\sA-Z,。:]{0,8}?的"
    rf"{_KIND}(?=[是为有:]))"
    rf"|(?P<good>(?:符合|合适|恰当|准确|可能|贴切|正确|典型|适合|适当|对|佳|成立)(?:题意|题干|要求)?的{_KIND}"
    rf"(?=[^\sA-Z,。:]{{0,6}}?(?:[是为有:]|包括))|最(?![后终初近])[^\sA-Z,。:;]{{1,16}}[是为]|正确{_KIND}(?= ?:)|✓(?= ?:)|选项(?=[是为应]))"
    r"|(?P<correct>应该?[是为]|应当[是为]|应选?[是为]|而应?该?是|改[为成]|[更修]正为|不(?:是|对)?, ?(?:应该?)?是"
    r"|不是[A-Za-z]而|[本这此该]道?题的?(?:显然|应该?|肯定|当然|就|无疑|自然|明显)?是|认为是?|觉得是?|感觉(?:应该)?是|[那还]就?是|倾向于|倾向(?=选)|剩下?的?|猜|(?:it is|it's|should be)(?= ))"
    r"|(?P<blank>(?:是|为|有|括|在于|即)(?= ?\())"
    r"|(?P<loose>即|也就是|对应的?)"
    r"|(?P<final>答案解析(?= ?:)|因此|所以|故|综上(?:所述)?|总之|可见|最终|最后|∴"
    r"|(?<![A-Za-z])(?:Therefore|So|Thus|Hence|Final|but)\b)"
)
"""Where an answer may begin: ``strong`` names it, ``final`` only concludes."""
CUE_START = re.compile(
    r"[答正选最合恰对结回作预b不错有符准可贴典适佳成✓应而改更本这此该修认觉感那还就倾剩猜因所是为括在即也故综总∴"
    r"ACDFGHIOPSTacdfghiopst]"
)
"""The characters a cue can begin with: a cheap sieve before :data:`CUE`."""
LINK_END = frozenset(
    "选择是为有括含下别即则母合终仅只能可以的定然肯疑实旧仍还呢么个些项最许概乎像题分了到在我于向确一所此故法上"
    "析案解答论果出取中填成正剩猜测应该当就会x✓∴?得觉吧"
)
"""The characters a cue or a link can end with (Latin letters apart)."""
LINK_SKIP = " \n:\"'([{-|>=→,"

BLOCKED_RIGHT = re.compile(
    r"(?:型|组|级|班|校|君|血|因子|理论|模型|技术|法|细胞|染色|计划|方案|量表|药|类(?!似)|波|纤维|受体|公司|先生|"
    r"女士|同学|卷|期|族|维生素|情绪)"
    r"|(?:选项|项)? ?[\"')\]]{0,2} ?(?:吗|么|\?|还是|或|的(?:话|人|同学|考生|格式|形式|情况|可能)|为例|格式"
    r"|是?(?:不对|不正确|错|有误|不合适|不妥|不恰当|不行|不符|误|不是))"
    r"|[\"']\s?:"
)
HEDGED_RIGHT = re.compile(
    r"(?:选项|项)? ?(?:之间|中的?(?:一|某|其一|任)|其中之一|之一|二选一|任选|都有可能|都可能|均有可能|两可)"
)
_ITEMS = r"(?:[两二三四五]个)?(?:选项|项|[两二三四五]项|[两三四五]者)?"
END = re.compile(
    rf"{_ITEMS}(?: ?\([^()\n]{{1,40}}\))?[\"')\]}}]{{0,3}} ?(?:$|[。.!;\n]|吧|了[。!\n]|无疑|没错)"
)
PAUSE = re.compile(
    rf"{_ITEMS}(?: ?\([^()\n]{{1,40}}\))?[\"')\]}}]{{0,3}} ?(?:$|[。.!;\n]|,(?! ?(?:即|也就是|如|指))|吧|了|无疑|没错|因为|这|才[对是])"
)
SUBJECT_RIGHT = re.compile(
    rf"{_ITEMS} ?(?P<all>都|均|皆|全)|(?!{_ITEMS}(?:$|[^\u4e00-\u9fff])|因|这|等|共|吧|了|解[析释]|分析|理由|说明|考|故|所以|即|详|其中|得分|为(?:正确|答案|最)|是(?:正确|答案)"
    r"|符合|才是|组合|一起|作为)[\u4e00-\u9fff]"
)
"""A clause goes on behind the letters: the last of them may be its subject (选A，B错误)."""
ALL_RIGHT = re.compile(
    r"(?:以上|上述|[三四五]个|[三四五]项|所有|全部|各个?|每一?个|每一?项|这[三四五][个项])的?(?:[三四五][个项])?"
    r"(?:选项|说法|答案|表述|内容|描述|项)?(?:全部|全|都|均|皆){1,2}(?:是|为|应该?|应当|说法|可以)?"
    r"(?:正确|对(?![应于])|符合(?:题意|题干|要求|条件)|是(?=[。,!\s]|$)|应?入?选(?=[。,!\s]|$)|要选|可选)"
    r"|全选(?![对错])|全部?都?选(?:择|上|中)?(?=[。,!\s]|$)"
    r"|(?<![^\s,。:是])(?:全部?|都|均|皆|全都)(?:是)?(?:对|正确|选)的?(?=[。,!\s]|$)"
    r"|(?i:\ball (?:of the above|of them are|(?:the )?(?:four|five )?(?:options|choices|statements) are)"
    r"(?! (?:not|wrong|incorrect)))"
)
NONE_RIGHT = re.compile(
    r"(?:以上|上述|[三四五]个|所有|全部|各)的?(?:[三四五][个项])?(?:选项|说法|答案|表述)?(?:全部?|都|均|皆){1,2}"
    r"(?:不|错|没)|没有(?:一个|任何)?(?:正确|合适|符合)(?:题意)?的?(?:答案|选项)|没有一个(?:选项|正确|是)"
    r"|无(?:正确|合适)(?:答案|选项)"
    r"|(?<![^\s,。:])[都均](?:不[选对正是]|错)|(?i:none of the (?:above|options))"
)
GIVE_UP = re.compile(
    r"(?:无法|不能|难以|没法|不好)(?:从|准确|直接|明确|最终|仅?凭?|据此|作出|做出|给出|得出|确切){0,2}"
    r"(?:判断|确定|回答|作答|选择|选出|答案|结论|诊断)|(?i:can(?:no|')t (?:be )?(?:determine|answer|say|decide)"
    r"|unable to)"
)
EXCEPT = re.compile(
    r"除(?:了|去|开)? ?(?P<out>[^,。\n]{1,24}?)(?:选项|项)?(?:之外|以外|外)?[, ]{0,2}"
    r"(?:(?:其他|其余|其它|剩下|别)的?)?(?:[两三四][个项])?(?:选项|答案|说法)?(?:都|均|全部?|皆)"
    r"(?:是|为|应该?|应当|可以|要|属于){0,2}(?:(?P<good>正确|对|符合|可选|应?选|合适|恰当)|(?P<bad>不|错))"
)
_GOOD = (
    r"正确(?![性率与]|的(?:说法|做法|应|是|理解|表述|答案))|对(?=的|[。,;!\s、)|]|$)|没错|无误|符合(?=题意|题干|要求|条件|描述|定义|案例|本题|[。,;\s)|]|$)"
    r"|(?:合适|恰当|准确|贴切|适合|适当)(?![性地])|最佳|(?<=[是为的确佳])答案(?=[。,;!\s)]|$)|[入当应可]选|选(?=[。,;\s)|]|$)|成立|✓"
    r"|(?i:(?:the )?(?:correct|right|true|best|most appropriate)\b)"
)
_BAD = (
    r"不太?(?:正确|对|符|合适|恰当|准确|选|是|属于|应|当|成立|入选|妥|合|贴切|能选|可选)|错|有误|排除|✗|无关|干扰项"
    r"|(?i:incorrect|wrong|false|not\b|isn't|aren't|n't)"
)
_ADVERB = (
    r"都|均|全部?|皆|才|则|也|是|为|属于|最|更|比较|较为?|同样|显然|应该?|应当|完全|说法|表述|描述|的|可以?|要|需|"
    r"最为|其中|[:\-\s→]|无疑|很|一定|这一|(?i:is|are|both|was|also|clearly|therefore)\b"
)
REST = re.compile(
    r"(?:其余|其他|其它|剩下|剩余|另外)的?(?:[一两二三四几][个项])?(?:选项|说法|项|表述)?(?:都|均|全部?|皆|则)?(?:是|为)?"
    rf"(?:(?P<bad>{_BAD})|(?P<good>{_GOOD}))"
)
VERDICT_WORD = re.compile(rf"(?P<bad>{_BAD})|(?P<good>{_GOOD})")
SEGMENT_VERDICT = re.compile(
    rf"(?:(?P<badtick>✗)|(?P<goodtick>✓)|(?:^|[:,。;(\-|→\s\"]|所以|因此|故|说法|表述|是|为|属于|该项|此项|本项)"
    rf"(?:(?P<bad>{_BAD})|(?P<good>{_GOOD})))(?![性率与地])"
)
WHOLE_VERDICT = re.compile(
    r"[ :\-→]{0,4}(?:(?P<bad>否|不是|(?i:n|no|f))|(?P<good>是|(?i:y|yes|t)))[。.;]?"
)
CELL_VERDICT = re.compile(
    r"(?P<bad>✗|不|否|错|排除|(?i:no\b|false|wrong|incorrect|f$))"
    r"|(?P<good>✓|是|正确|对|符合|选|入选|(?i:yes|true|right|correct|t$))"
)
WRONG_STEM = re.compile(
    r"(?:不正确|错误|不恰当|不属于|不符合|不合适|不准确|不包括|有误|不是)[^\sA-Z,。:]{0,6}的(?:一项|选项|一个|说法|是|有)"
    r"|(?i:which [^.?\n]{0,40}(?:not|incorrect|false|wrong))"
)
JUDGEMENT = re.compile(
    rf" ?{_ITEMS}(?: ?\([^()\n]{{1,40}}\))?[\"')\]]{{0,2}}(?:{_ADVERB}){{0,5}}+(?:(?P<bad>{_BAD})|(?P<good>{_GOOD}))"
)
"""What follows letters when they are judged: 两项都正确, 选项说法错误."""
SUPERLATIVE = re.compile(r"最|才是|答案|[入当应]选|更|(?i:best|most)")


@dataclass(frozen=True, slots=True)
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
    r"(?:、|,|;|/|\+|&|·|\||和|与|及|以及|跟|或者?|还是|而?且|,? ?(?:and|or)(?= )|[,、] ?(?:和|与|以及|还有|及|或))"
    r" ?(?:选项|option )?[\"'(\[{]{0,3}"
)
_SEPARATOR = rf"(?:{_LINKED}|[\"')\]}}]{{1,2}} ?[\"'(\[{{]{{1,2}}| )"
_NO_ARTICLE = (
    r"(?! (?!and\b|or\b|is\b|are\b|because|since|as\b|which|with\b|for\b|not\b|but\b|only|was\b|would|"
    r"should|has\b|correct|alone)[A-Z]?[a-z])"
)


@lru_cache(maxsize=64)
def grammar(letters: str) -> Grammar:
    """Compile the patterns for ``letters`` (upper case, distinct)."""
    up, low = re.escape(letters), re.escape(letters.lower())
    item, small = rf"[{up}]{{1,8}}+(?!-?[A-Za-z0-9])", rf"[{low}]{{1,8}}+(?!-?[A-Za-z0-9'])"
    front = rf"[{up}](?<![A-Za-z0-9].)(?<![A-Za-z]['-].)"
    first = rf"{front}[{up}]{{0,7}}+(?!-?[A-Za-z0-9])"
    listing = rf"{first}(?:{_SEPARATOR}{item}){{0,11}}+{_NO_ARTICLE}"
    low_first = rf"[{low}](?<![A-Za-z0-9].)(?<![A-Za-z]['-].)[{low}]{{0,7}}+(?!-?[A-Za-z0-9'])"
    few = rf"[{up}](?![A-Za-z0-9])(?:{_SEPARATOR}{item}){{0,11}}+"
    single = r"(?:[\[(]?[单多]选题?[\])]?:? ?)?"
    edge = r"[\s.。,;:!\"'()\[\]{}>|、~=-]"
    return Grammar(
        upper=re.compile(listing),
        lower=re.compile(rf"{low_first}(?:{_SEPARATOR}{small}){{0,11}}+{_NO_ARTICLE}"),
        item=re.compile(rf"(?<![A-Za-z])[{up}{low}]+(?![A-Za-z])"),
        span=re.compile(rf"([{up}]) ?(?:-|~|到|至) ?([{up}])(?!-?[A-Za-z0-9])"),
        label=re.compile(rf"[\"'(\[]{{0,2}}([{up}])[\"')\]]{{0,2}}(?: ?[.、:)](?!\d)(?! ?[{up}](?![a-z])|(?<=\.)[A-Z][a-z]) ?"
            r"|(?= ?\([^()\n]{2,30}\))| (?!选项|项|答案|[和与及是都均也的才最更为不错对型组级]|正确|因子|理论|应)(?=[\u4e00-\u9fff]))"
        ),
        label_line=re.compile(
            rf"(?m)^[-·+>|✓✗ ]{{0,4}}(?:\(?\d{{1,2}}[.)、] ?)?(?:选项 ?)?[\"'(\[]?([{up}{low}])[\"')\]]?"
            r"(?:选项|项)?(?: ?[.、:)(|\-→✓✗]| (?=[^\sa-zA-Z]))"
        ),
        bare=re.compile(
            rf"{edge}{{0,12}}{single}(?:选项 ?)?(?:({few}|[{up}]{{2,8}}{_SEPARATOR}(?:{item})?|{item})"
            rf"|([{low}](?:{_SEPARATOR}[{low}]){{0,11}}+(?![A-Za-z])|[{low}]{{2,8}}))"
            rf"(?:选项|项)?(?: ?\([^()\n]{{1,40}}\))?{edge}{{0,60}}"
        ),
        cell=re.compile(rf"(?:选项 ?)?[\"'(\[]?([{up}{low}])[\"')\]]?(?:选项|项)?(?:[.、:] ?.{{0,80}}| .{{0,80}})?"),
    )
