"""Board records: the published rows in the runs' shape, folders read whole or refused by name."""

import json

import pytest

from psyche_bench.errors import DataError
from psyche_bench.leaderboard import baselines, check, collect, paper, published
from psyche_bench.leaderboard.records import Column, Group, Model, Result


def test_every_printed_row_is_a_result():
    rows = published.results()
    by_group = {group: sum(r.group == group for r in rows) for group in {r.group for r in rows}}
    assert by_group == {"pceb": 18, "cpsyexam": 13, "cpsyexam_5shot": 13, "counselling": 6}
    assert {row.origin for row in rows} == {"paper"}
    assert {row.model.name for row in rows} == set(baselines.catalogue())


def test_every_model_of_table_7_and_psyche_r1_is_a_baseline():
    names = [row.name for row in paper.table("table7")]
    assert len(names) == 17
    assert {baselines.baseline(name).name for name in names} | {"Psyche-R1"} == set(
        baselines.catalogue()
    )


@pytest.mark.parametrize("row", paper.rows(paper.ModelRow), ids=lambda row: row.name)
def test_versions_are_table_7s(row):
    assert baselines.baseline(row.name).version == row.version


def test_an_unknown_baseline_is_told_with_those_there_are():
    with pytest.raises(DataError, match=r"no baseline 'GPT-9'\. There are: MiniCPM4-8B, "):
        baselines.baseline("GPT-9")


def printed(model, group):
    (found,) = [r for r in published.results() if (r.model.name, r.group) == (model, group)]
    return found


def test_published_means_are_recomputed_with_the_printed_ones_beside_them():
    (gemini,) = printed("Gemini1.5-Pro", "pceb").groups
    assert gemini.scores["standard"] == pytest.approx(61.15, abs=0.005)  # the audit's finding
    assert gemini.printed == {"standard": 61.26, "elastic": 66.78}
    (ours,) = printed("Psyche-R1", "cpsyexam").groups
    assert ours.scores["standard_by_item"] == pytest.approx(74.91, abs=0.005)
    assert ours.printed == {"standard_by_item": 74.90}


def test_what_was_not_printed_is_unknown():
    result = printed("Psyche-R1", "pceb")
    assert {column.answered for column in result.columns} == {None}
    assert {column.clean for column in result.columns} == {None}
    assert "elastic" not in printed("Psyche-R1", "cpsyexam").columns[0].scores


def run_of(baseline="Psyche-R1", standard=70.0, **more):
    interval = {"standard": {"low": standard - 2, "high": standard + 2}}
    column = Column(
        column="pceb_moral_smcq", group="pceb", subset="moral_smcq", n=152, whole=152,
        scores={"standard": standard, "rouge1_jieba": 20.0}, intervals=interval,
    )  # fmt: skip
    model = Model(name="mine", baseline=baseline, category="psychological")
    return Result(
        model=model, origin="re-run", group="pceb", protocol="direct", columns=(column,), **more
    )


def test_a_run_of_a_baseline_is_held_against_its_printed_row():
    figure = printed("Psyche-R1", "pceb").columns[2].scores["standard"]
    (found,) = collect.differences([*published.results(), run_of(partial=True)])
    assert (found.where, found.metric, found.published) == ("pceb_moral_smcq", "standard", figure)
    assert found.difference == pytest.approx(70.0 - figure)
    assert found.inside is False
    assert found.partial


def test_a_model_that_is_no_baseline_has_nothing_to_differ_from():
    assert collect.differences([*published.results(), run_of(baseline=None)]) == []


def test_groups_are_compared_by_their_name():
    group = Group(group="pceb", n=1, columns=1, of=6, scores={"standard": 1.0})
    found = collect.differences([*published.results(), run_of(groups=(group,))])
    assert [f.where for f in found] == ["pceb", "pceb_moral_smcq"]
    assert found[0].inside is None


# --- folders -------------------------------------------------------------------------------------


def test_results_come_back_as_they_were_written(tmp_path):
    result = run_of()
    (tmp_path / f"{result.stem}.json").write_text(result.model_dump_json(), encoding="utf-8")
    assert collect.load_results(tmp_path) == [result]
    assert collect.everything(tmp_path)[-1] == result


def test_the_shipped_results_are_runs_with_outcomes_and_no_replies():
    shipped = collect.load_results(collect.default_folder())
    assert shipped
    assert {(result.origin, result.replies) for result in shipped} == {("re-run", False)}
    lines = [line for result in shipped for line in collect.outcomes(result)]
    assert len(lines) == sum(result.items for result in shipped)
    assert not [line for line in lines if line.reply is not None]


def test_the_shipped_results_follow_from_their_outcomes(data_root):
    assert check.check() == []


def broken(tmp_path, **changes):
    content = run_of().model_dump(mode="json") | changes
    path = tmp_path / "r.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


BROKEN = [
    ({"origin": "dreamt"}, r"r\.json, field 'origin': .*'paper', 're-run', 'submitted'", "origin"),
    ({"grade": "A"}, r"r\.json, field 'grade': Extra inputs are not permitted", "unknown field"),
    ({"outcomes": "o.jsonl"}, r"r\.json: its outcomes o\.jsonl are missing", "no outcomes"),
]


@pytest.mark.parametrize(
    ("changes", "message"), [row[:2] for row in BROKEN], ids=[row[2] for row in BROKEN]
)
def test_a_broken_record_is_refused_by_name(tmp_path, changes, message):
    broken(tmp_path, **changes)
    with pytest.raises(DataError, match=message):
        collect.load_results(tmp_path)


def test_other_outcomes_than_a_record_was_made_from_are_refused(tmp_path):
    (tmp_path / "o.jsonl").write_text("{}\n", encoding="utf-8")
    broken(tmp_path, outcomes="o.jsonl", outcomes_sha256="0" * 64)
    with pytest.raises(DataError, match="SHA-256 differs"):
        collect.load_results(tmp_path)


def test_a_missing_folder_is_an_error_and_not_an_empty_board(tmp_path):
    with pytest.raises(DataError, match="no such folder"):
        collect.load_results(tmp_path / "nowhere")
