"""Files appear whole or not at all, and a broken line is named."""

import json
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from psyche_bench import jsonl
from psyche_bench.errors import DataError

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(), JSON, max_size=4))
def test_a_line_is_one_line_and_says_the_same(row):
    line = jsonl.dumps(row)
    assert "\n" not in line
    assert json.loads(line) == row


@given(st.text(st.characters(categories=["Cs", "Lo"]), max_size=6))
def test_half_characters_are_written_as_escapes(text):
    line = jsonl.dumps({"reply": text}).encode()  # raises if a half character is left bare
    again = json.loads(line)["reply"]
    assert again.encode("utf-16", "surrogatepass") == text.encode("utf-16", "surrogatepass")


def test_chinese_stays_readable(tmp_path):
    jsonl.write_json(tmp_path / "a.json", {"题": "焦虑", "half": "\ud83d"})
    assert "焦虑" in (tmp_path / "a.json").read_text(encoding="utf-8")
    assert jsonl.read_json(tmp_path / "a.json") == {"题": "焦虑", "half": "\ud83d"}


def test_lines_with_separators_inside_stay_one_line(tmp_path):
    rows = [{"reply": "a\u2028b\u0085c\rd\ne"}, {"reply": ""}]
    jsonl.write_lines(tmp_path / "deep" / "a.jsonl", rows)
    assert list(jsonl.read_lines(tmp_path / "deep" / "a.jsonl")) == [(1, rows[0]), (2, rows[1])]


def test_a_writer_that_fails_half_way_leaves_the_old_file(tmp_path):
    path = tmp_path / "outcomes.jsonl"
    jsonl.write_lines(path, [{"id": "old"}])

    def rows():
        yield {"id": "new"}
        raise RuntimeError("killed")

    with pytest.raises(RuntimeError, match="killed"):
        jsonl.write_lines(path, rows())
    assert path.read_text(encoding="utf-8") == '{"id":"old"}\n'
    assert [p.name for p in tmp_path.iterdir()] == ["outcomes.jsonl"]


def test_a_failure_while_writing_leaves_the_old_file_and_no_part(tmp_path):
    path = tmp_path / "table.md"
    jsonl.write_text(path, "old")
    with pytest.raises(UnicodeEncodeError):
        jsonl.write_text(path, "new " * 50_000 + "\ud83d")
    assert path.read_text(encoding="utf-8") == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["table.md"]


def test_written_files_can_be_read_by_others(tmp_path):
    jsonl.write_text(tmp_path / "a", "x")
    assert os.stat(tmp_path / "a").st_mode & 0o777 == 0o644  # noqa: PTH116  # the mode alone


def test_windows_line_ends_blank_lines_and_a_byte_order_mark_are_read(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'\xef\xbb\xbf{"a":1}\r\n\r\n  \n{"b":2}')
    assert list(jsonl.read_lines(path)) == [(1, {"a": 1}), (4, {"b": 2})]
    path.write_bytes(b"\xef\xbb\xbf[1]")
    assert jsonl.read_json(path) == [1]


BROKEN_LINES = [
    (b'{"a":1}\n{"a":\n', "line 2: broken JSON", "cut off in the middle"),
    (b'{"a":1}\n\n[1]\n', "line 3: a JSON object is expected, not list", "no object"),
    (b'{"a":1}\n"x"\n', "line 2: a JSON object is expected, not str", "a bare text"),
    ('{"a":"焦虑"}\n'.encode("gb18030"), "line 1: not UTF-8", "another encoding"),
    (b'{"a":1}{"b":2}\n', "line 1: broken JSON (Extra data)", "two objects on a line"),
]


@pytest.mark.parametrize(
    ("raw", "said"), [row[:2] for row in BROKEN_LINES], ids=[row[2] for row in BROKEN_LINES]
)
def test_a_broken_line_is_named(tmp_path, raw, said):
    path = tmp_path / "replies.jsonl"
    path.write_bytes(raw)
    with pytest.raises(DataError) as caught:
        list(jsonl.read_lines(path))
    assert f"{path}, {said}" in str(caught.value)


BROKEN_FILES = [
    (b'[\n {"a": 1,\n  b}\n]', "line 3, column 3: broken JSON", "broken in line 3"),
    ('["焦虑"]'.encode("gb18030"), "not UTF-8 (byte 2)", "another encoding"),
    (b"", "line 1, column 1: broken JSON", "empty"),
]


@pytest.mark.parametrize(
    ("raw", "said"), [row[:2] for row in BROKEN_FILES], ids=[row[2] for row in BROKEN_FILES]
)
def test_a_broken_file_is_named(tmp_path, raw, said):
    path = tmp_path / "third.json"
    path.write_bytes(raw)
    with pytest.raises(DataError) as caught:
        jsonl.read_json(path)
    assert str(path) in str(caught.value)
    assert said in str(caught.value)


def test_a_missing_file_is_an_error_and_no_empty_list(tmp_path):
    for reader in (jsonl.read_json, lambda path: list(jsonl.read_lines(path))):
        with pytest.raises(DataError, match="no such file"):
            reader(tmp_path / "absent.jsonl")
