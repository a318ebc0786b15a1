"""The board's tables: what is printed, what is recomputed, and that neither is merged."""

import csv
import io
import json
from decimal import Decimal

import numpy as np
import pytest
from boards import write_run
from hypothesis import given
from hypothesis import strategies as st

from psyche_bench import ranks, sources
from psyche_bench.errors import DataError, RunError
from psyche_bench.jsonl import write_json
from psyche_bench.leaderboard import build, columns, constant_rows, exports, pages, paper, printed
from psyche_bench.leaderboard.board import DEFAULT, Both, Column, Figure, Row, Table, View, every
from psyche_bench.leaderboard.digest import cluster, digest, kind
from psyche_bench.leaderboard.records import BoardOutcome, Model


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    return build.site(build.gather(tmp_path_factory.mktemp("none"))).tables


def rows_of(table, origin="paper"):
    return {row.model: row for row in table.rows if row.origin == origin}


# --- Table 1 --------------------------------------------------------------------------------------


@pytest.mark.parametrize("row", paper.rows(paper.PcebRow), ids=lambda row: row.name)
def test_averages_are_shown_printed_and_recomputed(published, row):
    shown = rows_of(published["pceb"])[row.name].figures
    for ending, printed_average in (("", row.avg), (" elastic", row.avg_elastic)):
        assert shown[f"avg printed{ending}"].shown == str(printed_average)
        agree = shown[f"avg{ending}"].shown == str(printed_average)
        assert agree or shown[f"avg printed{ending}"].remark, "a difference without an explanation"


def test_the_one_average_that_differs_is_the_audits(published):
    shown = rows_of(published["pceb"])
    differ = {
        n for n, r in shown.items() if r.figures["avg"].shown != r.figures["avg printed"].shown
    }
    assert differ == {"Gemini1.5-Pro"}
    assert shown["Gemini1.5-Pro"].figures["avg printed"].remark.startswith("impossible: ")


@pytest.mark.parametrize(
    ("model", "view", "low", "high"),
    [
        pytest.param("Psyche-R1", "rank", 1, 2, id="first or second by the printed average"),
        pytest.param("Psyche-R1", "rank elastic", 1, 3, id="by the elastic one perhaps third"),
        pytest.param("CPsyCounX", "rank", 18, 18, id="surely last"),
    ],
)
def test_published_rows_have_rank_intervals(published, model, view, low, high):
    rank = rows_of(published["pceb"])[model].figures[view]
    assert (rank.low, rank.high) == (low, high)
    assert rank.how == "of 18; unpaired binomial approximation"


def test_printed_rows_have_no_clean_view(published):
    for row in rows_of(published["pceb"]).values():
        assert not [key for key in row.figures if "clean" in key]


def test_every_column_stands_in_some_view(published):
    seen = {c.key for view in every("metric", "items", "mean", "shots") for t in published.values()
            for c in t.seen(view)}  # fmt: skip
    assert seen == {c.key for t in published.values() for c in t.columns}


def test_every_printed_column_knows_its_cell(published):
    for table in ("pceb", "cpsyexam", "written"):
        for row in rows_of(published[table]).values():
            for key in row.figures:
                where, cell = printed.place(key)
                computed = "rank" in key or "by item" in key or key.endswith("-shot avg")
                computed = computed or row.figures[key].value is None
                assert computed or cell in paper.row(where, row.model).cells(), key


# --- rows that know nothing ----------------------------------------------------------------------


@pytest.mark.parametrize("name", list(constant_rows.NAMES))
@pytest.mark.parametrize("table", ["pceb", "cpsyexam"])
def test_constant_rows_are_always_on_the_board(published, table, name):
    assert name in rows_of(published[table], "constant")


@pytest.mark.parametrize("group", list(constant_rows.SETS))
def test_the_shipped_constants_are_those_of_the_items(group):
    try:
        made = constant_rows.make(group)
    except DataError as error:
        pytest.skip(f"the items are not at hand: {error}")
    shipped = [r for r in constant_rows.load() if r.group == group]
    assert [r.model.name for r in made] == [r.model.name for r in shipped]
    for ours, theirs in zip(made, shipped, strict=True):
        for left, right in zip(ours.columns, theirs.columns, strict=True):
            assert left.scores == pytest.approx(right.scores)
            assert left.clean is not None
            assert right.clean is not None
            assert left.clean.scores == pytest.approx(right.clean.scores)


