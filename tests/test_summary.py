"""The table of a run by hand: denominators, missing, withheld, means and chance; its forms."""

import csv
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from psyche_bench import outcomes, report, sources, summary
from psyche_bench.errors import ScoreError
from psyche_bench.schemas import Question

FOUR = dict(zip("ABCD", ("复述", "遗忘", "提取", "编码"), strict=True))


def item(subset, number, gold, benchmark="exam", **fields):
    kind = subset.rpartition("_")[2]
    name = f"{benchmark}/{subset}/{number:04d}"
    base = {
        "id": name, "benchmark": benchmark, "split": "test", "subset": subset, "kind": kind,
        "subject": "记忆", "cluster": name, "stem": "下列", "file": "f", "row": number,
        "options": FOUR if kind in ("smcq", "mmcq") else {}, "gold": gold,
    }  # fmt: skip
    return Question.model_validate(base | fields)


SINGLES = [item("case_smcq", n, gold) for n, gold in enumerate("AB", 1)]
MULTIPLES = [item("case_mmcq", n, gold) for n, gold in enumerate(("AB", "ABC", "CD", "ABCD"), 1)]
WRITTEN = [item("case_qa", n, None, reference="先评估风险") for n in (1, 2)]
UNIVERSE = {q.id: q for q in (*SINGLES, *MULTIPLES, *WRITTEN)}


def graded(questions, replies, **known):
    return [
        outcomes.grade(question, reply, **known)
        for question, reply in zip(questions, replies, strict=False)
    ]


def answers(*letters):
    return [letter and f"答案：{letter}" for letter in letters]


RUN = [
    *graded(SINGLES, answers("A", "A")),  # right, wrong
    *graded(MULTIPLES, answers("AB", "A", "AC", None)),  # right, 1/3, wrong, missing
]


def columns(found):
    return {column.column: column for column in found.columns}


def test_columns_by_hand():
    found = columns(summary.summarise(RUN, UNIVERSE))
    assert list(found) == ["exam_case_smcq", "exam_case_mmcq"]
    single, multiple = found.values()
    assert single.scores == {"standard": 50.0, "elastic": 50.0}
    assert multiple.scores["standard"] == pytest.approx(100 * 1 / 4)
    assert multiple.scores["elastic"] == pytest.approx(100 * (1 + 1 / 3) / 4)
    assert (single.n, single.whole, single.missing, single.answered) == (2, 2, 0, 100)
    assert (multiple.n, multiple.whole, multiple.missing, multiple.answered) == (4, 4, 1, 75)
    assert (single.group, single.subset) == ("exam", "case_smcq")


def test_groups_weigh_columns_alike_or_items_alike():
    (group,) = summary.summarise(RUN, UNIVERSE).groups
    assert group.standard == pytest.approx((50 + 25) / 2)
    assert group.standard_by_item == pytest.approx(100 * 2 / 6)
    assert group.elastic == pytest.approx((50 + 100 / 3) / 2)
    assert group.elastic_by_item == pytest.approx(100 * (1 + 1 + 1 / 3) / 6)
    assert (group.n, group.columns) == (6, 2)
    assert group.answered == pytest.approx(100 * 5 / 6)


def test_what_has_no_outcome_scores_zero_and_stays_in_the_denominator():
    one = graded(MULTIPLES, answers("AB"), task="exam_case_mmcq", protocol="direct")
    (column,) = summary.summarise(one, UNIVERSE).columns
    assert (column.n, column.missing, column.scores["standard"]) == (4, 3, 25.0)
    assert column.answered == 25.0


def test_a_partial_run_has_its_own_denominator_and_says_of_how_many():
    one = graded(MULTIPLES, answers("AB", "A"))
    (column,) = summary.summarise(one, UNIVERSE, partial=True).columns
    assert (column.n, column.whole, column.missing) == (2, 4, 0)
    assert column.scores["standard"] == 50.0
    assert "2 of 4" in report.text(summary.summarise(one, UNIVERSE, partial=True), "table")


def test_unreadable_and_truncated_answers_count_and_are_told_apart():
    run = [
        outcomes.grade(MULTIPLES[0], "不知道", capped=False, tokens=10),
        outcomes.grade(MULTIPLES[1], "先看", capped=True, tokens=64),
        outcomes.grade(MULTIPLES[2], "答案：CD", capped=True, tokens=64),
        outcomes.grade(MULTIPLES[3], "答案：ABCD", capped=None, tokens=None),
    ]
    (column,) = summary.summarise(run, UNIVERSE).columns
    assert (column.answered, column.truncated) == (50.0, 25.0)
    assert column.scores["standard"] == 50.0
    assert column.capped == pytest.approx(200 / 3)  # over the three that tell
    assert column.tokens == pytest.approx(138 / 3)


