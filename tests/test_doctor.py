"""``psyche-bench doctor``: what it says of packages, data and a model."""

import json

import pytest

from psyche_bench import cli, cli_doctor
from psyche_bench.errors import RunError


def rows(capsys):
    return {row["what"]: row for row in json.loads(capsys.readouterr().out)}


def test_missing_packages_come_with_their_pip_line(capsys, monkeypatch):
    real = cli_doctor.importlib.util.find_spec
    monkeypatch.setattr(
        cli_doctor.importlib.util, "find_spec", lambda n: None if n == "vllm" else real(n)
    )
    cli.main(["doctor", "--format", "json"])
    assert rows(capsys)["vllm"]["remedy"] == "pip install 'psyche-bench[vllm]'"


def test_absent_data_comes_with_its_command(capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("PSYCHE_BENCH_DATA", str(tmp_path))
    cli.main(["doctor", "--format", "json"])
    found = rows(capsys)["data pceb"]
    assert (found["state"], found["remedy"]) == ("missing", "psyche-bench data get pceb")


def test_real_data_is_checked_against_the_pinned_hashes(capsys, data_root):
    cli.main(["doctor", "--format", "json"])
    assert rows(capsys)["data pceb"]["state"] == "ok"


def test_changed_data_is_seen(capsys, data_root, monkeypatch, tmp_path):
    (tmp_path / "pceb").mkdir()
    monkeypatch.setenv("PSYCHE_BENCH_DATA", str(tmp_path))
    assert cli.main(["doctor", "--format", "json"]) == 1
    assert rows(capsys)["data pceb"]["state"] == "wrong"


def test_a_model_is_checked_for_one_bos_template_and_context(tiny_model):
    found = {row["what"]: row for row in cli_doctor.model_rows(str(tiny_model), "direct")}
    assert found["BOS"]["found"] == "1 at the start of a prompt"
    assert found["chat template"]["remedy"] == "use --apply_chat_template"
    assert (found["context"]["state"], found["context"]["found"]) == ("ok", "8192")


def test_a_cap_that_does_not_fit_the_context_is_wrong(tiny_model):
    found = {row["what"]: row for row in cli_doctor.model_rows(str(tiny_model), "fair-8192")}
    assert found["context"]["state"] == "wrong"
    assert "smaller cap" in found["context"]["remedy"]


def test_a_doubled_bos_is_seen(tiny_model):
    from transformers import AutoTokenizer

    tokeniser = AutoTokenizer.from_pretrained(tiny_model)
    assert cli_doctor._bos(tokeniser)["state"] == "ok"
    # Behind a line break the template's BOS is not recognised, and the tokeniser adds another.
    tokeniser.chat_template = "\n" + tokeniser.chat_template
    assert cli_doctor._bos(tokeniser)["state"] == "wrong"


def test_no_model_is_an_error_with_what_was_asked(tmp_path):
    with pytest.raises(RunError, match="neither a model folder nor a hub id"):
        cli_doctor.model_rows(str(tmp_path / "nothing"), "direct")
