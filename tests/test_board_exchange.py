"""Every Eval Ever: round trip without loss, edits refused, and their own validator's word."""

import json
import os
import subprocess
from pathlib import Path

import pytest
from board_runs import graded, run_folder

from psyche_bench import cli
from psyche_bench.errors import BoardError, DataError
from psyche_bench.leaderboard import add, collect, exchange, published
from psyche_bench.leaderboard.add import Asked


@pytest.fixture
def board(tmp_path):
    found = graded(lambda q: "答案：A" if q.row % 3 else "没有把握", tokens=7, capped=False)
    run = run_folder(tmp_path / "run", found)
    add.add(run, tmp_path / "results", Asked(with_replies=True, name="团队/心理模型 <b>"))
    return tmp_path / "results"


@pytest.fixture
def exported(board, tmp_path):
    results = collect.load_results(board)
    (path,) = exchange.export(results, board, tmp_path / "out")
    return path


def test_a_folder_comes_back_byte_for_byte(board, exported, tmp_path):
    exchange.import_(exported, tmp_path / "back")
    there = {path.name: path.read_bytes() for path in board.iterdir()}
    assert {path.name: path.read_bytes() for path in (tmp_path / "back").iterdir()} == there


def test_published_rows_round_trip_too(tmp_path):
    results = published.results()
    written = exchange.export(results, tmp_path, tmp_path)
    assert [exchange.read(path)[0] for path in written] == list(results)
    with pytest.raises(BoardError, match="a printed row"):
        exchange.import_(written[0], tmp_path / "results")


def test_the_same_record_goes_to_the_same_files(board, exported, tmp_path):
    again = exchange.export(collect.load_results(board), board, tmp_path / "out")
    assert again == [exported]
    assert len(list((tmp_path / "out").rglob("*.json*"))) == 2


def test_every_score_with_an_interval_has_it_there(board, exported):
    (result,) = collect.load_results(board)
    content = json.loads(exported.read_text(encoding="utf-8"))
    shown = {f["evaluation_result_id"]: f["score_details"] for f in content["evaluation_results"]}
    mean = shown["psyche_sample mean:standard"]
    own = result.groups[0]
    assert mean["score"] == own.scores["standard"]
    assert mean["uncertainty"]["confidence_interval"]["lower"] == own.intervals["standard"].low
    assert len(shown) == len(content["evaluation_results"])


def test_written_answers_are_no_item_lines_since_they_are_not_correct_or_wrong(exported):
    beside = exported.with_name(f"{exported.stem}_samples.jsonl")
    rows = [json.loads(line) for line in beside.read_text(encoding="utf-8").splitlines()]
    assert rows
    assert not [row for row in rows if "_qa" in row["evaluation_name"]]
    assert {row["evaluation"]["is_correct"] for row in rows} == {True, False}


def test_a_result_without_any_score_is_left_out_and_not_called_zero(tmp_path, capsys):
    withheld = [o.model_copy(update={"gold": None, "scores": {}}) for o in graded()]
    (pair,) = add.results_of(withheld, {"name": "m", "protocol": "direct"}, Asked())
    assert exchange.export([pair[0]], tmp_path, tmp_path) == []


def tampered(path, change):
    content = json.loads(path.read_text(encoding="utf-8"))
    change(content)
    path.write_text(json.dumps(content), encoding="utf-8")


def raise_score(content):
    content["evaluation_results"][0]["score_details"]["score"] = 99.5


def foreign(content):
    content["source_metadata"]["additional_details"] = {}


EDITS = [
    (raise_score, BoardError, r"mean:standard: the file says 99\.5, the record inside", "a figure"),
    (foreign, DataError, "of another program", "another program's record"),
]


@pytest.mark.parametrize(
    ("change", "kind", "told"), [e[:3] for e in EDITS], ids=[e[3] for e in EDITS]
)
def test_changed_records_are_refused(exported, tmp_path, change, kind, told):
    tampered(exported, change)
    with pytest.raises(kind, match=told):
        exchange.import_(exported, tmp_path / "back")
    assert not (tmp_path / "back").exists()


def test_changed_or_missing_item_lines_are_refused(exported, tmp_path):
    beside = exported.with_name(f"{exported.stem}_samples.jsonl")
    beside.write_text(beside.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    with pytest.raises(DataError, match="SHA-256 differs"):
        exchange.import_(exported, tmp_path / "back")
    beside.unlink()
    with pytest.raises(DataError, match="are missing"):
        exchange.import_(exported, tmp_path / "back")


def test_the_commands_carry_results_there_and_back(board, tmp_path, capsys):
    assert cli.main(["board", "export", str(tmp_path / "o"), "--results", str(board)]) == 0
    path = capsys.readouterr().out.strip()
    assert cli.main(["board", "import", path, "--results", str(tmp_path / "b")]) == 0
    assert cli.main(["board", "check", "--results", str(tmp_path / "b")]) == 0
    capsys.readouterr()
    assert cli.main(["board", "import", path, "--results", str(tmp_path / "b")]) == 1
    assert "is there already" in capsys.readouterr().err


def test_their_own_validator_finds_no_error_and_warns_of_nothing(board, tmp_path):
    """`make test` installs every-eval-ever in an environment of its own where Python >= 3.12 is."""
    python = os.environ.get("PSYCHE_BENCH_EVERY_EVAL_EVER")
    if not python:
        pytest.skip("PSYCHE_BENCH_EVERY_EVAL_EVER is unset: no Python >= 3.12 with every-eval-ever")
    exchange.export(collect.everything(board), board, tmp_path / "o")
    files = [str(p.relative_to(tmp_path / "o")) for p in (tmp_path / "o").rglob("*.json*")]
    command = [str(Path(python)), "-m", "every_eval_ever", "validate", *files]
    ran = subprocess.run(command, cwd=tmp_path / "o", capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout[-3000:] + ran.stderr[-3000:]
    assert f"{len(files)} passed, 0 warning-only, 0 failed" in ran.stdout
