"""Comparing saved runs: what is refused, what flips, and what the table says."""

import argparse
import csv
import io
import json

import pytest

from psyche_bench import cli_compare, sources
from psyche_bench.compare import Place, Run, compare
from psyche_bench.contamination import clean_list
from psyche_bench.errors import DataError, RunError
from psyche_bench.jsonl import write_json, write_lines
from psyche_bench.outcomes import grade
from psyche_bench.schemas import Outcome

IDS = [f"quiz/{column}/{at:02d}" for column in ("one", "many") for at in range(12)]
PLACES = {
    item: Place(item.split("/")[1], f"vignette {int(item[-2:]) // 3}", "quiz") for item in IDS
}


def outcome(item, right, **changes):
    score = 1.0 if right else 0.0
    fields = {
        "id": item,
        "task": "quiz",
        "protocol": "fair-8192",
        "prompt_hash": "p1",
        "reply": "答案：A",
        "predicted": "A" if right else "B",
        "gold": "A",
        "state": "right" if right else "wrong",
        "scores": {"standard": score, "elastic": score},
    }
    return Outcome(**(fields | changes))


def run(name, wrong=(), ids=IDS, passport=None, **changes):
    """A run that has every item right but those at the given positions."""
    rows = [outcome(item, at not in wrong, **changes) for at, item in enumerate(ids)]
    return Run(name, rows, passport or {})


GOOD = run("good", wrong=(0, 1))

REFUSED = [
    pytest.param(
        run("short", ids=IDS[:-2]),
        r"short differs from good in items: 2 items \(quiz/many/10, quiz/many/11\) missing "
        r"\(22 against 24\)",
        id="two items are missing",
    ),
    pytest.param(run("short", ids=IDS[3:]), "3 items .* missing", id="the first items are missing"),
    pytest.param(
        run("capped", protocol="paper-1024"),
        "protocol: 'paper-1024' against 'fair-8192'",
        id="another protocol",
    ),
    pytest.param(
        run("english", prompt_hash="p2"),
        r"prompt_hash: 24 items \(quiz/one/00, quiz/one/01, quiz/one/02, …\)",
        id="another prompt",
    ),
    pytest.param(run("raw", gold="C", predicted="C"), "gold: 24 items", id="another answer key"),
    pytest.param(run("ungraded", scores={}), "scores given: 24 items", id="one run was not graded"),
]

DAMAGED = [
    pytest.param(
        run("twice", ids=[*IDS, IDS[4]]),
        r"twice: 1 item \(quiz/one/04\) duplicated",
        id="an item stands twice",
    ),
    pytest.param(
        run("foreign", ids=[*IDS, "other/7"]),
        r"foreign: 1 item \(other/7\) of no known data set",
        id="an item of no data set",
    ),
    pytest.param(
        Run("mixed", [*GOOD.outcomes[:-1], outcome(IDS[-1], True, protocol="paper-1024")]),
        r"mixed protocols \['fair-8192', 'paper-1024'\]; 1 item \(quiz/many/11\)",
        id="two protocols in one run",
    ),
    pytest.param(Run("empty", []), "empty: no outcomes", id="an empty run"),
    pytest.param(
        run("edited", wrong=(0, 1), scores={"standard": 1.0, "elastic": 1.0}),
        r"edited: 2 items \(quiz/one/00, quiz/one/01\) with other scores than the answer earns",
        id="scores that were edited",
    ),
    pytest.param(
        run("nan", gold=None, scores={"rougeL_char": float("nan")}),
        "nan: 24 items .* with other scores",
        id="a text metric that is no number",
    ),
]


@pytest.mark.parametrize(("other", "words"), REFUSED + DAMAGED)
def test_runs_that_cannot_be_compared_are_refused_by_name(other, words):
    with pytest.raises(RunError, match=words):
        compare([GOOD, other], PLACES)


@pytest.mark.parametrize(("other", "words"), DAMAGED)
def test_a_damaged_run_is_refused_even_anyway(other, words):
    with pytest.raises(RunError, match=words):
        compare([GOOD, other], PLACES, anyway=True)


