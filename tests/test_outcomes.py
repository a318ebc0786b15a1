"""One reply, one state, one score; and saved replies of every kind, or an error that names them."""

import pytest

from psyche_bench import jsonl, outcomes, sources
from psyche_bench.errors import DataError, ScoreError
from psyche_bench.schemas import Outcome, Question

TEXTS = {"A": "回避社交", "B": "反复洗手", "C": "食欲下降", "D": "情感淡漠"}


def question(gold="AC", kind="mmcq", **fields):
    base = {
        "id": "exam/0001", "benchmark": "exam", "split": "test", "subset": "s", "subject": "",
        "cluster": "exam/0001", "stem": "她的表现包括", "file": "f", "row": 1, "kind": kind,
        "options": TEXTS if kind in ("smcq", "mmcq") else {}, "gold": gold,
    }  # fmt: skip
    return Question.model_validate(base | fields)


# gold, reply, capped, state, predicted, standard, elastic, why
CHOICES = [
    ("AC", "答案：AC", None, "right", "AC", 1, 1, "both"),
    ("AC", "答案：CA", None, "right", "AC", 1, 1, "both, the other way round"),
    ("AC", "答案：A", None, "partial", "A", 0, 0.5, "one of two"),
    ("AC", "答案：AB", None, "wrong", "AB", 0, 0, "one right and one wrong"),
    ("AC", "答案：ABCD", None, "wrong", "ABCD", 0, 0, "all of them"),
    ("AC", "答案：F", None, "wrong", "F", 0, 0, "a letter that is not on offer"),
    ("A", "答案：A", None, "right", "A", 1, 1, "the one"),
    ("A", "答案：AC", None, "wrong", "AC", 0, 0, "two where one is right"),
    ("AC", "我不确定。", None, "unparsed", None, 0, 0, "nothing to read"),
    ("AC", "", None, "unparsed", None, 0, 0, "an empty reply"),
    ("AC", "可能是A或C", False, "unparsed", None, 0, 0, "undecided and not cut off"),
    ("AC", "我先逐项分析", True, "truncated", None, 0, 0, "cut off by the cap before the answer"),
    ("AC", "<think>选项A", None, "truncated", None, 0, 0, "reasoning that never closed"),
    ("AC", "<think>选项A", False, "truncated", None, 0, 0, "never closed, whatever the cap says"),
    ("AC", "答案：AC\n理由是", True, "right", "AC", 1, 1, "answered, then cut off"),
    ("AC", "<think>是B</think>答案：AC", False, "right", "AC", 1, 1, "reasoned, then answered"),
    ("AC", None, None, "missing", None, 0, 0, "no reply at all"),
    (None, "答案：AC", None, "ungraded", "AC", None, None, "the gold is withheld"),
    (None, "我不确定。", None, "unparsed", None, None, None, "withheld, and nothing to read"),
    (None, "我先逐项", True, "truncated", None, None, None, "withheld, and cut off"),
    (None, None, None, "missing", None, None, None, "withheld, and no reply"),
]


@pytest.mark.parametrize("row", CHOICES, ids=[row[-1] for row in CHOICES])
def test_choices(row):
    gold, reply, capped, state, predicted, standard, elastic, _ = row
    kind = "smcq" if gold and len(gold) == 1 else "mmcq"
    graded = outcomes.grade(question(gold, kind), reply, capped=capped)
    assert (graded.state, graded.predicted, graded.gold) == (state, predicted, gold)
    # A withheld gold gives no score, never a zero.
    expected = {} if standard is None else {"standard": standard, "elastic": elastic}
    assert graded.scores == expected
    assert (graded.reply, graded.capped) == (reply, capped)


# reply, capped, state, whether ROUGE-1 is above zero, why
WRITTEN = [
    ("先评估自杀风险，再商定目标。", None, "written", True, "an answer"),
    ("<think>想</think>先评估自杀风险。", None, "written", True, "reasoned, then answered"),
    ("完全无关", True, "written", False, "an answer of other words, cut off at its end"),
    ("<think>先评估自杀风险", None, "truncated", False, "nothing but reasoning"),
    ("<think>先评估</think> \n", True, "truncated", False, "cut off behind the reasoning"),
    ("<think>先评估</think> \n", False, "unparsed", False, "nothing behind the reasoning"),
    ("", None, "unparsed", False, "an empty reply"),
    (None, None, "missing", False, "no reply at all"),
]


