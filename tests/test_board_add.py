"""Adding runs and checking records: honest ones pass, each kind of edit is named by its cell."""

import json
import re

import pytest
from board_runs import graded, items, run_folder

from psyche_bench import cli, outcomes, report, sources, summary
from psyche_bench.errors import BoardError, DataError
from psyche_bench.jsonl import read_json, read_lines
from psyche_bench.leaderboard import add, baselines, check, collect, figures
from psyche_bench.leaderboard.add import Asked

STEM = "org-small-model--direct--psyche_sample"


@pytest.fixture
def board(tmp_path):
    """A folder with one record, of a run that answers A or nothing."""
    found = graded(lambda q: "答案：A" if q.row % 3 else "没有把握")
    add.add(run_folder(tmp_path / "run", found), tmp_path / "results", Asked(size=0.1))
    return tmp_path / "results"


def edited(path, change):
    content = read_json(path)
    change(content)
    path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")


def test_a_record_holds_the_figures_that_score_prints(board):
    (result,) = collect.load_results(board)
    found = list(collect.outcomes(result, board))
    again = graded(lambda q: "答案：A" if q.row % 3 else "没有把握")
    expected = summary.summarise(again, sources.universe(o.id for o in again))
    (group,) = expected.groups
    assert result.groups[0].scores["standard"] == group.standard
    assert {c.column: c.scores for c in result.columns} == {
        c.column: c.scores for c in expected.columns
    }
    assert len(found) == result.items == len(items())
    assert result.model.size == 0.1
    assert result.signature == result.passport["signature"]
    assert result.subjects, report.text(expected, "table")


def test_neither_texts_nor_golds_nor_replies_are_kept(board):
    rows = [row for _, row in read_lines(board / f"{STEM}.outcomes.jsonl")]
    kept = {key for row in rows for key in row}
    assert not kept & {"gold", "reply", "stem", "options"}
    everything = "".join(path.read_text(encoding="utf-8") for path in board.iterdir())
    assert not [q.id for q in items() if q.stem in everything]


def test_hits_extra_and_missed_say_how_a_choice_was_wrong(tmp_path):
    one = next(q for q in items() if q.kind == "mmcq" and len(q.gold) == 2 and "A" in q.gold)
    other = next(letter for letter in "BCD" if letter not in one.gold)
    add.add(
        run_folder(tmp_path / "run", graded(lambda _: f"答案：A{other}", [one]), limit=1),
        tmp_path,
        Asked(),
    )
    (result,) = collect.load_results(tmp_path)
    (line,) = collect.outcomes(result, tmp_path)
    assert (line.hits, line.extra, line.missed) == (1, 1, 1)
    assert result.partial
    assert "limit1" in result.stem


def test_replies_are_kept_on_request_and_read_again(tmp_path):
    add.add(run_folder(tmp_path / "run"), tmp_path / "r", Asked(with_replies=True))
    (result,) = collect.load_results(tmp_path / "r")
    assert {line.reply for line in collect.outcomes(result, tmp_path / "r")} == {"答案：A"}
    assert check.check(tmp_path / "r") == []


def test_every_task_group_of_a_run_is_a_record_of_its_own(tmp_path):
    found = graded()
    found += [
        o.model_copy(update={"task": o.task.replace("sample_", "sample_5shot_")}) for o in found
    ]
    written = add.add(run_folder(tmp_path / "run", found), tmp_path / "r", Asked())
    groups = [path.stem.split("--")[2] for path in written]
    assert groups == [
        "psyche_sample",
        "psyche_sample_5shot",
    ]
    assert [result.shots for result in collect.load_results(tmp_path / "r")] == [0, 5]
    assert check.check(tmp_path / "r") == []


def test_a_run_of_a_baseline_is_joined_to_it_by_its_hub_id(tmp_path):
    run = run_folder(tmp_path / "run", model_args={"pretrained": "Qwen/Qwen2.5-7B-Instruct"})
    add.add(run, tmp_path / "r", Asked())
    (result,) = collect.load_results(tmp_path / "r")
    assert result.model == baselines.model("Qwen2.5-7B")


