"""The judge against people: sheets out and in, and agreement by hand-made scores."""

import csv
import json

import pytest

from psyche_bench import agreement, calibrate, sources
from psyche_bench.errors import DataError
from psyche_bench.judged import Verdict
from psyche_bench.prompting import text_hash
from psyche_bench.rubrics import rubric_of

pytest.importorskip("openpyxl", reason="the extra `judge` is not installed")
pytest.importorskip("krippendorff", reason="the extra `judge` is not installed")

RUBRIC = rubric_of("psydt")
NAMES = [d.name for d in RUBRIC.dimensions]


@pytest.fixture
def pairs():
    turns = [q for q in sources.load("sample", "test") if q.kind == "counselling"]
    return [(q, f"=我听见了第{n}句") for n, q in enumerate(turns)]


def verdict(question, reply, score, repeat=0):
    return Verdict(
        item=question.id, cluster=question.cluster, candidate="reply", judge="j", served="j",
        repeat=repeat, rubric="psydt", scores=dict.fromkeys(NAMES, score), tries=1,
        length=len(reply), code=text_hash(question.id, reply),
    )  # fmt: skip


def filled(path, rows):
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["code", *NAMES])
        writer.writerows(rows)
    return path


def test_a_sheet_is_blinded_shuffled_and_read_back(pairs, tmp_path):
    from openpyxl import load_workbook

    path = tmp_path / "sheet.xlsx"
    assert calibrate.make_sheet(path, pairs, RUBRIC, 6, seed=3) == 6
    book = load_workbook(path)
    codes = [row[0] for row in book["scores"].iter_rows(min_row=2, values_only=True)]
    assert set(codes) <= {text_hash(q.id, reply) for q, reply in pairs}
    assert codes != sorted(codes)
    assert book["scores"]["C2"].data_type == "s"  # "=…" is a text, no formula
    for row in range(2, 8):
        for column in range(4, 4 + len(NAMES)):
            book["scores"].cell(row, column).value = row % 4
    book.save(path)
    read = calibrate.read_human(path, RUBRIC)
    assert sorted(read) == sorted(codes)
    assert {scores[NAMES[0]][0] for scores in read.values()} == {0, 1, 2, 3}


def test_agreement_of_a_judge_one_point_kinder(pairs, tmp_path):
    people = [n % 3 for n in range(len(pairs))]
    verdicts = [verdict(q, r, p + 1) for (q, r), p in zip(pairs, people, strict=True)]
    rows = [[v.code, *[p] * 4] for v, p in zip(verdicts, people, strict=True)]
    found = calibrate.agreements(filled(tmp_path / "h.csv", rows), verdicts, RUBRIC)
    assert [one.dimension for one in found] == NAMES
    assert found[0].n == len(pairs)
    assert found[0].bias.value == pytest.approx(1.0)
    assert found[0].spearman.value == pytest.approx(1.0)
    assert 0 < found[0].kappa.value < 1


@pytest.mark.parametrize(
    ("row", "said"),
    [
        pytest.param(["x", 4, "", "", ""], "row 2, emotional_empathy: '4'", id="off the scale"),
        pytest.param(["x", "good", "", "", ""], "no whole number from 0 to 3", id="a word"),
        pytest.param(["", 1, 1, 1, 1], "scores without a code", id="no code"),
        pytest.param(["x", "", "", "", ""], "holds no scores", id="a blank sheet"),
    ],
)
def test_a_wrong_sheet_is_named(row, said, tmp_path):
    with pytest.raises(DataError, match=said):
        calibrate.read_human(filled(tmp_path / "h.csv", [row]), RUBRIC)


def test_a_sheet_of_other_replies_is_refused(pairs, tmp_path):
    path = tmp_path / "h.jsonl"
    path.write_text(json.dumps({"code": "other", NAMES[0]: 1}) + "\n", encoding="utf-8")
    with pytest.raises(DataError, match="no code of it belongs"):
        calibrate.agreements(path, [verdict(*pairs[0], 1)], RUBRIC)


@pytest.mark.parametrize(
    ("ratings", "expected", "note"),
    [
        pytest.param([[0, 1, 2, 3], [0, 1, 2, 3]], 1.0, None, id="the same"),
        pytest.param([[1, 1, 1, 1], [1, 1, 1, 1]], None, agreement.ALL_EQUAL, id="all equal"),
        pytest.param([[0, 1, float("nan")], [float("nan")] * 3], None, "nothing", id="one rater"),
    ],
)
def test_alpha(ratings, expected, note):
    found = agreement.alpha(ratings, "abcd"[: len(ratings[0])])
    assert found.value == expected
    assert note is None or note in str(found.note)


def test_points_of_criteria_are_a_share_of_what_can_be_reached():
    risk = rubric_of("risk")
    met = {"names_feeling": 1, "asks_about_safety": 1, "promises_secrecy": 0, "diagnoses": 1}
    assert risk.points(met) == pytest.approx(2 / 3)
    assert risk.points({**met, "promises_secrecy": 1}) == 0.0


def test_an_unknown_rubric_names_the_known_ones():
    with pytest.raises(DataError, match="cpsycoun, psydt, risk"):
        rubric_of("nothing")
