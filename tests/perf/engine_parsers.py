"""Have LLaMA-Factory's and veRL's own parsers read what ``train export`` writes.

Needs an environment with ``llamafactory==0.9.5``, and ``verl==0.9.1`` installed with ``--no-deps``
beside ``hydra-core`` and ``omegaconf==2.3.0``; neither brings CUDA then. Usage, in this order:

    psyche-bench train export paper-sft --config-only --to llamafactory --out DIR/lf
    psyche-bench train export paper-grpo --config-only --to verl --out DIR/verl
    OTHER/bin/python tests/perf/engine_parsers.py DIR MODEL_FOLDER
"""

import importlib.util
import json
import os
import sys
from pathlib import Path


def verl(folder: Path) -> None:
    """Compose veRL's ``ppo_trainer`` with the overrides; an unknown key is an error there."""
    import hydra
    from omegaconf import OmegaConf

    spec = importlib.util.find_spec("verl")
    if spec is None or not spec.submodule_search_locations:
        sys.exit("verl is not installed here")
    config = Path(spec.submodule_search_locations[0]) / "trainer" / "config"
    overrides = json.loads((folder / "overrides.json").read_text(encoding="utf-8"))
    with hydra.initialize_config_dir(str(config), version_base=None):
        composed = hydra.compose("ppo_trainer", overrides=overrides)
    for override in overrides:
        key, _, value = override.lstrip("+").partition("=")
        print("verl", key, "=", OmegaConf.select(composed, key), "wanted", value)


def llamafactory(folder: Path, model: str) -> None:
    """Give LLaMA-Factory's ``get_train_args`` the YAML, with a model folder that exists."""
    import yaml

    os.environ["DISABLE_VERSION_CHECK"] = "1"
    from llamafactory.hparams.parser import get_train_args

    os.chdir(folder)
    settings = yaml.safe_load(Path("sft.yaml").read_text(encoding="utf-8"))
    settings |= {"model_name_or_path": model, "bf16": False}
    settings.pop("deepspeed", None)  # it wants the package
    _, data, training, finetuning, _ = get_train_args(settings)
    print("llamafactory", data.template, data.cutoff_len, finetuning.finetuning_type,
          training.learning_rate, training.warmup_steps, training.lr_scheduler_type)  # fmt: skip


if __name__ == "__main__":
    if len(sys.argv) != 3:
        print("skipped: needs DIR and MODEL_FOLDER in an environment of its own, see the docstring")
        sys.exit(0)
    root = Path(sys.argv[1]).resolve()
    verl(root / "verl")
    llamafactory(root / "lf", str(Path(sys.argv[2]).resolve()))