@pytest.mark.parametrize(
    ("ours", "theirs", "words"),
    [
        ({"lang": "zh"}, {"lang": "en"}, "lang: 'en' against 'zh'"),
        ({"num_fewshot": 0}, {"num_fewshot": 5}, "num_fewshot: 5 against 0"),
        ({"prompt_hashes": {"quiz": "a"}}, {"prompt_hashes": {"quiz": "b"}}, "prompt_hashes"),
        ({"data_hashes": {"x": "1", "y": "2"}}, {"data_hashes": {"x": "3"}}, "{'x': '3'}"),
    ],
    ids=["language", "exemplars", "prompts of a task", "data of a set both used"],
)
def test_passports_that_differ_are_refused_with_the_key(ours, theirs, words):
    with pytest.raises(RunError, match=words):
        compare([run("a", passport=ours), run("b", passport=theirs)], PLACES)


def test_models_and_settings_known_to_one_run_only_do_not_stop_a_comparison():
    runs = [run("a", passport={"model": "a", "lang": "zh"}), run("b", passport={"model": "b"})]
    assert compare(runs, PLACES, draws=100).label is None


def test_anyway_compares_the_items_in_common_under_a_label():
    found = compare(
        [GOOD, run("short", ids=IDS[:20], protocol="paper-1024")], PLACES, anyway=True, draws=100
    )
    assert found.label.startswith("NOT COMPARABLE: short differs from good in items: 4 items")
    assert "protocol" in found.label
    assert found.items == {"good": 24, "short": 20}
    assert found.compared == 20


def test_runs_without_a_common_item_stay_refused():
    with pytest.raises(RunError, match="no item in common"):
        compare([run("a", ids=IDS[:9]), run("b", ids=IDS[9:])], PLACES, anyway=True)


@pytest.mark.parametrize(
    ("runs", "baseline", "words"),
    [
        ([GOOD], None, "two or more runs"),
        ([GOOD, GOOD], None, "different names"),
        ([GOOD, run("b")], "c", r"no run is called 'c'. The runs are: good, b"),
    ],
    ids=["one run", "one name twice", "an unknown baseline"],
)
def test_wrong_calls_are_refused(runs, baseline, words):
    with pytest.raises(RunError, match=words):
        compare(runs, PLACES, baseline=baseline)


def rows(found, measure="standard", column="average"):
    return {
        (row.first, row.second): row
        for row in found.differences
        if (row.measure, row.column) == (measure, column)
    }


def test_differences_are_points_and_flips_name_the_items():
    found = compare([GOOD, run("other", wrong=(1, 2, 3, 20))], PLACES)
    (flips,) = found.flips
    assert flips.only_first == ("quiz/one/02", "quiz/one/03", "quiz/many/08")
    assert flips.only_second == ("quiz/one/00",)
    one = rows(found, column="one")[("good", "other")]
    assert one.first_value == pytest.approx(100 * 10 / 12)
    assert one.second_value == pytest.approx(100 * 9 / 12)
    assert one.difference.estimate == pytest.approx(100 / 12)
    assert (one.difference.only_first, one.difference.only_second) == (2, 1)
    average = rows(found)[("good", "other")].difference
    assert average.estimate == pytest.approx(100 * (1 / 12 + 1 / 12) / 2)
    assert average.low < average.estimate < average.high
    # Vignettes hold items of both columns: 8 vignette labels would be wrong, there are 4.
    assert (average.n, average.clusters) == (24, 4)


def test_holm_adjusts_over_all_pairs_of_a_column():
    runs = [GOOD, run("middle", wrong=range(8)), run("bad", wrong=range(19))]
    found = rows(compare(runs, PLACES))
    assert list(found) == [("good", "middle"), ("good", "bad"), ("middle", "bad")]
    smallest = min(found.values(), key=lambda row: row.difference.p)
    assert smallest.p_holm == pytest.approx(min(1, 3 * smallest.difference.p))
    assert all(row.p_holm >= row.difference.p for row in found.values())


