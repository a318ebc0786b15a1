"""What SFT learns from: the completion and the end of its turn, on templates of real models.

TRL brings the chat templates that model families ship; SmolLM2's own comes with the small model.
"""

from pathlib import Path
from typing import Any

import pytest
import tiny
import training_inputs as own

from psyche_bench.errors import RunError
from psyche_bench.schemas import Turn

pytest.importorskip("trl", reason="the extra train is not installed")
import trl

from psyche_bench.training import data, grpo, sft

TEMPLATES = Path(trl.__file__).parent / "chat_templates"
REPLY = "<think>先看题干，再逐项比较。</think>\n答案：A"


def example(number: int = 1, rationale: str = "先看题干，再逐项比较。") -> data.Example:
    line = own.sft_line(number, rationale)
    prompt = (Turn(role="system", content="请作答。"), *line.prompt) if number == 3 else line.prompt
    return data.Example(
        id=line.id, prompt=prompt, completion=line.completion, gold="A", options=line.options
    )


def speaking(template: str) -> Any:
    tokeniser = tiny.byte_tokeniser()  # type: ignore[no-untyped-call]
    tokeniser.chat_template = (TEMPLATES / f"{template}.jinja").read_text(encoding="utf-8")
    return tokeniser


def learnt(tokeniser: Any, row: dict[str, Any]) -> str:
    """The text whose tokens bear a loss."""
    return str(tokeniser.decode([token for token in row["labels"] if token != -100]))


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        pytest.param("qwen2_5", f"{REPLY}<|im_end|>\n", id="Qwen2.5, the paper's model"),
        pytest.param("llama3", f"{REPLY}<|eot_id|>", id="Llama 3"),
        pytest.param("phi3", f"{REPLY}<|end|>\n</s>", id="Phi 3"),
        pytest.param("gemma", f"{REPLY}<end_of_turn>\n", id="Gemma"),
        pytest.param("lfm2", f"{REPLY}<|im_end|>\n", id="LFM2"),
        pytest.param(
            "qwen3",
            "<think>\n先看题干，再逐项比较。\n</think>\n\n答案：A<|im_end|>\n",
            id="Qwen3 sets its own white space around reasoning",
        ),
    ],
)
def test_the_completion_alone_is_learnt(template: str, expected: str) -> None:
    tokeniser = speaking(template)
    rows, cut = sft.rows(tokeniser, [example()], 2000)
    assert learnt(tokeniser, rows[0]) == expected
    assert cut == 0
    ids, asked = sft.encode(tokeniser, example())
    assert rows[0]["labels"] == [-100] * asked + ids[asked:], "prompt unlearnt, all else learnt"


@pytest.mark.parametrize(
    ("template", "told"),
    [
        pytest.param("deepseek_r1_distill", "writes the prompt otherwise", id="DeepSeek-R1"),
        pytest.param("smolvlm", "leaves ' <end_of_utterance>", id="SmolVLM drops plain texts"),
        pytest.param("qwen3_6", "opens it in the prompt", id="Qwen3.6 opens the reasoning itself"),
        pytest.param("qwen3_5_nothink", "writes the prompt otherwise", id="Qwen3.5 closes it"),
    ],
)  # fmt: skip
def test_a_template_that_would_teach_something_else_is_refused(template: str, told: str) -> None:
    with pytest.raises(RunError, match=r"own/001: .*--set model\.template=FILE") as error:
        sft.rows(speaking(template), [example()], 2000)
    assert told in str(error.value)


def test_grpo_refuses_a_template_that_opens_the_reasoning_in_the_prompt() -> None:
    with pytest.raises(RunError, match="could never be well formed"):
        grpo.rows(speaking("qwen3_6"), [example()], 2000)
    assert grpo.rows(speaking("qwen2_5"), [example()], 2000)


def test_the_small_models_own_template_and_tokens(small_model: Path) -> None:
    from transformers import AutoTokenizer

    tokeniser = AutoTokenizer.from_pretrained(small_model)
    for number in (1, 3):
        rows, _ = sft.rows(tokeniser, [example(number)], 512)
        assert learnt(tokeniser, rows[0]) == f"{REPLY}<|im_end|>\n"


def test_long_examples_lose_their_end_and_are_counted() -> None:
    tokeniser = speaking("qwen2_5")
    examples = [example(1), example(2, "很长的理由。" * 40), example(4)]
    whole = [sft.encode(tokeniser, one) for one in examples]
    limit = max(len(whole[0][0]), len(whole[2][0]))
    rows, cut = sft.rows(tokeniser, examples, limit)
    assert cut == 1, "an example of exactly the limit is whole"
    for row, (ids, asked) in zip(rows, whole, strict=True):
        assert row["input_ids"] == ids[:limit], "the start is kept"
        assert row["labels"] == ([-100] * asked + ids[asked:])[:limit]
        assert row["length"] == len(row["input_ids"])
    assert learnt(tokeniser, rows[1]).startswith("<think>很长的理由。")


def test_bare_trl_learns_the_same_tokens(tmp_path: Path, tiny_model: Path) -> None:
    """TRL splits prompt and completion by itself; the rows made here are those it makes."""
    from datasets import Dataset
    from transformers import AutoTokenizer
    from trl import SFTConfig, SFTTrainer

    examples = [example(1), example(3), example(2, "很长的理由。" * 20)]
    plain = [
        {
            "prompt": [turn.model_dump() for turn in one.prompt],
            "completion": [{"role": "assistant", "content": one.completion}],
        }
        for one in examples
    ]
    told = SFTConfig(output_dir=str(tmp_path), max_length=200, use_cpu=True, report_to="none",
                     bf16=False)  # fmt: skip
    trainer = SFTTrainer(model=str(tiny_model), args=told, train_dataset=Dataset.from_list(plain))
    rows, _ = sft.rows(AutoTokenizer.from_pretrained(tiny_model), examples, 200)
    made = [(row["input_ids"], row["labels"]) for row in trainer.train_dataset]
    assert made == [(row["input_ids"], row["labels"]) for row in rows]
