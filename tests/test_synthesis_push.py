"""Pushing a finished run: in one commit, to a stand-in for the hub at the network's edge."""

import json
import os
import subprocess
import sys
from pathlib import Path

import hub
import pytest

FILES = {
    "card.md": "# Rows\n",
    "card.json": json.dumps({"finished": True, "parts": {"D_sft": {"licences": ["CC0"]}}}),
    "data/D_sft.jsonl": '{"id": "1"}\n',
    "data/trl/D_sft.conversational.jsonl": '{"messages": []}\n',
    "data/llamafactory/dataset_info.json": "{}",
    "calls.sqlite": "not sent",
}


@pytest.fixture
def run(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        path = tmp_path / "run" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path / "run"


def push(folder: Path, server: hub.Hub, *words: str) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own: the hub's client reads its address when imported."""
    sent = {"HF_ENDPOINT": server.url, "HF_TOKEN": "hf_invented", "HF_HUB_DISABLE_XET": "1"}
    home = {"HF_HOME": str(folder.parent / "hf"), "HF_HUB_OFFLINE": "0"}
    command = [sys.executable, "-m", "psyche_bench.cli", "synth", "push", str(folder), "me/x"]
    return subprocess.run(
        [*command, *words],
        env={**os.environ, **sent, **home},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def test_everything_goes_in_one_commit(run):
    with hub.serving() as server:
        done = push(run, server, "--yes")
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip().splitlines()[-1] == f"{server.url}/datasets/me/x"
    (made,) = server.made
    assert made["name"] == "x"
    assert made.get("visibility", made.get("private")) in {"private", True}
    (commit,) = server.commits
    wanted = {n: t for n, t in FILES.items() if n not in {"card.md", "calls.sqlite"}}
    assert commit == {n: t.encode() for n, t in {**wanted, "README.md": FILES["card.md"]}.items()}


def test_nothing_goes_without_yes_and_a_refusal_says_what_to_do(run):
    with hub.serving() as server:
        assert push(run, server).returncode == 0
        assert (server.made, server.commits) == ([], [])
        server.refuse = True
        refused = push(run, server, "--yes")
    assert refused.returncode == 1
    assert "me/x: the hub refused" in refused.stderr
    assert "hf auth login" in refused.stderr
    assert server.commits == []
