"""Lineage: from a published checkpoint to its sources, and on the board both ways."""

import json

import pytest
from board_runs import run_folder
from boards import write_run

from psyche_bench import cli, lineage, mixture
from psyche_bench.errors import DataError
from psyche_bench.jsonl import read_json, write_json, write_lines
from psyche_bench.leaderboard import build, collect
from psyche_bench.leaderboard.records import Model

BOOK = lineage.Source(name="a book", licence="CC BY 4.0 <b>")
CARD = {
    "recipe": "own", "finished": True, "contamination": {"benchmarks": ["pceb"]},
    "steps": [{"step": "control", "read": 5, "written": 3, "joined": 0,
               "set_aside": {"dull": 2}, "calls": {"teacher": 5}}],
    "parts": {"D_pr": {"rows": 3}},
    "sources": [{"name": "a book", "type": "I", "licence": "CC BY 4.0 <b>"}],
}  # fmt: skip


def way(**more):
    stage = lineage.Stage(
        stage="sft", title="own", start="org/base", data="D_sft.jsonl", data_digest="abc",
        counts={"train": 3}, steps=7, figures={"loss": (2.0, 1.5)},
        recipe={"optim": {"batch": 4}, "stage": "sft"},
    )  # fmt: skip
    return lineage.Lineage(stages=(stage,), sources=(BOOK,), parents=("org/base",), **more)


def test_a_card_is_kept_in_short(tmp_path):
    write_json(tmp_path / "card.json", CARD)
    found = lineage.data_card(tmp_path / "card.json", "0" * 64)
    (step,) = found.steps
    assert step.read == step.written + step.joined + step.set_aside
    assert (found.parts, found.sources) == ({"D_pr": 3}, (BOOK,))


@pytest.mark.parametrize(
    ("content", "told"),
    [
        pytest.param({"stages": 1}, "field 'stages'", id="a field of the wrong kind"),
        pytest.param({"seeds": 1}, "field 'seeds'", id="a field nobody knows"),
    ],
)
def test_a_broken_file_names_field_and_remedy(tmp_path, content, told):
    write_json(tmp_path / "lineage.json", content)
    with pytest.raises(DataError, match=f"{told}.*publish again"):
        lineage.read(tmp_path / "lineage.json")
    with pytest.raises(DataError, match="no data card"):
        lineage.data_card(tmp_path / "lineage.json", "")


def test_only_sources_whose_rows_were_learnt_are_named(tmp_path):
    rows = [("a book: c1#2", "CC BY 4.0"), ("a book: c2#1", "CC BY 4.0"), ("posts: 3", "CC0")]
    path = tmp_path / "D_sft.jsonl"
    write_lines(path, ({"origin": origin, "licence": licence} for origin, licence in rows))
    assert mixture.origins(path) == (("a book", "CC BY 4.0"), ("posts", "CC0"))
    path.write_text("")
    assert mixture.origins(path) == ()


def test_ways_are_joined_without_saying_anything_twice():
    both = lineage.joined(way(), way(wandb="p/g"))
    assert (len(both.stages), both.sources, both.wandb) == (2, (BOOK,), "p/g")


def test_board_add_keeps_a_lineage_and_refuses_a_broken_one(tmp_path, capsys):
    run, results, file = tmp_path / "run", tmp_path / "results", tmp_path / "lineage.json"
    write_json(file, way().model_dump(mode="json"))
    words = ["board", "add", str(run_folder(run)), "--results", str(results)]
    assert cli.main([*words, "--lineage", str(file)]) == 0
    (record,) = results.glob("*.json")
    assert collect.load_result(record).lineage == way()
    assert cli.main([*words, "--lineage", str(tmp_path / "no.json")]) == 1
    assert "no such file" in capsys.readouterr().err


def test_the_board_walks_from_model_to_source_and_back(tmp_path):
    results, site = tmp_path / "results", tmp_path / "site"
    write_json(tmp_path / "card.json", CARD)
    told = way(cards=(lineage.data_card(tmp_path / "card.json", "0" * 64),))
    for name in ("mine", "mine-too"):
        write_run(results, Model(name=name), share=0)
    for path in results.glob("*.json"):
        write_json(path, read_json(path) | {"lineage": told.model_dump(mode="json")})
    build.build(site, results)
    (source,) = (path for path in (site / "sources").iterdir() if ".zh." not in path.name)
    for lang, stem in (("", source.stem), (".zh", f"{source.stem}.zh")):
        model = (site / "models" / f"mine{lang}.html").read_text(encoding="utf-8")
        assert f'href="../sources/{stem}.html"' in model
        facts = ("org/base", "2.0000 → 1.5000", "optim.batch", "CC BY 4.0 &lt;b&gt;", "control")
        assert all(fact in model for fact in facts)
        back = (site / "sources" / f"{stem}.html").read_text(encoding="utf-8")
        assert back.count("#lineage") == 2
        assert f'href="../models/mine{lang}.html#lineage"' in back


def test_records_from_before_read_as_they_were():
    old = {"recipe": "grpo.toml", "recipe_sha256": "0" * 64}
    assert json.loads(lineage.Lineage(**old).model_dump_json(exclude_defaults=True)) == old
