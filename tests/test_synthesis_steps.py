"""The steps as the pure functions they are: what is asked, and what is made of each reply."""

import json
import re

import pytest

from psyche_bench.errors import DataError
from psyche_bench.schemas import Turn
from psyche_bench.store import Reply
from psyche_bench.synthesis import (
    bank,
    control,
    cross_select,
    dialogue_filter,
    dialogue_refine,
    dialogues,
    generate,
    iterate,
    prompts,
    rank,
    rationale,
    replies,
)
from psyche_bench.synthesis.recipe import Mapping, Source
from psyche_bench.synthesis.rows import Cluster, Item, Origin, Pair, Segment
from psyche_bench.synthesis.step import Again, Ask, Dropped, Kept, Malformed, Options

ORIGIN = Origin(source="ours", type="I", licence="CC0", file="a.md", place="", parent="s-1")
OPTIONS = {"A": "七个组块", "B": "没有上限", "C": "一个组块", "D": "一百个组块"}
ITEM = Item(
    id="q-1", origin=ORIGIN, use="pool", kind="smcq", stem="短时记忆的容量约为？", options=OPTIONS,
    gold="A",
)  # fmt: skip
PAIR = Pair(id="d-1", origin=ORIGIN, question="总是睡不着。", reply="先记录三天的睡眠。")


def said(text, finish="stop", reasoning=""):
    return Reply(text, reasoning, finish, "m", 1, 1)


def made(**changes):
    return {"question": "哪一项对？", "options": OPTIONS, "answer": "A", "type": "x"} | changes


# --- JSON in replies -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param('{"a": 1}', {"a": 1}, id="plain"),
        pytest.param('好的：\n```json\n{"a": 1}\n```', {"a": 1}, id="prose and a fence around it"),
        pytest.param("<think>{\"a\": 2}</think>{'a': 1,}", {"a": 1}, id="quotes, comma, reasoning"),
        pytest.param(
            '{"a": "说"好"了", "b": [1, 2', {"a": '说"好"了', "b": [1, 2]}, id="cut, quotes"
        ),
    ],
)
def test_json_is_read_and_repaired(text, expected):
    assert replies.value(said(text)) == expected


@pytest.mark.parametrize(
    "text",
    ["", "好的。", "[", "{}", "<think>{}", "答案是[]吗？"],
    ids=["empty", "prose", "an open bracket", "nothing in it", "never ends thinking", "brackets"],
)
def test_what_holds_no_json_is_malformed(text):
    with pytest.raises(Malformed):
        replies.value(said(text))


# --- generate ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "kind", "problem"),
    [
        pytest.param({}, "smcq", "", id="a whole question"),
        pytest.param({"answer": "a、c"}, "mmcq", "", id="small letters with a mark between"),
        pytest.param({"answer": ["A", "C"]}, "mmcq", "", id="letters in a list"),
        pytest.param({"options": ["A. 甲", "B. 乙"]}, "smcq", "", id="options in a list"),
        pytest.param({"question": " "}, "smcq", "no question", id="no stem"),
        pytest.param({"answer": "E"}, "smcq", "not among the options", id="a letter too far"),
        pytest.param({"answer": "AB"}, "smcq", "one answer", id="two answers where one is due"),
        pytest.param({"answer": "A"}, "mmcq", "two answers", id="one answer where two are due"),
        pytest.param({"answer": ""}, "smcq", "no answer", id="no answer"),
        pytest.param({"options": OPTIONS | {"B": "七个组块"}}, "smcq", "the same", id="doubled"),
        pytest.param({"options": OPTIONS | {"B": ""}}, "smcq", "empty", id="an empty option"),
        pytest.param({"options": {"A": "甲", "C": "乙"}}, "smcq", "letters", id="a letter missing"),
        pytest.param({"options": "甲乙丙"}, "smcq", "fewer than two", id="no options at all"),
    ],
)
def test_a_made_question_is_whole_or_says_why_not(change, kind, problem):
    good = made(question="另一题？", answer="A" if kind == "smcq" else "BD")
    reply = said(json.dumps({"questions": [made(**change), good]}))
    kept, rejected = generate.questions(reply, kind, ORIGIN)
    assert len(kept) == (1 if problem else 2)
    assert [problem in aside.reason for aside in rejected] == ([True] if problem else [])


