"""Rows to text in four forms; the unknown is never a zero."""

import argparse
import csv
import io
import json

import pytest

from psyche_bench.table import FORMS, UNKNOWN, add_format, render

ROWS = [
    {"task": "案例, 单选", "n": 748, "standard": 1 / 3, "note": None},
    {"task": 'say "x"', "n": 0, "standard": 0.0, "note": "1\n2"},
]


def test_tables_round_and_mark_the_unknown():
    shown = render(ROWS, "table")
    assert "0.33" in shown
    assert UNKNOWN in shown
    assert "0.00" in shown
    assert "None" not in shown


def test_csv_can_be_read_back_exactly():
    rows = list(csv.DictReader(io.StringIO(render(ROWS, "csv"))))
    assert [row["task"] for row in rows] == ["案例, 单选", 'say "x"']
    assert float(rows[0]["standard"]) == 1 / 3
    assert [row["note"] for row in rows] == ["", "1\n2"]


def test_json_prints_the_payload_or_the_rows():
    assert json.loads(render(ROWS, "json")) == ROWS
    assert json.loads(render(ROWS, "json", {"a": None})) == {"a": None}
    assert json.loads(render(ROWS, "json", [])) == []
    assert "案例" in render(ROWS, "json")


def test_a_number_that_looks_like_one_in_a_text_is_left_alone():
    assert "007" in render([{"id": "007", "version": "1.10"}], "table")
    assert "1.10" in render([{"id": "007", "version": "1.10"}], "md")


@pytest.mark.parametrize("form", FORMS)
def test_no_rows_are_no_error(form):
    assert render([], form).strip() in ("", "[]")


def test_the_option_takes_the_four_forms_alone(capsys):
    parser = argparse.ArgumentParser()
    add_format(parser)
    assert parser.parse_args([]).format == "table"
    assert [parser.parse_args(["--format", form]).format for form in FORMS] == list(FORMS)
    with pytest.raises(SystemExit) as caught:
        parser.parse_args(["--format", "xml"])
    assert caught.value.code == 2
    assert "json" in capsys.readouterr().err
