"""Dialogues to cases: CPsyCounE whole, and PsyDT's format on invented files of its shape."""

import json
from collections import Counter

import pytest

from psyche_bench import cli, sources
from psyche_bench.dialogues import CLIENT, PSYDT_FILE, SAMPLED, SUPPORTER, sampled
from psyche_bench.errors import DataError, RowError
from psyche_bench.jsonl import read_json


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.setenv("PSYCHE_BENCH_DATA", str(tmp_path))
    sources._load.cache_clear()
    return tmp_path


def write(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, ensure_ascii=False), encoding="utf-8")


# --- CPsyCounE -----------------------------------------------------------------------------------


def test_cpsycoune_is_nine_topics_of_five_dialogues(data_root):
    turns = sources.load("cpsycoune")
    assert len(turns) == 296
    assert len({turn.id for turn in turns}) == 296
    dialogues = {turn.cluster: turn.subject for turn in turns}
    assert Counter(dialogues.values()) == dict.fromkeys(set(dialogues.values()), 5)
    assert len(set(dialogues.values())) == 9


def test_a_turn_has_all_that_was_said_before_it(data_root):
    for turn in sources.load("cpsycoune"):
        path = data_root / "cpsycoune" / turn.file
        said = [CLIENT, SUPPORTER] * (len(turn.history) // 2) + [CLIENT]
        texts = [t.content for t in turn.history] + [turn.stem]
        lines = [mark + text for mark, text in zip(said, texts, strict=True)]
        assert lines == [line.strip() for line in json.loads(path.read_text())[: turn.row]]
        assert [t.role for t in turn.history] == ["user", "assistant"] * (len(turn.history) // 2)


def test_the_copy_is_the_pinned_one(data_root, capsys):
    assert cli.main(["data", "check", "cpsycoune"]) == 0
    assert "The counts are those of the release" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        pytest.param([SUPPORTER + "你好"], "row 1, field 'utterance'", id="the supporter first"),
        pytest.param([CLIENT + "一", CLIENT + "二"], "row 2, .* 支持者：", id="the client twice"),
        pytest.param([CLIENT + "一", 3], "row 2", id="a number"),
        pytest.param({"a": 1}, "a JSON list of utterances", id="no list"),
    ],
)
def test_a_broken_dialogue_is_named(lines, said, root):
    write(root / "cpsycoune" / "Sex" / "1.json", lines)
    with pytest.raises(DataError, match=said):
        sources.load("cpsycoune")


def test_a_broken_dialogue_can_be_set_aside(root):
    write(root / "cpsycoune" / "Sex" / "1.json", [SUPPORTER + "你好"])
    write(root / "cpsycoune" / "Sex" / "2.json", [CLIENT + "你好", SUPPORTER + "请坐"])
    loaded = sources.load_all("cpsycoune", skip_bad=True)
    assert [turn.id for turn in loaded.questions] == ["cpsycoune/Sex/2/01"]
    assert len(loaded.rejected) == 1


# --- PsyDT ---------------------------------------------------------------------------------------


def case(*said, system=True, answered=True, **more):
    """A case of the release's shape: system words, the turns, the counsellor's last reply."""
    roles = ["user", "assistant"] * (len(said) // 2 + 1)
    messages = [{"role": r, "content": text} for r, text in zip(roles, said, strict=False)]
    head = [{"role": "system", "content": "你是心理咨询师。"}] if system else []
    tail = [{"role": "assistant", "content": "嗯。"}] if answered else []
    return {"id": 0, "normalizedTag": "婚恋", "messages": [*head, *messages, *tail]} | more


A = ("你好", "你好，请坐", "我睡不着", "多久了", "一个月")
B = ("你好", "欢迎", "我很累")


def test_a_psydt_case_ends_with_the_client(root):
    write(root / "psydt" / PSYDT_FILE, [case(*A), case("在吗", answered=False, extra=1)])
    first, second = sources.load("psydt")
    assert (first.id, first.stem, first.subject) == ("psydt/0001", "一个月", "婚恋")
    assert [turn.role for turn in first.history] == [
        "system", "user", "assistant", "user", "assistant",
    ]  # fmt: skip
    assert second.stem == "在吗"


def test_cases_of_one_dialogue_are_one_cluster_also_after_the_same_greeting(root):
    cases = [case(*turns[: 2 * n + 1]) for turns in (A, B) for n in range((len(turns) + 1) // 2)]
    write(root / "psydt" / PSYDT_FILE, cases)
    clusters = [turn.cluster for turn in sources.load("psydt")]
    assert clusters == ["psydt/0001"] * 3 + ["psydt/0004"] * 2


def test_a_dialogue_whose_first_cases_are_absent_is_still_one(root):
    write(root / "psydt" / PSYDT_FILE, [case(*A[:3]), case(*A), case("在吗", "在", "我很累")])
    assert [turn.cluster[-1] for turn in sources.load("psydt")] == ["1", "1", "3"]


def test_a_case_without_a_client_turn_is_named(root):
    write(root / "psydt" / PSYDT_FILE, [case(*A), case(answered=True)])
    with pytest.raises(RowError, match="row 2, field 'messages': hold no client turn"):
        sources.load("psydt")


def test_the_sample_of_the_release_is_the_recorded_one(root):
    import importlib.resources

    recorded = read_json(importlib.resources.files("psyche_bench") / "data" / "psydt.sample.json")
    write(root / "psydt" / PSYDT_FILE, [case(f"第{n}句") for n in range(4311)])
    chosen = [turn.id for turn in sources.load("psydt") if turn.subset == "counselling"]
    assert chosen == recorded["ids"]
    assert len(chosen) == SAMPLED


def test_the_sample_does_not_hang_on_the_order():
    numbers = list(range(1, 500))
    assert sampled(numbers) == sampled(numbers[::-1])


def test_a_copy_is_taken_from_a_folder_and_told_apart_from_a_whole_one(root, tmp_path, capsys):
    write(tmp_path / "mine" / PSYDT_FILE, [case(*A)])
    assert cli.main(["data", "get", "psydt", "--from", str(tmp_path / "mine")]) == 0
    assert sources.load("psydt")[0].stem == "一个月"
    assert cli.main(["data", "check", "psydt"]) == 1
    assert "counselling_rest: 0, expected 4111" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(("data", "path", "psydt"), id="not there"),
        pytest.param(("data", "get", "psydt"), id="not to be fetched"),
        pytest.param(("data", "get", "psydt", "--from", "."), id="not in the folder"),
    ],
)
def test_without_a_copy_the_remedy_is_said(words, root, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert cli.main(list(words)) == 1
    said = capsys.readouterr().err
    assert PSYDT_FILE in said
    assert "ModelScope YIRONGCHEN/PsyDTCorpus" in said
    assert "psyche-bench data get psydt --from FOLDER" in said
