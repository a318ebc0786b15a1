"""W&B: real runs in offline mode, nothing secret in them, nothing lost when it fails."""

import os
import shutil

import pytest
from board_runs import graded, run_folder

from psyche_bench import cli
from psyche_bench.errors import BoardError, DataError
from psyche_bench.leaderboard import add, check, collect, wandb_board
from psyche_bench.leaderboard.add import Asked

wandb = pytest.importorskip("wandb", reason="wandb is not installed")
CANARY = "canary-8d1f0c7e5a"


@pytest.fixture(autouse=True)
def offline(monkeypatch, tmp_path):
    wandb.teardown()  # it keeps the folders of its first run in a process
    for name in [name for name in os.environ if name.startswith("WANDB_")]:
        monkeypatch.delenv(name)
    for name in ("WANDB_DIR", "WANDB_DATA_DIR", "WANDB_CACHE_DIR", "WANDB_CONFIG_DIR"):
        (tmp_path / "w").mkdir(exist_ok=True)
        monkeypatch.setenv(name, str(tmp_path / "w"))
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))  # nobody's keys


@pytest.fixture
def board(tmp_path, monkeypatch):
    monkeypatch.setenv("SOME_SERVICE_API_KEY", CANARY)
    settings = {
        "model_args": {"pretrained": "org/m", "token": CANARY},
        "system_instruction": CANARY,
    }
    run = run_folder(tmp_path / "run", graded(lambda q: "答案：A"), **settings)
    add.add(run, tmp_path / "results", Asked())
    return tmp_path / "results"


def test_sync_logs_offline_runs_that_hold_scores_and_files_and_no_secret(board, tmp_path, capsys):
    assert cli.main(["board", "sync", "--wandb", "--results", str(board)]) == 0
    told = capsys.readouterr().err
    assert "no key" in told
    assert "1 of 1 results logged" in told
    wandb.teardown()  # writes out what it still holds, as the end of a process does
    (logged,) = (tmp_path / "w").rglob("*.wandb")
    content = logged.read_bytes()
    assert b"psyche_sample mean/standard" in content
    assert b"org-m--direct--psyche_sample" in content
    written = [path for path in tmp_path.rglob("*") if path.is_file() and path != board]
    assert not [path for path in written if CANARY.encode() in path.read_bytes()]


def test_the_summary_holds_scores_with_both_ends(board):
    (result,) = collect.load_results(board)
    found = dict(wandb_board.summary(result))
    mean = result.groups[0]
    assert found["psyche_sample mean/standard"] == mean.scores["standard"]
    assert found["psyche_sample mean/standard/high"] == mean.intervals["standard"].high
    assert len(wandb_board.rows(result, board)) == result.items


def test_a_failing_wandb_is_told_and_nothing_is_lost(board, monkeypatch, capsys):
    before = {path.name: path.read_bytes() for path in board.iterdir()}

    def refused(*_, **__):
        raise wandb.errors.CommError("the server is on fire")

    monkeypatch.setattr(wandb, "init", refused)  # the network's edge
    assert cli.main(["board", "sync", "--wandb", "--results", str(board)]) == 1
    told = capsys.readouterr().err
    assert "CommError: the server is on fire" in told
    assert "Nothing is lost" in told
    assert {path.name: path.read_bytes() for path in board.iterdir()} == before


# --- pull: the download is the network's edge, everything behind it is real -----------------------


def downloaded(board):
    def artifacts(path, into):
        assert path == "team/board"
        yield shutil.copytree(board, into / "run")

    return artifacts


def test_pull_takes_results_over_as_they_were(board, tmp_path):
    (written,) = wandb_board.pull("team/board", tmp_path / "b", downloads=downloaded(board))
    assert written.parent == tmp_path / "b"
    there = {path.name: path.read_bytes() for path in board.iterdir()}
    assert {path.name: path.read_bytes() for path in (tmp_path / "b").iterdir()} == there
    assert check.check(tmp_path / "b") == []


def test_pull_leaves_own_records_alone_unless_told(board, tmp_path, capsys):
    own = tmp_path / "b"
    wandb_board.pull("team/board", own, downloads=downloaded(board))
    (record,) = own.glob("*.json")
    record.write_text(record.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    assert wandb_board.pull("team/board", own, downloads=downloaded(board)) == []
    assert "is there already and stays" in capsys.readouterr().err
    assert wandb_board.pull("team/board", own, replace=True, downloads=downloaded(board))


def test_pull_refuses_outcomes_that_are_not_the_records(board, tmp_path):
    (lines,) = board.glob("*.jsonl")
    lines.write_text("{}\n", encoding="utf-8")
    with pytest.raises(DataError, match="SHA-256 differs"):
        wandb_board.pull("team/board", tmp_path / "b", downloads=downloaded(board))
    assert not (tmp_path / "b").exists()


def test_pull_without_a_key_says_what_to_do(tmp_path):
    with pytest.raises(BoardError, match=r"no key\. Set WANDB_API_KEY, or take the files by hand"):
        wandb_board.pull("team/board", tmp_path)
