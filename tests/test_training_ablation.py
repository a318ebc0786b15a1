"""An ablation from end to end: its arms are trained, published, scored and stand on the board."""

from pathlib import Path

import pytest
import training_inputs as own

from psyche_bench import cli
from psyche_bench.errors import RunError
from psyche_bench.leaderboard import build, tables

pytest.importorskip("trl", reason="the extra train is not installed")
from psyche_bench.training import ablation, data, runs

SMALL = (
    "optim.batch=4", "optim.micro_batch=2", "optim.devices=1", "optim.max_steps=2",
    "keep.save_steps=2", "sequences.max_tokens=300", "grpo.mini_batch=4", "grpo.rollouts=2",
    "grpo.completion_tokens=8", "optim.autocast=false",
)  # fmt: skip


def in_this_process(words: tuple[str, ...]) -> None:
    """The same command line, without a second start of Python for each of the steps."""
    assert cli.main(list(words)) == 0, words


@pytest.mark.usefixtures("data_root")
def test_table_3_is_trained_scored_and_shown_with_intervals(
    tmp_path: Path, tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data, "BENCHMARKS", (("sample", None),))
    monkeypatch.setattr(runs, "call", in_this_process)
    monkeypatch.setenv("PSYCHE_BENCH_RESULTS", str(tmp_path / "results"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "results").mkdir()
    own.write(tmp_path / "data" / "D_sft.jsonl", "sft")
    own.write(tmp_path / "data" / "D_grpo.jsonl", "grpo")
    words = ["train", "ablation", "table3", "--out", "runs", "--limit", "1"]
    words += [word for change in (*SMALL, f"model.name={tiny_model}") for word in ("--set", change)]
    arms = ("Base", "+SFT", "+SFT+GRPO")
    assert cli.main([*words, *(word for arm in arms for word in ("--arm", arm))]) == 0

    found = tables.every_table(build.gather(tmp_path / "results"))["ablation"]
    shown = {row.model: row.figures for row in found.rows if row.origin == "re-run"}
    assert list(shown) == [f"Table 3: {arm}" for arm in sorted(arms, key=len)]
    for figures in shown.values():
        for area in ("case", "moral", "theory"):
            assert figures[area].low is not None and figures[area].high is not None
    printed = [row for row in found.rows if row.origin == "paper"]
    assert len(printed) >= 5, "what was printed stands beside, unmerged"


def test_changes_reach_the_stage_they_belong_to() -> None:
    steps = ablation.commands("table3", Path("runs"), ["grpo.rollouts=2", "model.name=mine"])
    for words in steps:
        if words[0] == "train" and words[1] != "publish":
            assert ("grpo.rollouts=2" in words) == (words[1] == "grpo"), words
    with pytest.raises(RunError, match=r"table3 has no arm 'Bass'\. It has Base, \+GRPO"):
        ablation.commands("table3", Path("runs"), [], ablation.Scale(arms=("Bass",)))
