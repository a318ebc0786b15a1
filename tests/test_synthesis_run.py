"""Whole runs against a stand-in for a strong model: rows, files, kills, budgets, full disks."""

import hashlib
import json
import os
import random
import re
import resource
import signal
import subprocess
import sys
import time
import tomllib
from importlib.resources import files as files_of
from pathlib import Path

import pytest
import synthesis_inputs
import teacher
from scripted import Reaction, serving

from psyche_bench import cli, mixture
from psyche_bench.errors import DataError, RunError
from psyche_bench.jsonl import read_json, read_lines
from psyche_bench.synthesis import card, formats, plan, recipe, run, show, state, status

SENT = ("steps/*.jsonl", "steps/*.json", "data/**/*", "card.*", "recipe.json")


@pytest.fixture
def root(tmp_path, monkeypatch):
    """Our own documents, dialogues and bank as the data root."""
    folder = synthesis_inputs.write(tmp_path / "data")
    monkeypatch.setenv("PSYCHE_BENCH_DATA", str(folder))
    return folder


@pytest.fixture
def taught():
    with serving(teacher.teach) as server:
        yield server


def loaded(path, server, *changes):
    return recipe.load(str(synthesis_inputs.recipe(path / "r.toml", server.url)), changes)


def files(folder):
    """Every file a run leaves, by name, as hashes; the address of the endpoint does not count."""
    found = {}
    for path in sorted(p for pattern in SENT for p in folder.glob(pattern) if p.is_file()):
        text = path.read_bytes()
        if path.name == "recipe.json":
            text = json.dumps(read_json(path)["sources"]).encode()
        found[str(path.relative_to(folder))] = hashlib.sha256(text).hexdigest()
    return found


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """One undisturbed run, with the number of calls it took."""
    folder = tmp_path_factory.mktemp("finished")
    before = os.environ.get("PSYCHE_BENCH_DATA")
    os.environ["PSYCHE_BENCH_DATA"] = str(synthesis_inputs.write(folder / "data"))
    try:
        with serving(teacher.teach) as server:
            run.run(loaded(folder, server), folder / "run")
            calls = sum(server.asked.values())
    finally:
        os.environ.pop("PSYCHE_BENCH_DATA")
        if before is not None:
            os.environ["PSYCHE_BENCH_DATA"] = before
    return folder / "run", calls


# --- what comes out ------------------------------------------------------------------------------


def test_a_good_teacher_fills_both_mixtures(finished):
    folder, _ = finished
    sft = list(mixture.read_sft(folder / "data" / "D_sft.jsonl"))
    grpo = list(mixture.read_grpo(folder / "data" / "D_grpo.jsonl"))
    assert {line.part for line in sft} == {"D_pr", "D_em"}
    assert {line.part for line in grpo} == {"D_pc", "D_cp"}
    assert all(line.rationale in line.completion for line in sft)
    assert all("<think>" in line.completion for line in sft if line.kind != "dialogue")
    assert len({line.id for line in (*sft, *grpo)}) == len(sft) + len(grpo)


def test_the_shipped_small_recipe_fills_both_mixtures(data_root, taught, tmp_path):
    """On the real inputs; what is changed is changed as ``--set`` changes it."""
    changes = (
        f"models.local.base_url={taught.url}",
        "lang=zh",  # the stand-in reads the Chinese prompts
        'benchmarks=["sample"]',  # the releases' own check is tested elsewhere and takes longer
        "sources.cpsyexam.limit=8",
        "steps.generate.smcq=4",
        "steps.topics.smcq=8",
    )
    run.run(recipe.load("small.toml", changes), tmp_path / "small")
    parts = card.build(tmp_path / "small")["parts"]
    assert parts["D_sft"]["rows"] == parts["D_pr"]["rows"] + parts["D_em"]["rows"]
    assert parts["D_pr"]["rows"] > 0
    assert parts["D_em"]["rows"] == 4, "two, one and one dialogue of the three sets"
    assert parts["D_pc"]["rows"] > 0
    assert parts["D_cp"]["rows"] > 0


ARMS = {"": "paper.toml", "first": "arm-rationale.toml", "random": "arm-random.toml"}