def test_what_no_backend_told_is_unknown_and_not_zero():
    found = columns(summary.summarise(RUN, UNIVERSE))
    assert {(c.capped, c.tokens) for c in found.values()} == {(None, None)}


def test_withheld_golds_give_no_score_and_no_chance():
    hidden = {q.id: q.model_copy(update={"gold": None}) for q in (*SINGLES, *MULTIPLES)}
    run = [outcomes.grade(hidden[q.id], "答案：A") for q in SINGLES]
    run += graded(MULTIPLES, answers("AB"))  # one subset withheld, one not
    found = summary.summarise(run, hidden | {q.id: q for q in MULTIPLES})
    single, multiple = found.columns
    assert single.scores == {"standard": None, "elastic": None}
    assert single.intervals == {"standard": None, "elastic": None}
    assert (single.chance, single.answered) == ({}, 100.0)
    assert multiple.scores["standard"] == 25.0
    (group,) = found.groups
    assert (group.standard, group.elastic_by_item, group.answered) == (None, None, 50.0)
    shown = report.text(found, "md")
    assert "| exam_case_smcq | 2" in shown
    assert "| –" in shown


def test_one_item_under_two_tasks_is_in_both_and_never_mixed():
    zero = graded(SINGLES, answers("A", "B"), task="exam_case_smcq")
    five = graded(SINGLES, answers("B", "A"), task="exam_5shot_case_smcq")
    found = summary.summarise([*zero, *five], UNIVERSE)
    scores = {name: c.scores["standard"] for name, c in columns(found).items()}
    assert scores == {"exam_case_smcq": 100.0, "exam_5shot_case_smcq": 0.0}
    assert {g.group: g.standard for g in found.groups} == {"exam": 100.0, "exam_5shot": 0.0}


def test_an_item_twice_in_one_column_is_an_error():
    with pytest.raises(ScoreError, match="exam/case_smcq/0001 stands twice in exam_case_smcq"):
        summary.summarise([RUN[0], RUN[0]], UNIVERSE)


@pytest.mark.parametrize("partial", [True, False])
def test_a_column_over_two_subsets_is_an_error_and_loses_none(partial):
    mixed = [*graded(SINGLES, answers("A"), task="mine"),
             *graded(MULTIPLES, answers("AB"), task="mine")]  # fmt: skip
    with pytest.raises(ScoreError, match="'mine' holds items of different subsets"):
        summary.summarise(mixed, UNIVERSE, partial=partial)


def test_written_answers_have_a_table_of_their_own_and_stay_out_of_the_means():
    run = [*RUN, *graded(WRITTEN, ["先评估风险"])]
    found = summary.summarise(run, UNIVERSE)
    column = columns(found)["exam_case_qa"]
    assert (column.n, column.missing, column.chance) == (2, 1, {})
    assert column.scores["rougeL_char"] == pytest.approx(50.0)  # one equal, one missing
    assert found.groups == summary.summarise(RUN, UNIVERSE).groups
    assert "exam_case_qa" not in {row["task"] for row in report.choice_rows(found)}
    assert [row["task"] for row in report.written_rows(found.columns)] == ["exam_case_qa"]


# kind, options, gold, standard, elastic, how
CHANCES = [
    ("smcq", "ABCD", "A", 25, 25, "one of four letters"),
    ("smcq", "ABC", "A", 100 / 3, 100 / 3, "one of three letters"),
    ("mmcq", "ABCD", "A", 100 / 15, 100 / 15, "one of fifteen sets"),
    ("mmcq", "ABCD", "AB", 100 / 15, 100 * (1 + 0.5 + 0.5) / 15, "two halves beside the whole"),
    ("mmcq", "ABCD", "ABC", 100 / 15, 100 * (1 + 3 * 2 / 3 + 3 / 3) / 15, "three 2/3, three 1/3"),
    ("mmcq", "AB", "AB", 100 / 3, 100 * (1 + 0.5 + 0.5) / 3, "one of three sets"),
]


