"""Judged runs on the board: the card comes along, means follow from verdicts, edits are named."""

import json

import pytest

from psyche_bench import sources
from psyche_bench.errors import DataError
from psyche_bench.jsonl import read_json, write_json, write_lines
from psyche_bench.judged import Card, Dimension, Estimate, Judged, Verdict
from psyche_bench.leaderboard import add, check, collect, exchange, judged_results
from psyche_bench.leaderboard.add import Asked


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


@pytest.mark.parametrize(("over", "mean"), [row[:2] for row in MEANS], ids=[r[2] for r in MEANS])
def test_means_follow_from_verdicts_on_the_models_own_replies(over, mean):
    assert judged_results.recomputed(VERDICTS, over) == {"cognitive_empathy": pytest.approx(mean)}


def test_judges_weigh_the_same_however_often_each_was_asked():
    asked = [verdict("a/1", "a", 3, judge="j1")]
    asked += [verdict("a/1", "a", 0, judge="j2", repeat=k) for k in range(3)]
    assert judged_results.recomputed(asked, "cases") == {"cognitive_empathy": 1.5}


def judged(mean):
    nothing = Estimate(value=None, n=0)
    dimension = Dimension(
        name="cognitive_empathy", title="认知共情", low=0, high=3,
        mean=Estimate(value=mean, low=1.0, high=2.5, n=3), alpha_judges=None, alpha_repeats=None,
        length=nothing, empty=0.0, polite=None, planted=None,
    )  # fmt: skip
    card = Card(
        judges=("gpt-4o",), served=("gpt-4o",), repeats=2, items=4, missing=1, verdicts=6,
        coverage=4 / 7, failures={"truncated": 1}, alpha_judges=None, alpha_repeats=0.5, planted=0,
        planted_moved=None, rubric="psydt", rubric_hash="r", prompt_hash="p", lang="zh",
        temperature=0.0, date="2026-01-01", calls=6, tokens_in=1, tokens_out=1,
        cost=None, currency="USD", reliable=False, reasons=("coverage 57.1% is below 99%",),
    )  # fmt: skip
    return Judged(
        model="org/m", tasks=("t",), label="reconstructed", mean_over="cases", dialogues=2,
        dimensions=(dimension,), card=card, signature="rubric:psydt-r",
        candidate={"name": "org/m", "model_args": {"api_key": "s3cr3t-canary"}},
    )  # fmt: skip


@pytest.fixture
def board(tmp_path):
    write_json(tmp_path / "run" / "judged.json", judged(5 / 3).model_dump(mode="json"))
    write_lines(tmp_path / "run" / "verdicts.jsonl", (v.model_dump() for v in VERDICTS))
    add.add(tmp_path / "run", tmp_path / "r", Asked(baseline="PsyDT"))
    return tmp_path / "r"


def test_a_judged_run_is_a_record_with_its_card(board):
    (result,) = collect.load_results(board)
    assert (result.group, result.protocol) == ("counselling", "psydt by gpt-4o")
    (column,) = result.columns
    assert column.scores == {"cognitive_empathy": pytest.approx(5 / 3)}
    assert column.intervals["cognitive_empathy"].high == 2.5
    assert (column.n, column.whole, column.missing) == (4, 5, 1)
    assert result.card["reasons"] == ["coverage 57.1% is below 99%"]
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


def test_an_edited_mean_or_coverage_is_named(board):
    (path,) = board.glob("*.json")
    content = read_json(path)
    content["columns"][0]["scores"]["cognitive_empathy"] = 3.0
    content["card"]["coverage"] = 1.0
    path.write_text(json.dumps(content), encoding="utf-8")
    cells = [deviation.cell for deviation in check.check(board)]
    assert cells == ["columns.counselling.scores.cognitive_empathy", "card.coverage"]


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
