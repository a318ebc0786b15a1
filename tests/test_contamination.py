"""Duplicates: pairs a psychologist can judge, the counts of the releases, files, clean lists."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from psyche_bench import contamination, leaks, sources
from psyche_bench.contamination import (
    clean_ids,
    clean_list,
    contaminated,
    duplicate_clusters,
    duplicate_groups,
    duplicates,
    is_clean,
    overlap,
)
from psyche_bench.duplicates import normalise
from psyche_bench.errors import DataError, PsycheBenchError
from psyche_bench.schemas import Question

HAS_DATA = (Path(os.environ.get("PSYCHE_BENCH_DATA", "/nowhere")) / "pceb").is_dir()
real = pytest.mark.skipif(not HAS_DATA, reason="PSYCHE_BENCH_DATA names no folder with pceb")

FOUR = ("逐级暴露", "思维记录", "放松练习", "角色扮演")
CASE = (
    "来访者，女，29岁，小学教师。去年调到新学校以后，每逢公开课便胃痛、出汗，夜里反复备课到两点。"
    "她认定家长都在挑她的毛病，同事的一句玩笑会让她想上好几天。近两个月开始请人代课。"
)


def question(
    stem: str,
    options: Sequence[str] = FOUR,
    gold: str | None = "A",
    *,
    name: str = "x/1",
    vignette: str = "",
    cluster: str = "",
) -> Question:
    return Question(
        id=name,
        benchmark="x",
        split="test",
        subset="theory_smcq",
        kind="smcq",
        subject="",
        cluster=cluster or name,
        vignette=vignette,
        stem=stem,
        options=dict(zip("ABCDE", options, strict=False)),
        gold=gold,
        file="x.json",
        row=1,
    )


STEM = "下列方法中，最先用来降低公开讲话焦虑的是（　　）。"

PAIRS = [
    (question(STEM), question(STEM), "exact", "word for word"),
    (question(STEM), question("下列方法中,最先用来降低公开讲话焦虑的是()"), "exact", "brackets"),
    (question(STEM), question(STEM, FOUR[::-1]), "exact", "options in another order"),
    (question(STEM), question("(12P257)" + STEM), "exact", "a page mark before the stem"),
    (question(STEM), question("37．" + STEM), "exact", "a number before the stem"),
    (question(STEM), question("104[多选题] " + STEM + "多选"), "exact", "the kind glued on"),
    (question(STEM), question(STEM, [f"{x}. {y}" for x, y in zip("ABCD", FOUR, strict=True)]),
     "exact", "letters inside the options"),
    (question(STEM), question(STEM.replace("方", "⽅")), "exact", "a radical for a character"),
    (question("ＩＱ的平均数是（）。", "1234"), question("IQ的平均数是", "1234"), "exact",
     "full-width letters"),
    (question(STEM), question("下列方法里，最先用来降低公开讲话焦虑的是"), "near",
     "one word changed"),
    (question(STEM), question(STEM, (*FOUR[:3], "角色互换")), "near", "one option changed"),
    (question(STEM), question("有研究者指出，下列方法中，最先用来降低公开讲话焦虑的是"), "near",
     "a clause put before"),
    (question("她的主要困扰是？", vignette=CASE), question(CASE + "她的主要困扰是()。单选"),
     "exact", "the vignette inside the stem"),
    (question("她的主要困扰是？", vignette=CASE),
     question(CASE.replace("小学教师", "中学教师") + "她的主要困扰是()。"), "exact",
     "the vignette inside the stem, retouched"),
    (question("她的主要困扰是？", vignette=CASE),
     question("她的主要困扰是？", vignette=CASE.replace("公开课", "家长会")), "near",
     "the vignette retouched"),
    (question("公开讲话焦虑的人最常用来降低焦虑的方法是", vignette=CASE),
     question("公开讲话焦虑的人最常用来降低焦虑的方法是"), "near", "the vignette left out"),
    (question(STEM), question("下列方法中，不能用来降低公开讲话焦虑的是（）。"), None,
     "a negation"),
    (question("下列属于放松练习特点的是"), question("下列不属于放松练习特点的是"), None,
     "a negation before a contained question"),
    (question("以下各项都能降低公开讲话焦虑的是"),
     question("以下各项都能降低公开讲话焦虑，除外的是"),
     None, "除外"),
    (question("学生在焦虑程度最高时记忆成绩的变化是"),
     question("学生在焦虑程度最低时记忆成绩的变化是"),
     None, "最高 and 最低"),
    (question("6岁儿童在守恒任务中的典型表现是"), question("9岁儿童在守恒任务中的典型表现是"), None,
     "a number"),
    (question("先学的材料对记住后学的材料的影响是"),
     question("后学的材料对记住先学的材料的影响是"),
     None, "先 and 后 exchanged"),
    (question("显著性水平定为 P<0.05 时应当"), question("显著性水平定为 P>0.05 时应当"), None,
     "< and >"),
    (question("公式 B=f(P,E) 中 P 指的是"), question("公式 B=f(P,E) 中 B 指的是"), None,
     "a letter"),
    (question(STEM), question(STEM, ("信度", "效度", "区分度", "难度")), None, "other options"),
    (question(STEM, FOUR), question(STEM, ()), None, "a choice and a written question"),
    (question("焦虑的定义", ()), question("简述学习焦虑的定义与测量", ()), None,
     "a written question inside another"),
    (question("简述思维记录的步骤。", ()), question("简述思维记录的步骤", ()), "exact",
     "a written question again"),
    (question("该求助者的情绪症状包括", ("焦虑", "抑郁"), vignette=CASE),
     question("该求助者的情绪症状包括", ("焦虑", "抑郁")), None, "a stock question, no vignette"),
    (question("她的主要困扰是？", vignette=CASE),
     question("她的主要困扰是？", vignette="男，45岁，司机。上月出车祸后不敢开车，常做恶梦。"),
     None, "another vignette"),
    (question("性别如女性外向男性内向的差异属于", ("女性外向男性内向", "甲")),
     question("性别如女性外向男性内向的差异属于", ("女性内向男性外向", "甲")), None,
     "an option turned round"),
]  # fmt: skip


@pytest.mark.parametrize(("a", "b", "kind", "why"), PAIRS, ids=[pair[3] for pair in PAIRS])
def test_pair(a: Question, b: Question, kind: str | None, why: str) -> None:
    for left, right in ((a, b), (b, a)):
        found = [match.kind for match in overlap([left], [right])]
        assert found == ([kind] if kind else []), why


def test_similarity_is_the_least_part() -> None:
    changed = question("下列方法里，最先用来降低公开讲话焦虑的是", name="x/2")
    (match,) = overlap([question(STEM)], [changed])
    # 19 characters, 18 bigrams each; one changed character leaves 16 of them: 16 / 20.
    assert match.similarity == pytest.approx(16 / 20)
    assert overlap([question(STEM)], [changed], threshold=0.81) == []


@pytest.mark.parametrize(
    ("text", "expected", "why"),
    [
        ("（ ）【】“”", "", "brackets and quotation marks go"),
        ("3．5 岁", "3.5岁", "a point between digits stays"),
        ("85～115", "85-115", "a range has one dash"),
        ("S—R 联结", "sr联结", "a dash between letters goes"),
        ("⻅⻓⽅", "见长方", "radicals become characters"),
        ("70％＞60%", "70%>60%", "signs stay"),
    ],
)
def test_normalise(text: str, expected: str, why: str) -> None:
    assert normalise(text) == expected, why


CHINESE = st.text(
    st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5), min_size=5, max_size=20
)
ITEMS = st.lists(
    st.builds(question, CHINESE, st.lists(CHINESE, min_size=2, max_size=5)), max_size=6
).map(lambda items: [q.model_copy(update={"id": f"x/{i}"}) for i, q in enumerate(items)])


@settings(max_examples=25, deadline=None)
@given(ITEMS, ITEMS)
def test_overlap_is_symmetric(a: list[Question], b: list[Question]) -> None:
    there = {(m.a_id, m.b_id, m.kind, m.similarity) for m in overlap(a, a + b)}
    back = {(m.b_id, m.a_id, m.kind, m.similarity) for m in overlap(a + b, a)}
    assert there == back


@settings(max_examples=25, deadline=None)
@given(ITEMS, st.randoms())
def test_every_item_is_found_in_a_shuffled_copy(a: list[Question], random: object) -> None:
    copies = [
        q.model_copy(
            update={
                "stem": f"{q.stem}（　）。",
                "options": dict(zip("ABCDE", reversed(q.options.values()), strict=False)),
            }
        )
        for q in a
    ]
    found = {(match.a_id, match.b_id, match.kind) for match in overlap(a, copies)}
    assert {(q.id, q.id, "exact") for q in a} <= found


def test_groups_map_golds_to_texts() -> None:
    items = [
        question(STEM, FOUR, "A", name="x/1"),
        question(STEM, FOUR[::-1], "D", name="x/2"),
        question(STEM, FOUR, "B", name="x/3"),
        question("另一道题问的是别的内容", FOUR, "A", name="x/4"),
    ]
    (group,) = duplicate_groups(items, duplicates(items))
    assert group.items == ("x/1", "x/2", "x/3")
    assert group.conflicting
    assert group.verbatim
    (agreed,) = duplicate_groups(items[:2], duplicates(items[:2]))
    assert not agreed.conflicting, "A and D name the same text"
    withheld = items[2].model_copy(update={"gold": None})
    (unknown,) = duplicate_groups([items[0], withheld], duplicates([items[0], withheld]))
    assert not unknown.conflicting, "a withheld gold is no other gold"


def test_clusters_join_vignettes_that_share_a_question() -> None:
    items = [
        question("甲题问的是第一件事情", name="x/1", cluster="v1"),
        question("乙题问的是第二件事情", name="x/2", cluster="v1"),
        question("乙题问的是第二件事情", name="x/3", cluster="v2"),
        question("丙题问的是第三件事情", name="x/4", cluster="v3"),
    ]
    assert duplicate_clusters(items) == {"x/1": "v1", "x/2": "v1", "x/3": "v1", "x/4": "v3"}


LISTED = "\n".join(f"{letter}. {text}" for letter, text in zip("ABCD", FOUR, strict=True))
RECORDS = [
    ({"messages": [{"role": "user", "content": f"{STEM}\n{LISTED}"}]}, "exact", "messages"),
    ({"prompt": f"请回答：{STEM}{LISTED}", "completion": "A"}, "exact", "prompt and completion"),
    ({"text": f"{STEM} {LISTED}"}, "exact", "text"),
    ({"question": STEM, "options": dict(zip("ABCD", FOUR, strict=True))}, "exact", "fields"),
    ({"a": [{"b": {"c": [STEM, LISTED]}}], "n": 1}, "exact", "nested"),
    ({"text": STEM.replace("公开", "当众") + LISTED}, "near", "a word changed"),
    ({"q": STEM, "answer": "逐级暴露，因为它从容易的情境开始。"}, "near", "the right option alone"),
    ({"q": STEM, "answer": "放松练习，因为它最容易学会。"}, None, "another option alone"),
    ({"text": STEM.replace("最先", "不能") + LISTED}, None, "a negation"),
    ({"text": f"今天讲焦虑。{LISTED}"}, None, "the options alone"),
    ({"text": "与题目没有关系的一段话，讲的是睡眠与作息。"}, None, "something else"),
]


@pytest.mark.parametrize(("row", "kind", "why"), RECORDS, ids=[r[2] for r in RECORDS])
def test_training_file(row: object, kind: str | None, why: str, tmp_path: Path) -> None:
    path = tmp_path / "train.jsonl"
    path.write_text(json.dumps(row, ensure_ascii=False) + "\n", encoding="utf-8")
    found = leaks.leaks([question(STEM)], leaks.read_texts(path))
    assert [(m.kind, m.b_id) for m in found] == ([(kind, "train.jsonl:1")] if kind else []), why


def test_a_negation_before_the_question_is_another_question(tmp_path: Path) -> None:
    path = tmp_path / "train.jsonl"
    path.write_text(
        json.dumps({"t": "下列不属于放松练习特点的是" + LISTED}) + "\n", encoding="utf-8"
    )
    assert leaks.leaks([question("属于放松练习特点的是")], leaks.read_texts(path)) == []


@pytest.mark.parametrize(
    ("content", "message", "why"),
    [
        (None, "no such file", "missing"),
        (b"", "holds no records", "empty"),
        (b'{"text": "a"}\n{"text": \n', "line 2: broken JSON", "broken line"),
        (b'["text"]\n', "line 1: a JSON object is expected", "not an object"),
        (b'{"text": "\xff\xfe"}\n', "line 1: not UTF-8", "another encoding"),
        (b'{"n": 3}\n', "line 1: holds no text", "no text at all"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_unreadable_file(content: bytes | None, message: str, why: str, tmp_path: Path) -> None:
    path = tmp_path / "train.jsonl"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError, match=message) as caught:
        leaks.read_texts(path)
    assert "train.jsonl" in str(caught.value), why


def run(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "psyche_bench.cli", "contamination", *words]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)


def test_command_prints_summary_and_every_match(tmp_path: Path) -> None:
    item = sources.load("sample", "test")[0]
    path = tmp_path / "train.jsonl"
    row = {"text": [item.vignette, item.stem, *item.options.values()]}
    path.write_text(json.dumps(row, ensure_ascii=False) + "\n", encoding="utf-8")
    for words in (("sample:test", str(path)), (str(path), "sample:test")):
        done = run(*words, "--format", "json")
        assert done.returncode == 0, done.stderr
        payload = json.loads(done.stdout)
        assert [(m["a_id"], m["kind"]) for m in payload["matches"]] == [(item.id, "exact")]
        assert payload["contaminated"][item.subset] == {"exact": [item.id], "near": []}
        assert payload["summary"][-1]["contaminated"] == 1


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("nosuchset",), 1, "no data set is called 'nosuchset'"),
        (("sample:train,nosplit",), 1, "no split 'nosplit'"),
        (("sample", "missing.jsonl"), 1, "missing.jsonl: no such file"),
        (("a.jsonl", "b.jsonl"), 1, "both files"),
        (("a.jsonl",), 1, "name the data set to hold it against"),
        (("sample", "--clean", "x.json"), 1, "--clean needs two item sets"),
        (("sample", "--threshold", "1.5"), 2, "the threshold lies above 0"),
    ],
)
def test_command_says_what_is_wrong(words: tuple[str, ...], code: int, message: str) -> None:
    done = run(*words)
    assert done.returncode == code
    assert message in done.stderr
    assert done.stdout == ""


def test_a_clean_list_is_made_and_can_be_read(tmp_path: Path) -> None:
    path = tmp_path / "sample.clean.json"
    assert run("sample:test", "sample:train", "--clean", str(path)).returncode == 0
    found = contamination.CleanList.model_validate_json(path.read_text(encoding="utf-8"))
    found.check(sources.load("sample", "test"))
    ids = {question.id for question in sources.load("sample", "test")}
    assert {*found.clean, *found.exact, *found.near} == ids


@pytest.mark.parametrize(
    ("benchmark", "split", "n", "choices"),
    [
        ("pceb", "test", 3963, (698, 186)),
        ("cpsyexam", "test", 4102, (408, 212)),
        ("cpsyexam", "dev", 1420, (226, 90)),
    ],
)
def test_shipped_list_is_whole(
    benchmark: str, split: str, n: int, choices: tuple[int, int]
) -> None:
    found = clean_list(benchmark, split)
    assert len({*found.clean, *found.exact, *found.near}) == n
    assert len(found.clean) + len(found.exact) + len(found.near) == n
    total = found.counts[-1]
    assert (total["n"], total["exact"], total["near"]) == (n, len(found.exact), len(found.near))
    rows = [row for row in found.counts if row["subset"] not in ("qa", "case_qa", "all")]
    counted = tuple(sum(int(row[kind]) for row in rows) for kind in ("exact", "near"))
    assert counted == choices, "the table in the docstring of contamination"
    assert clean_ids(benchmark, split) == frozenset(found.clean)
    assert is_clean(found.clean[0])
    assert not is_clean(found.exact[0])
    assert not is_clean(found.near[0])


@pytest.mark.parametrize(
    "item", ["pceb/theory/smcq/nosuch/0001", "cpsyexam/train/x/0001", "other/1"]
)
def test_an_unlisted_item_is_not_clean_but_unknown(item: str) -> None:
    with pytest.raises(DataError, match=r"clean list"):
        is_clean(item)


def test_list_refuses_other_items() -> None:
    strange = question(STEM, name="pceb/new/0001")
    with pytest.raises(DataError, match=r"pceb/new/0001.*psyche-bench contamination"):
        clean_ids("pceb", questions=[strange])
    known = clean_list("pceb").clean[0]
    part = [question(STEM, name=known).model_copy(update={"subset": "case_smcq"})]
    with pytest.raises(DataError, match=r"case_smcq \(1 of 748\)"):
        clean_ids("pceb", questions=part)


def test_without_datasketch_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "datasketch", None)
    with pytest.raises(PsycheBenchError, match=r"psyche-bench\[synth\]"):
        overlap([question(STEM)], [question(STEM)])
    assert len(overlap([question(STEM)], [question(STEM)], near=False)) == 1


@pytest.fixture(scope="module")
def pceb() -> list[Question]:
    return sources.load("pceb")


@pytest.fixture(scope="module")
def train() -> list[Question]:
    return sources.load("cpsyexam", "train")


@real
def test_pceb_in_train(pceb: list[Question], train: list[Question]) -> None:
    found = contaminated(pceb, overlap(pceb, train))
    assert len(found.exact) == pytest.approx(616, abs=15)
    share = sum(item.startswith("pceb/case/mmcq") for item in found.exact) / 878
    assert share == pytest.approx(0.48, abs=0.01)
    assert (len(found.exact), len(found.near)) == (622, 158), "the docstring's table"


@real
def test_pceb_in_the_test_split(pceb: list[Question]) -> None:
    found = contaminated(pceb, overlap(pceb, sources.load("cpsyexam", "test"), near=False))
    assert len(found.exact) == pytest.approx(334, abs=5)
    assert len(found.exact) == 331, "the docstring's table"


@real
def test_cpsyexam_test_in_train_and_dev(train: list[Question]) -> None:
    asked = sources.load("cpsyexam", "test")
    found = contaminated(asked, overlap(asked, train + sources.load("cpsyexam", "dev"), near=False))
    assert len(found.exact) == pytest.approx(404, abs=10)
    assert found.exact == tuple(i for i in clean_list("cpsyexam").exact if "/qa/" not in i)


@real
def test_groups_inside_pceb(pceb: list[Question]) -> None:
    groups = duplicate_groups(pceb, duplicates(pceb, near=False))
    assert len(groups) == 239
    assert sum(len(group.items) - 1 for group in groups) == 244
    assert sum(group.conflicting for group in groups) == 9


@real
def test_groups_inside_cpsyexam() -> None:
    """12 groups conflict word for word; 58 of the other 67 hold an item of one run keyed D."""
    items = sources.load("cpsyexam")
    keyed = {
        q.id for q in items if "train/KG-PCE-心理咨询师三级-多项" in q.id and 237 <= q.row <= 330
    }
    groups = [g for g in duplicate_groups(items, duplicates(items, near=False)) if g.conflicting]
    assert sum(group.verbatim for group in groups) == 12
    others = [group for group in groups if not group.verbatim]
    assert (len(others), sum(not keyed.isdisjoint(g.items) for g in others)) == (67, 58)


@real
def test_shipped_lists_speak_of_the_data(pceb: list[Question]) -> None:
    clean_list("pceb").check(pceb)
    clean_list("pceb").check(sources.load("pceb_case_qa"))
    clean_list("cpsyexam").check(sources.load("cpsyexam", "test"))
    clean_list("cpsyexam", "dev").check(sources.load("cpsyexam", "dev"))
    for name in ("pceb", "cpsyexam"):
        assert clean_list("pceb").sources[name]["data_hash"] == sources.data_hash(name)


@real
def test_a_training_file_made_of_train_holds_what_train_holds(
    pceb: list[Question], train: list[Question], tmp_path: Path
) -> None:
    path = tmp_path / "train.jsonl"
    rows = ({"q": q.stem, "o": list(q.options.values()), "a": q.gold} for q in train[:3000])
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    known = {m.a_id for m in overlap(pceb, train[:3000], near=False)}
    held = {match.a_id for match in leaks.leaks(pceb, leaks.read_texts(path))}
    assert len(known - held) <= 0.02 * len(known)
