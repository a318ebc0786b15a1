"""SFT and GRPO of the tiny random model: what is learnt, what is refused, what a kill costs."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import tiny
import training_inputs as own

from psyche_bench.errors import DataError, PsycheBenchError, RunError
from psyche_bench.jsonl import read_json, read_lines, write_lines

pytest.importorskip("trl", reason="the extra train is not installed")
from psyche_bench.training import data, grpo, memory, models, recipe, rewards, sft

SAMPLE = (("sample", None),)
"""Stands in for the benchmarks, which no machine needs to have for these tests."""


@pytest.fixture(autouse=True)
def against_the_sample(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Against the sample, and on one thread: for so small a model two only wait for each other."""
    import torch

    monkeypatch.setattr(data, "BENCHMARKS", SAMPLE)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def weights(folder: Path) -> dict[str, Any]:
    from safetensors.torch import load_file

    return load_file(folder / "final" / "model.safetensors")


def difference(a: Path, b: Path) -> float:
    left, right = weights(a), weights(b)
    assert left.keys() == right.keys()
    return max(float((left[key] - right[key]).abs().max()) for key in left)


KILLED = """
import sys
import torch
torch.set_num_threads(1)
from pathlib import Path
from psyche_bench.training import data, recipe, {stage}
data.BENCHMARKS = (("sample", None),)
{stage}.train(recipe.load(sys.argv[1]), Path(sys.argv[2]))
"""


@pytest.mark.parametrize("stage", ["sft", "grpo"])
def test_a_killed_run_ends_with_the_same_weights(
    stage: str, tmp_path: Path, tiny_model: Path
) -> None:
    file = own.recipe(tmp_path, stage, tiny_model)
    run = sft.train if stage == "sft" else grpo.train
    run(recipe.load(str(file)), tmp_path / "whole")
    command = [sys.executable, "-c", KILLED.format(stage=stage), str(file), str(tmp_path / "cut")]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    mark = tmp_path / "cut" / "checkpoint-2" / "trainer_state.json"
    deadline = time.monotonic() + 300
    while not mark.exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.005)
    process.kill()
    process.wait()
    assert mark.exists(), "killed before there was anything to go on from"
    assert not (tmp_path / "cut" / "result.json").exists(), "it was too late to kill it"
    (tmp_path / "cut" / "checkpoint-99").mkdir()  # as a kill in the midst of writing leaves one
    run(recipe.load(str(file)), tmp_path / "cut")
    assert difference(tmp_path / "whole", tmp_path / "cut") == 0.0
    steps = [row["step"] for _, row in read_lines(tmp_path / "cut" / "metrics.jsonl")]
    logged = [row["step"] for _, row in read_lines(tmp_path / "whole" / "metrics.jsonl")]
    assert steps == logged, "what was logged behind the checkpoint is logged once"


def test_sft_learns_and_writes_what_one_needs(tmp_path: Path, tiny_model: Path) -> None:
    file = own.recipe(tmp_path, "sft", tiny_model)
    out = tmp_path / "run"
    result = sft.train(recipe.load(str(file)), out)
    assert result["steps"] == 6
    assert result["eval_loss"]["last"] < result["eval_loss"]["first"]
    record = read_json(out / "run.json")
    assert record["seed"] == 42
    assert {"trl", "torch", "transformers", "python"} <= record["versions"].keys()
    assert record["data"] == {
        "digest": record["data"]["digest"], "items": 24, "in_a_benchmark": 0, "of_other_parts": 0,
        "train": 20, "held_out": 4, "not_drawn": 0, "cut_at_the_end": 0, "held_out_cut": 0,
    }  # fmt: skip
    assert sft.train(recipe.load(str(file)), out) == result, "a finished run trains no further"
    with pytest.raises(RunError, match=r"learning_rate: 0\.01 → 0\.5"):
        sft.train(recipe.load(str(file), ["optim.learning_rate=0.5"]), out)
    own.write(tmp_path / "D_sft.jsonl", "sft", 23)
    with pytest.raises(RunError, match="the data changed since"):
        sft.train(recipe.load(str(file)), out)


def test_grpo_logs_each_reward_kl_entropy_lengths_and_examples(
    tmp_path: Path, tiny_model: Path
) -> None:
    file = own.recipe(tmp_path, "grpo", tiny_model)
    grpo.train(recipe.load(str(file)), tmp_path / "run")
    rows = [row for _, row in read_lines(tmp_path / "run" / "metrics.jsonl")]
    first = rows[0]
    for key in (
        "reward", "rewards/format/mean", "rewards/accuracy/mean", "kl", "entropy",
        "completions/mean_length", "completions/clipped_ratio", "frac_reward_zero_std",
        "state/answered", "state/unparsed", "state/truncated", "state/empty",
    ):  # fmt: skip
        assert key in first, key
    # Noise of 8 tokens is cut off every time and never well formed: the run goes on and says so.
    assert all(row["completions/clipped_ratio"] > 0 for row in rows if "reward" in row)
    examples = [row for _, row in read_lines(tmp_path / "run" / "completions.jsonl")]
    assert {row["step"] for row in examples} == {0, 2, 4}, "a generation feeds two steps"
    assert examples[0].keys() == {"step", "gold", "state", "format", "reply"}


