"""Judged runs on the board: the card comes along, means follow from verdicts, edits are named."""

import json
from importlib.resources import files
from pathlib import Path

import pytest

from psyche_bench import cli, judge_card, sources
from psyche_bench.budget import Price, Prices
from psyche_bench.errors import DataError
from psyche_bench.jsonl import read_json, write_json, write_lines
from psyche_bench.judge import Settings
from psyche_bench.judged import Verdict
from psyche_bench.leaderboard import add, check, collect, exchange, judged_results
from psyche_bench.leaderboard.add import Asked
from psyche_bench.leaderboard.records import Model
from psyche_bench.rubrics import Rubric, rubric_of


def verdict(item, cluster, score, *, judge="gpt-4o", repeat=0, candidate="reply"):
    return Verdict(
        item=item, cluster=cluster, candidate=candidate, judge=judge, served=judge, repeat=repeat,
        rubric="psydt", scores=None if score is None else {"cognitive_empathy": score},
        failure="truncated" if score is None else None, detail="judge's own words", tries=1,
        length=40,
    )  # fmt: skip


VERDICTS = [
    verdict("a/1", "a", 3), verdict("a/1", "a", 1, repeat=1),  # mean of repeats: 2
    verdict("a/2", "a", 0), verdict("b/1", "b", 3), verdict("b/2", "b", None),
    verdict("b/1", "b", 0, candidate="empty"),
]  # fmt: skip
MEANS = [
    ("cases", (2 + 0 + 3) / 3, "every case weighs the same"),
    ("dialogues", ((2 + 0) / 2 + 3) / 2, "every dialogue weighs the same"),
]


def one_dimension(over="cases"):
    both = {"zh": "认知共情", "en": "cognitive_empathy"}
    dimension = {
        "name": "cognitive_empathy", "title": both, "definition": both, "low": 0, "high": 3,
        "source": "test",
    }  # fmt: skip
    return Rubric.model_validate({
        "name": "psydt", "form": "scale", "label": "reconstructed", "source": "test",
        "mean_over": over, "dimensions": [dimension], "digest": "no-shipped-one",
    })  # fmt: skip


def judged(verdicts=VERDICTS, rubric=None, judges=("gpt-4o",), repeats=2):
    settings = Settings(
        rubric=rubric or one_dimension(),
        judges=judges,
        repeats=repeats,
        probes=int(any(verdict.candidate != "reply" for verdict in verdicts)),
    )
    prices = Prices(models={name: Price(input=1.0, output=1.0) for name in judges})
    candidate = {"name": "org/m", "model_args": {"api_key": "s3cr3t-canary"}}
    return judge_card.judged(
        verdicts, settings, prices, model="org/m", tasks=("t",), missing=1, candidate=candidate
    )


def again(found, verdicts):
    """What the board computes from a record's card and its verdicts."""
    record = judged_results.result_of(found, {"model": Model(name="org/m"), "origin": "re-run"})
    return judged_results.recomputed(record.card, verdicts, 1)


@pytest.mark.parametrize(("over", "mean"), [row[:2] for row in MEANS], ids=[r[2] for r in MEANS])
def test_means_follow_from_verdicts_on_the_models_own_replies(over, mean):
    (dimension,) = again(judged(rubric=one_dimension(over)), VERDICTS).dimensions
    assert dimension.mean.value == pytest.approx(mean)


def test_judges_weigh_the_same_however_often_each_was_asked():
    asked = [verdict("a/1", "a", 3, judge="j1")]
    asked += [verdict("a/1", "a", 0, judge="j2", repeat=k) for k in range(3)]
    (dimension,) = again(judged(asked, judges=("j1", "j2"), repeats=3), asked).dimensions
    assert dimension.mean.value == 1.5


@pytest.fixture
def board(tmp_path):
    write_json(tmp_path / "run" / "judged.json", judged().model_dump(mode="json"))
    write_lines(tmp_path / "run" / "verdicts.jsonl", (v.model_dump() for v in VERDICTS))
    add.add(tmp_path / "run", tmp_path / "r", Asked(baseline="PsyDT"))
    return tmp_path / "r"


def test_a_judged_run_is_a_record_with_its_card(board):
    (result,) = collect.load_results(board)
    assert (result.group, result.protocol) == ("counselling", "psydt by gpt-4o")
    (column,) = result.columns
    assert column.scores == {"cognitive_empathy": pytest.approx(5 / 3)}
    assert column.intervals["cognitive_empathy"].high == judged().dimensions[0].mean.high
    assert (column.n, column.whole, column.missing) == (4, 5, 1)
    assert result.card["reasons"][0] == "coverage 57.1% is below 99%"
    assert result.card["label"] == "reconstructed"
    assert check.check(board) == []


def test_it_stands_beside_the_published_row(board):
    (found,) = collect.differences(collect.everything(board))
    assert (found.baseline, found.where, found.metric) == (
        "PsyDT",
        "counselling",
        "cognitive_empathy",
    )
    assert found.published == 2.46


def test_neither_keys_nor_the_judges_words_are_kept(board):
    everything = "".join(path.read_text(encoding="utf-8") for path in board.iterdir())
    assert "s3cr3t-canary" not in everything
    assert "judge's own words" not in everything


