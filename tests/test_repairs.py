"""Every declared repair, counted against an independent count over the released JSON."""

import json
import re
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from psyche_bench import repairs, sources
from psyche_bench.errors import DataError
from psyche_bench.schemas import Question

BLOCK = re.compile("[\u2e80-\u2fdf]")


def log(*names):
    return [repair for name in names for repair in sources.load_all(name).repairs]


def by_rule(benchmark, rule, *names):
    reason = next(r.reason for r in repairs.declared(benchmark).rule if r.name == rule)
    return [repair for repair in log(*(names or (benchmark,))) if repair.reason == reason]


def choices(root: Path):
    """Every released multiple-choice item of PCEB with its vignette, read without the package."""
    for path in sorted(root.rglob("*.json")):
        if "essay" not in path.parts:
            for row in json.loads(path.read_text(encoding="utf-8")):
                case = row.get("general_info", "") + row.get("case_introduction", "")
                for asked in row.get("questions_and_answers", [row]):
                    yield {**asked, "vignette": case}


def essays(root: Path):
    for path in sorted((root / "cases" / "essay").rglob("*.json")):
        for row in json.loads(path.read_text(encoding="utf-8")):
            for asked in row["questions_and_answers"]:
                yield {**asked, "vignette": row["general_info"] + row["case_introduction"]}


def text_of(row) -> str:
    fields = [row["vignette"], row["question"], row["answer"], row.get("analysis", "")]
    return "".join([*fields, *row.get("options", {}).values()])


def test_pceb_golds_are_stripped(data_root):
    rows = list(choices(data_root / "pceb"))
    padded = [row["answer"] for row in rows if row["answer"] != row["answer"].strip()]
    changed = by_rule("pceb", "strip")
    assert sorted(r.before for r in changed) == sorted(padded)
    assert all(r.before.strip() == r.after and r.field == "gold" for r in changed)
    subsets = {q.id: q.subset for q in sources.load("pceb")}
    assert Counter(subsets[r.item] for r in changed) == {"case_smcq": 129, "case_mmcq": 167}


def test_pceb_look_alikes_become_ordinary_characters(data_root):
    rows = [*choices(data_root / "pceb"), *essays(data_root / "pceb")]
    in_files = sum(len(BLOCK.findall(text_of(row))) for row in rows)
    changed = by_rule("pceb", "radicals", "pceb", "pceb_case_qa")
    assert sum(len(BLOCK.findall(r.before)) for r in changed) == in_files == 68_292
    assert len({r.item for r in changed if "/qa/" not in r.item}) == 1857
    assert len({r.item for r in changed if "/qa/" in r.item}) == 36
    for name in ("pceb", "pceb_case_qa"):
        assert not any(BLOCK.search(q.model_dump_json()) for q in sources.load(name))


def test_pceb_nothing_but_look_alikes_is_touched_by_their_rule(data_root):
    for repair in by_rule("pceb", "radicals", "pceb", "pceb_case_qa"):
        for before, after in zip(repair.before, repair.after, strict=True):
            assert before == after or BLOCK.match(before)


def test_pceb_the_table_covers_what_unicode_does_not(data_root):
    import unicodedata

    table = next(rule for rule in repairs.declared("pceb").rule if rule.name == "radicals").map
    rows = [*choices(data_root / "pceb"), *essays(data_root / "pceb")]
    found = Counter(BLOCK.findall("".join(map(text_of, rows))))
    left = {c: n for c, n in found.items() if unicodedata.normalize("NFKC", c) == c}
    assert set(left) == set(table)
    assert sum(left.values()) == 2366


def test_pceb_paper_numbers_leave_the_stems(data_root):
    rows = [*choices(data_root / "pceb"), *essays(data_root / "pceb")]
    stems = [row["question"].removeprefix("单选：").removeprefix("多选：") for row in rows]
    # Independent of the rule's pattern: digits up to the first stop.
    numbered = [s for s in stems if s.lstrip().partition("．")[0].strip().isdigit() and "．" in s]
    changed = by_rule("pceb", "numbering", "pceb", "pceb_case_qa")
    assert len(changed) == len(numbered)
    dropped = {re.sub(r"\d+", "7", r.before.removesuffix(r.after)) for r in changed}
    assert dropped == {"7．", "7． "}


def test_pceb_options_stand_in_order(data_root):
    rows = list(choices(data_root / "pceb"))
    wrong = [row for row in rows if list(row["options"]) != sorted(row["options"])]
    assert len(by_rule("pceb", "order")) == len(wrong) == 5
    assert all(list(q.options) == sorted(q.options) for q in sources.load("pceb"))