def test_a_second_record_of_the_same_name_is_refused_and_replaced_on_request(board, tmp_path):
    run = run_folder(tmp_path / "other", graded(lambda q: "B"))
    with pytest.raises(BoardError, match=rf"{STEM}\.json is there already.*--replace.*--name"):
        add.add(run, board, Asked())
    assert check.check(board) == []
    add.add(run, board, Asked(replace=True))
    assert check.check(board) == []


def test_an_unfinished_run_is_refused(tmp_path):
    with pytest.raises(DataError, match="no finished run"):
        add.add(tmp_path, tmp_path, Asked())


def test_lineage_keeps_hashes_and_names_a_missing_file(tmp_path):
    recipe = tmp_path / "grpo.toml"
    recipe.write_text("x = 1\n", encoding="utf-8")
    lineage = add.lineage(recipe, None)
    assert (lineage.recipe, lineage.recipe_sha256) == ("grpo.toml", sources.digest(recipe))
    with pytest.raises(DataError, match=r"card\.json: no such file"):
        add.lineage(recipe, tmp_path / "card.json")


def test_folders_of_the_machine_stay_out_of_the_passport(tmp_path):
    where = {"pretrained": "/data/people/anna/models/small", "dtype": "float32"}
    run = run_folder(tmp_path / "run", model_args=where, command="psyche-bench eval /data/x/y")
    add.add(run, tmp_path / "r", Asked())
    (result,) = collect.load_results(tmp_path / "r")
    assert result.passport["model_args"]["pretrained"] == "small"
    assert "/data" not in json.dumps(result.passport)


# --- board check ---------------------------------------------------------------------------------


def test_an_honest_folder_passes(board, capsys):
    assert cli.main(["board", "check", "--results", str(board)]) == 0
    assert "1 records: every figure follows" in capsys.readouterr().err


def change(*path, value):
    def apply(content):
        *way, last = path
        for step in way:
            content = content[step]
        content[last] = value

    return apply


EDITS = [
    (change("groups", 0, "scores", "standard", value=99.0),
     r"groups\.psyche_sample\.scores\.standard: the record says 99\.0000", "a group's mean"),
    (change("columns", 0, "scores", "standard", value=99.0),
     r"columns\.psyche_sample_\w+\.scores\.standard", "a column"),
    (change("columns", 0, "n", value=11), r"columns\.psyche_sample_\w+\.n: the record says 11",
     "a denominator"),
    (change("columns", 0, "intervals", "standard", "low", value=50.0),
     r"intervals\.standard\.low", "an interval"),
    (change("groups", 0, "answered", value=100.0), r"groups\.psyche_sample\.answered",
     "the answered rate"),
    (change("subjects", 0, "scores", "elastic", value=88.0), r"subjects\..*\.scores\.elastic",
     "the breakdown by subject"),
    (change("group", value="pceb"), r"groups of tasks: the record says \['pceb'\]",
     "the task group"),
    (change("partial", value=True), r"partial: the record says True", "a whole run called partial"),
    (change("items", value=7), r"items: the record says 7", "the number of items"),
    (change("passport", "prompt_hashes", "psyche_sample_case_smcq", value="0" * 12),
     r"passport\.prompt_hashes", "the prompts"),
    (change("signature", value="tasks:all"), r"signature", "the signature"),
]  # fmt: skip


@pytest.mark.parametrize(("edit", "cell"), [row[:2] for row in EDITS], ids=[r[2] for r in EDITS])
def test_an_edited_record_is_refused_by_its_cell(board, edit, cell, capsys):
    edited(board / f"{STEM}.json", edit)
    assert cli.main(["board", "check", "--results", str(board)]) == 1
    told = capsys.readouterr().err
    assert re.search(cell, told)
    assert "add the run again with --replace" in told


