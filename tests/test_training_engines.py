"""What `train export` writes, held against the keys that the engines' own versions take.

``cases/engine_keys.json`` was written by ``tests/perf/engine_parsers.py``, which has the real
parsers read the files too, where they are installed.
"""

from pathlib import Path
from typing import Any

import pytest

from psyche_bench.jsonl import read_json
from psyche_bench.training import export, recipe

KEYS = read_json(Path(__file__).parent / "cases" / "engine_keys.json")
TYPES: dict[str, tuple[type, ...]] = {
    "bool": (bool,), "bool | None": (bool,), "int": (int,), "int | None": (int,),
    "float": (int, float), "str": (str,), "Literal": (str,),
}  # fmt: skip


def of(stage: str) -> list[str]:
    return [name for name in recipe.shipped() if recipe.load(name).stage == stage]


@pytest.mark.parametrize("name", of("sft"))
def test_llamafactory_knows_every_key_and_its_type(name: str) -> None:
    known = KEYS["llamafactory"]["keys"]
    for changes in ([], ["adapter.rank=8"], ["sequences.packing=true"]):
        written = export.llamafactory(recipe.load(name, changes))
        assert written.keys() <= known.keys(), written.keys() - known.keys()
        for key, value in written.items():
            wanted = TYPES.get(known[key])
            assert wanted is None or type(value) in wanted, f"{key} is {value!r}, not {wanted}"
        assert written["template"] in KEYS["llamafactory"]["templates"]


@pytest.mark.parametrize("name", of("grpo"))
@pytest.mark.parametrize("changes", [[], ["grpo.printed_reward=true"]], ids=["", "printed reward"])
def test_verl_knows_every_key(name: str, changes: list[str]) -> None:
    known = set(KEYS["verl"]["keys"])
    for override in export.verl(recipe.load(name, changes)):
        key = override.partition("=")[0]
        if not key.startswith("+"):
            assert key in known, key
            continue
        parents = {leaf.rpartition(".")[0] for leaf in known}
        assert key[1:].rpartition(".")[0].rpartition(".")[0] in parents, f"{key}: + of no table"


@pytest.mark.parametrize("template", sorted(set(export.TEMPLATES.values())))
def test_a_template_that_is_told_from_a_name_is_one_of_theirs(template: str) -> None:
    assert template in KEYS["llamafactory"]["templates"]


def test_a_model_whose_template_is_not_known_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    changes: list[Any] = ["model.name=mine/model"]
    export.write(recipe.load("paper-sft", changes), "llamafactory", tmp_path, data_too=False)
    assert "mine/model: which of LLaMA-Factory's templates" in capsys.readouterr().err
    export.write(recipe.load("paper-sft"), "llamafactory", tmp_path, data_too=False)
    assert "which of" not in capsys.readouterr().err


def test_a_dialogue_keeps_its_turns_and_its_last_alone_is_learnt() -> None:
    assert export.llamafactory(recipe.load("paper-sft"))["mask_history"] is True
