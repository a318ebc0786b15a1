"""What `train publish` writes, checks and scores."""

import re
from pathlib import Path

import pytest
import training_inputs as own

from psyche_bench import cli
from psyche_bench.errors import RunError
from psyche_bench.jsonl import read_json

pytest.importorskip("trl", reason="the extra train is not installed")
from psyche_bench.training import data, models, publish, recipe, serving, sft

ADAPTER = "[adapter]\nrank = 4\nlast_layers = 1\n"


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, tiny_model: Path) -> Path:
    """A finished run of two steps."""
    folder = tmp_path_factory.mktemp("trained")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(data, "BENCHMARKS", (("sample", None),))
        found = recipe.load(str(own.recipe(folder, "sft", tiny_model, ADAPTER)), ["data.limit=8"])
        sft.train(found, folder / "mine")
    return folder / "mine"


def test_an_adapter_is_merged_described_and_not_uploaded_by_chance(
    trained: Path, tiny_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    wanted = publish.Wanted(serve=False, repo="me/model")
    assert publish.publish(trained, out, wanted) == out
    assert "Would upload" in capsys.readouterr().err
    assert not list(out.glob("adapter*"))
    merged = models.model(recipe.Model(name=str(out)))
    base = models.model(recipe.Model(name=str(tiny_model)))
    told = [
        (a != b).any().item() for a, b in zip(merged.parameters(), base.parameters(), strict=True)
    ]
    assert any(told) and not all(told), "the last layer learnt, the others did not"
    card = (out / "README.md").read_text(encoding="utf-8")
    for part in ("12356", "eval_loss", '"rank": 4', "None yet", "was not checked so"):
        assert part in card
    assert "base_model" not in card, "a folder is no model of a hub"
    for path in out.glob("*.[mj][ds]*"):
        assert not re.search(r"/(tmp|home|root)/|" + tiny_model.name + "/", path.read_text("utf-8"))


@pytest.mark.parametrize(
    ("missing", "told"),
    [
        pytest.param("recipe.json", "this is no folder of `train sft", id="no run"),
        pytest.param("result.json", "is not finished. Start its command again", id="unfinished"),
    ],
)
def test_what_is_no_finished_run_is_refused(
    missing: str, told: str, trained: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    run.mkdir()
    for path in trained.glob("*.json"):
        if path.name != missing:
            (run / path.name).write_bytes(path.read_bytes())
    with pytest.raises(RunError, match=told):
        publish.publish(run, run / "published", publish.Wanted())
    with pytest.raises(RunError, match="--board needs --score"):
        publish.publish(trained, run / "published", publish.Wanted(board=True))


def test_one_command_serves_scores_and_adds_to_the_board(
    trained: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    if serving.program() is None:
        pytest.skip("`transformers serve` is not installed")
    board = tmp_path / "results"
    board.mkdir()
    monkeypatch.setenv("PSYCHE_BENCH_RESULTS", str(board))
    words = ["train", "publish", str(trained), "--score", "psyche_sample_moral_smcq"]
    assert cli.main([*words, "--limit", "3", "--board", "--name", "Tiny + SFT"]) == 0
    told = capfd.readouterr()
    assert told.out.strip() == str(trained / "published")
    assert "`transformers serve` answers" in told.err
    card = (trained / "published" / "README.md").read_text(encoding="utf-8")
    assert "was seen to answer so" in card
    assert re.search(r"psyche_sample_moral_smcq +\| 3 of \d+ +\| [\d.]+ +\| [\d.]+–[\d.]+", card)
    (record,) = (read_json(path) for path in board.glob("*.json"))
    assert record["model"]["name"] == "Tiny + SFT"
    assert record["lineage"]["recipe"] == "recipe.json"