def test_a_step_of_truncated_and_masked_completions_moves_nothing(
    tmp_path: Path, tiny_model: Path
) -> None:
    masked = ["grpo.mask_truncated=true", "grpo.kl=0", "grpo.completion_tokens=1"]
    file = own.recipe(tmp_path, "grpo", tiny_model)
    grpo.train(recipe.load(str(file), [*masked, "optim.max_steps=2"]), tmp_path / "run")
    rows = [row for _, row in read_lines(tmp_path / "run" / "metrics.jsonl") if "reward" in row]
    assert all(row["grad_norm"] == 0 for row in rows if row["completions/clipped_ratio"] == 1)


def test_a_step_that_is_cut_off_whole_is_said(
    tmp_path: Path, tiny_model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = own.recipe(tmp_path, "grpo", tiny_model)
    changes = ["grpo.completion_tokens=1", "optim.max_steps=2"]
    grpo.train(recipe.load(str(file), changes), tmp_path / "run")
    told = capsys.readouterr().err
    assert "step 0: all 8 completions are cut off at grpo.completion_tokens = 1." in told


def test_empty_completions_are_paid_the_least_and_said(
    tmp_path: Path, tiny_model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    silent = tiny.silence(tiny_model, tmp_path / "silent")
    file = own.recipe(tmp_path, "grpo", silent)
    grpo.train(recipe.load(str(file), ["optim.max_steps=2"]), tmp_path / "run")
    rows = [row for _, row in read_lines(tmp_path / "run" / "metrics.jsonl") if "reward" in row]
    for row in rows:
        assert (row["reward"], row["state/empty"], row["frac_reward_zero_std"]) == (-2.0, 1.0, 1.0)
        assert row["completions/mean_length"] == 1, "the end of the turn alone"
    assert "step 0: all 8 completions are empty." in capsys.readouterr().err


@pytest.mark.parametrize(
    ("returned", "told"),
    [
        pytest.param([float("nan")] * 8, "returned nan for completion 0 of 8", id="NaN"),
        pytest.param([1.0], "returned 1 values for 8 completions", id="one for all of them"),
        pytest.param([None] * 8, "returned None for completion 0 of 8", id="nothing"),
    ],
)
def test_a_reward_of_nonsense_ends_a_real_run(
    returned: list[Any], told: str, tmp_path: Path, tiny_model: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(rewards, "accuracy_reward", lambda *_, **__: returned)
    file = own.recipe(tmp_path, "grpo", tiny_model)
    with pytest.raises(RunError, match=f"reward accuracy {told}"):
        grpo.train(recipe.load(str(file)), tmp_path / "run")
    assert not list(tmp_path.glob("run/checkpoint-*"))


def test_a_model_without_a_chat_template_is_refused(tmp_path: Path, tiny_model: Path) -> None:
    from transformers import AutoTokenizer

    bare = AutoTokenizer.from_pretrained(tiny_model)
    bare.chat_template = None
    bare.save_pretrained(tmp_path / "bare")
    with pytest.raises(RunError, match="has no chat template") as error:
        models.tokeniser(recipe.Model(name=str(tmp_path / "bare")))
    assert "model.template=FILE" in str(error.value)
    template = tmp_path / "chat.jinja"
    template.write_text("{% for m in messages %}{{ m['content'] }}{% endfor %}", encoding="utf-8")
    named = recipe.Model(name=str(tmp_path / "bare"), template=str(template))
    assert models.tokeniser(named).chat_template


@pytest.mark.parametrize(
    ("dtype", "autocast", "last"),
    [("float32", False, None), ("float32", True, None), ("bfloat16", True, 2)],
)
def test_the_estimate_of_activations_is_what_autograd_keeps(
    dtype: str, autocast: bool, last: int | None
) -> None:
    import peft
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    # The proportions of the small model, whose tensors the estimate was taken from.
    heads = {"num_attention_heads": 3, "num_key_value_heads": 1, "num_hidden_layers": 4}
    config = LlamaConfig(vocab_size=300, hidden_size=192, intermediate_size=512, **heads)
    wanted = recipe.load(
        "small-sft",
        [f"model.dtype={dtype}", f"optim.autocast={str(autocast).lower()}", "adapter.rank=4"]
        + ([] if last is None else [f"adapter.last_layers={last}"]),
    )
    adapter = wanted.adapter and wanted.adapter.model_copy(update={"last_layers": last})
    wanted = wanted.model_copy(update={"adapter": adapter})
    bare = LlamaForCausalLM(config).to(getattr(torch, dtype))
    learner = peft.get_peft_model(bare, models.lora(adapter, 4))
    for weight in learner.parameters():
        weight.data = weight.data.float() if weight.requires_grad else weight.data
    computed = torch.autocast("cpu", dtype=torch.bfloat16, enabled=autocast)
    kept = [bytes_kept(learner.get_base_model().model, tokens, computed) for tokens in (64, 192)]
    sizes = [memory.estimate(wanted, config, tokens)["activations"] for tokens in (64, 192)]
    told = (sizes[1] - sizes[0]) * memory.GB / wanted.optim.micro_batch
    assert told == pytest.approx(kept[1] - kept[0], rel=0.1)


def bytes_kept(model: Any, tokens: int, computed: Any) -> int:
    """Bytes of all tensors that a forward pass over so many tokens keeps for the way back."""
    import torch

    kept: dict[int, torch.Tensor] = {}

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        kept[tensor.untyped_storage().data_ptr()] = tensor
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor), computed:
        model(input_ids=torch.arange(tokens).unsqueeze(0))
    return sum(tensor.untyped_storage().nbytes() for tensor in kept.values())


@pytest.mark.parametrize("stage", ["sft", "grpo"])
def test_too_little_memory_is_said_before_the_first_step(
    stage: str, tmp_path: Path, tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "available", lambda: 1e-6)
    file = own.recipe(tmp_path, stage, tiny_model)
    with pytest.raises(RunError, match=r"wants about .* GB .* 0\.0 GB are free") as error:
        (sft if stage == "sft" else grpo).train(recipe.load(str(file)), tmp_path / "run")
    assert "optim.micro_batch" in str(error.value)
    assert not list(tmp_path.glob("run/checkpoint-*"))


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        pytest.param(
            ["sequences.max_tokens=20"], "its prompt alone has", id="no room for an answer"
        ),
        pytest.param(
            ["sequences.max_tokens=95"], "each of the 20 examples is longer", id="all cut short"
        ),
        pytest.param(
            ["sequences.max_tokens=9000"], "context of 8192", id="longer than the context"
        ),
        pytest.param(
            ["data.held_out=24"], "Lower data.limit or data.held_out", id="too few examples"
        ),
        pytest.param(['data.parts=["D_ps"]'], "no example is left", id="a part that is not there"),
        pytest.param(["sequences.packing=true"], "TRL does not pack", id="packing"),
        pytest.param(
            [f"data.sha256={'0' * 64}"], "is not the file the recipe names", id="another file"
        ),
        pytest.param(["data.path=nowhere.jsonl"], "no such file", id="no file"),
        pytest.param(["model.name=/nowhere/at/all"], "no tokeniser there", id="no model"),
    ],
)
def test_what_cannot_work_is_said_before_the_first_step(
    changes: list[str], told: str, tmp_path: Path, tiny_model: Path
) -> None:
    file = own.recipe(tmp_path, "sft", tiny_model)
    with pytest.raises(PsycheBenchError, match=told):
        sft.train(recipe.load(str(file), changes), tmp_path / "run")
    assert not list(tmp_path.glob("run/checkpoint-*"))


