"""Recipes at the door, and what they become in each engine."""

from pathlib import Path

import pytest

from psyche_bench.errors import RunError
from psyche_bench.jsonl import read_json
from psyche_bench.training import ablation, chat, curves, export, recipe
from psyche_bench.training.recipe import Recipe


@pytest.mark.parametrize("name", recipe.shipped())
def test_a_shipped_recipe_is_whole_and_begins_with_its_command(name: str) -> None:
    assert isinstance(recipe.load(name), Recipe)
    assert recipe.text_of(name).startswith("# ")
    assert "psyche" in recipe.text_of(name).splitlines()[0]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        pytest.param(
            ["optim.lr=1"], "unknown key optim.lr (known there: learning_rate", id="a key"
        ),
        pytest.param(["optimiser.lr=1"], "unknown key optimiser", id="a table"),
        pytest.param(["optim.batch=255"], "of micro_batch × devices = 16", id="a batch"),
        pytest.param(["optim.learning_rate=-1"], "greater than 0", id="a negative rate"),
        pytest.param(["optim.schedule=wavy"], "optim.schedule", id="a schedule"),
        pytest.param(["optim"], "write key=value", id="no value"),
        pytest.param(["data.path=x", "data.source=cpsyexam"], "path belongs to", id="two sources"),
    ],
)
def test_a_broken_recipe_is_refused(changes: list[str], told: str) -> None:
    with pytest.raises(RunError) as error:
        recipe.load("paper-sft", changes)
    assert told in str(error.value)


def test_a_checkpoint_may_not_split_a_generation() -> None:
    assert recipe.load("paper-grpo").generation_steps == 4
    with pytest.raises(RunError, match="no multiple of the 4 steps one generation feeds"):
        recipe.load("paper-grpo", ["keep.save_steps=10"])


def test_a_recipe_of_the_other_stage_or_of_no_name_is_refused() -> None:
    with pytest.raises(RunError, match="train grpo`, not sft"):
        recipe.load("paper-grpo", stage="sft")
    with pytest.raises(RunError, match=r"Shipped are .*paper-sft"):
        recipe.load("paper-dpo")


def test_changes_and_parents_reach_the_recipe() -> None:
    found = recipe.load("table4-ed-prd-sft", ["optim.learning_rate=2e-5", "data.sha256=ab"])
    assert found.data.parts == ("D_em", "D_pr")
    assert (found.optim.learning_rate, found.data.sha256) == (2e-5, "ab")
    assert found.optim.batch == recipe.load("paper-sft").optim.batch


def test_verl_gets_the_papers_numbers() -> None:
    found = dict(line.split("=", 1) for line in export.verl(recipe.load("paper-grpo")))
    actor = "actor_rollout_ref.actor"
    assert found["data.train_batch_size"] == "128"
    assert found[f"{actor}.ppo_mini_batch_size"] == "32"
    assert found[f"{actor}.ppo_micro_batch_size_per_gpu"] == "20"
    assert found[f"{actor}.use_kl_loss"] == "true"
    assert found[f"{actor}.kl_loss_type"] == "low_var_kl"
    assert float(found[f"{actor}.kl_loss_coef"]) == 1e-3
    assert found["reward.custom_reward_function.name"] == "compute_score"


def test_llamafactory_gets_the_papers_numbers() -> None:
    found = export.llamafactory(recipe.load("paper-sft"))
    assert found["per_device_train_batch_size"] * found["gradient_accumulation_steps"] * 8 == 256
    assert (found["learning_rate"], found["num_train_epochs"]) == (1e-5, 2)
    assert (found["warmup_steps"], found["lr_scheduler_type"]) == (0.1, "cosine")
    assert (found["finetuning_type"], found["template"]) == ("full", "qwen")


def test_an_export_names_its_files_and_the_reward_is_the_cores(tmp_path: Path) -> None:
    written = export.write(recipe.load("paper-grpo"), "verl", tmp_path, data_too=False)
    assert [path.name for path in written] == ["psyche_reward.py", "overrides.json", "run.sh"]
    assert read_json(tmp_path / "overrides.json") == export.verl(recipe.load("paper-grpo"))
    scope: dict[str, object] = {}
    exec((tmp_path / "psyche_reward.py").read_text(encoding="utf-8"), scope)  # noqa: S102 - ours
    assert scope["compute_score"]("x", "<think>想。</think>答案：B", "B")["score"] == 2.25  # type: ignore[operator]
    with pytest.raises(RunError, match="Export it to llamafactory"):
        export.write(recipe.load("paper-sft"), "verl", tmp_path)


@pytest.mark.parametrize("table", ["table3", "fig3", "table4"])
def test_an_ablation_does_each_run_once_and_scores_every_arm(
    table: str, capsys: pytest.CaptureFixture[str]
) -> None:
    steps = ablation.commands(table, Path("runs"))
    assert len(steps) == len(set(steps))
    assert sum(words[0] == "eval" for words in steps) == len(ablation.arms(table))
    assert sum(words[:2] == ("board", "add") for words in steps) == len(ablation.arms(table))
    for words in steps:
        if words[0] == "train" and words[1] != "publish":
            recipe.load(words[2], stage="sft" if words[1] == "sft" else "grpo")
    assert ablation.run(table, Path("runs"), [], only_print=True) == 0
    assert len(capsys.readouterr().out.splitlines()) == len(steps)


def test_curves_are_drawn_from_what_was_logged(tmp_path: Path) -> None:
    rows = '{"step":1,"loss":2.0}\n{"step":2,"loss":1.0}\n'
    (tmp_path / "metrics.jsonl").write_text(rows, encoding="utf-8")
    drawn = curves.svg(tmp_path, ["loss"])
    assert drawn.count("<circle") == 2
    assert "loss: 2.000 → 1.500" in drawn
    with pytest.raises(RunError, match=r"'reward' was never logged\. Logged are loss"):
        curves.svg(tmp_path, ["reward"])


@pytest.mark.parametrize(
    ("reply", "unfolded", "last"),
    [
        pytest.param("<think>想一想</think>您好。", False, "您好。", id="folded"),
        pytest.param("<think>想一想</think>您好。", True, "<think>想一想</think>您好。", id="open"),
        pytest.param("您好。", False, "您好。", id="without reasoning"),
    ],
)
def test_chat_folds_the_reasoning(reply: str, unfolded: bool, last: str) -> None:
    assert chat.shown(reply, unfolded=unfolded).splitlines()[-1] == last
    assert "12356" in chat.NOTICE
