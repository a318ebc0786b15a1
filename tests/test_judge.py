"""Judging end to end: an endpoint that misbehaves, all 296 turns, and a real small model."""

import json
import re
import subprocess
import sys
import time
import zlib
from pathlib import Path

import pytest
from scripted import Reaction, serving

from psyche_bench import cli, sources
from psyche_bench.dialogues import SUPPORTER
from psyche_bench.judged import read_judged

pytest.importorskip("openai", reason="the extra `judge` is not installed")

NAMES = ("comprehensiveness", "professionalism", "authenticity", "safety")
HIGHS = (2, 3, 3, 1)
REPLY = re.compile(r"<(\w{8})-reply>\n(.*)\n</\1-reply>", re.DOTALL)


def judged_text(body):
    return REPLY.search(body["messages"][-1]["content"])[2]


def verdict(*scores, reason="合适"):
    return json.dumps({"reason": reason, **dict(zip(NAMES, scores, strict=True))})


def fair(body, _=0):
    """A stand-in for a good judge: nothing for an empty reply, otherwise by the text's hash."""
    text = judged_text(body).partition("\n\n评分已经完成")[0].strip()
    if not text:
        return Reaction(verdict(0, 0, 0, 1))
    number = zlib.crc32(text.encode())
    return Reaction(verdict(number % 2 + 1, number // 7 % 3 + 1, number // 31 % 3 + 1, 1))


@pytest.fixture(scope="session")
def supporters(data_root, tmp_path_factory):
    """CPsyCounE's own supporter turns as the candidate's replies: plain lines."""
    path = tmp_path_factory.mktemp("replies") / "supporters.jsonl"
    with path.open("w", encoding="utf-8") as file:
        for turn in sources.load("cpsycoune"):
            said = json.loads((data_root / "cpsycoune" / turn.file).read_text())
            reply = said[turn.row].removeprefix(SUPPORTER)
            file.write(json.dumps({"id": turn.id, "reply": reply}, ensure_ascii=False) + "\n")
    return path


def judge(replies, server, folder, *more):
    url = server if isinstance(server, str) else server.url
    return cli.main(
        [
            "judge", str(replies), "--rubric", "cpsycoun", "--judge", "stand-in",
            "--base-url", url, "--out", str(folder / "out"),
            "--store", str(folder / "calls.sqlite"), *more,
        ]
    )  # fmt: skip


def files(folder):
    return {path.name: path.read_bytes() for path in sorted((folder / "out").iterdir())}


def lines(folder):
    return [json.loads(line) for line in (folder / "out" / "verdicts.jsonl").open()]


def test_a_judged_run_has_its_card_and_costs_nothing_again(supporters, tmp_path, capsys):
    with serving(fair) as server:
        assert judge(supporters, server, tmp_path, "--limit", "20", "--probes", "5") == 0
        shown = capsys.readouterr().out
        sent = sum(server.asked.values())
        first = files(tmp_path)
        assert judge(supporters, server, tmp_path, "--limit", "20", "--probes", "5") == 0
        assert sum(server.asked.values()) == sent == 20 * 2 + 5 * 3
    assert files(tmp_path) == first
    found = read_judged(tmp_path / "out")
    assert found.card.reliable, found.card.reasons
    assert found.card.coverage == 1.0
    assert (found.card.planted, found.card.planted_moved) == (5, 0.0)
    assert [d.name for d in found.dimensions] == list(NAMES)
    assert found.dimensions[1].empty == 0.0
    for said in ("judge card", "coverage", "α repeats", "ρ length", "planted verdicts", "empty"):
        assert said in shown


def test_the_mean_is_within_the_dialogue_then_over_dialogues(supporters, tmp_path, capsys):
    with serving(fair) as server:
        judge(supporters, server, tmp_path, "--limit", "20", "--probes", "1", "--repeats", "1")
    by_dialogue = {}
    for line in lines(tmp_path):
        if line["candidate"] == "reply":
            by_dialogue.setdefault(line["cluster"], []).append(line["scores"]["authenticity"])
    means = [sum(scores) / len(scores) for scores in by_dialogue.values()]
    found = read_judged(tmp_path / "out")
    assert len(means) == found.dialogues > 1
    assert found.dimensions[2].mean.value == pytest.approx(sum(means) / len(means))
    assert not found.card.reliable
    assert "agreement is unknown" in found.card.reasons[0]


def test_a_dry_run_sends_nothing_and_counts_what_is_missing(supporters, tmp_path, capsys):
    (tmp_path / "prices.toml").write_text('["stand-in"]\ninput = 1.0\noutput = 2.0\n')
    more = ("--limit", "6", "--probes", "2", "--format", "json")
    with serving(fair) as server:
        assert judge(supporters, server, tmp_path, *more, "--repeats", "1") == 0
        sent = sum(server.asked.values())
        capsys.readouterr()
        asked = (*more, "--dry-run", "--prices", str(tmp_path / "prices.toml"))
        assert judge(supporters, server, tmp_path, *asked) == 0
        assert sum(server.asked.values()) == sent
    (plan,) = json.loads(capsys.readouterr().out)
    assert (plan["calls"], plan["from_store"]) == (6, 6 + 2 * 3)
    expected = (plan["tokens_in"] + 2 * plan["tokens_out"]) / 1e6
    assert plan["cost"] == pytest.approx(expected)


def test_a_budget_stops_and_the_next_run_goes_on(supporters, tmp_path, capsys):
    with serving(fair) as server:
        more = ("--limit", "9", "--repeats", "1")
        assert judge(supporters, server, tmp_path, *more, "--max-calls", "7") == 1
        assert "BudgetExhausted" in capsys.readouterr().err
        assert sum(server.asked.values()) == 7
        assert judge(supporters, server, tmp_path, *more) == 0
        assert server.repeated == 0


def misbehaving(body, asked):
    """By the text's hash one of ten misdeeds, at the first asking; some never end."""
    kind = zlib.crc32(body["messages"][-1]["content"].encode()) % 12
    steady = {
        9: Reaction("我觉得这段回复给 3 分。"),
        10: Reaction(verdict(9, 9, 9, 9)),
    }
    if kind in steady:
        return steady[kind]
    misdeeds = {
        0: Reaction(status=429, headers={"Retry-After": "0.02"}),
        1: Reaction(status=500),
        2: Reaction(status=503, body=b"<html>"),
        3: Reaction(cut=True),
        4: Reaction(body=b""),
        5: Reaction(body=b'{"error": "no completion"}'),
        6: fair(body)._replace(delay=0.3),
        7: Reaction("废" * 340_000),
        8: Reaction(f"它写道：{judged_text(body)}"),
    }
    return misdeeds[kind] if asked == 0 and kind in misdeeds else fair(body)


def test_all_296_turns_are_judged_or_accounted_for_by_a_judge_that_misbehaves(
    supporters, tmp_path, capsys
):
    more = ("--repeats", "1", "--probes", "10")
    with serving(misbehaving) as server:
        server.keep = False
        assert judge(supporters, server, tmp_path, *more, "--in-flight", "64") == 0
    found, rows = read_judged(tmp_path / "out"), lines(tmp_path)
    assert len(rows) == 296 + 3 * 10 == found.card.verdicts
    assert len({row["item"] for row in rows if row["candidate"] == "reply"}) == 296
    assert all((row["scores"] is None) != (row["failure"] is None) for row in rows)
    assert sum(found.card.failures.values()) == sum(row["scores"] is None for row in rows)
    assert set(found.card.failures) == {"no_object", "out_of_range"}
    assert 0.75 < found.card.coverage < 0.95
    assert "coverage" in found.card.reasons[0]
    assert "NOT RELIABLE" in capsys.readouterr().out


@pytest.mark.parametrize("status", [400, 422])
def test_an_endpoint_without_schemas_is_asked_for_plain_json(status, supporters, tmp_path):
    def script(body, asked):
        return Reaction(status=status) if "response_format" in body else fair(body)

    with serving(script) as server:
        assert judge(supporters, server, tmp_path, "--limit", "4") == 0
        refused = sum("response_format" in body for body in server.bodies)
        assert refused == 1
        assert judge(supporters, server, tmp_path, "--limit", "4") == 0
        assert sum("response_format" in body for body in server.bodies) == 1
    assert read_judged(tmp_path / "out").card.coverage == 1.0


def test_an_endpoint_that_never_answers_is_an_error_and_no_card(supporters, tmp_path, capsys):
    with serving(lambda *_: Reaction(status=404, body=b"no such model")) as server:
        assert judge(supporters, server, tmp_path, "--limit", "2", "--probes", "1") == 1
    told = capsys.readouterr()
    assert "not one call was answered" in told.err
    assert "no such model" in told.err
    assert not told.out
    assert not (tmp_path / "out").exists()


def test_a_judge_that_obeys_planted_verdicts_is_found_out(supporters, tmp_path):
    def gullible(body, asked):
        text = judged_text(body)
        best = Reaction(verdict(2, 3, 3, 1, reason="好"))
        return best if "评分已经完成" in text else Reaction(verdict(1, 1, 1, 1))

    with serving(gullible) as server:
        judge(supporters, server, tmp_path, "--limit", "8")
    card = read_judged(tmp_path / "out").card
    assert (card.planted, card.planted_moved) == (8, 1.0)
    assert any("empty reply scores as much" in reason for reason in card.reasons)


def test_judges_that_disagree_are_not_reliable(supporters, tmp_path):
    def script(body, asked):
        scores = fair(body).text
        if body["model"] == "other":
            number = zlib.crc32(body["messages"][-1]["content"].encode())
            scores = verdict(number % 3, number // 5 % 4, number // 11 % 4, number // 3 % 2)
        return Reaction(scores)

    with serving(script) as server:
        judge(supporters, server, tmp_path, "--limit", "30", "--judge", "stand-in,other")
    card = read_judged(tmp_path / "out").card
    assert card.judges == ("stand-in", "other")
    assert card.alpha_repeats == 1.0
    assert card.alpha_judges < 0.67
    assert any("alpha between judges" in reason for reason in card.reasons)


def test_a_wrong_key_ends_the_run_at_once(supporters, tmp_path, capsys):
    with serving(lambda *_: Reaction(status=401)) as server:
        assert judge(supporters, server, tmp_path, "--limit", "30") == 1
        assert sum(server.asked.values()) <= 40
    assert "Set the environment variable OPENAI_API_KEY" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        pytest.param(["pceb/theory/smcq/second-14/0001"], "no replies to judge", id="exam items"),
        pytest.param(
            ["cpsycoune/Sex/1/01", "sample/counselling/0001-01"],
            "holds replies to cpsycoune and sample",
            id="two data sets",
        ),
        pytest.param(["cpsycoune/Sex/9/01"], "is no item", id="an unknown item"),
        pytest.param(["cpsycoune/Sex/1/01"] * 2, "has two replies", id="an item twice"),
    ],
)
def test_replies_that_cannot_be_judged_are_refused(rows, said, data_root, tmp_path, capsys):
    path = tmp_path / "replies.jsonl"
    path.write_text("".join(json.dumps({"id": i, "reply": "嗯", "task": "t"}) + "\n" for i in rows))
    assert judge(path, "http://127.0.0.1:9/v1", tmp_path) == 1
    assert said in capsys.readouterr().err


def test_an_empty_and_a_missing_reply_are_told_apart(data_root, tmp_path):
    path = tmp_path / "replies.jsonl"
    replies = {"01": "嗯。", "02": "<think>他很难过", "03": None}
    path.write_text(
        "".join(
            json.dumps({"id": f"cpsycoune/Sex/1/{n}", "reply": reply}) + "\n"
            for n, reply in replies.items()
        )
    )
    with serving(fair) as server:
        judge(path, server, tmp_path)
        assert not [b for b in server.bodies if "他很难过" in b["messages"][-1]["content"]]
    card = read_judged(tmp_path / "out").card
    assert (card.items, card.missing) == (2, 1)
    assert card.coverage == pytest.approx(2 / 3)


# --- killed and started again --------------------------------------------------------------------


def start(supporters, url, folder):
    command = [
        sys.executable, "-m", "psyche_bench.cli", "judge", str(supporters), "--rubric", "cpsycoun",
        "--judge", "stand-in", "--base-url", url, "--out", str(folder / "out"), "--store",
        str(folder / "calls.sqlite"), "--in-flight", "8", "--repeats", "1", "--limit", "100",
    ]  # fmt: skip
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def test_a_killed_run_ends_as_one_that_was_not(supporters, tmp_path):
    """One kill; tests/perf/judge_kills.py does fifty."""

    def slow(body, asked):
        return fair(body)._replace(delay=0.01)

    with serving(slow) as server:
        assert start(supporters, server.url, tmp_path / "whole").wait(120) == 0
    with serving(slow) as server:
        process = start(supporters, server.url, tmp_path / "killed")
        while sum(server.answered.values()) < 60 and process.poll() is None:
            time.sleep(0.002)
        process.kill()
        process.wait()
        assert not (tmp_path / "killed" / "out").exists()
        assert start(supporters, server.url, tmp_path / "killed").wait(120) == 0
        assert server.repeated == 0
    assert files(tmp_path / "killed") == files(tmp_path / "whole")


# --- a real server with a real model -------------------------------------------------------------


@pytest.mark.model
def test_a_real_small_model_judges_ten_turns_and_its_card_says_what_that_is_worth(
    supporters, small_model, tmp_path, capsys
):
    from test_tasks_endpoint import free_port, wait_for

    program = Path(sys.executable).with_name("transformers")
    if not program.exists():
        pytest.skip("the `transformers` command is not installed")
    url = f"http://127.0.0.1:{(port := free_port())}"
    process = subprocess.Popen(
        [str(program), "serve", str(small_model), "--port", str(port), "--device", "cpu",
         "--dtype", "bfloat16"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        wait_for(url, process)
        more = (
            "--judge", str(small_model), "--limit", "10", "--probes", "1", "--repeats", "1",
            "--lang", "en", "--max-tokens", "24", "--tries", "1", "--in-flight", "1",
        )  # fmt: skip
        assert judge(supporters, f"{url}/v1", tmp_path, *more) == 0
    finally:
        process.terminate()
        process.wait(30)
    found = read_judged(tmp_path / "out")
    assert found.card.items == 10
    assert found.card.served
    assert not found.card.reliable
    assert "NOT RELIABLE" in capsys.readouterr().out
    assert len(lines(tmp_path)) == 10 + 3
