"""Baselines: complete, typed as they are run, and no key ever in a command."""

import os
import shlex
import subprocess

import pytest
from pydantic import ValidationError

from psyche_bench import cli
from psyche_bench.errors import BoardError
from psyche_bench.leaderboard import baseline_command, baselines
from psyche_bench.leaderboard.baseline_command import Wish
from psyche_bench.leaderboard.baselines import Baseline
from psyche_bench.prompting import protocols

EVERY = list(baselines.catalogue().values())
FULL = "0123456789abcdef0123456789abcdef01234567"


def option(words, name):
    return words[words.index(name) + 1]


def test_seventeen_baselines_and_psyche_r1_in_four_categories():
    found = [baseline.category for baseline in EVERY]
    counts = {category: found.count(category) for category in found}
    assert counts == {"general": 4, "reasoning": 6, "closed": 3, "psychological": 5}
    assert len({baseline.hub or baseline.api_model for baseline in EVERY}) == len(EVERY)


@pytest.mark.parametrize("baseline", EVERY, ids=lambda baseline: baseline.name)
def test_each_has_a_command_that_the_shell_reads_back(baseline):
    wish = Wish(tasks="pceb,cpsyexam", limit=5, revision=FULL)
    words = baseline_command.words(baseline, wish)
    *setup, last = baseline_command.printed(baseline, wish).splitlines()
    assert shlex.split(last) == ["psyche-bench", *words]
    assert option(words, "--tasks") == "pceb,cpsyexam"
    assert option(words, "--limit") == "5"
    assert option(words, "--protocol") in protocols()
    assert (baseline.hub or baseline.api_model) in option(words, "--model_args")
    script = "\n".join([*setup, "true"])
    checked = subprocess.run(["bash", "-n"], input=script, text=True, check=False)  # noqa: S607
    assert checked.returncode == 0


@pytest.mark.parametrize("baseline", EVERY, ids=lambda baseline: baseline.name)
def test_each_has_a_slurm_script_with_the_gpus_it_needs(baseline):
    script = baseline_command.slurm(baseline, Wish(revision=FULL))
    assert script.startswith("#!/usr/bin/env bash\n#SBATCH ")
    assert ("--gpus" in script) == bool(baseline.tensor_parallel)
    checked = subprocess.run(["bash", "-n"], input=script, text=True, check=False)  # noqa: S607
    assert checked.returncode == 0


def test_code_from_a_hub_runs_only_where_needed_and_pinned():
    own = [baseline for baseline in EVERY if baseline.trust_remote_code]
    assert [baseline.name for baseline in own] == ["MiniCPM4-8B", "CPsyCounX"]
    for baseline in own:
        arguments = option(baseline_command.words(baseline, Wish()), "--model_args")
        assert f"revision={baseline.revision},trust_remote_code=True" in arguments
        with pytest.raises(BoardError, match=rf"{baseline.name} runs code of its own.*--revision"):
            baseline_command.words(baseline, Wish(revision="main"))


def test_every_fact_says_where_it_was_read():
    unknown = [b.name for b in EVERY if b.context is None or "unknown" in b.licence]
    assert unknown == ["CPsyCounX", "EmoLLM", "PsyDT"]
    whole = baselines.baseline("QwQ-32B").model_dump()
    for sources, complaint in (
        ({}, "sources of context, hub, licence are missing"),
        ({**whole["sources"], "contxt": "x"}, "sources name contxt, which is no field"),
    ):
        with pytest.raises(ValidationError, match=complaint):
            Baseline.model_validate({**whole, "sources": sources})


KEYS = [
    ("Claude3.7-Sonnet", "ANTHROPIC_API_KEY"),
    ("Gemini1.5-Pro", "GEMINI_API_KEY"),
    ("GPT-4o", "OPENAI_API_KEY"),
]


@pytest.mark.parametrize(("name", "variable"), KEYS, ids=[row[0] for row in KEYS])
def test_a_closed_models_key_comes_from_the_environment_only(name, variable, monkeypatch):
    baseline = baselines.baseline(name)
    monkeypatch.delenv(variable, raising=False)
    with pytest.raises(BoardError, match=rf"{name} needs a key: set {variable}"):
        baseline_command.run(baseline, Wish())
    monkeypatch.setenv(variable, "canary-5f2c9e")
    shown = baseline_command.printed(baseline, Wish()) + baseline_command.slurm(baseline, Wish())
    assert "canary" not in shown
    assert f"${{{variable}:?" in shown


def test_a_script_stops_where_the_key_is_not_set():
    script = baseline_command.printed(baselines.baseline("GPT-4o"), Wish())
    kept = {"PATH": os.environ["PATH"]}
    ran = subprocess.run(
        ["bash", "-eu"],  # noqa: S607
        input=script,
        text=True,
        capture_output=True,
        check=False,
        env=kept,
    )
    assert ran.returncode
    assert "OPENAI_API_KEY: set it to your key" in ran.stderr


WRONG = [
    ({"hub": None}, "vllm needs hub", "weights without a place"),
    ({"backend": "local-chat-completions"}, "needs api_model, endpoint", "an API without address"),
    ({"trust_remote_code": True}, "needs a pinned revision", "unpinned code"),
    ({"colour": "red"}, "Extra inputs", "an unknown field"),
]


@pytest.mark.parametrize(("change", "message"), [w[:2] for w in WRONG], ids=[w[2] for w in WRONG])
def test_an_incomplete_entry_is_refused(change, message):
    whole = baselines.baseline("Qwen2.5-7B").model_dump()
    with pytest.raises(ValidationError, match=message):
        Baseline.model_validate(whole | change)


def test_the_commands_print(capsys):
    assert cli.main(["baseline", "list"]) == 0
    assert "Qwen/QwQ-32B" in capsys.readouterr().out
    assert cli.main(["baseline", "show", "PsyDT", "--format", "csv"]) == 0
    assert "YIRONGCHEN/SoulChat2.0-Qwen2-7B" in capsys.readouterr().out
    assert cli.main(["baseline", "run", "QwQ-32B", "PsycoLLM", "--print"]) == 0
    assert capsys.readouterr().out.count("psyche-bench eval") == 2
    assert cli.main(["baseline", "show", "GPT-9"]) == 1
    assert "no baseline 'GPT-9'" in capsys.readouterr().err


def test_run_runs_the_evaluation_itself(tmp_path, monkeypatch, capfd):
    """A backend that is not there ends the child with its own message, and run with 1."""
    monkeypatch.setattr(baseline_command.sys, "executable", "false")
    assert cli.main(["baseline", "run", "QwQ-32B", "--out", str(tmp_path)]) == 1
    assert "failed: QwQ-32B" in capfd.readouterr().err