def test_a_baseline_is_subtracted_from_every_other_run():
    runs = [GOOD, run("middle", wrong=range(8)), run("bad", wrong=range(19))]
    found = compare(runs, PLACES, baseline="good", draws=200)
    assert list(rows(found)) == [("middle", "good"), ("bad", "good")]
    assert rows(found)[("bad", "good")].difference.estimate < 0
    assert len(found.flips) == 2
    assert [standing.run for standing in found.ranks[:3]] == ["middle", "bad", "good"]


def test_each_run_gets_a_rank_interval():
    found = compare([run("bad", wrong=range(22)), GOOD], PLACES)
    ranks = {(s.run, s.measure): s.ranks for s in found.ranks}
    assert ranks[("good", "standard")].rank == 1
    assert ranks[("bad", "elastic")].high == 2


def test_written_answers_are_compared_by_their_text_metrics_and_do_not_flip():
    ids = IDS[:6]

    def written(name, value):
        rows = [
            outcome(item, True, scores={"rougeL_char": value + at}, state="written", gold=None)
            for at, item in enumerate(ids)
        ]
        return Run(name, rows)

    found = compare([written("a", 30.0), written("b", 20.0)], PLACES)
    (row,) = found.differences
    assert (row.measure, row.column) == ("rougeL_char", "one")
    assert row.difference.estimate == pytest.approx(10.0)  # text metrics are percent already
    assert found.flips == ()


def test_items_without_a_gold_are_counted_not_scored():
    ungraded = [outcome(item, True, scores={}, state="ungraded", gold=None) for item in IDS[:4]]
    graded = [outcome(item, True) for item in IDS[4:]]
    found = compare([Run("a", ungraded + graded), Run("b", ungraded + graded)], PLACES, draws=100)
    assert (found.compared, found.ungraded) == (24, 4)
    assert rows(found, column="item-weighted")[("a", "b")].difference.n == 20


def test_benchmarks_are_averaged_apart():
    ids = [*IDS, "exam/x/00", "exam/x/01"]
    places = PLACES | {item: Place("x", item, "exam") for item in ids[-2:]}
    found = compare([run("a", wrong=(0,), ids=ids), run("b", ids=ids)], places, draws=100)
    assert {
        row.benchmark: row.difference.n for row in found.differences if row.column != "one"
    } == {
        "quiz": 24,
        "exam": 2,
    }


# The command ------------------------------------------------------------------------------------


def sample_run(folder, model, wrong):
    """A saved run on the bundled sample, graded by the real grader."""
    questions = [q for q in sources.load("sample", "test") if q.gold]
    graded = []
    for at, question in enumerate(questions):
        other = next(letter for letter in question.options if letter not in question.gold)
        reply = f"答案：{other if at in wrong else question.gold}"
        graded.append(
            grade(question, reply, task="sample", protocol="fair-8192", prompt_hash=str(at))
        )
    write_lines(folder / "outcomes.jsonl", (item.model_dump() for item in graded))
    write_json(folder / "run.json", {"model": model, "protocol": "fair-8192", "lang": "zh"})
    return len(questions)


def command(*words):
    parser = argparse.ArgumentParser()
    cli_compare.configure(parser)
    return cli_compare.handle(parser.parse_args([str(word) for word in words]))


@pytest.fixture
def two_runs(tmp_path):
    sample_run(tmp_path / "a", "model-a", wrong={0, 1})
    sample_run(tmp_path / "b", "model-b", wrong={1, 2, 3, 4, 5})
    return tmp_path / "a", tmp_path / "b"


def test_json_holds_differences_intervals_p_flips_and_ranks(two_runs, capsys):
    assert command(*two_runs, "--format", "json") == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["view"], found["runs"]) == ("all", ["model-a", "model-b"])
    assert [len(found["flips"][0][side]) for side in ("only_first", "only_second")] == [4, 1]
    average = next(row for row in found["differences"] if row["column"] == "average")
    assert average["difference"]["low"] < average["difference"]["estimate"]
    assert average["p_holm"] == average["difference"]["p"]
    assert found["ranks"][0]["ranks"]["coverage"] == "simultaneous"