def test_chance_and_the_empty_reply_by_hand():
    found = {r.model.name: r for r in constant_rows.load() if r.group == "pceb"}
    assert found["empty reply"].groups[0].scores["standard"] == 0
    assert found["empty reply"].groups[0].answered == 0
    single = {c.subset: c.scores["standard"] for c in found["chance"].columns}
    assert single["moral_smcq"] == pytest.approx(25, abs=0.5), "four options, one letter"


# --- what was chosen -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hits", "extra", "missed", "expected"),
    [
        pytest.param(2, 0, 0, "exact", id="the gold"),
        pytest.param(1, 0, 1, "under", id="right, but not all"),
        pytest.param(2, 1, 0, "over", id="all right ones and one more"),
        pytest.param(1, 1, 1, "mixed", id="one right, one wrong, one missed"),
        pytest.param(0, 2, 2, "none", id="nothing right"),
        pytest.param(None, None, None, "silent", id="no answer"),
    ],
)
def test_selections_are_told_apart(hits, extra, missed, expected):
    outcome = BoardOutcome(
        id="x", task="pceb_case_mmcq", predicted=None, state="wrong", hits=hits, extra=extra,
        missed=missed,
    )  # fmt: skip
    assert kind(outcome) == expected
    found = digest([outcome]).selection["pceb_case_mmcq"]
    assert found.kinds == {expected: 1}
    assert sum(found.counts.values()) == (hits is not None)


def test_clusters_from_ids_are_those_of_the_release():
    try:
        questions = sources.load("pceb")
    except DataError as error:
        pytest.skip(f"PCEB is not at hand: {error}")
    assert {q.id: cluster(q.id) for q in questions} == {q.id: q.cluster for q in questions}


# --- ranks ----------------------------------------------------------------------------------------


def test_normal_ranks_are_the_bootstraps_on_clustered_items():
    rng = np.random.default_rng(3)
    labels = np.arange(900) // 3
    shared = rng.normal(size=300)[labels]
    skill = np.linspace(-0.6, 0.6, 6)[:, None]
    matrix = (shared + skill + rng.normal(size=(6, 900)) > 0).astype(float)
    names = np.arange(900) % 2
    drawn = ranks.rank_intervals(matrix, labels, columns=[str(n) for n in names], draws=4000)
    spread = ranks.covariance(matrix, [1, 1], names, labels)
    normal = ranks.normal_ranks([r.estimate for r in drawn], spread)
    assert [(r.low, r.high) for r in normal] == [(r.low, r.high) for r in drawn]
    assert {(r.low, r.high) for r in normal} != {(1, 6)}


def test_pairing_sharpens_ranks():
    rng = np.random.default_rng(5)
    hard = rng.normal(size=400) * 3
    matrix = (hard + np.array([[0.0], [0.3]]) + rng.normal(size=(2, 400)) * 0.1 > 0).astype(float)
    spread = ranks.covariance(matrix, [1], np.zeros(400, int), np.arange(400))
    values = matrix.mean(axis=1).tolist()
    paired = ranks.normal_ranks(values, spread)
    unpaired = ranks.normal_ranks(values, np.diag(np.diag(spread)))
    assert [(r.low, r.high) for r in paired] == [(2, 2), (1, 1)]
    assert [(r.low, r.high) for r in unpaired] == [(1, 2), (1, 2)]


# --- exports --------------------------------------------------------------------------------------


def test_csv_holds_every_figure_with_its_interval(published):
    table = published["pceb"]
    lines = list(csv.DictReader(io.StringIO(exports.export(table, "csv", DEFAULT))))
    assert len(lines) == len(table.rows)
    ours = next(line for line in lines if line["model"] == "Psyche-R1")
    assert Decimal(ours["case_smcq"]) == Decimal("63.31")
    assert float(ours["case_smcq low"]) < 63.31 < float(ours["case_smcq high"])
    assert ours["case_smcq interval"] == "unpaired binomial approximation"
    assert (ours["rank low"], ours["rank high"]) == ("1", "2")


@pytest.mark.parametrize("form", exports.FORMS)
def test_every_table_has_every_form(published, form):
    for table in published.values():
        text = exports.export(table, form, DEFAULT)
        assert table.rows[0].model.replace("&", "") in text.replace("\\", "")
    assert json.loads(exports.export(published["pceb"], "json", DEFAULT))["table"] == "pceb"


def test_latex_and_markdown_show_the_view_asked_for(published):
    elastic = exports.export(published["pceb"], "latex", View("elastic", "all", "columns"))
    assert "77.64 (76.1--79.2)" in elastic
    assert "74.37" not in elastic
    assert "| 74.37 (72.8–76.0)" in exports.export(published["pceb"], "md", DEFAULT)