def test_pceb_named_items(data_root):
    entries = repairs.declared("pceb").item
    named = {repair.item: set() for repair in log("pceb") if repair.reason in _reasons(entries)}
    for repair in log("pceb"):
        if repair.reason in _reasons(entries):
            named[repair.item].add((repair.field, repair.after if repair.field == "gold" else ""))
    assert named == {
        "pceb/case/smcq/third-11-13/0016-01": {("gold", "C")},
        "pceb/theory/mmcq/simulation-17-18/0107": {
            ("stem", ""), ("gold", "ABCDE"), ("options.E", ""),
        },
        "pceb/case/smcq/simulation-17-18/0001-05": {("options.C", "")},
        "pceb/theory/smcq/third-14-16/0072": {("options.A", "")},
    }  # fmt: skip
    questions = {q.id: q for q in sources.load("pceb")}
    moved = questions["pceb/theory/mmcq/simulation-17-18/0107"]
    assert list(moved.options) == list("ABCDE")
    assert "ABCDE" not in moved.stem
    assert moved.options["E"] not in moved.stem


def _reasons(entries):
    return {entry.reason for entry in entries}


def test_cpsyexam_golds_become_letters(data_root):
    golds = Counter()
    for path in sorted((data_root / "cpsyexam" / "train").glob("*.json")):
        for row in json.loads(path.read_text(encoding="utf-8")):
            if not re.fullmatch("[A-E]+", row["answer"]):
                golds["carries text" if "、" in row["answer"] else "commas"] += 1
    assert golds == {"carries text": 100, "commas": 25}
    separated = by_rule("cpsyexam", "separators")
    carried = by_rule("cpsyexam", "gold_carries_option")
    assert len(separated) == 25
    assert all(re.sub("[^A-E]", "", r.before) == r.after for r in separated)
    assert Counter(r.field for r in carried) == {"gold": 100, "options.D": 100}
    assert by_rule("cpsyexam", "order") == []
    assert log("cpsyexam_qa") == []


@pytest.mark.parametrize("name", ["pceb", "cpsyexam"])
def test_no_gold_changes_but_by_a_logged_repair(data_root, name):
    raw = {q.id: q.gold for q in sources.load(name, view="raw")}
    changed = {q.id for q in sources.load(name) if q.gold != raw[q.id]}
    logged = {repair.item for repair in log(name) if repair.field == "gold"}
    assert changed == logged
    assert len(changed) == {"pceb": 296 + 2, "cpsyexam": 125}[name]


@pytest.mark.parametrize("name", ["pceb", "pceb_case_qa", "cpsyexam", "cpsyexam_qa"])
def test_the_log_is_the_difference_of_the_two_views(data_root, name):
    def flat(question):
        options = {f"options.{k}": v for k, v in question.options.items()}
        plain = question.model_dump(include={"vignette", "stem", "gold", "reference", "analysis"})
        return plain | options

    raw = {q.id: flat(q) for q in sources.load(name, view="raw")}
    logged: dict[str, set[str]] = {}
    for repair in log(name):
        assert repair.before != repair.after
        assert repair.reason
        if repair.field != "options":  # the order of the keys
            logged.setdefault(repair.item, set()).add(repair.field)
    for question in sources.load(name):
        after = flat(question)
        differing = {k for k in after | raw[question.id] if after.get(k) != raw[question.id].get(k)}
        assert differing == logged.get(question.id, set()), question.id


@pytest.mark.parametrize("name", ["pceb", "cpsyexam"])
def test_every_declared_entry_names_an_item(data_root, name):
    ids = {q.id for q in sources.load(name)}
    rules = repairs.declared(name)
    assert {entry.id for entry in (*rules.item, *rules.known)} <= ids


# From here on everything runs without the released data.


def question(stem="何者属于记忆？", gold="A", options=None, item="pceb/x/0001"):
    return Question(
        id=item, benchmark="pceb", split="test", subset="theory_smcq", kind="smcq", subject="",
        cluster=item, stem=stem, options=options or {"A": "遗忘", "B": "学习"}, gold=gold, file="x",
        row=1,
    )  # fmt: skip


def repaired(question, benchmark="pceb"):
    (after,), changes = repairs.repair([question], benchmark)
    return after, changes


RADICALS = (
    "⻅见 ⻓长 ⻔门 ⻆角 ⻝食 ⻢马 ⻋车 ⻘青 ⻛风 ⺠民 ⻩黄 ⻙韦 ⻬齐 ⻜飞 ⻤鬼 ⻉贝 ⻨麦 ⻮齿 ⻦鸟"
)


@pytest.mark.parametrize("pair", RADICALS.split())
def test_radicals_that_unicode_leaves_alone(pair):
    assert repaired(question(stem=pair[0]))[0].stem == pair[1]


