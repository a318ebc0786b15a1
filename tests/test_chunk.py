"""Segments: nothing is lost, nothing is too long, and sentences and headings stay whole."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from psyche_bench.synthesis.chunk import chunk, sentences

MARKS = "。！？.!?…a B李说，, \n\t#一、第章”\"'\u30001D."


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("我很累。你呢？", ["我很累。", "你呢？"], id="Chinese marks"),
        pytest.param("得 3.5 分。", ["得 3.5 分。"], id="a decimal ends nothing"),
        pytest.param("Dr. Li came. He sat.", ["Dr. Li came. ", "He sat."], id="a title"),
        pytest.param("See Fig. 3. Next", ["See Fig. 3. ", "Next"], id="a figure's number"),
        pytest.param("“走吧！”他说。好", ["“走吧！”他说。", "好"], id="who said it stays"),
        pytest.param(
            "“走了。”我哭了。", ["“走了。”", "我哭了。"], id="a quotation that is a sentence"
        ),
        pytest.param("我……不知道。", ["我……不知道。"], id="a pause is no end"),
        pytest.param("真的？！不信", ["真的？！", "不信"], id="two marks are one end"),
        pytest.param(
            "来访者：累\n咨询师：嗯", ["来访者：累\n", "咨询师：嗯"], id="a line of dialogue"
        ),
        pytest.param("a long\nline here", ["a long\nline here"], id="a wrapped line goes on"),
        pytest.param("", [], id="nothing"),
    ],
)
def test_sentences(text: str, expected: list[str]) -> None:
    assert sentences(text) == expected


@pytest.mark.parametrize(
    ("text", "limit", "expected"),
    [
        pytest.param("一句。两句。三句。", 6, ["一句。两句。", "三句。"], id="as many as fit"),
        pytest.param(
            "# 甲\n甲一。甲二。\n# 乙\n乙一。\n",
            14,
            ["# 甲\n甲一。甲二。\n", "# 乙\n乙一。\n"],
            id="a section is kept together",
        ),
        pytest.param(
            "前文说了很多话。\n## 小结\n要点。",
            14,
            ["前文说了很多话。\n", "## 小结\n要点。"],
            id="a heading goes with its text",
        ),
        pytest.param(
            "甲乙丙，丁戊己庚", 4, ["甲乙丙，", "丁戊己庚"], id="a long sentence at its comma"
        ),
        pytest.param("甲乙丙丁戊", 2, ["甲乙", "丙丁", "戊"], id="no mark at all"),
        pytest.param(" \n", 5, [" \n"], id="white space is kept"),
    ],
)
def test_segments(text: str, limit: int, expected: list[str]) -> None:
    assert chunk(text, limit) == expected


@settings(deadline=None)  # shared machines are slow
@given(st.text(MARKS, max_size=80), st.integers(1, 30))
def test_segments_rejoin_and_fit(text: str, limit: int) -> None:
    segments = chunk(text, limit)
    assert "".join(segments) == text
    assert all(0 < len(segment) <= limit for segment in segments)
    assert "".join(sentences(text)) == text


def test_a_size_of_ones_own_is_kept() -> None:
    segments = chunk("我很累。" * 9, 40, lambda text: 5 * len(text))
    assert [len(segment) for segment in segments] == [8, 8, 8, 8, 4]


def test_a_limit_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="limit 0: a segment holds at least 1"):
        chunk("a", 0)


@pytest.mark.parametrize("unit", ["a", "。", "!", "\n ", ".", "# a\n", "一、", "？”", "…", '." '])
def test_time_is_linear(unit: str) -> None:
    def seconds(n: int) -> float:
        start = time.process_time()
        chunk(unit * n + "x", 500)
        return time.process_time() - start

    small = max(seconds(20_000), 0.01)
    # A quadratic rule fails every time; a busy machine would have to spoil each of five tries.
    assert any(seconds(80_000) < 16 * small for _ in range(5))
