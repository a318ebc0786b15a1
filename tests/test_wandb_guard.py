"""W&B: offline without key or network, quickly, and never in the way."""

import http.server
import os
import socket
import threading
import time

import pytest

from psyche_bench import cli
from psyche_bench.wandb_guard import prepare_wandb

wandb = pytest.importorskip("wandb", reason="wandb is not installed")


@pytest.fixture(autouse=True)
def no_wandb_settings(monkeypatch, tmp_path):
    wandb.teardown()  # it keeps the folders of its first run in a process
    for name in [name for name in os.environ if name.startswith("WANDB_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("WANDB_DIR", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))  # nobody's keys


def closed_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.mark.parametrize("asked", [None, "online"])
def test_without_a_key_a_run_is_offline(monkeypatch, capsys, asked):
    if asked:
        monkeypatch.setenv("WANDB_MODE", asked)
    prepare_wandb()
    assert os.environ["WANDB_MODE"] == "offline"
    assert "no key" in capsys.readouterr().err


def test_with_a_key_and_no_server_a_run_is_offline_at_once(monkeypatch, capsys):
    monkeypatch.setenv("WANDB_API_KEY", "0" * 40)
    monkeypatch.setenv("WANDB_BASE_URL", f"http://127.0.0.1:{closed_port()}")
    start = time.monotonic()
    prepare_wandb()
    assert time.monotonic() - start < 10  # wandb itself would wait for 90 s, then fail
    assert os.environ["WANDB_MODE"] == "offline"
    assert "does not answer" in capsys.readouterr().err


def test_a_server_that_takes_the_call_and_stays_silent_holds_nothing_up(monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("WANDB_API_KEY", "0" * 40)
        monkeypatch.setenv("WANDB_BASE_URL", f"http://127.0.0.1:{silent.getsockname()[1]}")
        start = time.monotonic()
        prepare_wandb()
    assert time.monotonic() - start < 10
    assert os.environ["WANDB_MODE"] == "offline"


def test_with_a_key_and_a_server_the_mode_is_left_alone(monkeypatch):
    handler = http.server.BaseHTTPRequestHandler  # answers 501 to everything: it is there
    with http.server.HTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.handle_request, daemon=True).start()
        monkeypatch.setenv("WANDB_API_KEY", "0" * 40)
        monkeypatch.setenv("WANDB_BASE_URL", f"http://127.0.0.1:{server.server_port}")
        assert prepare_wandb() is None
    assert "WANDB_MODE" not in os.environ


def test_a_mode_of_the_users_own_is_left_alone(monkeypatch):
    monkeypatch.setenv("WANDB_MODE", "disabled")
    prepare_wandb()
    assert os.environ["WANDB_MODE"] == "disabled"


def test_a_whole_run_with_wandb_args_is_logged_offline(tiny_model, tmp_path):
    arguments = [
        "eval", "--protocol", "direct", "--model", "hf", "--device", "cpu", "--limit", "2",
        "--model_args", f"pretrained={tiny_model},dtype=float32", "--output_path",
        str(tmp_path / "run"), "--tasks", "psyche_sample_moral_smcq",
        "--wandb_args", "project=psyche-bench,mode=online",
    ]  # fmt: skip
    assert cli.main(arguments) == 0
    assert list(tmp_path.rglob("*.wandb"))
