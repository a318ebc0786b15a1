"""``psyche-bench eval`` from end to end, on a tiny real model and the bundled sample."""

import json
import os
import random
import signal
import subprocess
import sys
import time

import pytest

from psyche_bench import cli
from psyche_bench.errors import RunError
from psyche_bench.tasks import run

pytest.importorskip("lm_eval.models.huggingface", reason="the hf backend is not installed")

FILES = {"journal.jsonl", "lm_eval", "outcomes.jsonl", "run.json", "settings.json", "table.md"}


def words(tiny_model, out, *more, tasks="psyche_sample", protocol="direct"):
    return [
        "eval", "--protocol", protocol, "--model", "hf", "--tasks", tasks, "--device", "cpu",
        "--model_args", f"pretrained={tiny_model},dtype=float32", "--apply_chat_template",
        "--output_path", str(out), *more,
    ]  # fmt: skip


def outcomes(folder):
    return [json.loads(line) for line in (folder / "outcomes.jsonl").read_text().splitlines()]


@pytest.fixture(scope="module")
def finished(tiny_model, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "whole"
    assert cli.main(words(tiny_model, folder)) == 0
    return folder


def test_a_run_leaves_outcomes_passport_table_and_lm_evals_own_files(finished):
    assert {path.name for path in finished.iterdir()} == FILES
    assert list((finished / "lm_eval").rglob("results_*.json"))


def test_every_item_of_every_task_has_one_outcome(finished):
    rows = outcomes(finished)
    assert len({(row["task"], row["id"]) for row in rows}) == len(rows) == 89
    assert {row["state"] for row in rows} <= {
        "right", "partial", "wrong", "unparsed", "truncated", "written", "ungraded",
    }  # fmt: skip


def test_tokens_and_cap_reach_the_outcomes(finished):
    rows = [row for row in outcomes(finished) if row["task"] == "psyche_sample_moral_smcq"]
    assert all(0 <= row["tokens"] <= 64 for row in rows)
    assert all(row["capped"] == (row["tokens"] == 64) for row in rows)


def test_the_passport_says_how_the_numbers_were_made(finished):
    record = json.loads((finished / "run.json").read_text())
    assert record["protocol"] == "direct"
    assert record["lang"] == "zh"
    assert record["backend"] == "hf"
    assert record["limit"] is None
    assert set(record["prompt_hashes"]) == {row["task"] for row in outcomes(finished)}
    assert record["data_hashes"].keys() == {"sample"}
    assert record["versions"]["lm_eval"]
    assert record["signature"].endswith(f"version:{record['versions']['psyche-bench']}")


def test_rescoring_gives_the_same_table_from_outcomes_and_from_lm_evals_samples(finished, capsys):
    shown = {}
    for place in (finished, finished / "outcomes.jsonl", finished / "lm_eval"):
        assert cli.main(["score", str(place), "--format", "json"]) == 0
        shown[place] = json.loads(capsys.readouterr().out)
    first, *others = shown.values()
    assert all(other == first for other in others)
    assert first["groups"]["psyche_sample"]["columns"] == 6


def test_json_stands_alone_on_stdout(tiny_model, finished, capsys):
    assert cli.main(words(tiny_model, finished, "--format", "json")) == 0
    captured = capsys.readouterr()
    assert json.loads(captured.out)["columns"]["psyche_sample_moral_smcq"]["n"] == 12
    assert "finished" in captured.err


def test_another_run_is_refused_in_the_same_folder(tiny_model, finished, capsys):
    assert cli.main(words(tiny_model, finished, protocol="paper-1024")) == 1
    message = capsys.readouterr().err
    assert "protocol: 'direct' → 'paper-1024'" in message
    assert "--output_path" in message


def test_a_limited_run_says_how_many_of_how_many(tiny_model, tmp_path, capsys):
    tasks = "psyche_sample_case_smcq,psyche_sample_case_qa"
    assert cli.main(words(tiny_model, tmp_path, "--limit", "3", tasks=tasks)) == 0
    shown = capsys.readouterr().out
    assert "3 of 12" in shown
    assert "1 of 6 columns" in shown
    assert cli.main(["score", str(tmp_path / "outcomes.jsonl"), "--format", "json"]) == 0
    column = json.loads(capsys.readouterr().out)["columns"]["psyche_sample_case_smcq"]
    assert (column["n"], column["whole"], column["missing"]) == (3, 12, 0)


def test_the_likelihood_protocol_answers_everything(tiny_model, tmp_path, capsys):
    arguments = words(tiny_model, tmp_path, "--limit", "3", tasks="psyche_sample_theory_mmcq",
                      protocol="likelihood")  # fmt: skip
    assert cli.main([*arguments, "--format", "json"]) == 0
    column = json.loads(capsys.readouterr().out)["columns"]["psyche_sample_theory_mmcq"]
    assert column["answered"] == 100.0
    assert column["tokens"] is None


def test_five_shot_runs(tiny_model, tmp_path, capsys):
    arguments = words(tiny_model, tmp_path, "--limit", "1", tasks="psyche_sample_5shot")
    assert cli.main([*arguments, "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["groups"]["psyche_sample_5shot"]["n"] == 6


def test_no_tasks_is_wrong_use(tiny_model, tmp_path):
    with pytest.raises(SystemExit) as caught:
        cli.main(["eval", "--model", "hf", "--output_path", str(tmp_path)])
    assert caught.value.code == 2


def test_a_config_file_says_what_the_command_line_leaves_open(tmp_path):
    config = tmp_path / "run.yaml"
    config.write_text(
        "model: local-chat-completions\nmodel_args: model=qwen,num_concurrent=4\ntasks: pceb,qa\n"
        "limit: 20\nmetadata: {protocol: direct}\noutput_path: runs/a\n"
    )
    arguments = run.lm_eval_arguments(["--config", str(config), "--limit", "3"])
    settings = run.settings_of(arguments, "direct", "zh")
    assert settings["model"] == "local-chat-completions"
    assert settings["model_args"] == {"model": "qwen", "num_concurrent": 4}
    assert settings["tasks"] == ["pceb", "qa"]
    assert settings["limit"] == 3
    assert arguments.metadata == {"protocol": "direct"}
    assert arguments.output_path == "runs/a"
    assert arguments.config is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "Config file not found"),
        ("model: [", "Invalid YAML"),
        ("- hf", "must be a mapping"),
        ("tasks: pceb\nprotocol: direct", "knows no protocol.*below `metadata:`"),
    ],
    ids=["absent", "not YAML", "a list", "a key that lm_eval does not have"],
)
def test_a_config_file_that_cannot_be_used_is_said_at_once(tmp_path, text, message):
    config = tmp_path / "run.yaml"
    if text is not None:
        config.write_text(text)
    with pytest.raises(RunError, match=message):
        run.lm_eval_arguments(["--config", str(config)])