def test_training_reads_the_files_the_pipeline_writes():
    """A middle word, as in D_sft.first.jsonl, tells which arm's file was put there."""
    read = 0
    for path in files_of("psyche_bench.training").joinpath("recipes").iterdir():
        named = tomllib.loads(path.read_text(encoding="utf-8")).get("data", {}).get("path", "")
        if not (found := re.search(r"(D_\w+)(?:\.(\w+))?\.jsonl\Z", named)):
            continue
        read += 1
        stage = "D_grpo" if "grpo" in path.name else "D_sft"
        assert found[1] == stage, path.name
        assert found[1] in formats.NAMES, path.name
        assert recipe.load(ARMS[found[2] or ""]).name, path.name
    assert read >= 6
    assert "iterate" not in recipe.load(ARMS["first"]).steps
    assert "iterate" in recipe.load(ARMS[""]).steps


def test_the_card_accounts_for_every_row(finished):
    folder, calls = finished
    made = card.build(folder)
    by_step = {one["step"]: one for one in made["steps"]}
    for one in made["steps"]:
        assert one["read"] == one["continued"] + one["joined"] + sum(one["set_aside"].values())
    aside = {name: len(list(state.set_aside(folder, name))) for name in by_step}
    for name, one in by_step.items():
        told = sum(one["set_aside"].values()) + sum(one["parts_rejected"].values())
        assert aside[name] == told, name
    assert by_step["bank"]["set_aside"] == {"no whole question: no answer": 1}
    assert by_step["dialogue-filter"]["set_aside"] == {"the reply is no substantive advice": 3}
    assert made["cost"]["calls"] == calls, "no two rows asked the same"
    parts = made["parts"]
    assert parts["D_sft"]["rows"] == sum(parts[name]["rows"] for name in ("D_pr", "D_em", "D_ps"))
    assert parts["D_grpo"]["rows"] == parts["D_pc"]["rows"] + parts["D_cp"]["rows"]
    assert made["contamination"]["removed"] is not None
    told = (folder / "card.md").read_text()
    assert told.count("| iterate") >= 1
    unseen, seen = made["personal_data_measured"].values()
    assert f"have not seen expect recall {unseen[-1]['recall']:.2f} at precision" in told
    assert seen[-1]["type"] == "all", "today's figures stand apart, as seen ones"


def test_a_card_that_does_not_add_up_is_refused(finished, tmp_path):
    import shutil

    copy = tmp_path / "copy"
    shutil.copytree(finished[0], copy)
    mark = read_json(copy / "steps" / "control.json")
    (copy / "steps" / "control.json").write_text(json.dumps(mark | {"read": mark["read"] + 1}))
    with pytest.raises(DataError, match=r"step control.*--from control"):
        card.build(copy)


def test_a_step_file_that_was_cut_is_written_anew(finished, taught, root, tmp_path):
    import shutil

    folder = tmp_path / "copy"
    shutil.copytree(finished[0], folder)
    before = files(folder)
    rows = state.rows_file(folder, "bank")
    rows.write_bytes(rows.read_bytes()[:100])
    run.run(loaded(tmp_path, taught), folder)
    assert sum(taught.asked.values()) == 0
    assert files(folder) == before
    state.mark_file(folder, "bank").write_text("{")
    with pytest.raises(DataError, match=r"bank.json: the mark .*Remove it and start the same"):
        status.build(folder)


