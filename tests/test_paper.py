"""The published tables as data: complete, as printed, and refused when they are not."""

import argparse
import csv
import io
import json

import pytest
from pydantic import ValidationError

from psyche_bench.errors import DataError
from psyche_bench.leaderboard import cli, paper

SIZES = [
    ("table1", 18, "Psyche-R1"),
    ("table2", 13, "Psyche-R1"),
    ("table3", 7, "+Rat.+Iter."),
    ("table4", 5, "+ED+PRD+APD"),
    ("table5", 6, "Psyche-R1"),
    ("table6", 5, "Ours"),
    ("table7", 17, "PsyDT"),
]

PRINTED = [
    ("table1", "Psyche-R1", "moral.mmcq", "79.62"),
    ("table1", "MiniCPM4-8B", "case.smcq", "50.00"),
    ("table1", "EmoLLM", "avg_elastic", "56.40"),
    ("table1", "Psyche-R1", "case_qa.bleu4", "2.40"),
    ("table2", "DeepSeek-R1-70B", "five_shot.case_mmcq", "37.95"),
    ("table2", "Psyche-R1", "avg_zero_shot", "74.90"),
    ("table3", "+SFT+GRPO", "case", "67.07"),
    ("table3", "Base", "case_delta", "-"),
    ("table4", "+ED", "moral.smcq", "70.00"),
    ("table5", "Qwen2.5-7B-Instruct", "cognitive_empathy", "2.00"),
    ("table6", "Ours", "dialogue", "72,920"),
    ("table7", "GPT-4o", "version", "gpt-4o-2024-05-13"),
]


def run(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    parser = argparse.ArgumentParser()
    cli.configure_paper(parser)
    assert cli.handle_paper(parser.parse_args(words)) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize(("name", "size", "last"), SIZES, ids=[name for name, _, _ in SIZES])
def test_a_table_is_complete(name: str, size: int, last: str) -> None:
    rows = paper.table(name)
    assert (len(rows), rows[-1].name) == (size, last)
    assert len({row.name for row in rows}) == size


@pytest.mark.parametrize(("table", "row", "cell", "text"), PRINTED, ids=str)
def test_a_figure_is_kept_as_printed(table: str, row: str, cell: str, text: str) -> None:
    assert paper.row(table, row).cells()[cell] == text


def test_item_counts_are_those_of_the_benchmarks() -> None:
    counts = paper.counts()
    assert (sum(counts.pceb.values()), sum(counts.cpsyexam.values())) == (3863, 3902)


def test_every_file_names_its_source() -> None:
    for name in (*paper.TABLES, "counts", "claims"):
        assert paper.read(name)["source"]


MISTAKES = [
    ({"avg": "57.9"}, "two decimals", "one decimal is not what is printed"),
    ({"avg": 57.91}, "two decimals", "a float has lost its trailing zeros"),
    ({"note": "x"}, "Extra inputs", "an unknown column"),
    ({"setting": None}, "valid string", "a row without a name"),
]


@pytest.mark.parametrize(("change", "message", "why"), MISTAKES, ids=[why for *_, why in MISTAKES])
def test_a_row_that_breaks_the_schema_is_refused(
    change: dict[str, object], message: str, why: str
) -> None:
    row = paper.read("table4")["rows"][0] | change
    with pytest.raises(ValidationError, match=message):
        paper.MixRow.model_validate(row)


REFERENCES = [
    ("table9", "Base", "avg", r"no published table 'table9'.*table1, table2"),
    ("table4", "+XYZ", "avg", r"table4: no row '\+XYZ'.*\+ED\+PRD\+APD"),
    ("table4", "Base", "mean", r"row Base: no cell 'mean'.*avg"),
    ("table3", "Base", "case_delta", r"cell case_delta: '-' is no figure"),
    ("table6", "PsycoLLM (Hu et al., 2024)", "dialogue", r"'173k' is no figure"),
]


@pytest.mark.parametrize(
    ("table", "row", "cell", "message"), REFERENCES, ids=lambda part: str(part)[:20]
)
def test_a_wrong_reference_names_what_there_is(
    table: str, row: str, cell: str, message: str
) -> None:
    with pytest.raises(DataError, match=message):
        paper.row(table, row).figure(cell)


def test_thousands_and_percent_signs_are_read() -> None:
    assert str(paper.row("table6", "Ours").figure("dialogue")) == "72920"
    assert str(paper.row("table3", "+GRPO").figure("case_delta")) == "-5.85"


def test_without_a_table_the_command_lists_all(capsys: pytest.CaptureFixture[str]) -> None:
    listed = json.loads(run(capsys, "--format", "json"))
    assert [row["table"] for row in listed] == [f"table{i}" for i in range(1, 8)]


@pytest.mark.parametrize("name", list(paper.TABLES))
def test_a_table_prints_in_every_form(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    nested = json.loads(run(capsys, name, "--format", "json"))
    rows = list(csv.DictReader(io.StringIO(run(capsys, name, "--format", "csv"))))
    assert nested == paper.read(name)["rows"]
    assert rows == [row.cells() for row in paper.table(name)]
    assert run(capsys, name, "--format", "md").startswith("| ")


@pytest.mark.parametrize("words", [("table8",), ("table1", "--html", "x.html")], ids=str)
def test_wrong_use_exits_with_2(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        run(capsys, *words)
    assert stopped.value.code == 2
    assert "audit" in capsys.readouterr().err
