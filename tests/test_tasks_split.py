"""PCEB in two halves by a list of ids, and the list from three models' runs (Figure 4)."""

import json

import pytest
import releases

from psyche_bench import cli, sources
from psyche_bench.errors import DataError, RunError
from psyche_bench.synthesis import cross_select
from psyche_bench.tasks import catalogue

lm_eval_tasks = pytest.importorskip("lm_eval.tasks", reason="lm_eval is not installed")


@pytest.fixture
def pceb(tmp_path, monkeypatch):
    releases.write(tmp_path / "pceb", releases.good_pceb_files())
    monkeypatch.setenv("PSYCHE_BENCH_DATA", str(tmp_path))
    return [q.id for q in sources.load("pceb") if q.subset == "theory_smcq"]


def load(name, **metadata):
    manager = lm_eval_tasks.TaskManager(
        include_path=str(catalogue.tasks_path()), include_defaults=False, metadata=metadata
    )
    return manager.load([name])["tasks"][name]


def test_the_halves_are_disjoint_and_whole(pceb, tmp_path):
    (tmp_path / "ids").write_text(f"{pceb[0]}\n")
    halves = [
        {doc["id"] for doc in load(f"pceb_{half}_theory_smcq", ids=str(tmp_path / "ids")).task_docs}
        for half in ("challenging", "nonchallenging")
    ]
    assert halves[0] == {pceb[0]}
    assert halves[0] | halves[1] == set(pceb)
    assert not halves[0] & halves[1]


@pytest.mark.parametrize(
    ("metadata", "listed", "said"),
    [
        ({}, "", r"needs a list of challenging ids.*--metadata.*synth select"),
        ({"ids": "ids"}, "", "no ids"),
        ({"ids": "ids"}, "pceb/none/1", "'pceb/none/1' is no item of PCEB"),
    ],
    ids=["no list", "an empty list", "another benchmark's ids"],
)
def test_a_half_without_a_good_list_says_what_to_do(metadata, listed, said, pceb, tmp_path):
    (tmp_path / "ids").write_text(listed)
    given = {name: str(tmp_path / value) for name, value in metadata.items()}
    with pytest.raises(DataError, match=said):
        load("pceb_challenging_theory_smcq", **given)


def test_three_runs_make_the_list(pceb, tmp_path, capsys):
    answers = {"a": "BC", "b": "CB", "c": "D-"}
    for run, letters in answers.items():
        rows = [
            {"id": item, "gold": "A" if n else "B", "predicted": None if x == "-" else x}
            for n, (item, x) in enumerate(zip(pceb, letters, strict=True))
        ]
        (tmp_path / run).mkdir()
        (tmp_path / run / "outcomes.jsonl").write_text("\n".join(map(json.dumps, rows)))
    found = cross_select.select_runs([tmp_path / run for run in answers])
    assert found == {pceb[0]: False, pceb[1]: None}
    words = ["synth", "select", *(str(tmp_path / run) for run in answers), "--out"]
    assert cli.main([*words, str(tmp_path / "ids.txt")]) == 0
    assert "0 of 2 items are challenging, 1 undecided" in capsys.readouterr().err
    with pytest.raises(RunError, match="at least two"):
        cross_select.select_runs([tmp_path / "a"])
