"""The case study: replies side by side, reasoning folded, marks from a file and only on request."""

import json
import re

import pytest
from board_runs import graded, items, run_folder

from psyche_bench import cli
from psyche_bench.errors import DataError
from psyche_bench.leaderboard import add, show
from psyche_bench.leaderboard.add import Asked
from psyche_bench.leaderboard.show import Span

ITEM = next(question for question in items() if question.kind == "mmcq")
REPLY = "<think>先看持续时间。</think>听起来很不容易。\n答案：AC"
HOSTILE = (
    "<script>alert(1)</script> {{ 7 * 7 }} </div><img src=x onerror=alert(1)> [bold]x[/bold] B"
)


@pytest.fixture
def runs(tmp_path):
    made = []
    for name, reply in (("org/ours", REPLY), ("<b>theirs</b>", HOSTILE)):
        folder = tmp_path / f"run{len(made)}"
        found = graded(lambda _, text=reply: text, [ITEM], tokens=9)
        made.append(str(run_folder(folder, found, model_args={"pretrained": name}, limit=1)))
    return made


def annotations(tmp_path, *spans):
    path = tmp_path / "marks.jsonl"
    lines = [json.dumps({"item": ITEM.id, "model": "org/ours", **span}) for span in spans]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


FELT = {"start": REPLY.index("听"), "end": REPLY.index("\n"), "mark": "empathy"}


def test_reasoning_is_apart_from_the_answer(runs):
    (shown,) = show.replies(ITEM.id, runs[:1], [])
    assert "".join(piece.text for piece in shown.reasoning) == "<think>先看持续时间。</think>"
    assert "".join(piece.text for piece in shown.answer) == "听起来很不容易。\n答案：AC"
    assert (shown.model, shown.predicted, shown.tokens) == ("org/ours", "AC", 9)


CUTS = [
    ([], ["abcdef"], "no marks"),
    ([(0, 6)], ["abcdef"], "the whole reply"),
    ([(1, 3)], ["a", "bc", "def"], "a part"),
    ([(0, 3), (2, 5)], ["ab", "c", "de", "f"], "overlapping marks"),
    ([(4, 99)], ["abcd", "ef"], "beyond the end"),
]


@pytest.mark.parametrize(("places", "expected"), [c[:2] for c in CUTS], ids=[c[2] for c in CUTS])
def test_a_reply_is_cut_where_marks_begin_and_end(places, expected):
    spans = [Span(item="i", model="m", start=a, end=b, mark="expertise") for a, b in places]
    pieces = [piece for _, piece in show.cut_up("abcdef", spans)]
    assert [piece.text for piece in pieces] == expected
    assert "".join(expected) == "abcdef"


def test_terminal_folds_reasoning_and_shows_marks_on_request(runs, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")
    marks = annotations(tmp_path, FELT)
    command = ["show", ITEM.id, *runs, "--annotations", str(marks)]
    assert cli.main(command) == 0
    plain = capsys.readouterr().out
    assert "先看持续时间" not in plain
    assert "shown by --reasoning" in plain
    assert "♥" not in plain
    assert "<b>theirs</b>" in plain
    assert "[bold]x[/bold]" in plain  # text, and no markup of the terminal's
    assert cli.main([*command, "--highlight", "--reasoning"]) == 0
    shown = capsys.readouterr().out
    assert "先看持续时间" in shown
    assert "[♥]听起来很不容易。[/]" in shown


def test_the_page_escapes_everything_and_fetches_nothing(runs, tmp_path):
    target = tmp_path / "case.html"
    marks = annotations(tmp_path, FELT)
    command = ["show", ITEM.id, *runs, "--annotations", str(marks), "--html", str(target)]
    assert cli.main(command) == 0
    text = target.read_text(encoding="utf-8")
    assert "<script" not in text
    assert "onerror=alert(1)>" not in text
    assert "&lt;b&gt;theirs&lt;/b&gt;" in text
    assert "{{ 7 * 7 }}" in text
    assert not re.findall(r"(?:src|href)=\"", text)
    assert "default-src 'none'" in text
    assert "<details><summary>" in text
    assert '<mark class="empathy">' in text
    assert 'id="marks">' in text  # marks are off until the reader asks
    assert cli.main([*command, "--highlight"]) == 0
    assert 'id="marks" checked>' in target.read_text(encoding="utf-8")


def test_replies_kept_on_the_board_are_shown_and_others_are_said_to_be_absent(runs, tmp_path):
    for folder, kept in (("with", True), ("without", False)):
        add.add(tmp_path / "run0", tmp_path / folder, Asked(with_replies=kept))
        (shown,) = show.replies(ITEM.id, ["org/ours"], [], tmp_path / folder)
        assert (shown.answer is not None) == kept
        assert shown.predicted == "AC"
    assert "keeps no replies" in show.page(ITEM, [shown], marked=False)


def test_a_model_without_the_item_is_named_with_a_remedy(runs, tmp_path):
    other = next(question for question in items() if question.id != ITEM.id)
    with pytest.raises(DataError, match=rf"no reply to {other.id}\. Give a run folder"):
        show.replies(other.id, runs[:1], [])


WRONG = [
    ({**FELT, "mark": "kindness"}, "field 'mark'", "an unknown mark"),
    ({**FELT, "end": FELT["start"]}, "enclose nothing", "an empty passage"),
    ({"mark": "empathy"}, "field 'start'", "no place"),
]


@pytest.mark.parametrize(("span", "told"), [row[:2] for row in WRONG], ids=[r[2] for r in WRONG])
def test_a_broken_annotation_is_named(tmp_path, span, told):
    with pytest.raises(DataError, match=told):
        show.spans(annotations(tmp_path, span))
