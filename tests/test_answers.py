"""The answer reader against a table a psychologist can correct, and properties beyond any table."""

import json
import string
import time
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from psyche_bench import answers
from psyche_bench.answer_text import normalise
from psyche_bench.answers import Reading, read, render, visible

TABLES = Path(__file__).parent / "cases"
CASES, UNREAD = (
    [json.loads(line) for line in (TABLES / name).read_text(encoding="utf-8").splitlines()]
    for name in ("answers.jsonl", "answers_unread.jsonl")
)


@pytest.mark.parametrize("case", CASES, ids=[case["why"] for case in CASES])
def test_reads_as_a_careful_person_does(case: dict[str, object]) -> None:
    reading = read(case["reply"], case["choices"], case.get("options"))
    letters = None if case["letters"] is None else frozenset(case["letters"])
    assert reading == Reading(letters, case["state"])


@pytest.mark.parametrize("case", UNREAD, ids=[case["why"] for case in UNREAD])
def test_what_the_reader_misses_it_leaves_unread(case: dict[str, str]) -> None:
    reading = read(case["reply"], case["choices"])
    assert reading.letters in (None, frozenset(case["letters"]))


def test_the_table_is_large_and_its_reasons_are_distinct() -> None:
    assert len(CASES) >= 3000
    assert len({case["why"] for case in CASES}) == len(CASES)


def test_every_row_of_the_table_says_answered_exactly_when_it_has_letters() -> None:
    assert all((case["letters"] is None) == (case["state"] != "answered") for case in CASES)


SUBSETS = ["".join(part) for size in range(1, 6) for part in combinations("ABCDE", size)]


@pytest.mark.parametrize("gold", SUBSETS)
def test_a_rendered_gold_is_read_back(gold: str) -> None:
    assert read(render(gold)) == Reading(frozenset(gold), "answered")
    assert read(f"<think>先看B。</think>\n{render(gold)}").letters == frozenset(gold)


@pytest.mark.parametrize(
    ("reply", "text", "why"),
    [
        ("<think>想</think>答案", "答案", "after the reasoning"),
        ("想</think>答案", "答案", "the opener was part of the prompt"),
        ("答案", "答案", "no reasoning"),
        ("<think>想", None, "never closed"),
        ("<think>想</think>答<think>再想", None, "opened again and never closed"),
        ("<think>甲</think>乙<think>丙</think>丁", "丁", "the last closing tag counts"),
        ("<think>" * 3000 + "</think>" * 3000 + "丁", "丁", "many tags"),
        ("x" * 16_380 + "<think>" + "y" * 40, None, "a tag across the search's chunks"),
    ],
    ids=lambda value: None if value is None else str(value)[:40],
)
def test_visible_text(reply: str, text: str | None, why: str) -> None:
    assert visible(reply) == text, why


@pytest.mark.parametrize("thing", [None, 3, b"A", ["A"], {"answer": "A"}, 1.5])
def test_what_is_no_text_is_unparsed(thing: object) -> None:
    assert read(thing) == Reading(None, "unparsed")  # type: ignore[arg-type]  # on purpose


PIECES = st.sampled_from(
    [
        *[
            "答案",
            "选",
            "：",
            "，",
            "。",
            "\n",
            "A",
            "B",
            "C",
            "AB",
            "、",
            "和",
            "不",
            "是",
            "正确",
        ],
        *[
            "错误",
            "<think>",
            "</think>",
            "<answer>",
            "\\boxed{",
            "}",
            "(",
            ")",
            "|",
            "✓",
            "✗",
            "问题：",
        ],
        *[
            "{",
            '"answer"',
            "如果",
            "等等",
            "除",
            "都",
            "以上",
            "可能",
            "或",
            "\ud800",
            "Ａ",
            "answer",
        ],
        *[
            "最",
            "因此",
            "A. 共情",
            "1. ",
            "- ",
            " ",
            "题",
            "其余",
            "\x00",
            "\x01",
            "𝐀",
            "**",
            "a",
            "is",
        ],
    ]
)
REPLIES = st.one_of(st.text(), st.lists(PIECES, max_size=40).map("".join))
OPTIONS = st.one_of(
    st.none(), st.dictionaries(st.sampled_from("ABCDE"), st.one_of(PIECES, st.text(max_size=9)))
)


@given(REPLIES, st.sampled_from(["ABCDE", "ABCD", "AB", "", "abc", "WXYZ", "(A)"]), OPTIONS)
@settings(max_examples=600, deadline=None)
def test_never_raises_and_has_letters_exactly_when_answered(
    reply: str, choices: str, options: dict[str, str] | None
) -> None:
    reading = read(reply, choices, options)
    assert (reading.letters is None) == (reading.state != "answered")
    assert reading.letters is None or (reading.letters and all(map(str.isalnum, reading.letters)))
    assert (reading.state == "truncated") == (visible(reply) is None)


@given(REPLIES)
@settings(max_examples=300, deadline=None)
def test_normalising_twice_changes_nothing_that_is_read(reply: str) -> None:
    assert read(reply) == read(reply)
    assert isinstance(normalise(reply), str)


