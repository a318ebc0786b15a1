"""One spelling for many, before anything is read: width, script, quotes, ticks, markup.

Also what is left unread: the middle of an overlong reply, and where the next question starts.
"""

import re
import unicodedata
from itertools import islice

LIMIT_HEAD, LIMIT_TAIL, LIMIT_MIDDLE = 4_000, 8_000, 400
"""Characters kept of an overlong reply: its head, its tail, and what follows its last 答案."""

CUT = "\x01"
"""Stands for a chat template's token: whatever follows is another speaker's turn."""

_TRADITIONAL = (
    "揀选選选項项確确錯错誤误對对為为爲为無无題题應应該该綜综結结論论據据斷断與与個个這这後后終终標标準准"
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
    " ": "\u00a0\u2002\u2003\u2009\u202f\u3000\t\u2005\u2007\u2008\u200a_",
    "\n": "\r\u2028\u2029\x0b\x0c\x85\x1c\x1d\x1e",
    "-": "–—―−‐‑─",
    "": "*#$`\ufe0f\u200b\u200c\u200d\u2060\ufeff\u20e3\x00\x01",
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
    table |= {"＊": "", "＃": "", "＄": "", "＿": " ", "｀": ""}
    return {odd: plain for odd, plain in table.items() if odd != plain}


_TABLE = _spelling_table()
_ODD = re.compile("[" + re.escape("".join(odd for odd in _TABLE if odd <= "\uffff")) + "]")
_ODD_ASTRAL = re.compile("[\U00010000-\U0010ffff]")
_STRUCK = re.compile(r"~~[^~\n]{0,200}~~")
_SLIPS = ("写错", "打错", "笔误", "划掉", "划去")
_SLIP = re.compile(rf"(?<![A-Za-z])[A-H]{{1,5}} ?[（(](?:{'|'.join(_SLIPS)})了?[)）]")
"""Letters that the writer takes back at once: A（写错了）B."""
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
_TAGS_JOINED = re.compile(r"</answer>[ \n]{0,3}<answer>", re.IGNORECASE)
_BREAKS = frozenset("br p li ul ol div tr h1 h2 h3 h4 table".split())
_SPACES = re.compile(r"[ \n]{2,}")
_BOXES = re.compile(r"(?<=[A-Z])\}{1,3} ?(?:和|与|,|、|and)? ?boxed\{{1,2}(?=[A-Z])")
_AMONG = re.compile(
    r"[A-H](?: ?[、,/]? ?[A-H]){2,7} ?(?:[三四五]个)?(?:选项)? ?之?中的? ?(?=[A-H](?![A-Za-z]))"
    r"|among [A-H](?:,? (?:and |or )?[A-H]\b){2,7},? "
)
"""Whose letters are only what is chosen from: A、B、C、D 中的 C."""
_AMONG_SIEVE = re.compile("中的? ?[A-H]|mong [A-H]")
_CHECKBOX = re.compile(r"(?m)^(?:[-+·] ?)?[\[(]([xX✗ ✓])[\])]")
_CIRCLED = re.compile(
    r"(?:^([①-⑩] ?)|(?<![①-⑩A-Za-z])[①-⑩])(?=[A-H](?![A-Za-z]))", re.MULTILINE
)
"""A counting mark: at the start of a line, or touching its letter (①A ②C; not A①, B. ①③)."""
_LOOPED = re.compile(r"(?<![A-Za-z])([A-H])\1{8,}(?![A-Za-z])")
"""The one letter that a failing model repeats without end."""
_LOOPS = tuple(9 * letter for letter in "ABCDEFGH")


def _tag(match: re.Match[str]) -> str:
    closing, name = match.groups()
    if name.isupper() and len(name) <= 8 and name.lower() not in _BREAKS and name != "ANSWER":
        return f" {name} "
    if name.lower() in ("answer", "final", "choice"):
        return "\n" if closing else "\n答案:"
    return "\n" if name.lower() in _BREAKS else ""


def _boxes_ticked(text: str) -> str:
    """Filled boxes and circles as ticks, where empty ones stand beside them."""
    if "■" in text and ("□" in text or "☐" in text):
        text = text.replace("■", "✓")
    if "○" in text and "●" in text:
        return text.replace("●", "✓").replace("○", "✗")
    if "○" in text and any(cross in text for cross in "✗×❌"):
        return text.replace("○", "✓")
    return text


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
    if any(word in text for word in _SLIPS):
        text = _SLIP.sub("", text)
    text = _boxes_ticked(text).replace("，", ",").replace("：", ":").replace("*", "")
    odds = set(_ODD.findall(text))
    if len(text.encode("utf-16-le", "surrogatepass")) > 2 * len(text):
        odds.update(_ODD_ASTRAL.findall(text))
    for odd in _TABLE.keys() & odds:
        text = text.replace(odd, _TABLE[odd])
    if "答 案" in text:
        text = text.replace("答 案", "答案")
    if _AMONG_SIEVE.search(text):
        text = _AMONG.sub("", text)
    if "<" in text:
        text = _TAGS_JOINED.sub("、", text)
        text = _TAG.sub(_tag, _TOKEN_TAG.sub(f"\n{CUT}", text))
    if "  " in text or "\n\n" in text or " \n" in text or "\n " in text:
        text = _SPACES.sub(lambda run: "\n" if "\n" in run[0] else " ", text)
    if "boxed{" in text:
        text = _BOXES.sub(",", text)
    if "[" in text or "( )" in text:
        text = _boxes_marked(text)
    if "①" in text:
        text = _CIRCLED.sub(lambda mark: "" if mark[1] is None else "1.", text)
    if any(loop in text for loop in _LOOPS):
        text = _LOOPED.sub(r"\1", text)
    return text.strip()


def _boxes_marked(text: str) -> str:
    """Boxes before letters as ticks: a cross marks the choice unless ticks stand beside it."""
    crossed = "✗" if any(box[1] == "✓" for box in _CHECKBOX.finditer(text)) else "✓"
    return _CHECKBOX.sub(lambda box: {"✓": "✓", " ": "✗"}.get(box[1], crossed), text)


def clip(text: str) -> str:
    """Keep what a reader would look at of an overlong reply: head, last 答案, tail."""
    if len(text) <= LIMIT_HEAD + LIMIT_TAIL:
        return text
    head, tail = text[:LIMIT_HEAD], text[-LIMIT_TAIL:]
    cue = text.rfind("答案", LIMIT_HEAD, len(text) - LIMIT_TAIL)
    middle = text[cue : cue + LIMIT_MIDDLE] if cue >= 0 else ""
    return f"{head}\n{middle}\n{tail}"


_NEXT_WORDS = (
    "问题 题目 例 例题 试题 下一题 新题 新题目 单选 单选题 多选 多选题 单项选择"
    " 单项选择题 多项选择 多项选择题 "
    "不定项选择 不定项选择题 用户 问 Input Instruction Question Problem User Human Q"
).split()
NEXT_LABEL = re.compile(
    "|".join(rf"{word}(?: ?\d{{0,3}} ?[:\]]|(?=\n))" for word in _NEXT_WORDS)
    + rf"|{CUT}|第 ?[\d一二三四五六七八九十]{{1,3}} ?题"
)
NEXT_NUMBER = re.compile(
    r"\n\(?\d{1,3} ?[.、)] ?[^\n]{4,200}?[)?:。是有的为括]\n(?=\(?[A-Z]\)? ?[.、:])"
)
"""Where a rambling model starts the next question (only believed after an answer)."""


EXAMPLE = re.compile(r"[\[( ]{0,2}(?:示例|例题|范例|样例|例\d?:)")


def next_questions(text: str) -> list[tuple[int, int]]:
    """(start, end) of every mark that starts another question or another speaker's turn."""
    marks = []
    for mark in islice(NEXT_LABEL.finditer(text), 100):
        start = mark.start()
        before = text[start - 1 : start]
        if before == "[":
            start, before = start - 1, text[start - 2 : start - 1]
        elif mark[0][-1] == "]":
            continue
        bare = mark[0][-1] not in ":]题" + CUT
        alone = (mark[0][0] == "第" or bare) and before != "\n" and start > 0
        if not alone and (start == 0 or before in ' \n。.;!?)]"' or "A" <= before <= "Z"):
            marks.append((start, mark.end()))
    marks += [(mark.start(), mark.end()) for mark in islice(NEXT_NUMBER.finditer(text), 50)]
    return sorted(marks)
