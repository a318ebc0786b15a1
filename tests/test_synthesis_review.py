"""Human review: the sheet out and back, verdicts applied, nothing lost, agreement computed."""

import csv

import pytest

from psyche_bench.errors import DataError
from psyche_bench.synthesis import review
from psyche_bench.synthesis.rows import Item, Origin

ORIGIN = Origin(source="ours", type="I", licence="CC0", file="a.md", place="", parent="")
ITEMS = [
    Item(
        id=f"q-{n}", origin=ORIGIN, use="pool", kind="smcq", stem=stem,
        options={"A": "甲", "B": "乙"}, gold="A",
    )
    for n, stem in enumerate(["=1+1 等于几？", "第二题？", "第三题？", "第四题？"])
]  # fmt: skip


def filled(path, verdicts, **more):
    """A sheet as a reviewer sends it back: ``verdicts`` by id, the other rows missing."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, review.COLUMNS)
        writer.writeheader()
        for item, verdict in verdicts.items():
            writer.writerow(
                {"id": item, "verdict": verdict, "corrected_answer": more.get(item, "")}
            )
    return str(path)


def reviewed(*sheets):
    results = list(review.review(ITEMS, review.ReviewOptions(sheets=sheets), None))
    figures = {}
    for result in results:
        for name, number in result.figures.items():
            figures[name] = figures.get(name, 0) + number
    return {r.source: r for r in results if r.source}, figures


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_a_sheet_comes_back_as_it_went_out(ending, tmp_path):
    path = tmp_path / f"sheet.{ending}"
    assert review.write_sheet(path, ITEMS, "zh") == 4
    assert review.read_sheet(path) == [], "nothing is ticked yet"
    if ending == "csv":
        rows = list(csv.DictReader(path.open(encoding="utf-8-sig", newline="")))
        assert rows[0]["question"] == "'=1+1 等于几？", "no spreadsheet may take it for a formula"
        return
    import openpyxl

    book = openpyxl.load_workbook(path)
    cell = book.active["B2"]
    assert (cell.value, cell.data_type) == ("=1+1 等于几？", "s")
    assert "保留" in book.active.data_validations.dataValidation[0].formula1
    book.active["E2"] = "信息不完整"
    book.save(path)
    (one,) = review.read_sheet(path)
    assert (one.item, one.verdict) == ("q-0", "incomplete")


def test_majorities_decide_and_missing_rows_lose_nothing(tmp_path):
    sheets = [
        filled(tmp_path / "a.csv", {"q-0": "保留", "q-1": "表述不清", "q-2": "keep"}),
        filled(tmp_path / "b.csv", {"q-0": "保留", "q-1": "unclear", "q-2": "逻辑混乱"}),
    ]
    found, figures = reviewed(*sheets)
    assert set(found) == {item.id for item in ITEMS}
    assert found["q-0"].rows[0].notes["review"] == "a: keep; b: keep"
    assert found["q-1"].dropped.reason == "rejected in review: unclear"
    assert found["q-2"].rows, "a tie keeps"
    assert found["q-3"].rows == [ITEMS[3]], "nobody looked at it"
    assert figures["not reviewed"] == 1
    assert figures["ties, kept"] == 1


def test_agreement_is_krippendorffs_alpha(tmp_path):
    """Two reviewers, three items, values 1 1 / 0 0 / 1 0.

    Coincidences o(1,1) = 2, o(0,0) = 2, o(0,1) = o(1,0) = 1, n = 6, n(1) = n(0) = 3;
    α = 1 - (n - 1) Σ o(c,k) / Σ n(c) n(k) = 1 - 5 · 2 / (2 · 9) = 4/9.
    """
    sheets = [
        filled(tmp_path / "a.csv", {"q-0": "keep", "q-1": "unclear", "q-2": "keep"}),
        filled(tmp_path / "b.csv", {"q-0": "keep", "q-1": "unclear", "q-2": "wrong"}),
    ]
    _, figures = reviewed(*sheets)
    assert figures["agreement of reviewers (Krippendorff's alpha)"] == round(4 / 9, 4)
    assert "agreement of reviewers (Krippendorff's alpha)" not in reviewed(sheets[0])[1]


def test_a_corrected_answer_is_applied_where_those_who_correct_agree(tmp_path):
    sheet = filled(
        tmp_path / "a.csv", {"q-0": "答案有误", "q-1": "答案有误"}, **{"q-0": "b", "q-1": "E"}
    )
    found, figures = reviewed(sheet)
    assert found["q-0"].rows[0].gold == "B"
    assert found["q-1"].dropped.reason.startswith("corrected answer unusable")
    assert figures["answers corrected"] == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("id,verdict\nq-0,maybe\n", r"row 2: 'maybe' is no verdict.*保留"),
        ("id,question\nq-0,x\n", "no column 'verdict'"),
    ],
    ids=["an unknown verdict", "a missing column"],
)
def test_a_sheet_that_cannot_be_read_says_where(text, said, tmp_path):
    (tmp_path / "a.csv").write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=said):
        reviewed(str(tmp_path / "a.csv"))


def test_an_absent_sheet_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setenv("PSYCHE_BENCH_DATA", str(tmp_path))
    with pytest.raises(DataError, match="no such sheet"):
        reviewed("none.csv")
