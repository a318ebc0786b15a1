"""A key in the environment, the command or the configuration reaches no file that is written."""

import os
import subprocess
import sys

import pytest

pytest.importorskip("lm_eval", reason="the harness is not installed")

IN_ENVIRONMENT, IN_COMMAND, IN_CONFIGURATION = "canary-env-71", "canary-cmd-82", "canary-cfg-93"


def psyche_bench(tmp_path, *words):
    environment = os.environ | {
        "OPENAI_API_KEY": IN_ENVIRONMENT, "HF_TOKEN": IN_ENVIRONMENT,
        "WANDB_MODE": "offline", "WANDB_DIR": str(tmp_path / "w"), "NETRC": str(tmp_path / "none"),
        "WANDB_CACHE_DIR": str(tmp_path / "w"), "WANDB_DATA_DIR": str(tmp_path / "w"),
    }  # fmt: skip
    command = [sys.executable, "-m", "psyche_bench.cli", *words]
    return subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )


EVALUATION = (
    "eval", "--config", "settings.yaml", "--tasks", "psyche_sample_moral_smcq", "--limit", "2",
    "--protocol", "direct", "--output_path", "run",
)  # fmt: skip


def test_no_written_file_holds_a_key(tmp_path):
    (tmp_path / "w").mkdir()
    configuration = tmp_path / "settings.yaml"
    configuration.write_text(f"model_args:\n  api_key: {IN_CONFIGURATION}\n", encoding="utf-8")
    where = f'{{"auth_token": "{IN_COMMAND}", "base_url": "http://me:{IN_COMMAND}@127.0.0.1"}}'
    secret = ("--model", "dummy", "--metadata", where)
    asked = psyche_bench(tmp_path, *EVALUATION, *secret)
    assert asked.returncode == 0, asked.stderr[-2000:]
    for words in (
        ("board", "add", "run", "--results", "results", "--with-replies"),
        ("board", "export", "exchange", "--results", "results"),
        ("board", "sync", "--wandb", "--results", "results"),
    ):
        ran = psyche_bench(tmp_path, *words)
        assert ran.returncode == 0, ran.stderr[-2000:]
    configuration.unlink()  # the one place where it was put
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    kinds = {path.suffix for path in files}
    assert {".json", ".jsonl", ".wandb"} <= kinds
    keys = [key.encode() for key in (IN_ENVIRONMENT, IN_COMMAND, IN_CONFIGURATION)]
    leaks = [str(path) for path in files if any(key in path.read_bytes() for key in keys)]
    assert not leaks
    assert "***@127.0.0.1" in (tmp_path / "run" / "run.json").read_text(encoding="utf-8")


def test_a_key_in_the_command_is_not_logged_to_wandb_by_the_harness(tmp_path):
    words = ("--model", "dummy", "--model_args", f"api_key={IN_COMMAND}")
    (tmp_path / "settings.yaml").write_text("log_samples: true\n", encoding="utf-8")
    refused = psyche_bench(tmp_path, *EVALUATION, *words, "--wandb_args", "project=p")
    assert refused.returncode == 1
    assert "RunError: W&B would log the key in this command" in refused.stderr
    assert IN_COMMAND not in refused.stderr