TEXT = Table(
    "t",
    Both("T", "T"),
    Both("", ""),
    (Column("a", Both("", ""), Both("A", "A"), kind="text"),),
    (Row("=cmd()", "", "paper", {"a": Figure(text="+1")}),),
)


def test_no_cell_of_a_csv_is_a_formula():
    assert exports.export(TEXT, "csv", DEFAULT).splitlines()[1] == "'=cmd(),'+1"


@given(st.lists(st.text(max_size=60), unique=True, max_size=20))
def test_every_model_gets_a_file_of_its_own(names):
    found = pages.slugs(names)
    assert len({slug.lower() for slug in found.values()}) == len(names)
    for slug in found.values():
        assert slug
        assert set(slug) <= set("abcdefghijklmnopqrstuvwxyz0123456789._-")
        assert not slug.startswith(".")


# --- runs -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def board(tmp_path_factory):
    folder = tmp_path_factory.mktemp("results")
    ours = Model(name="ours", baseline="Psyche-R1", category="psychological", size=7)
    other = Model(name="other", category="general", size=0.135)
    write_run(folder, ours, skill=0.8, seed=1, share=0.1)
    write_run(folder, other, skill=0.2, seed=2, share=0.1)
    write_run(
        folder, ours, "cpsyexam_dev", skill=0.8, seed=1, share=0.05, subjects=["KG-甲", "CA-乙"]
    )
    write_run(folder, ours, "cpsyexam_dev_5shot", skill=0.7, seed=1, share=0.05)
    return folder


def test_published_and_re_run_rows_of_a_model_stand_apart(board):
    site = build.site(build.gather(board))
    both = [row for row in site.tables["pceb"].rows if row.model == "Psyche-R1"]
    assert sorted(row.origin for row in both) == ["paper", "re-run"]
    assert both[0].page == both[1].page == site.places["Psyche-R1"]
    paper_row, run = sorted(both, key=lambda row: row.origin)
    assert paper_row.figures["avg"].shown == "74.37"
    gap = next(
        row for row in site.tables["beside"].rows if row.figures["figure"].shown == "PCEB average"
    )
    expected = run.figures["avg"].value - paper_row.figures["avg"].value
    assert gap.figures["difference"].value == pytest.approx(expected)


def test_runs_are_ranked_by_their_items_and_apart_from_published_rows(board):
    rows = build.site(build.gather(board)).tables["pceb"].rows
    ranked = {row.model: row.figures["rank"] for row in rows if row.origin == "re-run"}
    assert [(r.low, r.high) for r in ranked.values()] == [(1, 1), (2, 2)]
    assert {r.how for r in ranked.values()} == {"of 2; paired, by clusters"}


def test_a_whole_subset_alone_is_no_average_of_the_benchmark(tmp_path):
    """All 10 items of each of two columns: none left out on purpose, four are missing."""
    result = write_run(tmp_path, Model(name="two"), share=0)
    part = result.groups[0].model_copy(update={"columns": 2})
    found = result.model_copy(update={"groups": (part,), "columns": result.columns[:2]})
    write_json(tmp_path / f"{result.stem}.json", found.model_dump(mode="json"))
    row = rows_of(build.site(build.gather(tmp_path)).tables["pceb"], "re-run")["two"]
    assert row.note == "20 of 20 items, 2 of 6 columns", "so Figure 1 leaves it out"


def test_zero_and_five_shot_share_a_row(board):
    rows = build.site(build.gather(board)).tables["cpsyexam"].rows
    (run,) = [row for row in rows if row.origin == "re-run"]
    assert {"zero-shot avg", "five-shot avg"} <= set(run.figures)
    assert run.figures["split"].shown == "dev"


def test_subjects_have_a_table(board):
    table = build.site(build.gather(board)).tables["subjects"]
    assert [column.key for column in table.columns] == ["CA-乙", "KG-甲"]


def test_an_unknown_record_to_compare_is_told_with_those_there_are(board, tmp_path):
    with pytest.raises(RunError, match=r"no record 'x' with outcomes to compare\. There are: o"):
        build.build(tmp_path / "site", board, build.Wanted(compare=[("x", "y")]))


def test_views_and_keys_belong_together():
    assert columns.key("avg", View("elastic", "clean", "items")) == "avg elastic clean by item"
    assert {c.view.items for c in columns.pceb() if "clean" in c.key} == {"clean"}
