"""What is loaded: the counts of the papers, stable ids, views, and errors that say what to do."""

import json
import re
from collections import Counter
from pathlib import Path

import pytest
import releases

from psyche_bench import answers, prompting, sources
from psyche_bench.errors import DataError

PCEB = {
    "case_smcq": 748, "case_mmcq": 878, "moral_smcq": 152, "moral_mmcq": 158,
    "theory_smcq": 1143, "theory_mmcq": 784,
}  # fmt: skip
CPSYEXAM = {
    "train": {"kg_smcq": 6847, "kg_mmcq": 2227, "ca_smcq": 49, "ca_mmcq": 732},
    "dev": {"kg_smcq": 764, "kg_mmcq": 245, "ca_smcq": 5, "ca_mmcq": 83},
    "test": {"kg_smcq": 2321, "kg_mmcq": 781, "ca_smcq": 600, "ca_mmcq": 200},
}
SIZES = [
    ("pceb", None, 3863),
    ("pceb_case_qa", None, 100),
    ("cpsyexam", "train", 9855),
    ("cpsyexam", "dev", 1097),
    ("cpsyexam", "test", 3902),
    ("cpsyexam_qa", "train", 2921),
    ("cpsyexam_qa", "dev", 323),
    ("cpsyexam_qa", "test", 200),
]


def every(view="repaired"):
    return [q for name in sources.NAMES[:4] for q in sources.load(name, view=view)]


@pytest.mark.parametrize(("name", "split", "size"), SIZES)
@pytest.mark.parametrize("view", ["raw", "repaired"])
def test_the_papers_totals(data_root, name, split, size, view):
    assert len(sources.load(name, split, view)) == size


def test_the_papers_subsets(data_root):
    assert Counter(q.subset for q in sources.load("pceb")) == PCEB
    assert {q.subset for q in sources.load("pceb_case_qa")} == {"case_qa"}
    for split, subsets in CPSYEXAM.items():
        assert Counter(q.subset for q in sources.load("cpsyexam", split)) == subsets


def test_vignettes_are_the_clusters(data_root):
    cases = [q for q in sources.load("pceb") if q.subset.startswith("case")]
    assert len({q.cluster for q in cases}) == 147
    assert len({q.cluster for q in sources.load("pceb_case_qa")}) == 20
    texts = {}
    for question in [*cases, *sources.load("pceb_case_qa")]:
        assert texts.setdefault(question.cluster, question.vignette) == question.vignette
    assert all(q.cluster == q.id for q in sources.load("pceb") if not q.vignette)


PAPER = r"(second|third|simulation)-[\d-]*\d"
ID = re.compile(
    rf"pceb/(theory|moral)/[sm]mcq/{PAPER}/\d{{4}}"
    rf"|pceb/case/([sm]mcq|qa)/{PAPER}/\d{{4}}-\d\d"
    r"|cpsyexam/(train|dev|test)/(KG|CA)-\S+-(单|多)项选择题/\d{4}"
    r"|cpsyexam/(train|dev|test)/qa/\d{4}"
)


def test_ids_are_unique_readable_and_the_same_in_both_views(data_root):
    ids = [q.id for q in every()]
    assert len(set(ids)) == len(ids) == 3963 + 14854 + 3444
    assert [item for item in ids if not ID.fullmatch(item)] == []
    assert [q.id for q in every("raw")] == ids
    assert "pceb/theory/mmcq/second-14/0007" in ids


def test_an_id_names_the_place_in_the_release(data_root):
    item = "pceb/theory/mmcq/second-14/0007"
    question = sources.index([item])[item]
    rows = json.loads((data_root / "pceb" / question.file).read_text(encoding="utf-8"))
    assert (Path(question.file).parent.name, question.row) == ("second", 7)
    assert rows[6]["question"].endswith(question.stem)


def test_the_release_has_43_subjects_and_areas_are_those_of_the_files(data_root):
    questions = sources.load("cpsyexam")
    assert len({q.subject for q in questions}) == 43
    assert all(Path(q.file).name.startswith(f"{q.subset[:2].upper()}-") for q in questions)
    filed = [q for q in questions if ("多项" in q.file) != (q.kind == "mmcq")]
    assert len(filed) == 5  # filed as single-answer questions, and said to be multiple by the row


