"""A key in the environment, the command or the configuration reaches no file that is written."""

import pytest

from psyche_bench import cli

pytest.importorskip("lm_eval", reason="the harness is not installed")
wandb = pytest.importorskip("wandb", reason="wandb is not installed")

IN_ENVIRONMENT, IN_COMMAND, IN_CONFIGURATION = "canary-env-71", "canary-cmd-82", "canary-cfg-93"
EVALUATION = (
    "eval", "--config", "settings.yaml", "--model", "dummy", "--tasks", "psyche_sample_moral_smcq",
    "--limit", "2", "--protocol", "direct", "--output_path", "run",
)  # fmt: skip


@pytest.fixture(autouse=True)
def surroundings(monkeypatch, tmp_path):
    wandb.teardown()  # it keeps the folders of its first run in a process
    monkeypatch.chdir(tmp_path)
    (tmp_path / "w").mkdir()
    for name in ("OPENAI_API_KEY", "HF_TOKEN", "WANDB_API_KEY"):
        monkeypatch.setenv(name, IN_ENVIRONMENT)
    for name in ("WANDB_DIR", "WANDB_CACHE_DIR", "WANDB_DATA_DIR", "WANDB_CONFIG_DIR"):
        monkeypatch.setenv(name, str(tmp_path / "w"))
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("NETRC", str(tmp_path / "none"))


def test_no_written_file_holds_a_key(tmp_path):
    configuration = tmp_path / "settings.yaml"
    configuration.write_text(f"model_args:\n  api_key: {IN_CONFIGURATION}\n", encoding="utf-8")
    where = f'{{"auth_token": "{IN_COMMAND}", "base_url": "http://me:{IN_COMMAND}@127.0.0.1"}}'
    for words in (
        (*EVALUATION, "--metadata", where),
        ("board", "add", "run", "--results", "results", "--with-replies"),
        ("board", "export", "exchange", "--results", "results"),
        ("board", "sync", "--wandb", "--results", "results"),
    ):
        assert cli.main(list(words)) == 0
    wandb.teardown()  # writes out what it still holds, as the end of a process does
    configuration.unlink()  # the one place where it was put
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {".json", ".jsonl", ".wandb"} <= {path.suffix for path in files}
    keys = [key.encode() for key in (IN_ENVIRONMENT, IN_COMMAND, IN_CONFIGURATION)]
    leaks = [str(path) for path in files if any(key in path.read_bytes() for key in keys)]
    assert not leaks
    assert "***@127.0.0.1" in (tmp_path / "run" / "run.json").read_text(encoding="utf-8")


def test_a_key_in_the_command_is_not_logged_to_wandb_by_the_harness(tmp_path, capsys):
    (tmp_path / "settings.yaml").write_text("log_samples: true\n", encoding="utf-8")
    secret = ("--model_args", f"api_key={IN_COMMAND}", "--wandb_args", "project=p")
    assert cli.main([*EVALUATION, *secret]) == 1
    told = capsys.readouterr().err
    assert "RunError: W&B would log the key in this command" in told
    assert IN_COMMAND not in told
