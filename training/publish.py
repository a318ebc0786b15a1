"""From a finished run to a checkpoint any loader reads, described, checked and scored.

``OUT`` holds safetensors, tokeniser with its chat template, generation configuration, the model
card and ``lineage.json``. Scoring and the board go through the public commands.
"""

import shutil
from pathlib import Path
from typing import Any, NamedTuple

from psyche_bench import lineage
from psyche_bench.errors import RunError
from psyche_bench.jsonl import read_json, write_json, write_text
from psyche_bench.training import card, chat, descent, models, runs, serving
from psyche_bench.training.recipe import Model, Recipe

PROBE = "请用一句话说明什么是强化。"


class Wanted(NamedTuple):
    """What publishing does beside merging and describing.

    ``scores`` are folders of ``psyche-bench eval`` whose tables the card shows. ``tasks`` are
    scored now, with ``limit`` items each and prompts in ``lang``, and added to the board under
    ``name`` (default: the run's) where ``board`` says so. ``repo`` is uploaded to only if
    ``really``; otherwise what would go is said.
    """

    scores: tuple[Path, ...] = ()
    serve: bool = True
    tasks: str | None = None
    limit: int | None = None
    lang: str = "zh"
    board: bool = False
    name: str | None = None
    repo: str | None = None
    really: bool = False


def publish(run: Path, out: Path, wanted: Wanted) -> Path:
    """Merge, check, score and describe a finished run; the card comes last and says what was done.

    Args:
        run: the folder of ``train sft`` or ``train grpo``.
        out: where the checkpoint goes; written whole or not at all.
        wanted: what else is done.

    Returns:
        ``out``.

    Raises:
        RunError: the run is not finished, or the checkpoint does not load, write or serve.
    """
    recipe = finished(run)
    if wanted.board and not wanted.tasks:
        raise RunError("--board needs --score TASKS: the board takes what was just scored.")
    if not (out / "config.json").is_file():
        _merge(run, recipe, out)
    write_json(out / lineage.NAME, descent.of(run, recipe).model_dump(mode="json"))
    _probe(out)
    served = wanted.serve and _serves(out)
    scored = (score(run, out, wanted),) if wanted.tasks else ()
    checks = card.Checks(served=served)
    write_text(out / "README.md", card.text(run, recipe, (*wanted.scores, *scored), checks))
    if wanted.repo:
        _push(out, wanted.repo, really=wanted.really)
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


def _serves(out: Path) -> bool:
    """Whether the checkpoint was served and answered; False where no server is installed."""
    if serving.program() is None:
        runs.say("`transformers serve` is not installed here (pip install 'transformers[serving]'):"
                 " the card will say that serving was not checked.")  # fmt: skip
        return False
    runs.say(f"`transformers serve` answers {serving.answer(out, PROBE)!r}")
    return True


def score(run: Path, out: Path, wanted: Wanted) -> Path:
    """Score the checkpoint with the harness and add it to the board, by the public commands.

    One folder for each set of settings, so that another set is another run and none is repeated.
    """
    tasks, limit = str(wanted.tasks), wanted.limit
    settings = f"{tasks.replace(',', '+')}-{wanted.lang}" + (f"-limit{limit}" if limit else "")
    folder = run / "eval" / settings
    words = ["eval", "--model", "hf", "--model_args", f"pretrained={out}", "--lang", wanted.lang,
             "--tasks", tasks, "--apply_chat_template", "--output_path", str(folder)]  # fmt: skip
    runs.call([*words, *(["--limit", str(limit)] if limit else [])])
    if wanted.board:
        runs.call(["board", "add", str(folder), "--name", wanted.name or run.name,
                   "--recipe", str(run / "recipe.json"), "--lineage", str(out / lineage.NAME),
                   "--replace"])  # fmt: skip
    return folder


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
