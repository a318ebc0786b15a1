"""From a finished run to a checkpoint any loader reads, described, checked and scored.

``OUT`` holds safetensors, tokeniser with its chat template, generation configuration and the model
card. Scoring and the board go through the public commands.
"""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from psyche_bench.errors import RunError
from psyche_bench.jsonl import read_json, write_text
from psyche_bench.training import card, chat, models, runs
from psyche_bench.training.recipe import Model, Recipe

PROBE = "请用一句话说明什么是强化。"


def publish(
    run: Path, out: Path, scores: Sequence[Path] = (), *, repo: str | None, really: bool
) -> Path:
    """Merge, write, describe and check a finished run.

    Args:
        run: the folder of ``train sft`` or ``train grpo``.
        out: where the checkpoint goes; written whole or not at all.
        scores: folders of ``psyche-bench eval`` whose tables the card shows.
        repo: hub repository to upload to; without ``really`` only what would go is said.
        really: upload.

    Returns:
        ``out``.

    Raises:
        RunError: the run is not finished, or the checkpoint does not load and write.
    """
    recipe = finished(run)
    if not (out / "config.json").is_file():
        _merge(run, recipe, out)
    write_text(out / "README.md", card.text(run, recipe, scores))
    _probe(out)
    if repo:
        _push(out, repo, really=really)
    return out


def finished(run: Path) -> Recipe:
    """The recipe of a run that reached its end.

    Raises:
        RunError: there is no such run, or it was stopped before its end.
    """
    if not (run / "recipe.json").is_file():
        raise RunError(f"{run}: no recipe.json there, so this is no folder of `train sft | grpo`.")
    if not (run / "result.json").is_file() or not (run / "final").is_dir():
        raise RunError(f"{run} is not finished. Start its command again: it goes on where it was.")
    return Recipe.model_validate(read_json(run / "recipe.json"))


def _merge(run: Path, recipe: Recipe, out: Path) -> None:
    """Write the checkpoint beside its place and move it there, an adapter merged into its base."""
    final, part = run / "final", out.with_name(f".{out.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    if (final / "adapter_config.json").is_file():
        from peft import PeftModel

        base = models.model(recipe.model)
        model = PeftModel.from_pretrained(base, str(final)).merge_and_unload()
    else:
        model = models.model(Model(name=str(final), dtype=recipe.model.dtype))
    tokeniser = models.tokeniser(Model(name=str(final)))
    model.generation_config.do_sample = False
    model.generation_config.temperature = model.generation_config.top_p = None
    model.generation_config.pad_token_id = tokeniser.pad_token_id
    model.save_pretrained(part, safe_serialization=True)
    tokeniser.save_pretrained(part)
    shutil.rmtree(out, ignore_errors=True)
    part.rename(out)


def _probe(out: Path) -> None:
    """Load the checkpoint as anyone would, and have it write a few tokens."""
    named = Model(name=str(out))
    tokeniser, model = models.tokeniser(named), models.model(named)
    turns = [{"role": "user", "content": PROBE}]
    chat.generate(model, tokeniser, turns, 4, 0.0)


def serve_command(out: Path, port: int = 8000) -> str:
    """How the checkpoint is served to OpenAI's protocol."""
    return f"transformers serve {out} --port {port}"


def score(out: Path, tasks: str, limit: int | None, *, board: bool) -> Path:
    """Score the checkpoint with the harness and add it to the board, by the public commands."""
    run = out.parent / "eval"
    words = ["eval", "--model", "hf", "--model_args", f"pretrained={out}", "--tasks", tasks,
             "--apply_chat_template", "--output_path", str(run)]  # fmt: skip
    runs.call([*words, *(["--limit", str(limit)] if limit else [])])
    if board:
        runs.call(["board", "add", str(run)])
    return run


def _push(out: Path, repo: str, *, really: bool) -> None:
    files = sorted(path for path in out.rglob("*") if path.is_file())
    size = sum(path.stat().st_size for path in files) / 1e6
    if not really:
        runs.say(
            f"Would upload {len(files)} files, {size:.0f} MB, to {repo}. Add --really to do it."
        )
        return
    from huggingface_hub import HfApi

    client: Any = HfApi()
    client.create_repo(repo, exist_ok=True)
    client.upload_folder(repo_id=repo, folder_path=str(out))