def rewrite(board, change_line):
    """Edit the outcomes as a forger would, the hash in the record with them."""
    path = board / f"{STEM}.outcomes.jsonl"
    rows = [change_line(row) for _, row in read_lines(path)]
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows if row)
    path.write_text(text, encoding="utf-8")
    edited(board / f"{STEM}.json", change("outcomes_sha256", value=sources.digest(path)))


def first_wrong(**update):
    done = []

    def apply(row):
        if row["state"] == "wrong" and not done:
            done.append(row["id"])
            return row | update
        return row

    return apply


FORGED = [
    (first_wrong(scores={"standard": 1.0, "elastic": 1.0}), "scores.standard", "a line's score"),
    (first_wrong(state="right"), "state", "a line's state"),
    (first_wrong(hits=1, extra=0, missed=0), "hits", "how it was wrong"),
    (lambda row: None if row["state"] == "wrong" else row, "columns.", "wrong lines left out"),
]


@pytest.mark.parametrize(("forge", "cell"), [row[:2] for row in FORGED], ids=[r[2] for r in FORGED])
def test_forged_outcomes_are_refused(board, forge, cell):
    rewrite(board, forge)
    found = check.check(board)
    assert any(cell in deviation.cell for deviation in found)
    with pytest.raises(BoardError, match="the record says"):
        check.refuse(found)


def test_outcomes_changed_without_their_hash_are_refused(board):
    path = board / f"{STEM}.outcomes.jsonl"
    path.write_text(path.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    with pytest.raises(DataError, match="SHA-256 differs"):
        check.check(board)


def test_a_kept_reply_that_does_not_say_what_was_predicted_is_refused(tmp_path):
    add.add(run_folder(tmp_path / "run"), tmp_path / "results", Asked(with_replies=True))
    rewrite(tmp_path / "results", lambda row: row | {"reply": "答案：B"})
    assert any(d.cell.endswith(".predicted") for d in check.check(tmp_path / "results"))


def test_figures_without_outcomes_are_refused(board):
    edited(board / f"{STEM}.json", lambda content: content.pop("outcomes"))
    (found,) = check.check(board)
    assert found.cell == "outcomes"


def test_scores_by_a_withheld_key_stand_as_they_were_sent():
    """CPsyExam's test: who added the run had the key, who checks may not."""
    question = items(written=False)[0]
    graded_there = outcomes.grade(question, "答案：A", task="t")
    line = figures.line(graded_there)
    here = question.model_copy(update={"gold": None})
    assert figures.outcome(line, here, "direct").scores == graded_there.scores


# --- the command ---------------------------------------------------------------------------------


def test_add_list_and_diff_print_what_they_did(tmp_path, capsys):
    run = str(run_folder(tmp_path / "run"))
    there = ["--results", str(tmp_path / "r")]
    assert cli.main(["board", "add", run, "--baseline", "Psyche-R1", *there]) == 0
    assert capsys.readouterr().out.strip().endswith("Psyche-R1--direct--psyche_sample.json")
    assert cli.main(["board", "list", "--format", "json", *there]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert {row["origin"] for row in listed} == {"paper", "re-run"}
    assert cli.main(["board", "diff", "--format", "json", *there]) == 0
    assert json.loads(capsys.readouterr().out) == []  # no published row on the sample


def test_results_are_not_written_into_an_installed_package(monkeypatch, tmp_path):
    monkeypatch.delenv("PSYCHE_BENCH_RESULTS", raising=False)
    installed = tmp_path / "site-packages" / "psyche_bench" / "leaderboard"
    monkeypatch.setattr(collect, "files", lambda _: installed)
    with pytest.raises(BoardError, match="Name a folder with --results"):
        collect.writable_folder()
    monkeypatch.setenv("PSYCHE_BENCH_RESULTS", str(tmp_path))
    assert collect.writable_folder() == tmp_path