def test_ctrl_c_between_two_steps_ends_in_words_and_keeps_them(finished, taught, root, tmp_path):
    import shutil

    folder = tmp_path / "copy"
    shutil.copytree(finished[0], folder)
    before = files(folder)

    def pressed(_: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(RunError, match=r"stopped\. Finished steps .* are kept.*same command"):
        run.run(loaded(tmp_path, taught), folder, start="bank", say=pressed)
    run.run(loaded(tmp_path, taught), folder)
    assert files(folder) == before


def test_a_second_run_asks_nothing_and_changes_nothing(finished, taught, root, tmp_path):
    folder, _ = finished
    before = files(folder)
    run.run(loaded(tmp_path, taught), folder)
    run.run(loaded(tmp_path, taught), folder, start="ingest")
    assert sum(taught.asked.values()) == 0
    assert files(folder) == before


def test_a_row_tells_its_whole_life(finished, capsys):
    folder, _ = finished
    row = next(
        line["id"]
        for _, line in read_lines(folder / "data" / "D_pr.jsonl")
        if line["origin"].startswith("book")
    )
    steps = [event["step"] for event in show.life(folder, row)]
    assert steps[:3] == ["ingest", "clean", "chunk"]
    assert [name for name in ("generate", "control", "iterate", "split") if name not in steps] == []
    assert cli.main(["synth", "show", str(folder), row]) == 0
    told = capsys.readouterr().out
    assert "rounds[3].prompt" in told
    assert "answers[2].predicted" in told
    banked = next(read_lines(folder / "data" / "D_cp.jsonl"))[1]["id"]
    assert show.life(folder, banked)[0]["step"] == "bank"
    with pytest.raises(DataError, match="no finished step knows 'q-none'"):
        show.life(folder, "q-none")


def test_formats_hold_the_same_rows(finished):
    import pyarrow.parquet as pq

    data = finished[0] / "data"
    own = [line for _, line in read_lines(data / "D_sft.jsonl")]
    chat = [line for _, line in read_lines(data / "trl" / "D_sft.conversational.jsonl")]
    pairs = [line for _, line in read_lines(data / "trl" / "D_sft.prompt-completion.jsonl")]
    factory = read_json(data / "llamafactory" / "D_sft.json")
    table = pq.read_table(data / "parquet" / "D_sft.parquet").to_pylist()
    assert [line["messages"][-1]["content"] for line in chat] == [o["completion"] for o in own]
    assert [line["completion"][0]["content"] for line in pairs] == [o["completion"] for o in own]
    assert [line["messages"] for line in factory] == [line["messages"] for line in chat]
    assert [line["id"] for line in table] == [line["id"] for line in own]
    register = read_json(data / "llamafactory" / "dataset_info.json")
    assert all((data / "llamafactory" / one["file_name"]).is_file() for one in register.values())
    prompts = [line for _, line in read_lines(data / "trl" / "D_grpo.prompt-completion.jsonl")]
    assert all(set(line["gold"]) <= set(line["choices"]) for line in prompts)


def test_status_and_push_tell_what_stands_there(finished, capsys):
    folder, calls = finished
    found = status.build(folder)
    assert {line["state"] for line in found["steps"]} == {"finished"}
    assert found["answered"] <= calls
    assert cli.main(["synth", "push", str(folder), "somebody/psyche"]) == 0
    captured = capsys.readouterr()
    assert "data/D_sft.jsonl" in captured.out
    assert "Nothing was sent" in captured.err


# --- replies that are no use ---------------------------------------------------------------------


def test_malformed_replies_are_asked_again_with_the_reason_then_set_aside(root, tmp_path):
    with serving(lambda *_: Reaction("抱歉，我不明白。")) as server:
        run.run(loaded(tmp_path, server), tmp_path / "run")
        bodies = server.bodies
    made = card.build(tmp_path / "run")
    steps = {one["step"]: one for one in made["steps"]}
    assert steps["generate"]["written"] == 0
    assert set(steps["generate"]["set_aside"]) == {"malformed reply: the reply holds no JSON"}
    again = [body["messages"][-1]["content"] for body in bodies if len(body["messages"]) > 3]
    assert any("the reply holds no JSON" in text for text in again)
    (line, *_) = state.set_aside(tmp_path / "run", "generate")
    assert line["raw"] == "抱歉，我不明白。"
    assert made["parts"]["D_sft"]["rows"] == made["parts"]["D_grpo"]["rows"] == 0


def test_a_reply_that_is_mended_when_asked_again_is_taken(root, tmp_path):
    def forgetful(body, _):
        spoiled = len(body["messages"]) <= 2 and "命制" in teacher.asked(body)
        return Reaction("{" if spoiled else teacher.reply({"messages": body["messages"][:2]}))

    changes = ['steps={topics={smcq=2,mmcq=0},subfield={model="teacher"}}']
    with serving(forgetful) as server:
        run.run(loaded(tmp_path, server, *changes), tmp_path / "run")
    mark = state.read_mark(tmp_path / "run", "subfield")
    assert (mark.written, mark.models["teacher"].calls) == (2, 2)


def test_a_refused_request_sets_its_row_aside_and_a_refusing_endpoint_ends_the_run(root, tmp_path):
    def choosy(body, asked):
        if "第2种情境" in teacher.asked(body) and "工作记忆" in teacher.asked(body):
            return Reaction(status=400, body=b'{"error": "too long"}')
        return teacher.teach(body, asked)

    with serving(choosy) as server:
        run.run(loaded(tmp_path, server), tmp_path / "run")
    dropped = state.read_mark(tmp_path / "run", "generate").dropped
    assert dropped == {"the endpoint refused the request": 1}
    with serving(lambda *_: Reaction(status=400, body=b'{"error": "no"}')) as server:
        changes = ["steps.topics.smcq=200"]
        with pytest.raises(RunError, match=r"step .*refused the first 20 requests"):
            run.run(loaded(tmp_path, server, *changes), tmp_path / "other", start="subfield")


# --- recipes -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("steps.control.modell=x", r"\[steps.control\]: no key is called 'modell'. Keys: model, "),
        ("sources.bank.mapping.answer=key", "'answer' in sources.1.mapping. Keys: .*gold"),
        ("steps.control.model=nobody", "no model is called 'nobody'.*teacher"),
        ("colour=blue", "no key is called 'colour'. Keys: name, "),
        ("steps.polish={}", "no step is called 'polish'"),
        ("sources.book.path=nowhere", "source book: nothing stands at"),
        ("sources.nobody.limit=3", "no entry 'nobody'.*book"),
        ("seed", "KEY=VALUE"),
        ('benchmarks=["gaokao"]', "nothing is called 'gaokao'"),
        ("steps.iterate.rounds=three", "rounds"),
    ],
)
def test_a_recipe_is_checked_before_anything_is_paid_for(change, said, root, tmp_path, taught):
    with pytest.raises((DataError, RunError), match=said):
        run.run(loaded(tmp_path, taught, change), tmp_path / "run")
    assert not taught.asked


