"""``psyche-bench doctor``: what is installed, what is missing, and what would bite."""

import argparse
import importlib.util
import shutil
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from psyche_bench.table import add_format, render

WANTED: tuple[tuple[str, str, str], ...] = (
    ("lm_eval", "lm_eval", "eval"),
    ("transformers", "transformers", "hf"),
    ("torch", "torch", "hf"),
    ("accelerate", "accelerate", "hf"),
    ("vllm", "vllm", "vllm"),
    ("openai", "openai", "judge"),
    ("datasketch", "datasketch", "synth"),
    ("trl", "trl", "train"),
    ("peft", "peft", "train"),
    ("jinja2", "jinja2", "board"),
    ("wandb", "wandb", "wandb"),
)
Row = dict[str, object]


def configure(parser: argparse.ArgumentParser) -> None:
    """``--model`` looks at a tokeniser too."""
    parser.add_argument(
        "--model", help="folder or hub id: check BOS, template, context and thinking tags"
    )
    parser.add_argument(
        "--protocol", default="paper-1024", help="whose cap must fit (with --model)"
    )
    add_format(parser)


def handle(args: argparse.Namespace) -> int:
    """Print what was found; 1 when the harness itself cannot run."""
    rows = [*_packages(), *_gpu(), *_data()]
    if args.model:
        rows += model_rows(args.model, args.protocol)
    print(render(rows, args.format))
    needed = [row for row in rows if row["what"] == "lm_eval" and row["state"] == "missing"]
    broken = [row for row in rows if row["state"] == "wrong"]
    return 1 if needed or broken else 0


def _row(what: str, state: str, found: str | None, remedy: str = "") -> Row:
    return {"what": what, "state": state, "found": found, "remedy": remedy}


def _packages() -> list[Row]:
    rows = []
    for module, distribution, extra in WANTED:
        if importlib.util.find_spec(module) is None:
            remedy = f"pip install 'psyche-bench[{extra}]'"
            rows.append(_row(module, "missing", None, remedy))
            continue
        try:
            rows.append(_row(module, "ok", version(distribution)))
        except PackageNotFoundError:
            remedy = "a folder of this name shadows the package: change directory"
            rows.append(_row(module, "wrong", "no package metadata", remedy))
    return rows


def _gpu() -> list[Row]:
    if shutil.which("nvidia-smi") is None:
        return [_row("gpu", "none", None, "CPU works; pass dtype=float32 where bf16 is slow")]
    if importlib.util.find_spec("torch") is None:
        return [_row("gpu", "seen", "nvidia-smi", "pip install 'psyche-bench[hf]'")]
    import torch

    if torch.cuda.is_available():
        return [_row("gpu", "ok", torch.cuda.get_device_name(0))]
    return [_row("gpu", "wrong", f"torch {torch.__version__}", "install a CUDA build of torch")]


def _data() -> list[Row]:
    from psyche_bench import sources

    rows = []
    for name, source in sources.catalogue().items():
        there = sources.data_root() / name
        if there.is_dir():
            differing = sources.differing_files(name, there)
            found = f"{len(differing)} files differ" if differing else str(there)
            remedy = f"psyche-bench data get {name}" if differing else ""
            rows.append(_row(f"data {name}", "wrong" if differing else "ok", found, remedy))
        else:
            given = "" if source.archive else " --from FOLDER"
            remedy = f"psyche-bench data get {name}{given}"
            rows.append(_row(f"data {name}", "missing", None, remedy))
    return rows


def model_rows(name: str, protocol_name: str) -> list[Row]:
    """What can be seen of a model without its weights: BOS, template, context, thinking tags."""
    from transformers import AutoConfig, AutoTokenizer

    from psyche_bench.errors import RunError
    from psyche_bench.prompting import protocol

    try:
        tokeniser: Any = AutoTokenizer.from_pretrained(name)
        config: Any = AutoConfig.from_pretrained(name)
    except (OSError, ValueError) as error:
        raise RunError(f"{name}: neither a model folder nor a hub id ({error}).") from error
    window = getattr(config, "max_position_embeddings", None)
    cap = protocol(protocol_name).cap
    tight = window is not None and window < cap + 1024
    template = "ok" if tokeniser.chat_template else "none"
    return [
        _bos(tokeniser),
        _row("chat template", template, None, _template(tokeniser)),
        _row(
            "context",
            "wrong" if tight else "ok",
            str(window),
            f"{protocol_name} writes up to {cap} tokens: choose a smaller cap" if tight else "",
        ),
        _thinking(tokeniser),
    ]


def _template(tokeniser: Any) -> str:
    return "use --apply_chat_template" if tokeniser.chat_template else "a base model: leave it off"


def _bos(tokeniser: Any) -> Row:
    """Count the BOS tokens of a rendered prompt, encoded as lm_eval encodes it."""
    bos = tokeniser.bos_token_id
    if bos is None:
        return _row("BOS", "ok", "the tokeniser has none")
    text = "题目"
    if tokeniser.chat_template:
        turn = [{"role": "user", "content": text}]
        text = tokeniser.apply_chat_template(turn, tokenize=False, add_generation_prompt=True)
    # lm_eval adds none where the text starts with it already.
    special = not text.startswith(tokeniser.bos_token)
    # The first few tokens only: some models use their BOS to open every turn.
    leading = tokeniser.encode(text, add_special_tokens=special)[:4].count(bos)
    state = "ok" if leading <= 1 else "wrong"
    remedy = "" if state == "ok" else "pass add_bos_token=False in --model_args"
    return _row("BOS", state, f"{leading} at the start of a prompt", remedy)


def _thinking(tokeniser: Any) -> Row:
    tags = [tag for tag in ("<think>", "</think>") if tag in tokeniser.get_vocab()]
    prefilled = "<think>" in (tokeniser.chat_template or "")
    if not tags and not prefilled:
        return _row("thinking tags", "none", None)
    remedy = "leave think_end_token unset: the reader needs the tags; use --protocol fair-8192"
    return _row("thinking tags", "ok", " ".join(tags) or "in the template", remedy)
