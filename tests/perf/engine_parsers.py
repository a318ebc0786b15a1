"""Hold `train export` against LLaMA-Factory's and veRL's own code, in an environment of its own.

That wants ``llamafactory==0.9.5``, and ``verl==0.9.1`` installed with ``--no-deps`` beside
``hydra-core`` and ``omegaconf==2.3.0``; neither brings CUDA then. In this order:

    psyche-bench train export paper-sft --config-only --to llamafactory --out DIR/lf
    psyche-bench train export paper-grpo --config-only --to verl --out DIR/verl
    psyche-bench train export small-sft --to llamafactory --out DIR/small
    OTHER/bin/python tests/perf/engine_parsers.py DIR MODEL_FOLDER

Their parsers read the files; the first 200 examples of ``DIR/small`` are tokenised by
LLaMA-Factory's template ``qwen`` and by Qwen2.5's own (as TRL brings it), with the tokeniser of
MODEL_FOLDER, which must know ``<|im_start|>`` and ``<|im_end|>`` (SmolLM2 does). ``--keys FILE``
also writes down which keys these versions take: ``tests/cases/engine_keys.json``, which the tests
use where the engines are not installed.
"""

import argparse
import dataclasses
import importlib.util
import json
import os
import sys
import types
from importlib.metadata import version
from pathlib import Path
from typing import Any

SAMPLES = 200


def _verl_config(overrides: list[str]) -> Any:
    """veRL's ``ppo_trainer`` with these overrides; an unknown key is an error there."""
    import hydra

    spec = importlib.util.find_spec("verl")
    if spec is None or not spec.submodule_search_locations:
        sys.exit("verl is not installed here")
    config = Path(spec.submodule_search_locations[0]) / "trainer" / "config"
    with hydra.initialize_config_dir(str(config), version_base=None):
        return hydra.compose("ppo_trainer", overrides=overrides)


def verl(folder: Path) -> None:
    """Compose the exported overrides and print what became of each."""
    from omegaconf import OmegaConf

    overrides = json.loads((folder / "overrides.json").read_text(encoding="utf-8"))
    composed = _verl_config(overrides)
    for override in overrides:
        key, _, value = override.lstrip("+").partition("=")
        print("verl", key, "=", OmegaConf.select(composed, key), "wanted", value)


def _arguments(folder: Path, model: str) -> Any:
    """LLaMA-Factory's reading of the exported YAML, with a model folder that exists."""
    import yaml
    from llamafactory.hparams.parser import get_train_args

    settings = yaml.safe_load((folder / "sft.yaml").read_text(encoding="utf-8"))
    settings |= {"model_name_or_path": model, "bf16": False, "dataset_dir": str(folder)}
    settings.pop("deepspeed", None)  # it wants the package
    return get_train_args(settings)


def llamafactory(folder: Path, model: str) -> None:
    """Print what LLaMA-Factory read."""
    _, data, training, finetuning, _ = _arguments(folder, model)
    print("llamafactory", data.template, data.cutoff_len, "mask_history", data.mask_history,
          finetuning.finetuning_type, training.learning_rate, training.warmup_steps,
          training.lr_scheduler_type)  # fmt: skip


def tokens(folder: Path, model: str) -> None:
    """Count the examples whose token ids and labels agree between both templates."""
    import trl
    from llamafactory.data.processor.supervised import SupervisedDatasetProcessor
    from llamafactory.data.template import get_template_and_fix_tokenizer
    from transformers import AutoTokenizer

    data = dataclasses.replace(_arguments(folder, model)[1], template="qwen", cutoff_len=8192)
    theirs, ours = (AutoTokenizer.from_pretrained(model) for _ in range(2))
    own = Path(trl.__file__).parent / "chat_templates" / "qwen2_5.jinja"
    ours.chat_template = own.read_text(encoding="utf-8")
    template = get_template_and_fix_tokenizer(theirs, data)
    encoder = SupervisedDatasetProcessor(template, theirs, None, data)
    lines = (folder / "psyche_sft.jsonl").read_text(encoding="utf-8").splitlines()[:SAMPLES]
    same = {"prompt ids": 0, "ids": 0, "labels": 0}
    for line in lines:
        turns = json.loads(line)["messages"]
        prompt = ours.apply_chat_template(turns[:-1], add_generation_prompt=True, return_dict=False)
        ids = ours.apply_chat_template(turns, return_dict=False)
        labels = [-100] * len(prompt) + ids[len(prompt) :]
        system = turns[0]["content"] if turns[0]["role"] == "system" else None
        asked = turns[1 if system else 0 : -1]
        found, learnt = encoder._encode_data_example(asked, turns[-1:], system, None, [], [], [])
        same["prompt ids"] += found[: len(prompt)] == prompt
        same["ids"] += found == ids
        same["labels"] += learnt == labels
    print("tokens", len(lines), "examples; the same:", same)


def keys() -> dict[str, Any]:
    """Which keys the installed versions take, with the type LLaMA-Factory declares."""
    from llamafactory.data.template import TEMPLATES
    from llamafactory.hparams.parser import _TRAIN_ARGS
    from omegaconf import OmegaConf

    fields = {
        field.name: str(getattr(field.type, "__name__", field.type))
        for arguments in _TRAIN_ARGS
        for field in dataclasses.fields(arguments)
    }
    flat = sorted(_leaves(OmegaConf.to_container(_verl_config([]), resolve=False)))
    return {
        "llamafactory": {"version": version("llamafactory"), "transformers":
                         version("transformers"), "templates": sorted(TEMPLATES),
                         "keys": dict(sorted(fields.items()))},
        "verl": {"version": version("verl"), "keys": flat},
    }  # fmt: skip


def _leaves(tree: Any, place: str = "") -> list[str]:
    if not isinstance(tree, dict) or not tree:
        return [place]
    return [
        leaf
        for key, value in tree.items()
        if not str(key).startswith("_")
        for leaf in _leaves(value, f"{place}.{key}".lstrip("."))
    ]


def _without_torchaudio() -> None:
    """LLaMA-Factory imports it for sounds, which a text never reaches; it may be absent."""
    from transformers.utils import is_torchaudio_available

    if not is_torchaudio_available():  # asked now: transformers keeps the answer
        sys.modules["torchaudio"] = types.ModuleType("torchaudio")


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("model", nargs="?", type=Path)
    parser.add_argument("--keys", type=Path)
    args = parser.parse_args()
    if args.model is None:
        print("skipped: needs DIR and MODEL_FOLDER in an environment of its own, see the docstring")
        return 0
    os.environ["DISABLE_VERSION_CHECK"] = "1"
    _without_torchaudio()
    root, model = args.folder.resolve(), str(args.model.resolve())
    verl(root / "verl")
    llamafactory(root / "lf", model)
    tokens(root / "small", model)
    if args.keys:
        args.keys.write_text(json.dumps(keys(), separators=(",", ":")) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