@pytest.mark.parametrize("name", recipe.shipped())
def test_a_shipped_recipe_is_whole_and_can_be_planned(name):
    wanted = recipe.load(name)
    table = plan.plan(wanted)
    assert table[-1]["step"] == "all"
    assert run.check(wanted)


def test_the_arms_differ_in_what_their_names_say():
    steps = {name: set(recipe.load(name).steps) for name in recipe.shipped()}
    assert "rationale" not in steps["arm-questions.toml"]
    assert "rationale" in steps["arm-rationale.toml"]
    assert "iterate" not in steps["arm-rationale.toml"]
    assert "iterate" in steps["arm-iteration.toml"]
    assert "random-select" in steps["arm-random.toml"]


def test_the_arm_without_rationales_learns_bare_answers(root, tmp_path):
    with serving(teacher.teach) as server:
        wanted = loaded(tmp_path, server)
        steps = {k: v for k, v in wanted.steps.items() if k not in ("rationale", "iterate")}
        run.run(wanted.model_copy(update={"steps": steps}), tmp_path / "run")
    lines = list(mixture.read_sft(tmp_path / "run" / "data" / "D_pr.jsonl"))
    assert lines
    assert all(line.completion == line.answer for line in lines)


# --- stops ---------------------------------------------------------------------------------------


def test_a_budget_stops_the_run_and_keeps_what_was_answered(finished, root, taught, tmp_path):
    with pytest.raises(RunError, match=r"step .*budget of 10 calls is used up"):
        run.run(loaded(tmp_path, taught, "budget.calls=10"), tmp_path / "run")
    assert sum(taught.answered.values()) == 10
    run.run(loaded(tmp_path, taught), tmp_path / "run")
    assert sum(taught.answered.values()) == finished[1]
    assert files(tmp_path / "run") == files(finished[0])


def test_only_and_from_run_what_they_say(finished, root, taught, tmp_path):
    with pytest.raises(RunError, match="step control reads rank, which is not finished"):
        run.run(loaded(tmp_path, taught), tmp_path / "run", only="control")
    run.run(loaded(tmp_path, taught), tmp_path / "run", only="bank")
    assert [p.name for p in (tmp_path / "run" / "steps").glob("*.json")] == ["bank.json"]
    assert not taught.asked


COMMAND = [sys.executable, "-m", "psyche_bench.cli", "synth", "run"]