def test_an_outcomes_file_and_its_folder_are_the_same_run(two_runs, capsys):
    assert command(two_runs[0] / "outcomes.jsonl", two_runs[1], "--format", "json") == 0
    by_file = json.loads(capsys.readouterr().out)
    command(*two_runs, "--format", "json")
    assert by_file == json.loads(capsys.readouterr().out)


def test_runs_of_one_model_are_called_by_their_paths(tmp_path, capsys):
    for name in ("x", "y"):
        sample_run(tmp_path / name, "same-model", wrong={0})
    command(tmp_path / "x", tmp_path / "y", "--format", "json")
    assert json.loads(capsys.readouterr().out)["runs"] == [str(tmp_path / n) for n in "xy"]


def test_the_table_shows_counts_intervals_and_ranks(two_runs, capsys):
    command(*two_runs)
    shown = capsys.readouterr().out
    for words in ("items compared", "95 %", "p (Holm)", "only 1st", "95 % ranks"):
        assert words in shown
    assert "right in model-a, not in model-b: 4 (sample/" in shown


def test_many_flipped_items_are_counted_and_the_first_named(tmp_path, capsys):
    sample_run(tmp_path / "a", "model-a", wrong=set())
    sample_run(tmp_path / "b", "model-b", wrong=set(range(9)))
    command(tmp_path / "a", tmp_path / "b")
    shown = capsys.readouterr().out
    assert "right in model-a, not in model-b: 9 (" in shown
    assert "… 4 more in --format json)" in shown
    assert "right in model-b" not in shown


def test_a_reason_is_told_once():
    other = run("b", protocol="direct", prompt_hash="p2", passport={"protocol": "direct"})
    ours = run("a", passport={"protocol": "fair-8192"})
    with pytest.raises(RunError) as caught:
        compare([ours, other], PLACES)
    assert str(caught.value).count("protocol") == 1


def test_csv_is_one_table_with_the_label_in_every_row(two_runs, capsys):
    lines = (two_runs[1] / "outcomes.jsonl").read_text().splitlines()
    (two_runs[1] / "outcomes.jsonl").write_text("\n".join(lines[:-1]) + "\n")
    assert command(*two_runs, "--anyway", "--format", "csv") == 0
    table = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert {row["label"].split(":")[0] for row in table} == {"NOT COMPARABLE"}
    assert {"low", "high", "p", "p_holm"} <= table[0].keys()


def test_a_refusal_names_the_missing_item(two_runs):
    lines = (two_runs[1] / "outcomes.jsonl").read_text().splitlines()
    (two_runs[1] / "outcomes.jsonl").write_text("\n".join(lines[:-1]) + "\n")
    with pytest.raises(RunError, match=json.loads(lines[-1])["id"]):
        command(*two_runs)


def test_an_unreadable_line_is_named(two_runs):
    with (two_runs[0] / "outcomes.jsonl").open("a") as file:
        file.write('{"id": "cut off\n')
    with pytest.raises(DataError, match=r"outcomes\.jsonl, line \d+: broken JSON"):
        command(*two_runs)


def test_a_folder_without_outcomes_is_named(two_runs, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match=r"outcomes\.jsonl: no such file"):
        command(two_runs[0], tmp_path / "empty")


def test_the_clean_view_keeps_clean_items_and_foreign_ones(capsys):
    listed = clean_list("pceb")
    mixed = [*listed.clean[:3], *listed.exact[:2]]
    known = {item: Place("one", item, "pceb") for item in mixed}
    (kept,) = cli_compare.clean([run("a", ids=[*mixed, "other/7"])], known)
    assert [outcome.id for outcome in kept.outcomes] == [*listed.clean[:3], "other/7"]
    assert "2 of 5 items left out" in capsys.readouterr().err


def test_a_clean_view_without_a_list_is_refused(two_runs):
    with pytest.raises(DataError, match="no clean list ships for sample"):
        command(*two_runs, "--view", "clean")


def test_one_run_is_wrong_use(two_runs, capsys):
    assert command(two_runs[0]) == 2
    assert "two or more runs" in capsys.readouterr().err
