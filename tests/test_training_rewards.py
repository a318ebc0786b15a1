"""The reward: TRL's and veRL's adapters are the core's reader and scorer, and nothing else."""

import json
import random

import pytest

from psyche_bench import answers, scoring
from psyche_bench.errors import RunError
from psyche_bench.training import rewards

OPTIONS = {"A": "强化", "B": "惩罚", "C": "消退", "D": "泛化", "E": "分化"}
OPENINGS = (
    "",
    "<think>",
    "<think>先看题干。</think>",
    "<think></think>",
    "<think>A 对</think>\n",
    "<think>a<think>b</think>",
)
MIDDLES = (
    "",
    "逐项分析：A 不对，",
    "强化是对的。",
    "我不确定，",
    "The options are read first. ",
    "\n\n",
)
ENDS = ("答案：{x}", "Answer: {x}", "选{x}", "", "{x}", "可能是A或B", "都不对", "</think>答案：{x}")


def generated(count: int) -> list[tuple[str, str]]:
    """Completions and golds, drawn from pieces of well-formed and of broken replies."""
    draw = random.Random(5)  # noqa: S311 - test data
    rows = []
    for _ in range(count):
        letters = "".join(sorted(draw.sample("ABCDEF", draw.randint(1, 4))))
        text = draw.choice(OPENINGS) + draw.choice(MIDDLES) + draw.choice(ENDS).format(x=letters)
        rows.append((text, "".join(sorted(draw.sample("ABCDE", draw.randint(1, 4))))))
    return rows


def test_both_adapters_equal_the_core_on_ten_thousand_completions() -> None:
    rows = generated(10_000)
    replies, golds = [reply for reply, _ in rows], [gold for _, gold in rows]
    letters = [answers.read(reply, "ABCDE", OPTIONS).letters for reply in replies]
    form = [scoring.format_reward(reply) for reply in replies]
    right = [
        scoring.overlap_reward(read, set(gold)) for read, gold in zip(letters, golds, strict=True)
    ]
    turns = [[{"role": "assistant", "content": reply}] for reply in replies]
    options = [json.dumps(OPTIONS, ensure_ascii=False)] * len(rows)
    assert rewards.format_reward(completions=turns, gold=golds) == form
    assert rewards.accuracy_reward(completions=turns, gold=golds, options=options) == right
    scored = [
        rewards.compute_score("cpsyexam", reply, gold, {"options": options[0]})
        for reply, gold in rows
    ]
    assert [one["score"] for one in scored] == [f + r for f, r in zip(form, right, strict=True)]
    assert {-1.0, 1.25} == set(form)
    assert len(set(right)) >= 5, "the draw meets every branch of Eq. 2"


@pytest.mark.parametrize(
    ("reply", "gold", "printed", "expected"),
    [
        pytest.param("<think>想。</think>答案：AB", "AB", False, 2.25, id="form and answer right"),
        pytest.param("<think>想。</think>答案：A", "AB", False, 1.75, id="half of the gold"),
        pytest.param("<think>想。</think>答案：AC", "AB", False, 0.25, id="a wrong letter"),
        pytest.param("答案：AB", "AB", False, 0.0, id="right, but no reasoning"),
        pytest.param("", "AB", False, -2.0, id="silence does not pay"),
        pytest.param("", "AB", True, -1.0, id="as printed, silence costs less than an error"),
        pytest.param("<think>想", "A", False, -2.0, id="cut off in the reasoning"),
    ],
)
def test_the_sum_is_equation_two(reply: str, gold: str, printed: bool, expected: float) -> None:
    assert rewards.compute_score("x", reply, gold, printed=printed)["score"] == expected


@pytest.mark.parametrize(
    ("values", "told"),
    [
        pytest.param([1.0, float("nan")], "returned nan for completion 1 of 2", id="not a number"),
        pytest.param([1.0, None], "returned None for completion 1 of 2", id="no value"),
        pytest.param([1.0, float("inf")], "returned inf", id="no finite number"),
        pytest.param([1.0], "returned 1 values for 2 completions", id="too few"),
        pytest.param([1.0] * 3, "returned 3 values for 2 completions", id="too many"),
        pytest.param(1.0, "returned a float for 2 completions", id="one for the whole batch"),
    ],
)
def test_a_reward_that_returns_nonsense_ends_the_run(values: object, told: str) -> None:
    with pytest.raises(RunError, match="mine") as error:
        rewards.checked("mine", values, 2)
    assert told in str(error.value)


def test_options_that_are_padded_with_none_are_read_as_if_they_were_not_there() -> None:
    padded = {**OPTIONS, "F": None}
    assert rewards.accuracy_reward(["答案：强化"], ["A"], [padded]) == [1.0]  # type: ignore[list-item]
