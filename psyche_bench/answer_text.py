"""One spelling for many, before anything is read: width, script, quotes, ticks, markup.

Also what is left unread: the middle of an overlong reply, and where the next question starts.
"""

import re
import unicodedata
from itertools import islice

from psyche_bench.answer_forms import CUT, RAW, SPELT, rewritten

LIMIT_HEAD, LIMIT_TAIL, LIMIT_MIDDLE = 4_000, 8_000, 400
"""Characters kept of an overlong reply: its head, its tail, and what follows its last 答案."""

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


_FROM = re.compile(
    r"[A-H](?: ?[、,/]? ?[A-H]){2,7} ?(?:[三四五]个)?(?:选项)? ?之?中的? ?(?=[A-H](?![A-Za-z]))"
)
"""Whose letters are only what is chosen from: A、B、C、D 中的 C."""
_FROM_SIEVE = re.compile("中的? ?[A-H]")


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
    text = rewritten(text, RAW)
    text = _boxes_ticked(text).replace("，", ",").replace("：", ":").replace("*", "")
    odds = set(_ODD.findall(text))
    if len(text.encode("utf-16-le", "surrogatepass")) > 2 * len(text):
        odds.update(_ODD_ASTRAL.findall(text))
    for odd in _TABLE.keys() & odds:
        text = text.replace(odd, _TABLE[odd])
    if _FROM_SIEVE.search(text):
        text = _FROM.sub("", text)
    return rewritten(text, SPELT).strip()


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
    "不定项选择 不定项选择题 练习 练习题 思考题 拓展练习 巩固练习 变式 变式题 变式训练 "
    "用户 问 Input Instruction Question Problem User Human Q"
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