def test_withheld_golds_are_unknown_and_all_others_name_options(data_root):
    assert all(q.gold is None for q in sources.load("cpsyexam", "test"))
    graded = [q for q in every() if (q.kind != "qa" and q.split != "test") or q.benchmark == "pceb"]
    known = {"cpsyexam/train", "cpsyexam/dev"}
    odd = [q for q in graded if q.kind != "qa" and not set(q.gold or "?") <= set(q.options)]
    assert {"/".join(q.id.split("/")[:2]) for q in odd} <= known
    assert len(odd) == 10  # golds whose option's text is lost; each declared as known
    assert all(list(q.gold) == sorted(set(q.gold)) for q in graded if q.gold)


def test_golds_that_are_rendered_are_read_back(data_root):
    checked, wrong = 0, []
    for question in every():
        if question.kind == "qa" or question.gold is None:
            continue
        choices, gold = "".join(question.options), frozenset(question.gold)
        sentences = {
            answers.render(question.gold),
            prompting.answer(question, "zh"),
            prompting.answer(question, "en"),
        }
        for sentence in sentences:
            checked += 1
            if answers.read(sentence, choices, question.options).letters != gold:
                wrong.append((question.id, sentence))
    assert wrong == []
    assert checked >= 2 * (3863 + 9855 + 1097)


def pceb_rows(root: Path) -> dict[tuple[str, int, int], dict[str, object]]:
    """File, row and position in a case -> released item, read without the package."""
    found = {}
    for path in root.rglob("*.json"):
        for number, row in enumerate(json.loads(path.read_text(encoding="utf-8")), 1):
            for position, asked in enumerate(row.get("questions_and_answers", [row]), 1):
                place = (str(path.relative_to(root)), number, position)
                found[place] = {**asked, "case": row}
    return found


def test_the_raw_view_of_pceb_is_the_files_content(data_root):
    rows = pceb_rows(data_root / "pceb")
    for q in sources.load("pceb", view="raw") + sources.load("pceb_case_qa", view="raw"):
        position = int(q.id.rpartition("-")[2]) if q.vignette else 1
        row = rows.pop((q.file, q.row, position))
        if q.kind == "qa":
            assert (q.stem, q.reference) == (row["question"].strip(), row["answer"].strip())
        else:
            prefix = {"smcq": "单选：", "mmcq": "多选："}[q.kind] if q.vignette else ""
            assert row["question"].startswith(prefix)
            assert q.stem == row["question"].removeprefix(prefix).lstrip(" " if prefix else "")
            assert (q.options, q.gold, q.analysis) == (
                row["options"], row["answer"], row["analysis"],
            )  # fmt: skip
        if q.vignette:
            case = row["case"]
            parts = [case["general_info"].strip(), case["case_introduction"].strip()]
            assert q.vignette == "\n".join(parts).strip()
    assert rows == {}


def test_the_raw_view_of_cpsyexam_is_the_files_content(data_root):
    root = data_root / "cpsyexam"
    files = {}
    for q in sources.load("cpsyexam", view="raw"):
        if q.file not in files:
            files[q.file] = json.loads((root / q.file).read_text(encoding="utf-8"))
        row = files[q.file][q.row - 1]
        assert (q.stem, q.gold) == (row["question"].strip(), row.get("answer"))
        assert q.options == {k: text for k, text in row["options"].items() if text.strip()}
        assert (q.kind == "mmcq") == (row["question_type"] == "multi")
    for split in sources.cpsyexam.SPLITS:
        path = root / "cpsyexam_qa" / split / "cpsyexam_qa.json"
        rows = json.loads(path.read_text(encoding="utf-8"))
        loaded = sources.load("cpsyexam_qa", split, "raw")
        assert [(q.stem, q.reference) for q in loaded] == [
            (row["question"].strip(), row["answer"].strip()) for row in rows
        ]


# From here on everything runs without the released data.


@pytest.fixture
def invented(tmp_path, monkeypatch):
    monkeypatch.setenv("PSYCHE_BENCH_DATA", str(tmp_path))
    releases.write(tmp_path / "pceb", releases.good_pceb_files())
    releases.write(tmp_path / "cpsyexam", releases.cpsyexam_files())
    return tmp_path


