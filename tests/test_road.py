"""The road: joints that are done, begun, changed and killed; the recipes that ship."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request

import pytest

from psyche_bench import cli, local_server, road, road_walk
from psyche_bench.errors import RunError

ROAD = """
name = "letters"
about = "two files, one from the other"
[values]
word = "one"
[[joints]]
name = "first"
about = "writes a word"
program = "sh -c"
run = "'mkdir -p {out}/a && echo \\"{word}\\" >> {out}/a/a.txt && echo ran >> {out}/log'"
reads = ["in.txt"]
writes = ["a/a.txt"]
folder = "a"
[[joints]]
name = "second"
about = "carries it on"
program = "sh -c"
run = "'sleep {wait}; cat {out}/a/a.txt && echo ran >> {out}/log'"
reads = ["a/a.txt"]
writes = ["b.txt"]
keep = "b.txt"
"""


@pytest.fixture
def way(tmp_path):
    recipe = tmp_path / "letters.toml"
    recipe.write_text(ROAD.replace("{wait}", "0"), encoding="utf-8")
    (tmp_path / "in.txt").write_text("given", encoding="utf-8")

    def walk(*changes, **more):
        found = road_walk.Road(recipe=road.load(str(recipe), changes), out=tmp_path)
        road_walk.walk(found, say=lambda _: None, **more)
        return (tmp_path / "log").read_text().count("ran")

    return walk


def change(path, text):
    return lambda folder: (folder / path).write_text(text, encoding="utf-8")


@pytest.mark.parametrize(
    ("between", "arguments", "ran"),
    [
        pytest.param(lambda _: None, {}, 2, id="a road that is done does nothing"),
        pytest.param(change("in.txt", "other"), {}, 3, id="other input, the same word: one joint"),
        pytest.param(change("a/a.txt", "edited"), {}, 3, id="an edited result is made again"),
        pytest.param(lambda f: (f / "b.txt").unlink(), {}, 3, id="a lost result is made again"),
        pytest.param(lambda _: None, {"start": "first"}, 4, id="--from does all behind it"),
        pytest.param(lambda _: None, {"only": "second"}, 3, id="--only does one"),
        pytest.param(change("road/first.json", "{}"), {}, 3, id="a broken record is none"),
    ],
)
def test_after_a_walk(way, tmp_path, between, arguments, ran):
    assert way() == 2
    between(tmp_path)
    assert way(**arguments) == ran
    assert (tmp_path / "b.txt").read_text() == "one\n"


def test_another_value_clears_the_folder_and_walks_on(way, tmp_path):
    way()
    assert way("word=two") == 4
    assert (tmp_path / "b.txt").read_text() == "two\n"
    found = json.loads((tmp_path / "road" / "second.json").read_text())
    assert road_walk.Done.model_validate(found).reads.keys() == {"a/a.txt"}


def test_a_road_killed_in_a_joint_takes_its_command_along_and_goes_on(way, tmp_path):
    slow = tmp_path / "slow.toml"
    slow.write_text(ROAD.replace("{wait}", "300"), encoding="utf-8")
    words = [sys.executable, "-m", "psyche_bench.cli", "road", str(slow), "--out", str(tmp_path)]
    process = subprocess.Popen(words, stderr=subprocess.PIPE)
    while not (tmp_path / ".b.txt.part").exists():
        assert process.poll() is None, process.stderr.read().decode()
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    assert not (tmp_path / "b.txt").exists()
    assert way() == 2, "the first joint is not repeated, and the lock is free"


WHOLE = ROAD.replace("{wait}", "0")


@pytest.mark.parametrize(
    ("text", "changes", "told"),
    [
        (ROAD.replace("{word}", "{wrod}"), [], "no value is called wait, wrod"),
        ("name = ", [], "not TOML"),
        (WHOLE, ["wrod=1"], "Keys of road letters: word, base_url"),
        (WHOLE.replace('"second"', '"first"'), [], "two joints have one name"),
    ],
    ids=["a value nobody gives", "no TOML", "a key nobody knows", "one name twice"],
)
def test_a_recipe_that_cannot_be_read_says_why(tmp_path, text, changes, told):
    path = tmp_path / "r.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(RunError, match=told):
        road.load(str(path), changes)


def test_errors_name_joint_and_remedy(way, tmp_path, capsys):
    (tmp_path / "in.txt").unlink()
    with pytest.raises(RunError, match=r"joint first reads in\.txt, which is not there"):
        way()
    change("in.txt", "given")(tmp_path)
    with pytest.raises(RunError, match=r"no joint 'third'\. Joints: first, second"):
        way(only="third")
    bad = tmp_path / "bad.toml"
    bad.write_text(ROAD.replace("{wait}", "0; exit 7"), encoding="utf-8")
    assert cli.main(["road", str(bad), "--out", str(tmp_path)]) == 1
    assert "joint second: " in (told := capsys.readouterr().err)
    assert "failed with 7" in told


def test_an_endpoint_that_is_not_there_is_asked_for(tmp_path):
    text = ROAD.replace("{wait}", "0").replace("echo ran", "echo {base_url}", 1)
    (tmp_path / "r.toml").write_text(text, encoding="utf-8")
    change("in.txt", "given")(tmp_path)
    asks = road.load(str(tmp_path / "r.toml"))
    with pytest.raises(RunError, match="--set base_url=http://…/v1, or add"):
        road_walk.walk(road_walk.Road(recipe=asks, out=tmp_path), say=lambda _: None)
    named = road.load(str(tmp_path / "r.toml"), ["base_url=http://there/v1"])
    road_walk.walk(road_walk.Road(recipe=named, out=tmp_path), say=lambda _: None)
    assert (tmp_path / "log").read_text() == "http://there/v1\nran\n"


def test_a_server_is_up_within_the_block_and_gone_behind_it(tmp_path):
    words = ["python3", "-m", "http.server", "{port}", "--bind", "127.0.0.1"]
    with local_server.serving(words, tmp_path / "log", ready="/") as address:
        assert urllib.request.urlopen(address).status == 200  # noqa: S310  # our own server
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(address)  # noqa: S310


@pytest.mark.parametrize(
    ("words", "told"),
    [
        pytest.param(["no-such-program"], "no program 'no-such-program' is installed", id="absent"),
        pytest.param(["sh", "-c", "echo out of memory"], "ended .*out of memory", id="ends"),
        pytest.param(["sleep", "60"], r"did not answer within 1 s .*last words: none", id="silent"),
    ],
)
def test_a_server_that_does_not_come_up_is_told_with_its_last_words(words, told, tmp_path):
    with (
        pytest.raises(RunError, match=told),
        local_server.serving(words, tmp_path / "log", seconds=1.0),
    ):
        pytest.fail("it is not up")


def test_with_wandb_a_road_is_one_group_and_its_records_are_logged(way, tmp_path, monkeypatch):
    wandb = pytest.importorskip("wandb", reason="wandb is not installed")
    wandb.teardown()
    for name in ("WANDB_DIR", "WANDB_DATA_DIR", "WANDB_CACHE_DIR", "WANDB_CONFIG_DIR"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.setenv("WANDB_MODE", "offline")
    text = ROAD.replace("{wait}", "0").replace("echo ran >>", "echo $WANDB_RUN_GROUP ran >>")
    (tmp_path / "r.toml").write_text(text, encoding="utf-8")
    words = ["road", str(tmp_path / "r.toml"), "--out", str(tmp_path), "--wandb", "own"]
    assert cli.main(words) == 0
    wandb.teardown()
    (group,) = set((tmp_path / "log").read_text().replace(" ran", "").split())
    (logged,) = tmp_path.rglob("*.wandb")
    content = logged.read_bytes()
    assert group.encode() in content
    assert b"fingerprint" in content
    record = json.loads((tmp_path / "road" / "first.json").read_text())
    assert record["wandb"] == f"own/{group}"


SHIPPED = [(name, joint) for name in road.shipped() for joint in road.load(name).joints]


@pytest.mark.parametrize(
    ("name", "joint"), [pytest.param(n, j, id=f"{n}: {j.name}") for n, j in SHIPPED]
)
@pytest.mark.parametrize("wandb", [None, "project"])
def test_every_command_of_the_roads_is_one_the_program_takes(name, joint, wandb, tmp_path):
    way = road_walk.Road(recipe=road.load(name), out=tmp_path, wandb=wandb)
    words = road_walk._words(way, joint, "http://there/v1")
    assert "{" not in " ".join(words)
    parser, _ = cli._load(words[0])
    parser.parse_known_args(words[1:])


def test_every_file_a_joint_reads_is_written_before(tmp_path):
    for name in road.shipped():
        written = set()
        for joint in road.load(name).joints:
            below = {text for text in joint.reads if not text.startswith("psyche_bench.")}
            assert all(text.startswith("results/*.json") for text in below - written)
            written |= {*joint.writes}


def test_the_papers_road_is_worked_out_beforehand(capsys):
    assert cli.main(["road", "paper", "--plan", "--format", "json"]) == 0
    rows = {row["joint"]: row for row in json.loads(capsys.readouterr().out)}
    parts = [row for name, row in rows.items() if name != "all"]
    for column in ("calls", "GPU hours", "cost"):
        known = [row[column] for row in parts if row[column] is not None]
        assert rows["all"][column] == pytest.approx(sum(known))
    assert rows["synthesis"]["calls"] > 1_000_000
    sft = next(joint for joint in road.load("paper").joints if joint.name == "sft").expected
    hours = 1.1e19 / (8 * 5e13) / 3600
    assert (sft.time, sft.cost) == pytest.approx((hours, hours * 8 * 0.8))
