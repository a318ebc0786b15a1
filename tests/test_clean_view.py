"""Scores on all and on clean items, and duplicates that count as one witness."""

import csv
import io
import json

import pytest

from psyche_bench import cli, contamination, report, sources, stats, summary
from psyche_bench.contamination import clean_list, clean_subset
from psyche_bench.errors import DataError
from psyche_bench.outcomes import grade
from psyche_bench.schemas import Question

LISTED = clean_list("pceb")
CLEAN = [item for item in LISTED.clean if item.startswith("pceb/theory/smcq/")][:6]
STAINED = [item for item in LISTED.exact if item.startswith("pceb/theory/smcq/")][:2]


def question(item, cluster=""):
    return Question(
        id=item,
        benchmark="pceb",
        split="test",
        subset="theory_smcq",
        kind="smcq",
        subject="",
        cluster=cluster or item,
        stem="",
        options={"A": "甲", "B": "乙"},
        gold="A",
        file="",
        row=1,
    )


QUESTIONS = {item: question(item) for item in [*CLEAN, *STAINED]}


def summarised(questions, wrong=()):
    """Right but for the items named."""
    graded = [
        grade(q, f"答案：{'B' if q.id in wrong else 'A'}", task="pceb_theory_smcq")
        for q in questions.values()
    ]
    return summary.summarise(graded, questions, partial=True)


def test_clean_scores_leave_contaminated_items_out():
    found = summarised(QUESTIONS, wrong=CLEAN[:3])
    (column,) = found.columns
    assert column.scores["standard"] == 100 * 5 / 8
    assert (column.clean.n, column.clean.scores["standard"]) == (6, 100 * 3 / 6)
    by_hand = stats.interval([0, 0, 0, 100, 100, 100], bounds=(0, 100))
    assert column.clean.intervals["standard"].low == pytest.approx(by_hand.low)
    (group,) = found.groups
    assert (group.clean.n, group.clean.columns) == (6, 1)
    assert group.clean.scores["standard_by_item"] == group.clean.scores["elastic"] == 50


def test_a_column_without_any_clean_item_has_no_clean_score():
    column = summarised({item: QUESTIONS[item] for item in STAINED}).columns[0]
    assert (column.clean.n, column.clean.scores) == (0, {"standard": None, "elastic": None})
    group = summarised({item: QUESTIONS[item] for item in STAINED}).groups[0]
    assert (group.clean.columns, group.clean.scores["standard"]) == (0, None)


@pytest.mark.parametrize(
    "stranger",
    [
        pytest.param("pceb/theory/smcq/nosuch/0001", id="an item of another release"),
        pytest.param("sample/x/0001", id="a benchmark without a list"),
    ],
)
def test_what_no_list_speaks_of_has_no_clean_part(stranger):
    item = question(stranger).model_copy(update={"benchmark": stranger.split("/")[0]})
    assert clean_subset([*QUESTIONS.values(), item]) is None
    assert summarised({stranger: item}).columns[0].clean is None


def test_the_report_shows_clean_figures_in_every_form():
    found = summarised(QUESTIONS, wrong=CLEAN[:3])
    payload = json.loads(report.text(found, "json"))
    clean = payload["columns"]["pceb_theory_smcq"]["clean"]
    assert (clean["n"], clean["standard"], clean["elastic"]) == (6, 50, 50)
    assert payload["groups"]["pceb"]["clean"]["standard_by_item"] == 50
    line = next(csv.DictReader(io.StringIO(report.text(found, "csv"))))
    assert (line["clean n"], line["clean standard"], line["clean elastic"]) == ("6", "50.0", "50.0")
    table = report.text(found, "table")
    assert report.CLEAN_TITLE in table
    assert "clean 95 %" in table


def test_the_sample_has_no_clean_table(tmp_path, capsys):
    questions = [q for q in sources.load("sample", "test") if q.subset == "moral_smcq"]
    saved = tmp_path / "replies.jsonl"
    saved.write_text("\n".join(json.dumps({"id": q.id, "reply": "答案：A"}) for q in questions))
    assert cli.main(["score", str(saved)]) == 0
    assert "clean" not in capsys.readouterr().out
    assert cli.main(["score", str(saved), "--format", "json"]) == 0
    payload = json.loads(capsys.readouterr().out)
    assert payload["columns"]["psyche_sample_moral_smcq"]["clean"] is None


def test_the_sample_has_no_clean_view():
    with pytest.raises(DataError, match="no clean list ships for sample"):
        sources.load("sample", "test", view="clean")


# On the released data ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "split", "clean"),
    [
        ("pceb", None, 3863 - 698 - 186),
        ("pceb_case_qa", None, 100),
        ("cpsyexam", "test", 3902 - 408 - 212),
        ("cpsyexam", "dev", 1097 - 226 - 90),
    ],
)
def test_the_clean_view_is_repaired_minus_contaminated(data_root, name, split, clean):
    repaired = {q.id: q for q in sources.load(name, split)}
    kept = sources.load(name, split, view="clean")
    assert len(kept) == clean
    assert all(repaired[q.id] == q and contamination.is_clean(q.id) for q in kept)


def test_the_train_split_has_no_clean_view(data_root):
    with pytest.raises(DataError, match="no clean list ships for cpsyexam, split train"):
        sources.load("cpsyexam", "train", view="clean")


def test_the_universe_joins_duplicates_and_vignettes(data_root):
    questions = sources.load("pceb")
    known = sources.universe([questions[0].id])
    assert len(known) == 3963
    labels = contamination.duplicate_clusters([*questions, *sources.load("pceb_case_qa")])
    assert {item: q.cluster for item, q in known.items()} == labels
    exact = contamination.duplicates(questions, near=False)
    assert len(exact) >= 239
    assert all(known[pair.a_id].cluster == known[pair.b_id].cluster for pair in exact)
    before = {q.id: q.cluster for q in questions}
    joined = {(before[item], known[item].cluster) for item in before}
    assert len(joined) == len(set(before.values())), "a vignette stays whole"