def test_a_reply_without_one_whole_question_is_asked_again():
    with pytest.raises(Malformed, match="no answer"):
        generate.questions(said(json.dumps([made(answer="")])), "smcq", ORIGIN)


def test_a_segment_is_asked_for_each_kind_and_keeps_what_came_before():
    segment = Segment(id="s-1", origin=ORIGIN, text="短时记忆的容量有限。", start=0, end=10)
    options = generate.GenerateOptions(model="m", smcq=1, mmcq=1)
    first = generate.ask(segment, options)
    assert "短时记忆的容量有限。" in first.messages[-1]["content"]
    assert "1道单项选择题" in first.messages[-1]["content"]
    taken = generate.take(segment, said(json.dumps([made()])), options)
    assert isinstance(taken, Again)
    assert [item.gold for item in taken.rows] == ["A"]
    assert "多项选择题" in generate.ask(taken.row, options).messages[-1]["content"]
    assert isinstance(
        generate.take(taken.row, said(json.dumps([made(answer="AB")])), options), Kept
    )


def test_ids_come_from_content_and_place():
    one, _ = generate.questions(said(json.dumps([made()])), "smcq", ORIGIN)
    again, _ = generate.questions(said(json.dumps([made()])), "smcq", ORIGIN)
    elsewhere, _ = generate.questions(
        said(json.dumps([made()])), "smcq", ORIGIN.child("another segment")
    )
    assert one[0].id == again[0].id != elsewhere[0].id


# --- banks and dialogues -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "mapping", "expected"),
    [
        pytest.param(
            {"question": "问", "options": {"A": "甲", "B": "乙", "C": ""}, "answer": "B,A"},
            Mapping(), ("问", {"A": "甲", "B": "乙"}, "AB"), id="an empty option is none",
        ),
        pytest.param(
            {"d": {"t": "问"}, "o": ["甲", "乙"], "k": "（b）"},
            Mapping(stem="d.t", options="o", gold="k"), ("问", {"A": "甲", "B": "乙"}, "B"),
            id="nested keys and a list",
        ),
        pytest.param(
            {"question": "问", "options": {"A": "甲", "B": "乙"}, "answer": "乙"},
            Mapping(), ("问", {"A": "甲", "B": "乙"}, "B"), id="the answer as text",
        ),
        pytest.param({}, Mapping(), ("", {}, ""), id="nothing there"),
    ],
)  # fmt: skip
def test_a_bank_is_read_by_its_mapping(row, mapping, expected):
    assert bank.read(row, mapping) == expected


TRANSCRIPT = "来访者：睡不着。\n\n心理咨询师：多久了？\n来访者：两周。\n心理咨询师：先记录。"
SAID = [
    ("user", "睡不着。"),
    ("assistant", "多久了？"),
    ("user", "两周。"),
    ("assistant", "先记录。"),
]


@pytest.mark.parametrize(
    ("form", "row"),
    [
        ("messages", {"messages": [{"role": "client", "content": "睡不着。"},
                                   {"role": "counselor", "content": "多久了？"},
                                   {"role": "client", "content": "两周。"},
                                   {"role": "counselor", "content": "先记录。"}]}),
        ("conversation", {"conversation": [{"input": "睡不着。", "output": "多久了？"},
                                           {"input": "两周。", "output": "先记录。"}]}),
        ("transcript", {"text": TRANSCRIPT}),
    ],
)  # fmt: skip
def test_three_formats_hold_the_same_dialogue(form, row):
    source = Source(name="s", type="IV", licence="CC0", format=form)
    turns = dialogues.turns(row, source)
    assert [(turn.role, turn.content) for turn in turns] == SAID
    assert dialogues.pair(turns, "opening")[1:] == ("睡不着。", "多久了？")
    assert dialogues.pair(turns, "whole")[1:] == ("睡不着。\n两周。", "多久了？\n先记录。")
    history, question, reply = dialogues.last(turns)
    assert (len(history), question, reply) == (2, "两周。", "先记录。")


