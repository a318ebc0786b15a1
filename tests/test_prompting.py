"""Prompts as they are shown: golden files, nothing of the answer in them, all items render.

After a wanted change of the wording run

    PSYCHE_BENCH_REWRITE=1 pytest tests/test_prompting.py

and read the difference of ``tests/golden/prompt.*.txt``. The items shown there are the sample's.
"""

import os
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from psyche_bench import prompting, sources
from psyche_bench.errors import RunError
from psyche_bench.schemas import Question

GOLDEN = Path(__file__).parent / "golden"
ASKS = ("reason", "direct", "likelihood")
SHOWN = {
    "case_smcq": "sample/case/smcq/0001",
    "case_mmcq": "sample/case/mmcq/0003",
    "theory_smcq": "sample/theory/smcq/0011",
    "case_qa": "sample/case/qa/0002",
}
CASES = [
    (item, ask, lang, f"prompt.{name}.{ask}.{lang}")
    for name, item in SHOWN.items()
    for ask in (("written",) if name == "case_qa" else ASKS)
    for lang in prompting.LANGS
]


@pytest.mark.parametrize(
    ("item", "ask", "lang", "name"), CASES, ids=[case[-1].removeprefix("prompt.") for case in CASES]
)
def test_golden_prompts(item, ask, lang, name):
    shown = prompting.prompt(sources.index([item])[item], ask, lang)
    path = GOLDEN / f"{name}.txt"
    if os.environ.get("PSYCHE_BENCH_REWRITE"):
        path.write_bytes(shown.encode())
    assert path.read_bytes().decode() == shown


def rendered(questions):
    for question in questions:
        for ask in ASKS:
            for lang in prompting.LANGS:
                yield question, prompting.prompt(question, ask, lang)


def gives_away(question: Question, shown: str) -> bool:
    """Whether a prompt holds the explanation, the reference, or the gold as an answer."""
    secrets = [question.analysis.strip(), (question.reference or "").strip()]
    if any(len(secret) > 12 and secret in shown for secret in secrets):
        return True
    gold = question.gold and re.search(f"(?:答案|Answer)[:： ]*{question.gold}(?![A-Z])", shown)
    return bool(gold)


def asked(name, split=None):
    return [q for q in sources.load(name, split) if q.kind != "counselling"]


def test_no_prompt_of_the_sample_gives_the_answer_away():
    pairs = list(rendered(asked("sample")))
    assert len(pairs) > 6 * 70
    assert [q.id for q, shown in pairs if gives_away(q, shown)] == []


@pytest.mark.parametrize("name", ["pceb", "pceb_case_qa", "cpsyexam", "cpsyexam_qa"])
def test_no_prompt_of_the_releases_gives_the_answer_away(data_root, name):
    pairs = ((q, prompting.prompt(q)) for q in sources.load(name))
    given_away = [q.id for q, shown in pairs if gives_away(q, shown)]
    # Explanations that merely say the stem again, word for word.
    repeated = [
        q.id
        for q in sources.load(name)
        if q.id in given_away and q.analysis.strip() in q.vignette + q.stem
    ]
    assert given_away == repeated
    assert len(repeated) <= 3


@given(st.data())
def test_a_prompt_depends_on_what_may_be_shown_alone(data):
    question = data.draw(st.sampled_from(asked("sample")))
    words = data.draw(st.text(max_size=20))
    other = question.model_copy(
        update={
            "analysis": words, "gold": "A", "reference": words, "subject": words, "cluster": words,
            "file": words, "row": 99, "id": words, "split": words, "benchmark": words,
        }
    )  # fmt: skip
    ask, lang = data.draw(st.sampled_from(ASKS)), data.draw(st.sampled_from(prompting.LANGS))
    assert prompting.prompt(other, ask, lang) == prompting.prompt(question, ask, lang)


def test_every_prompt_holds_the_whole_item_once(data_root):
    questions = [*sources.load("pceb"), *sources.load("pceb_case_qa")]
    for question in questions:
        shown = prompting.prompt(question, "reason")
        for part in (question.stem.strip(), question.vignette):
            assert re.sub(r"\n+", "\n", part) in re.sub(r"\n+", "\n", shown)
        for letter, text in question.options.items():
            assert f"\n{letter}. {text.strip()}\n" in shown


def test_all_of_pceb_renders(data_root):
    questions = [*sources.load("pceb"), *sources.load("pceb_case_qa")]
    shown = {question.id: prompting.prompt(question) for question in questions}
    assert len(shown) == 3963
    assert all(text.strip() for text in shown.values())
    assert not [i for i, text in shown.items() if re.search(r"\{[a-z_]+\}", text)]