STEMS = [
    ("114．下列说法", "下列说法", "a number with the full-width stop"),
    ("3. 下列说法", "下列说法", "a number with the ASCII stop"),
    ("12、下列说法", "下列说法", "a number with the list comma"),
    ("84．16种人格因素", "16种人格因素", "a number before a text that starts with digits"),
    ("1.5小时以后", "1.5小时以后", "a decimal"),
    ("1. 5小时以后", "1. 5小时以后", "a decimal torn apart"),
    ("16PF测量的是", "16PF测量的是", "a test's name"),
    ("1908年，", "1908年，", "a year"),
    ("1908．下列", "1908．下列", "four digits are no paper's number"),
    ("⻅⻓⻔", "见长门", "radicals Unicode has no word for"),
    ("⾯对⼼理", "面对心理", "Kangxi radicals"),
    ("①ＡＢ（１）：；，？！㎡ﬁ…", "①ＡＢ（１）：；，？！㎡ﬁ…", "what NFKC would change, kept"),
]


@pytest.mark.parametrize(
    ("before", "after"), [row[:2] for row in STEMS], ids=[row[2] for row in STEMS]
)
def test_stems(before, after):
    fixed, changes = repaired(question(stem=before))
    assert fixed.stem == after
    assert bool(changes) == (before != after)


@given(st.text(st.characters(exclude_characters=[chr(c) for c in range(0x2E80, 0x2FE0)])))
def test_text_without_look_alikes_is_kept_to_the_letter(text):
    fixed, _ = repaired(question(options={"A": text, "B": "学习"}))
    assert fixed.options["A"] == text


@given(st.text(st.characters(min_codepoint=0x2E00, max_codepoint=0x30FF)), st.text())
def test_repairing_twice_changes_nothing_more(stem, option):
    once, _ = repaired(question(stem=stem, options={"B": option, "A": "遗忘"}))
    assert repaired(once) == (once, [])


GOLDS = [
    ("pceb", "A\u2003", "A", "an em space behind"),
    ("pceb", "\u00a0AB\n", "AB", "a hard space and a line end"),
    ("pceb", "A,B", "A,B", "commas are not declared for PCEB"),
    ("cpsyexam", "A,B，C、D", "ABCD", "commas of three kinds"),
    ("cpsyexam", "C,", "C", "a comma behind"),
    ("cpsyexam", "AB", "AB", "nothing to do"),
    ("cpsyexam", "F,G", "F,G", "letters that no item has"),
    ("cpsyexam", "B、遗忘", "B、遗忘", "letter and text of an option that stands already"),
    ("cpsyexam", "C、遗忘", "C", "letter and text of an option that is empty"),
    ("cpsyexam", None, None, "a withheld gold"),
]


@pytest.mark.parametrize(
    ("benchmark", "before", "after"), [row[:3] for row in GOLDS], ids=[row[3] for row in GOLDS]
)
def test_golds(benchmark, before, after):
    fixed, changes = repaired(question(gold=before), benchmark)
    assert fixed.gold == after
    assert bool(changes) == (before != after)


def test_options_are_put_in_order_and_the_log_says_so():
    fixed, changes = repaired(question(options={"C": "丙", "A": "甲", "B": "乙"}))
    assert list(fixed.options.items()) == [("A", "甲"), ("B", "乙"), ("C", "丙")]
    assert [(c.field, c.before, c.after) for c in changes] == [("options", "CAB", "ABC")]


ENTRY = {"id": "pceb/x/0001", "reason": "declared"}
STALE = [
    ({"field": "gold", "before": "BCD", "after": "C"}, "field 'gold'", "another gold"),
    ({"field": "gold", "before": "A"}, "field 'gold'", "no text to put in"),
    ({"field": "options.C", "pattern": "B$"}, "field 'options.C'", "no such option"),
    ({"field": "stem", "pattern": "（A）"}, "何者属于记忆", "a pattern that finds nothing"),
]


@pytest.mark.parametrize(
    ("entry", "said"), [row[:2] for row in STALE], ids=[row[2] for row in STALE]
)
def test_an_entry_that_does_not_fit_names_the_item(monkeypatch, entry, said):
    declared = repairs.Declared.model_validate({"item": [ENTRY | entry]})
    monkeypatch.setattr(repairs, "declared", lambda _: declared)
    with pytest.raises(DataError) as caught:
        repairs.repair([question()], "pceb")
    assert "pceb/x/0001" in str(caught.value)
    assert said in str(caught.value)


def test_a_benchmark_without_a_repairs_file_is_left_alone():
    assert repairs.declared("sample") == repairs.Declared()
    assert repaired(question(gold="A ", stem="1．⻅"), "sample") == (
        question(gold="A ", stem="1．⻅"), [],
    )  # fmt: skip