def test_a_dialogue_without_a_reply_has_no_pair():
    assert dialogues.pair([Turn(role="user", content="有人吗")], "opening") == ((), "有人吗", "")


# --- rank ----------------------------------------------------------------------------------------


def test_the_best_of_a_cluster_stays_and_the_others_are_named():
    other = ITEM.model_copy(update={"id": "q-2", "stem": "短时记忆的容量大约为？"})
    cluster = Cluster(id="c-1", members=(ITEM, other))
    options = rank.RankOptions(model="m")
    order = rank._order(cluster, options)
    taken = rank.take(cluster, said('{"ranking": [2, 1]}'), options)
    assert taken.rows[0].id == order[1].id
    assert taken.rejected[0].raw.startswith(order[0].id)
    with pytest.raises(Malformed, match="ranking"):
        rank.take(cluster, said('{"ranking": [3]}'), options)
    fallen = rank.give_up(cluster, "no JSON", "?", options)
    assert [row.id for row in fallen.rows] == ["q-1"]
    assert [aside.reason for aside in fallen.rejected][-1].startswith("ranking unreadable")
    assert isinstance(rank.ask(Cluster(id="c", members=(ITEM,)), options), Kept)


def test_questions_that_differ_in_one_telling_character_stay_apart():
    opposite = ITEM.model_copy(update={"id": "q-2", "stem": "短时记忆的容量不约为？"})
    again = ITEM.model_copy(update={"id": "q-3", "stem": "短时记忆的容量约为（）"})
    groups = rank.apart([ITEM, opposite, again])
    assert [[item.id for item in group] for group in groups] == [["q-1", "q-3"], ["q-2"]]


# --- control -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"verdict": "ok"}', Kept),
        ('{"verdict": "Incomplete", "reason": "缺图"}', Dropped("incomplete information", "缺图")),
        ('{"verdict": "illogical"}', Dropped("logical confusion", "")),
        ('{"verdict": "unclear"}', Dropped("unclear expression", "")),
        ('{"verdict": "maybe"}', Malformed),
        ('{"ok": true}', Malformed),
    ],
)
def test_control_reads_its_verdict(text, expected):
    if expected is Malformed:
        with pytest.raises(Malformed):
            control.take(ITEM, said(text), Options())
    else:
        taken = control.take(ITEM, said(text), Options())
        assert taken == expected or (isinstance(taken, Kept) and expected is Kept)


def test_control_shows_its_examples_as_earlier_turns():
    turns = control.ask(ITEM, Options(model="m")).messages
    assert [turn["role"] for turn in turns] == ["system", *["user", "assistant"] * 4, "user"]
    assert all(json.loads(turn["content"]) for turn in turns if turn["role"] == "assistant")


# --- rationale -----------------------------------------------------------------------------------

RATIONALE = rationale.RationaleOptions(model="m", tries=2)


@pytest.mark.parametrize(
    ("reply", "predicted", "right"),
    [
        (said("<think>容量有限。</think>\n答案：A"), "A", True),
        (said("容量有限。\n答案：A"), "A", True),
        (said("答案：A", reasoning="容量有限。"), "A", True),
        (said("<think>容量无限。</think>\n答案：B"), "B", False),
        (said("答案：A"), "A", False),
        (said("<think>容量有限。</think>\n答案：A", finish="length"), None, False),
        (said("<think>容量有限"), None, False),
    ],
    ids=[
        "right",
        "in the open",
        "split off by the endpoint",
        "wrong",
        "no reasoning",
        "cut",
        "open",
    ],
)
def test_a_prediction(reply, predicted, right):
    found = rationale.predict(ITEM, reply)
    assert (found.predicted, found.right) == (predicted, right)
    assert not found.right or "容量有限。" in found.rationale