@pytest.mark.parametrize(
    ("kind", "letters", "gold", "standard", "elastic"),
    [row[:-1] for row in CHANCES],
    ids=[f"{row[0]} {row[2]} of {row[1]}: {row[-1]}" for row in CHANCES],
)
def test_chance(kind, letters, gold, standard, elastic):
    options = {letter: f"选项{letter}" for letter in letters}
    asked = item(f"x_{kind}", 1, gold, options=options)
    (column,) = summary.summarise([outcomes.grade(asked, "")], {asked.id: asked}).columns
    assert column.chance == pytest.approx({"standard": standard, "elastic": elastic})


def test_means_over_fewer_columns_than_the_benchmark_has_say_so():
    few = [item("case_smcq", 1, "A", benchmark="pceb")]
    found = summary.summarise(graded(few, answers("A")), {q.id: q for q in few})
    assert (found.groups[0].columns, found.groups[0].of) == (1, 6)
    assert "pceb Avg (1 of 6 columns)" in report.text(found, "table")


NAMES = [
    ({"benchmark": "pceb", "subset": "case_smcq"}, "pceb_case_smcq"),
    ({"benchmark": "cpsyexam", "subset": "kg_smcq"}, "cpsyexam_kg_smcq"),
    ({"benchmark": "cpsyexam", "subset": "kg_smcq", "split": "dev"}, "cpsyexam_dev_kg_smcq"),
    ({"benchmark": "sample", "subset": "moral_mmcq"}, "psyche_sample_moral_mmcq"),
]


@pytest.mark.parametrize(("fields", "name"), NAMES, ids=[row[1] for row in NAMES])
def test_replies_that_name_no_task_go_to_the_zero_shot_column(fields, name):
    assert summary.column_name(SINGLES[0].model_copy(update=fields)) == name


def test_column_names_are_task_names():
    from psyche_bench.tasks import catalogue

    tasks = {row["name"] for row in catalogue.listing() if row["kind"] == "task"}
    for question in sources.load("sample", "test"):
        assert summary.column_name(question) in tasks


def test_subjects_are_broken_down_over_both_kinds():
    other = [q.model_copy(update={"subject": "遗忘"}) for q in SINGLES[:1]]
    universe = UNIVERSE | {q.id: q for q in other}
    found = summary.summarise(RUN, universe, by="subject")
    assert {c.subset: c.n for c in found.breakdown} == {"记忆": 5, "遗忘": 1}
    assert sum(c.n for c in found.breakdown) == found.groups[0].n


@given(st.lists(st.sampled_from(["A", "B", "AB", "ABC", "D", None, "?"]), min_size=4, max_size=4))
def test_scores_are_percentages_and_elastic_is_never_below_standard(letters):
    run = graded(MULTIPLES, answers(*letters))
    (column,) = summary.summarise(run, UNIVERSE).columns
    assert 0 <= column.scores["standard"] <= column.scores["elastic"] <= 100
    assert column.n == 4
    for metric, interval in column.intervals.items():
        if interval:
            assert 0 <= interval.low <= column.scores[metric] <= interval.high <= 100


# The forms of the report.


def test_json_holds_groups_and_columns_under_their_names():
    found = json.loads(report.text(summary.summarise(RUN, UNIVERSE), "json"))
    assert set(found) == {"groups", "columns"}
    column = found["columns"]["exam_case_mmcq"]
    assert {"standard", "elastic", "n", "answered", "truncated", "intervals"} <= set(column)
    assert column["standard"] == 25.0
    assert found["groups"]["exam"]["standard"] == 37.5


def test_every_form_shows_columns_then_their_two_means():
    found = summary.summarise(RUN, UNIVERSE)
    names = ["exam_case_smcq", "exam_case_mmcq", "exam Avg", "exam by item"]
    assert [row["task"] for row in report.choice_rows(found)] == names
    rows = list(csv.DictReader(io.StringIO(report.text(found, "csv"))))
    assert [row["task"] for row in rows] == names
    assert float(rows[1]["elastic"]) == pytest.approx(100 / 3)
    assert rows[0]["capped"] == ""
    for form in ("table", "md"):
        shown = report.text(found, form)
        places = [shown.index(name) for name in names]
        assert places == sorted(places)
        assert "4 (1 missing)" in shown


def test_nothing_graded_is_an_empty_report():
    found = summary.summarise([], UNIVERSE)
    assert json.loads(report.text(found, "json")) == {"groups": {}, "columns": {}}
    assert report.text(found, "table") == ""