def test_tasks_of_lm_eval_alone_are_sent_to_lm_eval(tmp_path):
    (tmp_path / "lm_eval").mkdir()
    with pytest.raises(RunError, match="psyche-bench tasks"):
        run._conclude(tmp_path, {})


def test_absent_data_is_said_before_a_model_is_loaded(tiny_model, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("PSYCHE_BENCH_DATA", str(tmp_path / "nowhere"))
    assert cli.main(words("no-such-model", tmp_path / "out", tasks="pceb")) == 1
    assert "psyche-bench data get pceb" in capsys.readouterr().err


def test_the_same_settings_have_the_same_default_folder():
    asked = {"model": "hf", "model_args": {"pretrained": "org/a model"}, "protocol": "direct"}
    settings = dict.fromkeys(run.COMPARED) | asked
    first = run.default_folder(settings)
    assert first == run.default_folder(dict(settings))
    assert first.name.startswith("a-model-direct-")
    assert first != run.default_folder({**settings, "limit": 3.0})


def start(tiny_model, out):
    # Small batches, so that a kill finds the run between and within many of them.
    tasks = "psyche_sample_moral_mmcq,psyche_sample_theory_smcq"
    arguments = [*words(tiny_model, out, tasks=tasks), "--batch_size", "2"]
    with said(out).open("ab") as talk:
        return subprocess.Popen(
            [sys.executable, "-m", "psyche_bench.cli", *arguments],
            stdout=subprocess.DEVNULL,
            stderr=talk,
            env={**os.environ, "TOKENIZERS_PARALLELISM": "false"},
        )


def said(out):
    """Where a started run's stderr goes, so that a failure can be explained."""
    return out.with_suffix(".stderr")


def lines(path):
    return path.read_bytes().count(b"\n") if path.exists() else 0


def test_a_killed_run_goes_on_and_ends_with_the_same_outcomes(tiny_model, tmp_path):
    undisturbed, disturbed = tmp_path / "undisturbed", tmp_path / "disturbed"
    assert start(tiny_model, undisturbed).wait(300) == 0, said(undisturbed).read_text()[-2000:]
    journal, chance, kept = disturbed / "journal.jsonl", random.Random(5), []  # noqa: S311  # no secret
    for _ in range(2):
        process, before = start(tiny_model, disturbed), lines(journal)
        while process.poll() is None and lines(journal) <= before + chance.randrange(2, 8):
            time.sleep(0.01)
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
        process.wait()
        kept.append(journal.read_bytes())
    assert start(tiny_model, disturbed).wait(300) == 0, said(disturbed).read_text()[-2000:]
    final = journal.read_bytes()
    # What was on disk at a kill stands unchanged, and no request was answered twice.
    for content in kept:
        assert final.startswith(content[: content.rfind(b"\n") + 1])
    keys = [json.loads(line)["key"] for line in final.splitlines()]
    assert len(keys) == len(set(keys)) == 24
    assert (disturbed / "outcomes.jsonl").read_bytes() == (
        undisturbed / "outcomes.jsonl"
    ).read_bytes()
    assert {path.name for path in disturbed.iterdir()} == FILES
    assert len(list((disturbed / "lm_eval").rglob("results_*.json"))) == 1