def question(**fields):
    base = {
        "id": "q", "benchmark": "b", "split": "test", "subset": "s", "kind": "smcq", "subject": "",
        "cluster": "q", "stem": "何者为真？",
        "options": {"A": "甲", "B": "乙"}, "file": "f", "row": 1,
    }  # fmt: skip
    return Question.model_validate(base | fields)


BRACES = [
    ({"stem": "集合{x}的{0}是{}"}, "集合{x}的{0}是{}", "in the stem"),
    ({"options": {"A": "{options}", "B": "}{"}}, "A. {options}\nB. }{\n", "in the options"),
    ({"vignette": "{stem}先生", "kind": "qa"}, "{stem}先生", "in the vignette"),
]


@pytest.mark.parametrize(
    ("fields", "kept"), [row[:2] for row in BRACES], ids=[row[2] for row in BRACES]
)
def test_braces_of_an_item_are_text(fields, kept):
    for _, shown in rendered([question(**fields)]):
        assert kept in shown


def test_kinds_are_told_apart_and_an_absent_vignette_leaves_no_gap():
    single = prompting.prompt(question())
    multiple = prompting.prompt(question(kind="mmcq"))
    assert "单项选择题" in single
    assert "多项选择题" in multiple
    assert "案例" not in single
    assert "\n\n\n" not in single
    assert "Case" in prompting.prompt(question(vignette="她28岁。"), lang="en")


OPTION_SETS = [
    ("smcq", "AB", ["A", "B"], "single: the letters"),
    ("mmcq", "AB", ["A", "B", "AB"], "multiple: every non-empty set"),
    ("mmcq", "BA", ["A", "B", "AB"], "options out of order"),
    ("mmcq", "ACD", ["A", "C", "D", "AC", "AD", "CD", "ACD"], "a letter is missing"),
]


@pytest.mark.parametrize(
    ("kind", "letters", "expected"),
    [row[:3] for row in OPTION_SETS],
    ids=[row[3] for row in OPTION_SETS],
)
def test_the_answers_a_question_allows(kind, letters, expected):
    found = prompting.option_sets(question(kind=kind, options=dict.fromkeys(letters, "x")))
    assert found == expected


@given(st.sets(st.sampled_from("ABCDE"), min_size=1))
def test_there_are_two_to_the_n_minus_one_sets(letters):
    sets = prompting.option_sets(question(kind="mmcq", options=dict.fromkeys(letters, "x")))
    assert len(set(sets)) == len(sets) == 2 ** len(letters) - 1
    assert len({prompting.continuation(chosen) for chosen in sets}) == len(sets)


def test_no_continuation_is_the_start_of_another():
    shown = [prompting.continuation(s) for s in ("A", "AB", "ABC", "B")]
    assert not [(a, b) for a in shown for b in shown if a != b and b.startswith(a)]


def test_an_exemplar_shows_the_bare_answer():
    explained = question(gold="B", analysis="因为乙是对的。")
    assert prompting.answer(explained) == "答案：B"
    assert prompting.answer(explained, "en") == "Answer: B"
    assert prompting.answer(question(kind="qa", reference="先评估。")) == "先评估。"


def test_protocols_are_those_of_the_issue():
    found = {name: (p.ask, p.cap) for name, p in prompting.protocols().items()}
    assert found == {
        "paper-1024": ("reason", 1024),
        "fair-8192": ("reason", 8192),
        "direct": ("direct", 64),
        "likelihood": ("likelihood", 0),
    }
    assert all(p.source for p in prompting.protocols().values())


def test_an_unknown_protocol_names_the_known():
    with pytest.raises(RunError, match=r"no protocol is called 'paper'. Known: paper-1024, fair"):
        prompting.protocol("paper")


HASHED = [("a", "b"), ("ab",), ("a\0b",), ("", "ab"), ("ab", ""), ("b", "a"), ("\ud83d",)]


def test_hashes_tell_texts_and_their_borders_apart():
    # A zero byte inside a text is the one thing that the separator cannot tell from a border.
    found = {texts: prompting.text_hash(*texts) for texts in HASHED}
    assert found["a", "b"] == found["a\0b",]
    assert len(set(found.values())) == len(HASHED) - 1
    assert all(re.fullmatch("[0-9a-f]{12}", value) for value in found.values())
