"""Bad rows are named with file, row, field and remedy; set aside, they are counted and listed."""

import copy
import json
from itertools import count

import pytest
import releases

from psyche_bench import check, sources
from psyche_bench.cli import main
from psyche_bench.errors import DataError, RowError

REMEDY = "pass --skip-bad"


def changed(file, row, **fields):
    """The invented PCEB with one row's fields replaced; ``None`` takes a field away."""

    def edit(files):
        target = files[file][row - 1]
        target.update(fields)
        for name in [name for name, value in fields.items() if value is None]:
            del target[name]

    return file, edit


def asked(position, **fields):
    """The same for a question of the invented case."""

    def edit(files):
        target = files[releases.CASES][0]["questions_and_answers"][position]
        target.update(fields)
        for name in [name for name, value in fields.items() if value is None]:
            del target[name]

    return releases.CASES, edit


def replaced(file, content):
    def edit(files):
        files[file] = content

    return file, edit


SINGLE, MULTIPLE = releases.SINGLE, releases.MULTIPLE
# edit, row, field, what is said, why
BAD_ROWS = [
    (changed(SINGLE, 2, answer=None), 2, "answer", "field required", "no answer"),
    (changed(SINGLE, 1, question=None), 1, "question", "field required", "no question"),
    (changed(SINGLE, 2, id="2"), 2, "id", "valid integer", "a text where a number belongs"),
    (changed(SINGLE, 2, question=5), 2, "question", "valid string", "a number for a text"),
    (changed(SINGLE, 2, options=["甲"]), 2, "options", "valid dictionary", "options as a list"),
    (changed(SINGLE, 1, options={"A": 1}), 1, "options.A", "valid string", "an option is a number"),
    (changed(SINGLE, 2, anwser="B"), 2, "anwser", "not permitted", "a field nobody knows"),
    (changed(MULTIPLE, 3, answer="AE"), 3, "answer", "names E, which is no", "gold beside options"),
    (changed(MULTIPLE, 3, answer="ab"), 3, "answer", "names a, b, which", "gold in small letters"),
    (changed(MULTIPLE, 3, answer="A,B"), 3, "answer", "names ,, which", "a comma in the gold"),
    (changed(MULTIPLE, 1, answer=""), 1, "answer", "is empty", "an empty gold"),
    (changed(MULTIPLE, 1, answer=" \n"), 1, "answer", "is empty", "a blank gold"),
    (changed(SINGLE, 1, options={}), 1, "answer", "names A, which is no", "no options at all"),
    (asked(1, answer=None), 1, "questions_and_answers.1.answer", "field required", "in a case"),
    (asked(1, answer="X"), 1, "answer", "names X, which is no option", "gold of a case"),
    (
        asked(0, question="她最明显的困扰是（）。"), 1, "questions_and_answers.0.question",
        "neither 单选： nor 多选：", "a case question of unknown kind",
    ),
    (replaced(SINGLE, [[], *releases.good_pceb_files()[SINGLE]]), 1, "(row)", "valid", "a list"),
]  # fmt: skip
# edit, what is said, why
BAD_FILES = [
    (replaced(SINGLE, b'[\n {"id": 1,\n]'), "line 3, column 1: broken JSON", "broken JSON"),
    (replaced(SINGLE, releases.dumped([])[:1]), "broken JSON", "cut off"),
    (replaced(SINGLE, "[]".encode("utf-16")), "not UTF-8", "UTF-16"),
    (replaced(SINGLE, '["焦虑"]'.encode("gb18030")), "not UTF-8", "GB 18030"),
    (replaced(SINGLE, {"id": 1}), "a JSON list is expected", "an object"),
    (replaced(SINGLE, "text"), "a JSON list is expected", "a text"),
]


@pytest.fixture
def release(tmp_path, monkeypatch):
    """Writes the invented PCEB, edited, and makes it the one that is loaded."""
    roots = (tmp_path / str(number) for number in count())  # a folder is read once a process

    def written(edit=None):
        root = next(roots)
        monkeypatch.setenv("PSYCHE_BENCH_DATA", str(root))
        files = copy.deepcopy(releases.good_pceb_files())
        if edit:
            edit(files)
        return releases.write(root / "pceb", files)

    return written


def test_the_invented_release_is_good(release):
    release()
    assert sources.load_all("pceb").rejected == ()
    assert len(sources.load("pceb")) == 7
    assert len(sources.load("pceb_case_qa")) == 1


@pytest.mark.parametrize(
    ("edited", "row", "field", "said"),
    [bad[:-1] for bad in BAD_ROWS],
    ids=[bad[-1] for bad in BAD_ROWS],
)
def test_a_bad_row_is_named(release, edited, row, field, said):
    file, edit = edited
    release(edit)
    with pytest.raises(RowError) as caught:
        sources.load("pceb")
    error = caught.value
    assert (error.row, error.field) == (row, field)
    assert error.file.endswith(file)
    assert said in error.problem
    for part in (file, f"row {row}", f"field '{field}'", REMEDY):
        assert part in str(error)