def test_a_wrong_rationale_is_drawn_again_and_pruned_after_t_tries():
    row, samples = ITEM, []
    while True:
        asked = rationale.ask(row, RATIONALE)
        samples.append(asked.sample)
        taken = rationale.take(row, said("<think>无限。</think>答案：B"), RATIONALE)
        if not isinstance(taken, Again):
            break
        row = taken.row
    assert samples == [0, 1, 2], "one draw and T more, each a call of its own"
    assert taken.reason == "no rationale reached the gold in 3 attempts"


# --- iterate -------------------------------------------------------------------------------------

ITERATE = iterate.IterateOptions(model="m", rounds=3)


def play(replies_by_kind, options=ITERATE):
    """Drive a question through the rounds; ``replies_by_kind`` answers refine, try and compare."""
    first = rationale.take(ITEM, said("<think>第零轮。</think>\n答案：A"), RATIONALE)
    (row,) = first.rows
    asked_for = []
    while True:
        asked = iterate.ask(row, options)
        if not isinstance(asked, Ask):
            return asked, asked_for
        text = asked.messages[-1]["content"]
        kind = "try" if row.draft else "compare" if "正确答案" in text else "refine"
        asked_for.append((kind, asked))
        reply = replies_by_kind[kind](row)
        try:
            taken = iterate.take(row, said(reply), options)
        except Malformed as error:
            taken = iterate.give_up(row, str(error), reply, options)
        if not isinstance(taken, Again):
            return taken, asked_for
        row = taken.row


def refined(row):
    return json.dumps({"prompt": f"第{len(row.rounds)}版提示"})


def test_rounds_adopt_what_reaches_the_gold_and_go_back_otherwise():
    answers = {1: "A", 2: "B", 3: "A"}
    taken, asked = play(
        {
            "refine": refined,
            "try": lambda row: (
                f"<think>第{len(row.rounds)}轮。</think>答案：{answers[len(row.rounds)]}"
            ),
            "compare": lambda _: '{"best": 1}',
        }
    )
    (row,) = taken.rows
    assert [kind for kind, _ in asked] == ["refine", "try"] * 3 + ["compare"]
    assert [(r.number, r.predicted, r.adopted) for r in row.rounds] == [
        (0, "A", True), (1, "A", True), (2, "B", False), (3, "A", True),
    ]  # fmt: skip
    third = asked[4][1].messages[-1]["content"]
    assert "第1版提示" in third, "round 2 failed, so round 3 refines the pair of round 1"
    assert "第1轮。" in third
    assert "第2轮" not in third
    compared = asked[-1][1].messages[-1]["content"]
    assert all(f"第{n}轮。" in compared for n in ("零", 1, 3)), "all kept rationales are compared"
    assert row.rationale in {r.rationale for r in row.rounds if r.adopted}
    assert len({(ask.messages[-1]["content"], ask.sample) for _, ask in asked}) == 7


def test_a_malformed_refinement_costs_its_round_and_not_the_question():
    taken, asked = play({"refine": lambda _: "抱歉", "try": None, "compare": None})
    (row,) = taken.rows
    assert [kind for kind, _ in asked] == ["refine"] * 3
    assert row.rationale == "第零轮。"
    assert [r.adopted for r in row.rounds] == [True, False, False, False]


def test_an_unreadable_comparison_keeps_the_last_adopted_rationale():
    right = {"refine": refined, "try": lambda row: f"<think>第{len(row.rounds)}轮。</think>答案：A"}
    taken, _ = play(right | {"compare": lambda _: "都很好"})
    assert taken.rows[0].rationale == "第3轮。"
    assert "no comparison could be read" in taken.rows[0].notes["iterate"]


# --- cross-select --------------------------------------------------------------------------------

SELECT = cross_select.CrossSelectOptions(answerers=("qwen", "llama", "phi"))


@pytest.mark.parametrize(
    ("texts", "verdict"),
    [
        (["B", "答案：C", "D"], True),
        (["B", "A", "D"], False),
        (["B", "AB", "D"], True),
        (["B", "不知道", "D"], None),
        (["A", "不知道", "D"], False),
    ],
    ids=["all wrong", "one right", "a part is not right", "one unread", "unread, but one right"],
)
def test_a_question_is_challenging_when_all_three_are_wrong(texts, verdict):
    row = ITEM
    for name, text in zip(SELECT.answerers, texts, strict=True):
        assert cross_select.ask(row, SELECT).model == name
        try:
            taken = cross_select.take(row, said(text), SELECT)
        except Malformed:
            taken = cross_select.give_up(row, "", text, SELECT)
        row = taken.row if isinstance(taken, Again) else taken.rows[0]
    assert row.challenging is verdict
    assert [one.model for one in row.answers] == list(SELECT.answerers)


