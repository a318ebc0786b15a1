"""Cleaning: what goes, what stays, and that a second cleaning changes nothing."""

import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from psyche_bench.synthesis.clean import clean

CASES = [
    ("我很难过,不知道怎么办.", "我很难过，不知道怎么办。", "Chinese marks in a Chinese line"),
    ("Hello，world！Fine。", "Hello, world! Fine.", "half-width marks in an English line"),
    (
        "得3.5分,1,000元,3:00到4：30.",
        "得3.5分，1,000元，3:00到4:30。",
        "decimals, thousands, times",
    ),
    ('他说:"我累了."走了...', "他说：“我累了。”走了……", "quotation marks and an ellipsis"),
    ("我喜欢Python,Java和C++.", "我喜欢Python,Java和C++。", "a list of names, the end of the line"),
    ("真的吗???!!!不会吧！！！", "真的吗？！不会吧！", "repeated marks"),
    (
        "嗯嗯。。 唉,,, 算了。。。",
        "嗯嗯。唉，算了……",
        "repeated stops are an ellipsis from three on",
    ),
    ("量表(SDS)53分,A型(见附录)。", "量表（SDS）53分，A型（见附录）。", "brackets in pairs"),
    ("SDS：53分；SAS:61分", "SDS：53分；SAS:61分", "between others a mark stays as it was"),
    ("1.情绪低落 2.兴趣减退", "1.情绪低落 2.兴趣减退", "numbers of a list"),
    ("1)头痛 2)失眠", "1)头痛 2)失眠", "numbers with one bracket"),
    ("A. 弗洛伊德 B. 荣格", "A. 弗洛伊德 B. 荣格", "letters of options"),
    ("答案:D 选项 :D", "答案：D 选项：D", "an option is no laughing face"),
    ("（ ）是创始人____", "（ ）是创始人____", "blanks to fill in"),
    ("e.g., this; that. etc.", "e.g., this; that. etc.", "an abbreviation before a comma"),
    ("作者 Smith et al.", "作者 Smith et al.", "an English phrase ends a Chinese line"),
    ("It's “fine” and ‘ok’.", "It's \"fine\" and 'ok'.", "an apostrophe, straight quotation marks"),
    ("他--我的朋友--说：……", "他——我的朋友——说：……", "dashes and an ellipsis after a colon"),
    ("认知-行为 CBT-I 20~30岁 3-5天", "认知-行为 CBT-I 20~30岁 3-5天", "hyphens and ranges stay"),
    ("<<自卑与超越>>和《梦的解析》", "《自卑与超越》和《梦的解析》", "titles of books"),
    ("西格蒙德•弗洛伊德", "西格蒙德·弗洛伊德", "the dot of a foreign name"),
    ("P＜0.05，ＳＤＳ ５３分", "P<0.05，SDS 53分", "full-width letters, digits and signs"),
    ("⼼理⻓期", "心理长期", "look-alikes of the radical blocks"),
    ("æˆ‘å¾ˆéš¾è¿‡", "我很难过", "UTF-8 read as Latin-1"),
    ("我😀很好👍🏽。1️⃣ ©♀", "我很好。1 ©♀", "emoji go, digits and signs stay"),
    ("一家👨‍👩‍👧🇨🇳❤️", "一家", "joined emoji, flags, a heart"),
    ("难过(╥﹏╥)了o(╥﹏╥)o ╮(╯▽╰)╭", "难过了", "kaomoji with their arms"),
    ("哭T_T QAQ orz =_= >_< (^_^)累", "哭累", "faces of letters"),
    ("好的:) 难过:( ;-)", "好的难过", "western faces"),
    (
        "TAT 测验 (-) (+) (25°C) (α=.05)",
        "TAT 测验 (-) (+) (25°C) (α=.05)",
        "what only looks like it",
    ),
    ("方法:(1)先 （见下：）", "方法：(1)先 （见下：）", "a colon beside a bracket"),
    ("[微笑]你好[doge][姓名1]", "你好[姓名1]", "stickers go, placeholders stay"),
    ("看https://a.b.cn/x?y=1。www.b.com", "看。", "links, with a stop and without"),
    ("看[这里](https://a.cn/x_(y))吧", "看这里吧", "a Markdown link keeps its words"),
    ("写到 zhang@example.com,谢谢", "写到 zhang@example.com，谢谢", "an e-mail address is no link"),
    ("（😀）哈哈", "哈哈", "brackets that held nothing else"),
    ("so happy 😀 today 😀!", "so happy today!", "one space where a picture stood"),
    ("a\u200bb\x00c\ud800\ufeff\u202e", "abc", "controls, zero-width, half characters"),
    ("　　甲\r\n\r\n\r\n\r\n乙  丙 \u00a0", "甲\n\n乙 丙", "spaces, indents and empty lines"),
    ("", "", "nothing"),
]


@pytest.mark.parametrize(
    ("text", "expected"), [pytest.param(text, out, id=why) for text, out, why in CASES]
)
def test_clean(text: str, expected: str) -> None:
    assert clean(text) == expected


PIECES = [
    *("http://a.cn", "www.b.com", ":)", "：(", "(T_T)", "o(╥﹏╥)o", "[微笑]", "&nbsp;", "3:00"),
    *("![x](http://a.b)", "e.g.", "<<", "《", "“", "我", "很", "A", "3", " ", "\n", "Ã¤", "⼼"),
]
LETTERS = (
    "我A3b .,，。:;；!！?？…-—~～()（）[]<>《》\"'“”‘’^_T=QoxD\n\t\u200b😀❤️"
    "\u200d▽﹏╥/\\|@#&\ud800\ufdd0·"
)
TEXTS = st.lists(st.text(LETTERS, max_size=5) | st.sampled_from(PIECES), max_size=12).map("".join)


@settings(deadline=None)  # shared machines are slow
@given(TEXTS | st.text(max_size=40))
@example(":(:(:(:):):)")
@example("((((😀))))")
@example("ht😀tp://a.cn")
def test_cleaning_twice_is_cleaning_once(text: str) -> None:
    once = clean(text)
    assert clean(once) == once


@pytest.mark.parametrize(
    "unit", ["(", "：(", ":)", "a.", "![", "(▽", "'我", "“”", "我--", "Ã¤", "www."]
)
def test_time_is_linear(unit: str) -> None:
    def seconds(n: int) -> float:
        start = time.process_time()
        clean(unit * n)
        return time.process_time() - start

    small = max(seconds(3_000), 0.01)
    # A quadratic rule fails every time; a busy machine would have to spoil each of five tries.
    assert any(seconds(12_000) < 12 * small for _ in range(5))