@pytest.mark.parametrize(
    ("edited", "row", "said"),
    [(bad[0], bad[1], bad[3]) for bad in BAD_ROWS],
    ids=[bad[-1] for bad in BAD_ROWS],
)
def test_a_bad_row_set_aside_is_listed_and_costs_no_other(release, edited, row, said):
    file, edit = edited
    release()
    whole = {q.id for q in sources.load("pceb")}
    release(edit)
    loaded = sources.load_all("pceb", skip_bad=True)
    assert len(loaded.rejected) == 1
    assert all(part in loaded.rejected[0] for part in (file, f"row {row}", said))
    lost = whole - {q.id for q in loaded.questions}
    # A case whose row is no case goes as a whole; anything else goes alone.
    case = file == releases.CASES and "field required" in said
    assert len(lost) == (2 if case else 1)


@pytest.mark.parametrize(
    ("edited", "said"), [bad[:2] for bad in BAD_FILES], ids=[bad[2] for bad in BAD_FILES]
)
def test_a_bad_file_is_named_and_set_aside(release, edited, said):
    file, edit = edited
    root = release(edit)
    with pytest.raises(DataError) as caught:
        sources.load("pceb")
    assert str(root / file) in str(caught.value)
    assert said in str(caught.value)
    loaded = sources.load_all("pceb", skip_bad=True)
    assert len(loaded.questions) == 5
    assert len(loaded.rejected) == 1


def test_a_folder_of_unknown_kind_is_named(release):
    root = release()
    releases.write(root, {"theory/other/second/14.json": []})
    with pytest.raises(DataError, match="folders single and multiple"):
        sources.load("pceb")
    assert len(sources.load_all("pceb", skip_bad=True).questions) == 7


CPSYEXAM_BAD = [
    ("train", {"answer": None}, "answer", "is empty", "a train item without a gold"),
    ("dev", {"answer": ""}, "answer", "is empty", "a dev item with an empty gold"),
    ("train", {"answer": "AF"}, "answer", "names F", "gold beside options"),
    ("train", {"answer": "E"}, "answer", "names E", "gold names an option whose text is empty"),
    ("dev", {"question_type": "multiple"}, "question_type", "'single' or 'multi'", "unknown kind"),
    ("test", {"options": None}, "options", "field required", "a test item without options"),
]


@pytest.mark.parametrize("bad", CPSYEXAM_BAD, ids=[bad[-1] for bad in CPSYEXAM_BAD])
def test_a_bad_row_of_cpsyexam_is_named(tmp_path, monkeypatch, bad):
    split, fields, field, said, _ = bad
    monkeypatch.setenv("PSYCHE_BENCH_DATA", str(tmp_path))
    files = releases.cpsyexam_files()
    row = files[f"{split}/{releases.CPSYEXAM_MULTI}"][0]
    row.update({k: v for k, v in fields.items() if v is not None})
    for name in [name for name, value in fields.items() if value is None]:
        row.pop(name, None)
    releases.write(tmp_path / "cpsyexam", files)
    with pytest.raises(RowError) as caught:
        sources.load("cpsyexam", split)
    assert (caught.value.row, caught.value.field) == (1, field)
    assert said in str(caught.value)
    others = {"train", "dev", "test"} - {split}
    assert all(sources.load("cpsyexam", other) for other in others)


def test_check_without_skipping_stops_at_the_first_bad_row(release, capsys):
    release(BAD_ROWS[0][0][1])
    assert main(["data", "check", "pceb", "--format", "json"]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("RowError: ")
    assert "row 2, field 'answer'" in err


def test_check_with_skipping_lists_bad_rows_once_and_fails(release, capsys):
    def edit(files):
        BAD_ROWS[0][0][1](files)
        BAD_ROWS[7][0][1](files)

    release(edit)
    assert main(["data", "check", "pceb", "--skip-bad", "--format", "json"]) == 1
    out, err = capsys.readouterr()
    found = json.loads(out)
    assert found["ok"] is False
    assert len(found["rejected"]) == 2
    assert err.count("set aside: ") == 2
    assert found["counts"]["test"]["theory_smcq"] == 1


def test_a_repaired_item_that_is_set_aside_after_all_can_be_checked(release):
    release(changed(SINGLE, 1, answer="Z\u3000")[1])  # stripped, and still no option
    report = check.check("pceb", skip_bad=True)
    assert len(report.rejected) == 1
    rows = {row["subset"]: row for row in report.rows()}
    assert rows["theory_smcq"]["items"] == 1