def test_a_judge_served_from_a_folder_is_known_by_its_name_alone(tmp_path):
    served = "/somebody/models/judge-7b"
    verdicts = [verdict(v.item, v.cluster, 2, judge=served, repeat=v.repeat) for v in VERDICTS[:4]]
    run = tmp_path / "run"
    write_json(run / "judged.json", judged(verdicts, judges=(served,)).model_dump(mode="json"))
    write_lines(run / "verdicts.jsonl", (v.model_dump() for v in verdicts))
    add.add(run, tmp_path / "r", Asked(baseline="PsyDT"))
    (result,) = collect.load_results(tmp_path / "r")
    assert result.protocol == "psydt by judge-7b"
    assert "|judge:judge-7b|" in result.signature
    for path in (tmp_path / "r").iterdir():
        assert "somebody" not in path.name + path.read_text(encoding="utf-8")
    assert check.check(tmp_path / "r") == []


def _mean(content):
    content["columns"][0]["scores"]["cognitive_empathy"] = 3.0


def _interval(content):
    content["columns"][0]["intervals"]["cognitive_empathy"]["low"] = 1.6


def _no_interval(content):
    del content["columns"][0]["intervals"]


def _alpha(content):
    content["card"]["alpha_repeats"] = 0.9


def _agreement(content):
    content["card"]["dimensions"][0]["alpha_repeats"]["value"] = 0.9


def _coverage(content):
    content["card"] |= {"coverage": 1.0, "reliable": True}


def _null(content):
    content["card"]["dimensions"][0]["empty"] = -1.0


EDITS = [
    (_mean, ["columns.counselling.scores.cognitive_empathy"], "a higher mean"),
    (_interval, ["columns.counselling.intervals.cognitive_empathy.low"], "a narrower interval"),
    (_no_interval, ["columns.counselling.intervals.cognitive_empathy"], "an interval taken away"),
    (_alpha, ["card.alpha_repeats"], "better agreement on the card"),
    (_agreement, ["card.cognitive_empathy.alpha_repeats.value"], "better agreement on a dimension"),
    (_coverage, ["card.coverage", "card.reliable"], "full coverage, called reliable"),
    (_null, ["card.cognitive_empathy.empty"], "a lower score of the empty reply"),
]


@pytest.mark.parametrize(("edit", "cells"), [e[:2] for e in EDITS], ids=[e[2] for e in EDITS])
def test_an_edit_is_named_by_its_cell(board, edit, cells):
    (path,) = board.glob("*.json")
    content = read_json(path)
    edit(content)
    path.write_text(json.dumps(content), encoding="utf-8")
    assert [deviation.cell for deviation in check.check(board)] == cells


CRITERIA = ("names_feeling", "asks_about_safety", "promises_secrecy", "diagnoses")


def criteria_run(folder, rubric):
    """Two cases: every wanted criterion met, and a promise of secrecy beside one of them."""
    met = [(1, 1, 0, 0), (1, 0, 1, 0)]
    verdicts = [
        verdict(f"a/{k}", f"{k}", 0, repeat=r).model_copy(
            update={"rubric": "risk", "scores": dict(zip(CRITERIA, scores, strict=True))}
        )
        for k, scores in enumerate(met)
        for r in range(2)
    ]
    write_json(folder / "judged.json", judged(verdicts, rubric).model_dump(mode="json"))
    write_lines(folder / "verdicts.jsonl", (v.model_dump() for v in verdicts))


def test_points_by_criteria_follow_from_the_rubric_of_that_hash(tmp_path):
    criteria_run(tmp_path / "run", rubric_of("risk"))
    (path,) = add.add(tmp_path / "run", tmp_path / "r", Asked())
    content = read_json(path)
    assert content["columns"][0]["scores"] == {"points": 0.5}, "3 of 3, and max(0, 1 - 2) of 3"
    assert check.check(tmp_path / "r") == []
    content["columns"][0]["scores"]["points"] = 0.75
    path.write_text(json.dumps(content), encoding="utf-8")
    (found,) = check.check(tmp_path / "r")
    assert found.cell == "columns.counselling_risk.scores.points"


def test_points_by_a_rubric_that_is_not_at_hand_are_not_believed(tmp_path, capsys):
    text = Path(str(files("psyche_bench") / "rubrics" / "risk.toml")).read_text(encoding="utf-8")
    own = tmp_path / "own.toml"
    own.write_text(text.replace("points = 2", "points = 4"), encoding="utf-8")
    criteria_run(tmp_path / "run", rubric_of(own))
    add.add(tmp_path / "run", tmp_path / "r", Asked())
    command = ["board", "check", "--results", str(tmp_path / "r")]
    assert cli.main(command) == 1
    assert "rubric 'risk'" in (told := capsys.readouterr().err) and "--rubric FILE" in told
    assert cli.main([*command, "--rubric", str(own)]) == 0


def test_other_verdicts_are_refused(board):
    (path,) = board.glob("*.verdicts.jsonl")
    path.write_text(path.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    with pytest.raises(DataError, match="SHA-256 differs"):
        collect.load_results(board)


def test_a_broken_verdict_is_named_by_its_line(tmp_path):
    path = tmp_path / "verdicts.jsonl"
    path.write_text('{"item": "a"}\n', encoding="utf-8")
    with pytest.raises(DataError, match=r"verdicts\.jsonl, line 1, field 'cluster'"):
        list(judged_results.verdicts(path))


def test_a_judged_record_goes_to_the_exchange_format_and_back(board, tmp_path):
    (path,) = exchange.export(collect.load_results(board), board, tmp_path / "o")
    exchange.import_(path, tmp_path / "back")
    assert {p.name: sources.digest(p) for p in (tmp_path / "back").iterdir()} == {
        p.name: sources.digest(p) for p in board.iterdir()
    }
