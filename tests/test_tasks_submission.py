"""CPsyExam's submission file: what the official scorer expects, in both settings."""

import json
from collections import Counter

import pytest

from psyche_bench import cli, sources
from psyche_bench.jsonl import read_json, write_lines
from psyche_bench.outcomes import grade

FIELDS = {"question_id", "question", "options", "prediction", "n_shot"}


def predictions(path, shots, leave_out=()):
    """Saved outcomes of the whole test split: always A for single items, AB for multiple ones."""
    infix = "_5shot" if shots else ""
    rows = [
        grade(
            question,
            "答案：A" if question.kind == "smcq" else "答案：BA",
            task=f"cpsyexam{infix}_{question.subset}",
        ).model_dump()
        for question in sources.load("cpsyexam", "test")
        if question.id not in leave_out
    ]
    write_lines(path, rows)
    return path


def official_predictions(entries):
    """How the official scorer collects a file's answers: by id, the last one of an id stays."""
    return {entry["question_id"]: entry["prediction"] for entry in entries}


def test_both_settings_hold_every_file_and_item_in_the_releases_order(data_root, tmp_path):
    out = tmp_path / "submission.json"
    zero = predictions(tmp_path / "zero.jsonl", 0)
    five = predictions(tmp_path / "five.jsonl", 5)
    arguments = ["submit", "cpsyexam", "--zero-shot", str(zero), "--five-shot", str(five)]
    assert cli.main([*arguments, "--out", str(out)]) == 0
    submission = read_json(out)
    assert set(submission) == {"zero_shot", "five_shot"}
    for setting, shots in (("zero_shot", 0), ("five_shot", 5)):
        files = submission[setting]
        assert len(files) == 84
        assert sum(len(entries) for entries in files.values()) == 3902
        for stem, entries in files.items():
            released = read_json(data_root / "cpsyexam" / "test" / f"{stem}.json")
            assert [e["question_id"] for e in entries] == [row["id"] for row in released]
            assert [e["question"] for e in entries] == [row["question"] for row in released]
            assert all(set(entry) == FIELDS for entry in entries)
            assert {entry["n_shot"] for entry in entries} <= {shots}
            expected = "AB" if stem.endswith("多项选择题") else "A"
            assert set(official_predictions(entries).values()) <= {expected, "A"}


def test_letters_are_sorted_since_the_official_scorer_compares_strings(data_root, tmp_path):
    zero = predictions(tmp_path / "zero.jsonl", 0)
    out = tmp_path / "submission.json"
    assert cli.main(["submit", "cpsyexam", "--zero-shot", str(zero), "--out", str(out)]) == 0
    multiple = [
        entry["prediction"]
        for stem, entries in read_json(out)["zero_shot"].items()
        if stem.endswith("多项选择题")
        for entry in entries
    ]
    assert Counter(multiple) == {"AB": len(multiple)}


def test_a_missing_item_is_named_and_nothing_is_written(data_root, tmp_path, capsys):
    gone = sources.load("cpsyexam", "test")[17].id
    zero = predictions(tmp_path / "zero.jsonl", 0, leave_out={gone})
    out = tmp_path / "submission.json"
    assert cli.main(["submit", "cpsyexam", "--zero-shot", str(zero), "--out", str(out)]) == 1
    message = capsys.readouterr().err
    assert gone in message
    assert "1 of 3902" in message
    assert not out.exists()


def test_no_run_at_all_is_an_error(tmp_path, capsys):
    assert cli.main(["submit", "cpsyexam", "--out", str(tmp_path / "s.json")]) == 1
    assert "--zero-shot" in capsys.readouterr().err


@pytest.mark.parametrize("setting", ["--zero-shot", "--five-shot"])
def test_a_broken_outcome_is_named(tmp_path, capsys, setting):
    path = tmp_path / "outcomes.jsonl"
    path.write_text(json.dumps({"id": "cpsyexam/test/x/0001"}) + "\n")
    assert cli.main(["submit", "cpsyexam", setting, str(path), "--out", str(tmp_path / "s")]) == 1
    assert "line 1, field 'task'" in capsys.readouterr().err