@pytest.mark.parametrize("row", WRITTEN, ids=[row[-1] for row in WRITTEN])
def test_written_answers(row):
    reply, capped, state, some, _ = row
    asked = question(None, "qa", reference="先评估自杀风险，再商定目标。")
    graded = outcomes.grade(asked, reply, capped=capped)
    assert (graded.state, graded.predicted) == (state, None)
    assert set(graded.scores) >= {"rouge1_jieba", "rougeL_jieba", "bleu4_char", "bleu4_jieba"}
    assert (graded.scores["rouge1_jieba"] > 0) == some
    assert all(0 <= value <= 100 for value in graded.scores.values())
    assert some or not any(graded.scores.values())


def test_reasoning_earns_nothing():
    asked = question(None, "qa", reference="先评估自杀风险。")
    reasoned = outcomes.grade(asked, "<think>先评估自杀风险。</think>不知道")
    assert reasoned.scores == outcomes.grade(asked, "不知道").scores


@pytest.mark.parametrize("reply", ["我听到您很累。", "A", "答案：B", "您想先谈哪一点？"])
def test_a_counsellor_s_reply_is_written_and_never_read_as_letters(reply):
    graded = outcomes.grade(question(None, "counselling"), reply)
    assert (graded.state, graded.predicted, graded.scores) == ("written", None, {})


def test_options_texts_are_read_and_options_that_are_missing_are_not_on_offer():
    assert outcomes.grade(question("C", "smcq"), "答案：食欲下降").state == "right"


def test_a_gold_that_is_empty_is_an_error_and_no_zero():
    with pytest.raises(ValueError, match="the gold is empty"):
        outcomes.grade(question(""), None)


def test_the_best_set_is_chosen_and_rendered_for_the_reader():
    sets = ["A", "B", "AB"]
    assert outcomes.choose(sets, [-3.0, -2.0, -1.0]) == "答案：AB"
    assert outcomes.choose(sets, [-1.0, -1.0, -2.0]) == "答案：A"
    assert outcomes.choose(sets, [float("-inf"), -900.0, float("-inf")]) == "答案：B"


def test_outcomes_survive_their_file(tmp_path):
    graded = [
        outcomes.grade(question(), "答案：A\n\ud83d", tokens=7, capped=False, task="t"),
        outcomes.grade(question(None, "qa", reference="先评估。"), "先\u2028评估"),
        outcomes.grade(question(None), None),
    ]
    path = tmp_path / "outcomes.jsonl"
    jsonl.write_lines(path, (outcome.model_dump() for outcome in graded))
    assert outcomes.load(path) == graded


def sample_line(**fields):
    doc = {
        "id": "exam/0001", "task": "exam_s", "protocol": "direct", "prompt_hash": "abc",
        "choices": [],
    }  # fmt: skip
    return {"doc_id": 0, "doc": doc, "resps": [["答案：AC"]], "filtered_resps": [""]} | fields


def test_all_kinds_of_files_give_the_same_replies(tmp_path):
    graded = outcomes.grade(question(), "答案：AC", task="exam_s", protocol="direct",
                            prompt_hash="abc")  # fmt: skip
    lines = {
        "samples_exam_s.jsonl": sample_line(),
        "outcomes.jsonl": graded.model_dump(),
        "plain.jsonl": {"id": "exam/0001", "reply": "答案：AC", "model": "mine"},
    }
    for name, line in lines.items():
        jsonl.write_lines(tmp_path / name, [line])
        ((item, saved),) = outcomes.replies(tmp_path / name)
        again = outcomes.grade(question(), **saved)
        assert (item, again.state, again.reply) == ("exam/0001", "right", "答案：AC")
        if name != "plain.jsonl":
            assert again == graded


def test_a_sample_tells_tokens_and_cap_and_likelihoods(tmp_path):
    path = tmp_path / "samples_x.jsonl"
    likely = sample_line(
        doc=sample_line()["doc"] | {"choices": ["A", "AC"]},
        resps=[[["-2.5", "False"]], [[-1.5, True]]],
    )
    jsonl.write_lines(path, [sample_line(tokens=9, capped=True), likely])
    (_, generated), (_, chosen) = outcomes.replies(path)
    assert (generated["tokens"], generated["capped"]) == (9, True)
    assert chosen["reply"] == "答案：AC"
    assert chosen.get("tokens") is None


