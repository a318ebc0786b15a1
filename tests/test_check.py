"""What `data check` says of a copy: whole, short, changed; its counts, repairs and oddities."""

import json
import shutil

import pytest
import releases

from psyche_bench import check, sources
from psyche_bench.cli import main
from psyche_bench.errors import DataError

COUNTS = {
    "pceb": {
        "test": {
            "case_smcq": 748, "case_mmcq": 878, "moral_smcq": 152, "moral_mmcq": 158,
            "theory_smcq": 1143, "theory_mmcq": 784, "case_qa": 100,
        }
    },
    "cpsyexam": {
        "train": {"kg_smcq": 6847, "kg_mmcq": 2227, "ca_smcq": 49, "ca_mmcq": 732, "qa": 2921},
        "dev": {"kg_smcq": 764, "kg_mmcq": 245, "ca_smcq": 5, "ca_mmcq": 83, "qa": 323},
        "test": {"kg_smcq": 2321, "kg_mmcq": 781, "ca_smcq": 600, "ca_mmcq": 200, "qa": 200},
    },
}  # fmt: skip


@pytest.mark.parametrize("name", ["pceb", "cpsyexam"])
def test_the_release_is_whole(data_root, name, capsys):
    assert main(["data", "check", name, "--format", "json"]) == 0
    out, err = capsys.readouterr()
    found = json.loads(out)
    assert found["ok"] is True
    assert found["counts"] == COUNTS[name]
    assert found["expected"] == COUNTS[name]
    assert (found["rejected"], found["differing_files"]) == ([], [])
    assert set(found["repairs"][0]) == {"item", "field", "before", "after", "reason"}
    assert "The counts are those of the release." in err


def test_repairs_and_oddities_are_counted_by_subset(data_root):
    rows = {row["subset"]: row for row in check.check("pceb").rows()}
    assert sum(row["items"] for row in rows.values()) == 3963
    assert sum(row["repaired"] for row in rows.values()) == check.check("pceb").repaired_items
    assert rows["theory_mmcq"]["odd"] >= 4  # the declared ones


def test_every_short_or_strange_item_left_is_an_oddity(data_root):
    odd = {oddity.item for name in ("pceb", "cpsyexam") for oddity in check.check(name).oddities}
    for question in sources.load("pceb") + sources.load("cpsyexam"):
        one_letter = question.kind == "mmcq" and question.gold and len(question.gold) == 1
        if len(question.options) < 4 or one_letter:
            assert question.id in odd, question.id


def test_oddities_name_each_item_and_field_once(data_root):
    for name in ("pceb", "cpsyexam"):
        found = [(o.item, o.problem) for o in check.check(name).oddities]
        assert len(set(found)) == len(found)


@pytest.fixture
def copy(data_root, tmp_path, monkeypatch):
    """A copy of the real PCEB that may be spoilt."""
    shutil.copytree(data_root / "pceb", tmp_path / "pceb")
    monkeypatch.setenv("PSYCHE_BENCH_DATA", str(tmp_path))
    return tmp_path / "pceb"


def test_a_bad_row_set_aside_is_counted_and_the_check_fails(copy, capsys):
    path = next(copy.glob("moral/single/second/*.json"))
    rows = json.loads(path.read_text(encoding="utf-8"))
    del rows[4]["answer"]
    path.write_bytes(releases.dumped(rows))
    assert main(["data", "check", "pceb"]) == 1
    assert f"{path}, row 5, field 'answer': field required" in capsys.readouterr().err
    assert main(["data", "check", "pceb", "--skip-bad"]) == 1
    out, err = capsys.readouterr()
    assert "| " not in out
    assert "WRONG COUNT test moral_smcq: 151, expected 152" in err
    assert f"set aside: {path}, row 5" in err
    assert f"not the pinned file: {path.relative_to(copy)}" in err
    assert "This copy is not whole." in err


def test_a_missing_file_is_named(copy, capsys):
    # Declared repairs and oddities name items of this file.
    path = next(copy.glob("theory/multiple/simulation/*.json"))
    path.unlink()
    assert main(["data", "check", "pceb"]) == 1
    err = capsys.readouterr().err
    assert f"not the pinned file: {path.relative_to(copy)}" in err
    assert "WRONG COUNT test theory_mmcq" in err


def test_a_changed_item_is_seen_though_the_counts_agree(copy, capsys):
    path = next(copy.glob("cases/essay/second/*.json"))
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("求助者", "来访者", 1), encoding="utf-8")
    assert main(["data", "check", "pceb"]) == 1
    assert f"not the pinned file: {path.relative_to(copy)}" in capsys.readouterr().err


# From here on everything runs without the released data.


@pytest.fixture
def invented(tmp_path, monkeypatch):
    monkeypatch.setenv("PSYCHE_BENCH_DATA", str(tmp_path))
    files = releases.good_pceb_files()
    same = dict(files[releases.MULTIPLE][2], answer="CD")
    files[releases.MULTIPLE] += [same, dict(same, answer="C")]
    releases.write(tmp_path / "pceb", files)
    return tmp_path


def test_oddities_are_seen_in_the_items_themselves(invented):
    # The declared ones belong to the real release and are listed for every copy.
    declared = len(check.repairs.known_oddities("pceb"))
    found = [(o.item.rpartition("/")[2], o.field) for o in check.check("pceb").oddities[declared:]]
    assert found == [
        ("0002", "options"),  # three options
        ("0004", "gold"),  # item 3 again with another gold
        ("0005", "gold"),  # one right option, and
        ("0005", "gold"),  # item 3 again with a third gold
    ]


def test_every_repair_can_be_listed(invented, capsys):
    assert main(["data", "check", "pceb", "--all"]) == 1
    err = capsys.readouterr().err
    assert "pceb/theory/smcq/second-14/0001\tstem\t'114．把" in err
    assert "pceb/case/mmcq/second-15/0001-02\tgold\t'AC\\u2003' → 'AC'" in err


def test_forms_hold_the_same_rows(invented, capsys):
    main(["data", "check", "pceb", "--format", "csv"])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "split,subset,items,expected,repaired,odd"
    assert "test,theory_smcq,2,1143,1,0" in lines
    main(["data", "check", "pceb", "--format", "md"])
    assert len(capsys.readouterr().out.splitlines()) == len(lines) + 1


def test_an_unknown_name_is_named():
    with pytest.raises(DataError, match=r"no data set is called 'pcebb'. Known: pceb, cpsyexam"):
        check.check("pcebb")


def test_a_partial_copy_is_not_scored(data_root, tmp_path, monkeypatch, capsys):
    """A lost file would shorten every denominator without a word."""
    shutil.copytree(data_root / "pceb", tmp_path / "pceb")
    lost = next((tmp_path / "pceb" / "moral" / "single").glob("*/*.json"))
    lost.unlink()
    monkeypatch.setenv("PSYCHE_BENCH_DATA", str(tmp_path))
    left = sources.load("pceb")
    moral = sum(question.subset == "moral_smcq" for question in left)
    said = f"moral_smcq holds {moral} of 152 items"
    with pytest.raises(DataError, match=f"{said}.*`psyche-bench data get pceb` fetches"):
        check.require_whole(left)
    reply = {"id": next(q.id for q in left if q.subset == "theory_smcq"), "reply": "答案：A"}
    (tmp_path / "replies.jsonl").write_text(json.dumps(reply), encoding="utf-8")
    assert main(["score", str(tmp_path / "replies.jsonl"), "--partial"]) == 1
    assert said in capsys.readouterr().err


def test_what_has_no_pinned_count_is_never_refused():
    check.require_whole(sources.load("sample")[:3])