def test_an_invented_release_loads_in_order(invented):
    assert [q.id for q in sources.load("pceb")] == [
        "pceb/case/smcq/second-15/0001-01",
        "pceb/case/mmcq/second-15/0001-02",
        "pceb/theory/mmcq/third-11-16/0001",
        "pceb/theory/mmcq/third-11-16/0002",
        "pceb/theory/mmcq/third-11-16/0003",
        "pceb/theory/smcq/second-14/0001",
        "pceb/theory/smcq/second-14/0002",
    ]
    written = sources.load("pceb_case_qa")[0]
    assert (written.stem, written.kind, written.gold) == ("请说出下一步。（30分）", "qa", None)
    assert written.vignette == "女，26岁，会计。\n三周来夜里反复醒来。"
    assert written.cluster != sources.load("pceb")[0].cluster


def test_positions_tell_items_apart_whose_ids_repeat(invented):
    train = sources.load("cpsyexam", "train")
    assert len({q.id for q in train}) == len(train) == 3
    assert [q.gold for q in train] == ["BD", "A", "D"]
    assert train[2].options["D"] == "一个组块"
    assert "E" not in train[0].options


def test_exemplars_of_the_sample_are_a_split_of_their_own():
    test, train = sources.load("sample", "test"), sources.load("sample", "train")
    assert len(sources.load("sample")) == len(test) + len(train)
    assert {q.split for q in train} == {"train"}
    assert {q.kind for q in test} == {"smcq", "mmcq", "qa", "counselling"}


def test_universe_holds_the_touched_splits_only(invented):
    known = sources.universe([f"cpsyexam/dev/{releases.CPSYEXAM_MULTI[:-5]}/0001"])
    assert {q.split for q in known.values()} == {"dev"}
    assert {q.kind for q in known.values()} == {"smcq", "mmcq", "qa"}


ABSENT = [
    (lambda: sources.load("pcab"), "'pcab'. Known: pceb, pceb_case_qa", "an unknown name"),
    (lambda: sources.load("pceb", "dev"), "pceb has no split 'dev'. It has: test", "no such split"),
    (lambda: sources.load("cpsyexam", "valid"), "It has: train, dev, test", "another split's name"),
    (lambda: sources.load("pceb", view="clen"), "no view is called 'clen'", "an unknown view"),
    (lambda: sources.folder("sample"), "Known: pceb, cpsyexam", "the sample has no folder"),
    (lambda: sources.index(["pceb/theory/smcq/0001", "x"]), "'x' is no item's id", "a bare x"),
    (lambda: sources.index(["cpsyexam/tset/a/0001"]), "'cpsyexam/tset/a/0001'", "a split misspelt"),
    (lambda: sources.index(["pceb/a", "pceb/b"]), "'pceb/a' (and 1 more) is no", "two unknown ids"),
    (lambda: sources.index(["pceb/a"]), "data ids NAME", "the remedy is named"),
]


@pytest.mark.parametrize(
    ("asked", "said"), [row[:2] for row in ABSENT], ids=[row[2] for row in ABSENT]
)
def test_what_does_not_exist_is_named(invented, asked, said):
    with pytest.raises(DataError) as caught:
        asked()
    assert said in str(caught.value)


def test_an_absent_data_set_says_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setenv("PSYCHE_BENCH_DATA", str(tmp_path))
    with pytest.raises(DataError, match="psyche-bench data get pceb"):
        sources.load("pceb")
    (tmp_path / "pceb").mkdir()
    with pytest.raises(DataError, match="holds no items"):
        sources.load("pceb")


def test_the_data_root_is_the_variable_or_the_cache(tmp_path, monkeypatch):
    monkeypatch.delenv("PSYCHE_BENCH_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert sources.data_root() == tmp_path / "psyche-bench"
    monkeypatch.setenv("PSYCHE_BENCH_DATA", str(tmp_path / "mine"))
    assert sources.data_root() == tmp_path / "mine"


def test_the_data_hash_follows_the_files(data_root, tmp_path, monkeypatch):
    before = sources.data_hash("pceb")
    name = next(iter(sources.hashes("pceb")))
    root = tmp_path / "pceb"
    for relative in sources.hashes("pceb"):
        content = (data_root / "pceb" / relative).read_bytes()
        releases.write(root, {relative: content})
    monkeypatch.setenv("PSYCHE_BENCH_DATA", str(tmp_path))
    assert sources.data_hash("pceb") == before
    assert sources.differing_files("pceb", root) == []
    (root / name).write_bytes((root / name).read_bytes() + b" ")
    assert sources.data_hash("pceb") != before
    assert sources.differing_files("pceb", root) == [name]