def started(folder, out):
    return subprocess.Popen(
        [*COMMAND, str(folder / "r.toml"), "--out", str(out)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def slowly(body, asked):
    return teacher.teach(body, asked)._replace(delay=0.02)


def test_kills_repeat_no_answered_call_and_change_no_byte(finished, root, tmp_path):
    """``tests/perf/synthesis_kills.py`` does the same with a hundred kills in 5,000 calls."""
    dice = random.Random(5)  # noqa: S311  # moments, not secrets
    with serving(slowly) as server:
        synthesis_inputs.recipe(tmp_path / "r.toml", server.url)
        for _ in range(2):
            begun = sum(server.answered.values())
            process = started(tmp_path, tmp_path / "run")
            until(lambda: sum(server.answered.values()) > begun + 20)  # noqa: B023  # called at once
            time.sleep(dice.uniform(0, 0.3))
            process.kill()
            process.communicate()
        process = started(tmp_path, tmp_path / "run")
        _, told = process.communicate(timeout=300)
        assert process.returncode == 0, told
        assert sum(server.answered.values()) == finished[1]
    assert not list((tmp_path / "run").rglob(".*.part")), "what a kill left half-written"
    assert files(tmp_path / "run") == files(finished[0])


def until(holds, seconds=120):
    end = time.monotonic() + seconds
    while not holds() and time.monotonic() < end:
        time.sleep(0.02)


def test_ctrl_c_waits_for_what_is_paid_for(root, tmp_path):
    with serving(lambda body, n: teacher.teach(body, n)._replace(delay=0.5)) as server:
        synthesis_inputs.recipe(tmp_path / "r.toml", server.url)
        process = started(tmp_path, tmp_path / "run")
        until(lambda: server.in_flight)
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=60)
        assert process.returncode == 1
        assert "stopped in step" in told
        assert "Every answered call is kept" in told
        assert sum(server.answered.values()) == sum(server.asked.values())
    assert status.build(tmp_path / "run")["answered"] == sum(server.answered.values())


def test_a_changed_input_runs_its_steps_again_and_asks_only_what_is_new(root, taught, tmp_path):
    run.run(loaded(tmp_path, taught), tmp_path / "run")
    before, rows = sum(taught.asked.values()), state.read_mark(tmp_path / "run", "bank").sha256
    extra = json.dumps(synthesis_inputs.banked(40), ensure_ascii=False)
    bank = root / "bank" / "bank.jsonl"
    bank.write_text(bank.read_text(encoding="utf-8") + "\n" + extra, encoding="utf-8")
    run.run(loaded(tmp_path, taught), tmp_path / "run")
    assert state.read_mark(tmp_path / "run", "bank").sha256 != rows
    assert sum(taught.asked.values()) == before + 1, "one question more goes through control"


def test_a_second_process_in_the_same_folder_is_refused(root, taught, tmp_path):
    with state.held(tmp_path / "run"), pytest.raises(RunError, match="another process runs here"):
        run.run(loaded(tmp_path, taught), tmp_path / "run")


def whole(folder: Path) -> bool:
    """No step has a mark without its rows, and no part of a file is left."""
    marks = [p for p in (folder / "steps").glob("*.json") if not p.name.endswith(".aside.json")]
    parts = list(folder.rglob(".*.part"))
    return not parts and all(p.with_suffix(".jsonl").is_file() for p in marks)


def test_a_full_disk_is_a_clear_error_and_leaves_nothing_half_written(root, taught, tmp_path):
    synthesis_inputs.recipe(tmp_path / "r.toml", taught.url)

    def small_files():
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

    process = subprocess.run(
        [*COMMAND, str(tmp_path / "r.toml"), "--out", str(tmp_path / "run")],
        capture_output=True,
        text=True,
        preexec_fn=small_files,  # one thread here
        check=False,
    )
    assert process.returncode == 1
    assert "Traceback" not in process.stderr
    assert "disk is full" in process.stderr or "store of calls cannot be" in process.stderr
    assert whole(tmp_path / "run")


def test_a_folder_that_cannot_be_written_is_a_clear_error(root, taught, tmp_path):
    shut = Path("/sys/psyche-bench")
    if not shut.parent.is_dir():
        pytest.skip("no /sys here: no folder that refuses even root")
    (tmp_path / "file").touch()
    for out in (shut, tmp_path / "file", tmp_path / "file" / "run"):
        with pytest.raises(RunError, match=r"nothing may be written there.*another --out"):
            run.run(loaded(tmp_path, taught), out)
