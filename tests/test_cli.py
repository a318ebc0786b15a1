"""The command line: 0 done, 1 failed, 2 wrong use; stdout is data, stderr is talk."""

import json
import os
import re
import subprocess
import sys
from importlib.metadata import version

import pytest
import releases

from psyche_bench import cli, jsonl, sources
from psyche_bench.errors import PsycheBenchError


def run(*words, **environment):
    """The installed command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "psyche_bench.cli", *words],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | environment,
    )


@pytest.fixture
def invented(tmp_path, monkeypatch):
    monkeypatch.setenv("PSYCHE_BENCH_DATA", str(tmp_path / "data"))
    releases.write(tmp_path / "data" / "pceb", releases.good_pceb_files())
    return tmp_path / "data"


def test_the_version_alone_goes_to_stdout():
    found = run("--version")
    assert (found.returncode, found.stdout, found.stderr) == (
        0, version("psyche-bench") + "\n", "",
    )  # fmt: skip


def test_help_names_every_command():
    found = run("--help")
    assert found.returncode == 0
    missing = [
        n for n in cli.COMMANDS if not re.search(rf"^ {{4}}{n}\s", found.stdout, re.MULTILINE)
    ]
    assert missing == []


def test_nothing_heavy_is_imported_for_help():
    code = (
        "import sys; from psyche_bench import cli\n"
        "try: cli.main(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'torch', 'lm_eval', 'pydantic', 'numpy', 'scipy', 'jieba', 'transformers'}\n"
        "sys.exit(','.join(sorted(heavy & set(sys.modules))) or 0)"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert (found.returncode, found.stderr) == (0, "")


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_every_command_has_help(name, capsys):
    with pytest.raises(SystemExit) as caught:
        cli.main([name, "--help"])
    assert caught.value.code == 0
    assert f"psyche-bench {name}" in capsys.readouterr().out


WRONG_USE = [
    ((), "COMMAND", "no command"),
    (("bench",), "invalid choice: 'bench'", "no such command"),
    (("--verzion",), "--verzion", "no such option"),
    (("data",), "required: action", "no action"),
    (("data", "fetch", "pceb"), "invalid choice: 'fetch'", "no such action"),
    (("data", "check"), "required: name", "no name"),
    (("data", "check", "pceb", "extra"), "unrecognized arguments: extra", "a word too many"),
    (("data", "list", "--format", "xml"), "invalid choice: 'xml'", "no such form"),
    (("score",), "required: FILE", "no file"),
    (("eval", "--model", "dummy"), "no tasks: add --tasks", "no tasks"),
    (("eval", "--protocol", "paper"), "invalid choice: 'paper'", "no such protocol"),
]


@pytest.mark.parametrize(
    ("words", "said"), [row[:2] for row in WRONG_USE], ids=[row[2] for row in WRONG_USE]
)
def test_wrong_use_is_2_and_told_on_stderr(words, said, capsys):
    try:
        code = cli.main(words)
    except SystemExit as stop:
        code = stop.code
    out, err = capsys.readouterr()
    assert (code, out) == (2, "")
    assert said in err


FAILURES = [
    (("data", "check", "pcebb"), "no data set is called 'pcebb'", "an unknown data set"),
    (("data", "path", "cpsyexam"), "psyche-bench data get cpsyexam", "a data set not there"),
    (("data", "ids", "nothing"), "no data set is called 'nothing'", "ids of nothing"),
    (("data", "get", "pceb", "--from", "absent"), "absent: no such folder", "no folder"),
    (("score", "absent.jsonl"), "absent.jsonl: no such file", "no file to score"),
]


@pytest.mark.parametrize(
    ("words", "said"), [row[:2] for row in FAILURES], ids=[row[2] for row in FAILURES]
)
def test_failures_are_1_told_on_stderr_without_a_traceback(invented, words, said, capsys):
    assert cli.main(words) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert said in err
    assert "Traceback" not in err
    last = err.strip().splitlines()[-1]
    assert last.partition(":")[0] in {cls.__name__ for cls in family(PsycheBenchError)}


def family(cls):
    return {cls}.union(*(family(child) for child in cls.__subclasses__()))


def test_a_failure_in_a_process_of_its_own_looks_the_same(tmp_path):
    found = run("data", "path", "pceb", PSYCHE_BENCH_DATA=str(tmp_path))
    assert (found.returncode, found.stdout) == (1, "")
    assert found.stderr.startswith("DataError: pceb is not in ")
    assert found.stderr.count("\n") == 1


def test_a_reader_that_goes_away_is_no_traceback(data_root):
    command = f"{sys.executable} -m psyche_bench.cli data ids cpsyexam | head -n 1"
    found = subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, check=False)
    assert found.stdout.startswith("cpsyexam/train/")
    assert found.stderr == ""


def test_data_list_path_and_ids(invented, capsys):
    assert cli.main(["data", "list", "--format", "json"]) == 0
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
    assert rows["pceb"]["items"] == 3963
    assert rows["pceb"]["folder"] == str(invented / "pceb")
    assert rows["cpsyexam"]["folder"] is None
    assert rows["cpsyexam"]["licence"]
    assert cli.main(["data", "path", "pceb"]) == 0
    assert capsys.readouterr().out == f"{invented / 'pceb'}\n"
    assert cli.main(["data", "ids", "pceb"]) == 0
    assert capsys.readouterr().out.split() == [q.id for q in sources.load("pceb")]


def test_data_list_shows_licences_beside_the_table(invented, capsys):
    assert cli.main(["data", "list"]) == 0
    out, err = capsys.readouterr()
    assert "pceb: Apache-2.0 repository" in err
    assert "Apache" not in out
    assert "–" in out  # CPsyExam has no folder here


def sample_replies(path):
    items = [q for q in sources.load("sample", "test") if q.kind in ("smcq", "mmcq")]
    rows = [{"id": q.id, "reply": f"答案：{q.gold}"} for q in items]
    jsonl.write_lines(path, rows)
    return items


def test_score_prints_json_alone(tmp_path, capsys):
    items = sample_replies(tmp_path / "replies.jsonl")
    out_file = tmp_path / "outcomes.jsonl"
    words = ["score", str(tmp_path / "replies.jsonl"), "--format", "json", "--out", str(out_file)]
    assert cli.main(words) == 0
    out, err = capsys.readouterr()
    found = json.loads(out)
    assert found["groups"]["psyche_sample"]["standard"] == pytest.approx(100)
    assert found["groups"]["psyche_sample"]["n"] == len(items)
    assert f"Outcomes: {out_file}" in err
    assert cli.main(["score", str(out_file), "--format", "json"]) == 0
    again = json.loads(capsys.readouterr().out)
    assert again == found


def test_score_counts_what_has_no_reply(tmp_path, capsys):
    path = tmp_path / "one.jsonl"
    jsonl.write_lines(path, [{"id": "sample/moral/smcq/0001", "reply": "答案：B"}])
    assert cli.main(["score", str(path), "--format", "json"]) == 0
    out, err = capsys.readouterr()
    column = json.loads(out)["columns"]["psyche_sample_moral_smcq"]
    assert (column["n"], column["missing"]) == (12, 11)
    assert column["standard"] == pytest.approx(100 / 12)
    assert "11 items have no reply and count as wrong" in err
    assert cli.main(["score", str(path), "--partial", "--format", "json"]) == 0
    column = json.loads(capsys.readouterr().out)["columns"]["psyche_sample_moral_smcq"]
    assert (column["n"], column["whole"], column["standard"]) == (1, 12, 100.0)


BAD_REPLIES = [
    ([{"id": "sample/moral/smcq/0099", "reply": "A"}], "is no item of the data", "unknown item"),
    ([{"id": "x/1", "reply": "A"}], "is no item's id", "unknown data set"),
    ([{"id": "sample/moral/smcq/0001", "reply": "A"}] * 2, "has two replies", "twice"),
    ([{"answer": "A"}], "Give one reply a line", "no reply at all"),
]


@pytest.mark.parametrize(
    ("rows", "said"), [row[:2] for row in BAD_REPLIES], ids=[row[2] for row in BAD_REPLIES]
)
def test_replies_that_cannot_be_scored_are_named(tmp_path, rows, said, capsys):
    jsonl.write_lines(tmp_path / "r.jsonl", rows)
    assert cli.main(["score", str(tmp_path / "r.jsonl"), "--format", "json"]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert said in err
