"""Small mixtures and recipes of our own, which the tiny random model learns in the tests."""

from pathlib import Path

from psyche_bench import mixture
from psyche_bench.jsonl import write_lines, write_text
from psyche_bench.schemas import Turn

TOPICS = (
    "负强化",
    "消退",
    "泛化",
    "分化",
    "习得性无助",
    "去条件化",
    "示范",
    "塑造",
    "代币制",
    "系统脱敏",
)


def sft_line(number: int, rationale: str = "先看题干，再逐项比较。") -> mixture.SftLine:
    answer = "答案：A"
    return mixture.SftLine(
        id=f"own/{number:03d}",
        part="D_em" if number % 3 == 0 else "D_pr",
        kind="smcq",
        prompt=(Turn(role="user", content=f"第{number}题：哪一项是{TOPICS[number % 10]}？"),),
        rationale=rationale,
        answer=answer,
        completion=mixture.completion(rationale, answer),
        gold="A",
        options={"A": "甲", "B": "乙"},
        origin="written for the tests",
        licence="Apache-2.0",
    )


def grpo_line(number: int) -> mixture.GrpoLine:
    return mixture.GrpoLine(
        id=f"own/{number:03d}",
        part="D_pc",
        kind="mmcq",
        prompt=(Turn(role="user", content=f"第{number}题：{TOPICS[number % 10]}？"),),
        gold="AB",
        options={"A": "甲", "B": "乙"},
        origin="written for the tests",
        licence="Apache-2.0",
    )


def write(path: Path, stage: str, count: int = 24) -> Path:
    make = sft_line if stage == "sft" else grpo_line
    write_lines(path, (make(number).model_dump(mode="json") for number in range(count)))
    return path


RECIPE = """
stage = "{stage}"
title = "A tiny random model, for the tests"
[model]
name = "{model}"
[data]
source = "file"
path = "{path}"
held_out = {held_out}
[optim]
learning_rate = 1e-2
batch = 4
micro_batch = {micro}
epochs = 2
max_steps = 6
autocast = false
warmup = 0.2
[sequences]
max_tokens = 300
[keep]
save_steps = 2
eval_steps = 3
"""
GRPO = """
[grpo]
mini_batch = 2
rollouts = 2
completion_tokens = 8
kl = 0.1
"""


def recipe(folder: Path, stage: str, model: Path, more: str = "") -> Path:
    """A recipe and its data, written to ``folder``."""
    path = write(folder / f"D_{stage}.jsonl", stage)
    held = 4 if stage == "sft" else 0
    text = RECIPE.format(
        stage=stage, model=model, path=path, held_out=held, micro=2 if stage == "sft" else 4
    )
    file = folder / f"{stage}.toml"
    write_text(file, text + (GRPO if stage == "grpo" else "") + more)
    return file
