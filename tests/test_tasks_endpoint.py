"""OpenAI-compatible endpoints: a real server with the tiny model, and one that misbehaves."""

import json
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from psyche_bench import cli

pytest.importorskip("lm_eval.models.openai_completions", reason="lm_eval[api] is not installed")


def words(url, name, out, *more, tasks="psyche_sample_moral_smcq"):
    return [
        "eval", "--protocol", "direct", "--model", "local-chat-completions", "--tasks", tasks,
        "--model_args", f"model={name},base_url={url}/v1/chat/completions,num_concurrent=2,{TRIES}",
        "--apply_chat_template", "--output_path", str(out), *more,
    ]  # fmt: skip


TRIES = "max_retries=3"


def outcomes(folder):
    return [json.loads(line) for line in (folder / "outcomes.jsonl").read_text().splitlines()]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(url, process, seconds=120):
    end = time.monotonic() + seconds
    while time.monotonic() < end and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{url}/health", timeout=2):  # noqa: S310  # our own server
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    pytest.fail(f"the server did not come up (exit code {process.poll()})")


@pytest.fixture(scope="module")
def served(tiny_model):
    """``transformers serve`` with the tiny model on a free port of this machine."""
    program = Path(sys.executable).with_name("transformers")
    if not program.exists() or shutil.which(str(program)) is None:
        pytest.skip("the `transformers` command is not installed")
    url = f"http://127.0.0.1:{(port := free_port())}"
    process = subprocess.Popen(
        [str(program), "serve", str(tiny_model), "--port", str(port), "--device", "cpu"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for(url, process)
        yield url
    finally:
        process.terminate()
        process.wait(30)


def test_a_real_server_is_evaluated_with_its_own_token_counts(served, tiny_model, tmp_path, capsys):
    tasks = "psyche_sample_moral_smcq,psyche_sample_counselling"
    arguments = words(served, tiny_model, tmp_path, "--limit", "3", tasks=tasks)
    assert cli.main([*arguments, "--format", "json"]) == 0
    column = json.loads(capsys.readouterr().out)["columns"]["psyche_sample_moral_smcq"]
    assert column["n"] == 3
    rows = outcomes(tmp_path)
    assert all(row["tokens"] is not None and row["tokens"] <= 65 for row in rows)
    assert all(row["capped"] in (True, False) for row in rows)


class Scripted(BaseHTTPRequestHandler):
    """A stand-in for an endpoint that misbehaves: it answers from ``server.script`` in turn."""

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with self.server.lock:
            self.server.requests.append(body)
            script = self.server.script
            status, message = script.pop(0) if script else (200, ok("答案：A"))
        content = json.dumps(message).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass


def ok(text, finish="stop", tokens=5):
    message = {"role": "assistant", "content": text}
    choice = {"index": 0, "message": message, "finish_reason": finish}
    return {"choices": [choice], "usage": {"completion_tokens": tokens}}


@pytest.fixture
def scripted():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Scripted)
    server.requests, server.script, server.lock = [], [], threading.Lock()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    server.url = f"http://127.0.0.1:{server.server_port}"
    yield server
    server.shutdown()
    server.server_close()


def test_no_stop_strings_are_sent_and_the_cap_is(scripted, tmp_path):
    assert cli.main(words(scripted.url, "m", tmp_path, "--limit", "2")) == 0
    # Not even an empty list: `transformers serve` answers that with HTTP 500.
    assert all("stop" not in request for request in scripted.requests)
    assert {request["max_tokens"] for request in scripted.requests} == {64}
    assert {request["temperature"] for request in scripted.requests} == {0}


def test_history_reaches_the_server_as_turns(scripted, tmp_path):
    arguments = words(
        scripted.url, "m", tmp_path, "--limit", "2", tasks="psyche_sample_counselling"
    )
    assert cli.main(arguments) == 0
    roles = {tuple(m["role"] for m in request["messages"]) for request in scripted.requests}
    assert ("system", "user", "assistant", "user") in roles


def test_a_null_reply_is_unparsed_or_truncated_and_never_a_placeholder(scripted, tmp_path):
    scripted.script = [(200, ok(None)), (200, ok(None, finish="length", tokens=64))]
    assert cli.main(words(scripted.url, "m", tmp_path, "--limit", "2")) == 0
    rows = outcomes(tmp_path)
    assert {row["reply"] for row in rows} == {""}
    assert {row["state"] for row in rows} == {"unparsed", "truncated"}


def test_a_failing_server_is_asked_again(scripted, tmp_path):
    scripted.script = [(500, {"error": "busy"})]
    assert cli.main(words(scripted.url, "m", tmp_path, "--limit", "2")) == 0
    assert len(scripted.requests) == 3
    assert len(outcomes(tmp_path)) == 2


def test_a_server_that_stays_down_leaves_what_was_answered_and_a_clear_error(
    scripted, tmp_path, capsys
):
    scripted.script = [(200, ok("答案：B"))] * 4 + [(500, {"error": "gone"})] * 99
    assert cli.main(words(scripted.url, "m", tmp_path)) == 1
    message = capsys.readouterr().err
    assert "RunError" in message
    assert "start it again" in message
    assert not (tmp_path / "outcomes.jsonl").exists()
    kept = (tmp_path / "journal.jsonl").read_text().count("\n")
    assert kept == 4
    asked, scripted.script = len(scripted.requests), []
    assert cli.main(words(scripted.url, "m", tmp_path)) == 0
    # A request of the first run may still be under way: what counts is which items are asked.
    again = {json.dumps(request["messages"]) for request in scripted.requests[asked:]}
    assert len(again) == 12 - kept


def test_a_key_in_the_environment_reaches_no_file(scripted, tmp_path, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "canary-2f1d")
    assert cli.main(words(scripted.url, "m", tmp_path, "--limit", "1")) == 0
    for path in tmp_path.rglob("*"):
        if path.is_file():
            assert b"canary-2f1d" not in path.read_bytes(), path