FORMS = [
    "答案：{}。",
    "正确答案是{}，因为题干强调了“首次”。",
    "故本题选{}。",
    "综上所述，应选择{}两项。",
    '{{"answer": "{}"}}',
    "\\boxed{{{}}}",
    "<think>先看第一项。</think>\n\n**最终答案：{}**",
    "{}",
    "Answer: {}",
    "所以{}都符合题意。",
]


@given(
    st.sampled_from(FORMS),
    st.sets(st.sampled_from("ABCDE"), min_size=2),
    st.permutations("ABCDE"),
    st.sampled_from(["", "、", "，", " ", "和"]),
)
@settings(max_examples=400, deadline=None)
def test_renaming_the_options_renames_the_reading(
    form: str, chosen: set[str], new_names: list[str], separator: str
) -> None:
    rename = str.maketrans("ABCDE", "".join(new_names))
    before, after = sorted(chosen), [letter.translate(rename) for letter in sorted(chosen)]
    first = read(form.format(separator.join(before)))
    second = read(form.format(separator.join(after)), choices="".join(new_names))
    assert first.letters == frozenset(before)
    assert second.letters == frozenset(after)


TERMS = (
    "型",
    "理论",
    "模型",
    "ABC的",
    "到D",
    "组",
    "因素",
    "Ⓐ",
    "Ⓒ",
    "Ⓑ",
    "🅰",
    "🅱",
    "A-C",
    "ａ",
    "А",
    "С",
    "В",
    "𝐀",
)
"""Where letters are no options (A型人格) or have other shapes, renaming says nothing."""
CHINESE = [
    case
    for case in CASES
    if case["letters"]
    and "options" not in case
    and set(case["letters"]) <= set("ABCD")
    and not (set(case["reply"]) & set(string.ascii_letters) - set("ABCD"))
    and not any(term in case["reply"] for term in TERMS)
]


@pytest.mark.parametrize("case", CHINESE, ids=[case["why"] for case in CHINESE])
@pytest.mark.parametrize("names", ["BCDA", "DABC", "CADB"])
def test_renaming_a_whole_reply_renames_its_reading(case: dict[str, str], names: str) -> None:
    rename = str.maketrans("ABCDＡＢＣＤ", names + names)
    reading = read(case["reply"].translate(rename), case["choices"].translate(rename))
    assert reading.letters == frozenset(case["letters"].translate(rename))


HOSTILE = {
    "opening tags": "<think>",
    "opened and closed tags": "<think>a</think>",
    "opening brackets": "（",
    "nested brackets": "（【[{",
    "empty cues": "答案：",
    "cues with answers": "答案：A。",
    "one long word": "A",
    "spaced letters": "A ",
    "listed letters": "A、",
    "full stops": ".",
    "line ends": "\n",
    "spaces": " ",
    "letters on lines": "A\n",
    "boxes": "\\boxed{",
    "JSON never closed": '{"answer": [',
    "the verb to choose": "选",
    "broken tags": "<a ",
    "table rows": "| A | x | ✓ |\n",
    "questions": "问题：",
    "numbered questions": "1.下列\nA. x\n",
    "conditions": "如果选A，",
    "exceptions": "除",
    "conclusions": "因此",
    "option lines": "A. 共情\n",
    "negations": "不选A。",
    "ticks": "A ✓ B ✗ ",
    "judgements": "A正确，",
    "full-width brackets": "Ａ：（",
    "strikes": "~~a",
    "lone surrogates": "\ud800",
    "corrections": "等等，",
    "ordinary words": "心理咨询",
}


@pytest.mark.parametrize("unit", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize(
    "options", [None, {"A": "共情", "B": "答案", "C": "选"}], ids=["", "texts"]
)
def test_ten_times_the_text_takes_at_most_twenty_times_the_time(
    unit: str, options: dict[str, str] | None
) -> None:
    def seconds(size: int) -> float:
        text = unit * (size // len(unit))
        times = []
        for _ in range(3):
            started = time.process_time()
            read(text, options=options)
            times.append(time.process_time() - started)
        return min(times)

    small, large = seconds(100_000), seconds(1_000_000)
    assert large < 20 * small + 0.02
    assert large < 1.0


@pytest.mark.parametrize("place", ["head", "middle", "tail"])
def test_an_overlong_reply_is_read_where_a_person_would_look(place: str) -> None:
    filler, answer = "来访者谈到童年。" * 60_000, "\n答案：BD\n"
    parts = {
        "head": answer + filler,
        "middle": filler + answer + filler,
        "tail": filler + answer,
    }
    assert read(parts[place]).letters == frozenset("BD")


def test_choices_beyond_h_are_letters_too() -> None:
    assert read("答案：KM", choices="IJKLM").letters == frozenset("KM")
    assert read("答案：K").state == "unparsed"


def test_the_module_offers_what_others_call() -> None:
    assert {"read", "visible", "render", "Reading"} <= set(dir(answers))