def test_a_reply_of_null_is_missing_and_a_number_may_be_an_id(tmp_path):
    path = tmp_path / "plain.jsonl"
    jsonl.write_lines(path, [{"id": 7, "reply": None}])
    assert list(outcomes.replies(path)) == [("7", {"reply": None})]


BAD_LINES = [
    ({"reply": "A"}, "neither an lm_eval sample", "no id"),
    ({"id": "a"}, 'nor {"id": …, "reply": …}', "no reply"),
    ({"doc": {}, "id": "a"}, "neither", "a sample without responses"),
    ({"doc": {"question": "x"}, "resps": [["A"]]}, "a sample of another task", "another task"),
    ({"doc": "x", "resps": [["A"]]}, "a sample of another task", "a sample whose doc is a text"),
    (sample_line(resps=[]), "`resps` does not hold", "a sample with no response"),
    (sample_line(resps=[[]]), "`resps` does not hold", "a sample with an empty response"),
    (sample_line(resps=None), "`resps` does not hold", "a sample whose responses are null"),
    (sample_line(resps=[[["A"]]]), "field 'reply'", "a generated response that is a list"),
    (
        sample_line(doc=sample_line()["doc"] | {"choices": ["A", "B"]}, resps=[[["-1", "True"]]]),
        "`resps` does not hold", "fewer likelihoods than answers",
    ),
    (
        sample_line(doc=sample_line()["doc"] | {"choices": ["A"]}, resps=[[["x", "True"]]]),
        "`resps` does not hold", "a likelihood that is no number",
    ),
    ({"id": "a", "reply": 5}, "field 'reply'", "a reply that is a number"),
    ({"id": "a", "reply": ["A"]}, "field 'reply'", "a reply that is a list"),
    ({"id": None, "reply": "A"}, "field 'id", "an id of null"),
    ({"id": "a", "reply": "A", "tokens": "many"}, "field 'tokens'", "tokens in words"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("line", "said"), [row[:2] for row in BAD_LINES], ids=[row[2] for row in BAD_LINES]
)
def test_a_line_that_is_none_of_these_is_named(tmp_path, line, said):
    path = tmp_path / "replies.jsonl"
    jsonl.write_lines(path, [{"id": "a", "reply": "A"}, line])
    with pytest.raises(DataError) as caught:
        list(outcomes.replies(path))
    assert str(caught.value).startswith(f"{path}, line 2")
    assert said in str(caught.value)


def test_an_outcome_with_a_strange_field_is_named(tmp_path):
    path = tmp_path / "outcomes.jsonl"
    line = outcomes.grade(question(), "A").model_dump()
    jsonl.write_lines(path, [line, line | {"state": "nearly"}])
    with pytest.raises(DataError, match="line 2, field 'state'"):
        outcomes.load(path)


def saved(item="exam/0001", **fields):
    return item, outcomes.SavedReply({"reply": "答案：A"} | fields)


def test_a_reply_twice_is_an_error_but_two_tasks_are_two_replies():
    known = {"exam/0001": question()}
    with pytest.raises(ScoreError, match=r"exam/0001 has two replies. Keep one"):
        outcomes.regrade([saved(), saved()], known)
    with pytest.raises(ScoreError, match="exam/0001 has two replies under five"):
        outcomes.regrade([saved(task="five"), saved(task="five")], known)
    both = outcomes.regrade([saved(task="five"), saved(task="zero")], known)
    assert [outcome.task for outcome in both] == ["five", "zero"]


def test_an_unknown_id_is_named_and_the_remedy_too():
    with pytest.raises(ScoreError, match=r"'exam/0002' is no item .* `psyche-bench data ids NAME`"):
        outcomes.regrade([saved("exam/0002")], {"exam/0001": question()})


def test_regrading_outcomes_changes_nothing(tmp_path):
    known = {q.id: q for q in sources.load("sample", "test")}
    replies = ["答案：AC", "不知道", "<think>", "答案：B", None]
    first = [
        outcomes.grade(q, replies[i % 5], task="t", protocol="direct", tokens=i)
        for i, q in enumerate(known.values())
    ]
    path = tmp_path / "outcomes.jsonl"
    jsonl.write_lines(path, (outcome.model_dump() for outcome in first))
    again = outcomes.regrade(outcomes.replies(path), known)
    assert again == first
    assert isinstance(again[0], Outcome)