def test_random_selection_has_the_same_size_and_leaves_cpsyexam_alone():
    items = [
        ITEM.model_copy(
            update={"id": f"q-{n}", "challenging": n < 4, "use": "cp" if n == 9 else "pool"}
        )
        for n in range(10)
    ]

    class Seeded:
        seed = 7

    drawn = list(cross_select.random_select(items, cross_select.RandomOptions(), Seeded))
    rows = [result.rows[0] for result in drawn]
    assert sum(row.challenging for row in rows if row.use == "pool") == 4
    assert [row.id for row in rows] == [item.id for item in items]
    assert rows[9] == items[9]


# --- dialogues -----------------------------------------------------------------------------------


def test_empty_comfort_is_dropped_and_the_post_is_kept_beside_its_refinement():
    ask = dialogue_filter.ask(PAIR, Options(model="m"))
    assert PAIR.reply in ask.messages[-1]["content"]
    dropped = dialogue_filter.take(PAIR, said('{"reasonable": false, "reason": "空泛"}'), Options())
    assert dropped == Dropped("the reply is no substantive advice", "空泛")
    with pytest.raises(Malformed):
        dialogue_filter.take(PAIR, said('{"reasonable": "maybe"}'), Options())
    (row,) = dialogue_refine.take(PAIR, said("我两周来睡不着。"), Options()).rows
    assert (row.question, row.notes["post"]) == ("我两周来睡不着。", "总是睡不着。")
    with pytest.raises(Malformed, match="cut off"):
        dialogue_refine.take(PAIR, said("我两周", finish="length"), Options())


# --- prompts -------------------------------------------------------------------------------------

PROMPTS = ("generate", "subfield", "rank", "control", "rationale", "refine_prompt", "compare",
           "dialogue_filter", "dialogue_refine", "dialogue_enrich", "malformed", "ocr")  # fmt: skip


@pytest.mark.parametrize("name", PROMPTS)
def test_every_prompt_stands_in_both_languages_with_the_same_places(name):
    for part, texts in prompts.read(name).items():
        assert set(texts) == {"zh", "en"}, part
        places = {lang: set(re.findall(r"\$\w+", text, re.ASCII)) for lang, text in texts.items()}
        assert places["zh"] == places["en"], part


@pytest.mark.parametrize(
    ("prompt", "demands"),
    [
        (
            "generate",
            ["有难度", "推理", "有依据", "证据", "信息完整", "有变化", "选项有效", '"type"'],
        ),
        ("control", ["信息不完整", "逻辑混乱", "表述不清", "只凭题目本身和心理学知识"]),
        ("dialogue_filter", ["有帮助", "有实质内容", "一切都会好的"]),
        ("dialogue_refine", ["先后", "心理上的困惑", "第一人称", "完整", "清楚", "只输出"]),
        ("dialogue_enrich", ["共鸣与支持", "有依据的理解", "具体的步骤"]),
    ],
)
def test_a_prompt_carries_what_the_paper_demands(prompt, demands):
    text = "".join(texts["zh"] for texts in prompts.read(prompt).values())
    assert not [demand for demand in demands if demand not in text]


def test_braces_and_dollars_in_a_text_are_left_alone():
    asked = prompts.turns("dialogue_refine", "zh", question="花了 $100 和 {name}")
    assert "花了 $100 和 {name}" in asked[-1]["content"]


def test_an_unknown_bank_file_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setenv("PSYCHE_BENCH_DATA", str(tmp_path))
    source = Source(name="s", type="II", licence="CC0", path="none.jsonl")
    with pytest.raises(DataError, match="source s: nothing stands at"):
        list(bank._mapped(source))