@pytest.mark.parametrize(
    ("stage", "broken", "told"),
    [
        pytest.param(
            "sft", {"completion": None}, "2, field 'completion': ", id="SFT, no completion"
        ),
        pytest.param("grpo", {"gold": None}, "line 2, field 'gold': ", id="GRPO, no gold"),
        pytest.param("grpo", {"gold": "Z"}, "'Z' is not among the options", id="GRPO, odd gold"),
        pytest.param("sft", {"note": "x"}, "2, field 'note': ", id="SFT, a field nobody knows"),
    ],
)
def test_a_broken_line_names_file_line_and_field(
    stage: str, broken: dict[str, Any], told: str, tmp_path: Path, tiny_model: Path
) -> None:
    file = own.recipe(tmp_path, stage, tiny_model)
    rows = [row for _, row in read_lines(tmp_path / f"D_{stage}.jsonl")]
    rows[1] = {key: value for key, value in (rows[1] | broken).items() if value is not None}
    write_lines(tmp_path / f"D_{stage}.jsonl", rows)
    with pytest.raises(DataError, match=rf"D_{stage}\.jsonl") as error:
        (sft if stage == "sft" else grpo).train(recipe.load(str(file)), tmp_path / "run")
    assert told in str(error.value)
    assert not (tmp_path / "run").exists(), "nothing is begun"


def test_an_empty_completion_is_refused(tmp_path: Path, tiny_model: Path) -> None:
    file = own.recipe(tmp_path, "sft", tiny_model)
    path = tmp_path / "D_sft.jsonl"
    rows = [row for _, row in read_lines(path)]
    rows[1] |= {"completion": "", "rationale": "", "answer": ""}
    write_lines(path, rows)
    with pytest.raises(RunError, match="own/001: its completion is empty"):
        sft.train(recipe.load(str(file)), tmp_path / "run")


def test_vllm_is_refused_where_it_cannot_work(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert grpo.engine("auto") == "transformers"
    with pytest.raises(RunError, match="wants a GPU"):
        grpo.engine("vllm-colocate")
