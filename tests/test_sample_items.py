"""The bundled sample: every row is a well-formed question whose gold can be right."""

from collections import Counter, defaultdict
from itertools import pairwise
from pathlib import Path

import pytest

from psyche_bench.jsonl import read_lines
from psyche_bench.schemas import Question

FOLDER = Path(__file__).parents[1] / "psyche_bench" / "sample"
MCQ_SUBSETS = {
    f"{area}_{kind}" for area in ("case", "moral", "theory") for kind in ("smcq", "mmcq")
}


def questions(name: str) -> list[Question]:
    return [
        Question.model_validate({**row, "file": name, "row": number})
        for number, row in read_lines(FOLDER / name)
    ]


SAMPLE = questions("sample.jsonl")
EXEMPLARS = questions("exemplars.jsonl")
DIALOGUES = questions("dialogues.jsonl")
CHOICES = [item for item in SAMPLE + EXEMPLARS if item.kind in ("smcq", "mmcq")]
WRITTEN = [item for item in SAMPLE if item.kind == "qa"]


def named(items: list[Question]) -> dict[str, object]:
    return {"argvalues": items, "ids": [item.id for item in items]}


def test_every_column_has_enough_items():
    sizes = Counter(item.subset for item in SAMPLE)
    assert set(sizes) == MCQ_SUBSETS | {"case_qa"}
    assert all(sizes[subset] >= 10 for subset in MCQ_SUBSETS)
    assert sizes["case_qa"] >= 4
    assert len(SAMPLE) >= 64


def test_ids_are_unique():
    assert [
        item for item, n in Counter(q.id for q in SAMPLE + EXEMPLARS + DIALOGUES).items() if n > 1
    ] == []


@pytest.mark.parametrize("item", **named(SAMPLE + EXEMPLARS))
def test_ids_columns_and_splits_agree(item):
    _, area, kind, number = item.id.split("/")
    assert item.benchmark == "sample"
    assert item.kind == kind
    assert item.subset == f"{'exemplar' if area == 'exemplars' else area}_{kind}"
    assert item.split == ("train" if area == "exemplars" else "test")
    assert len(number) == 4
    assert item.subject


@pytest.mark.parametrize("item", **named(CHOICES))
def test_golds_can_be_right(item):
    letters = "".join(item.options)
    assert letters == "ABCDE"[: len(letters)]
    assert 3 <= len(letters) <= 5
    assert all(text.strip() == text != "" for text in item.options.values())
    assert len(set(item.options.values())) == len(letters)
    assert item.gold is not None
    assert item.gold == "".join(sorted(set(item.gold)))
    assert set(item.gold) <= set(letters)
    assert (len(item.gold) == 1) == (item.kind == "smcq")
    assert item.reference is None


@pytest.mark.parametrize("item", **named(CHOICES))
def test_explanations_stand_without_letters(item):
    # Letters in an explanation would hold only until somebody reorders the options.
    assert len(item.analysis) >= 15
    assert not any(letter in item.analysis for letter in "ABCDE")


def test_no_letter_is_the_gold_too_often():
    golds = Counter(item.gold for item in SAMPLE if item.kind == "smcq")
    assert max(golds.values()) <= 0.4 * golds.total()
    assert set("ABCD") <= set(golds)


def test_golds_of_two_three_and_four_letters_are_balanced():
    sizes = Counter(len(item.gold or "") for item in SAMPLE if item.kind == "mmcq")
    assert set(sizes) == {2, 3, 4}
    assert max(sizes.values()) <= 0.4 * sizes.total()


def test_option_counts_and_negative_stems_vary():
    assert {len(item.options) for item in SAMPLE if item.options} == {3, 4, 5}
    assert sum(word in item.stem for item in SAMPLE for word in ("不正确", "不包括")) >= 2


def test_length_does_not_give_the_answer_away():
    single = [item for item in SAMPLE if item.kind == "smcq"]
    longest = [
        item
        for item in single
        if len(item.options[item.gold or ""])
        > max(len(text) for letter, text in item.options.items() if letter != item.gold)
    ]
    assert len(longest) <= 0.4 * len(single)


@pytest.mark.parametrize("item", **named(WRITTEN))
def test_written_references_are_of_exam_length(item):
    assert 100 <= len(item.reference or "") <= 300
    assert item.gold is None
    assert not item.options


def test_vignettes_are_shared_by_their_items():
    members = defaultdict(list)
    for item in SAMPLE:
        if item.subset.startswith("case"):
            members[item.cluster].append(item)
    assert len(members) >= 6
    for cluster, items in members.items():
        assert cluster.startswith("sample/case/")
        assert len({item.vignette for item in items}) == 1
        assert len(items[0].vignette) >= 100
        assert {"smcq", "mmcq"} <= {item.kind for item in items}


def test_other_items_stand_alone():
    alone = [item for item in SAMPLE + EXEMPLARS if not item.subset.startswith("case")]
    assert all(item.cluster == item.id and not item.vignette for item in alone)


def test_no_stem_appears_twice():
    stems = Counter(item.stem for item in SAMPLE + EXEMPLARS)
    assert [stem for stem, n in stems.items() if n > 1] == []


def test_five_exemplars_of_each_kind():
    assert Counter(item.subset for item in EXEMPLARS) == {"exemplar_smcq": 5, "exemplar_mmcq": 5}


def test_each_dialogue_grows_turn_by_turn():
    dialogues = defaultdict(list)
    for item in DIALOGUES:
        dialogues[item.cluster].append(item)
    assert len(dialogues) == 2
    for cluster, turns in dialogues.items():
        assert len(turns) >= 4
        assert [turn.id for turn in turns] == [
            f"{cluster}-{n:02d}" for n in range(1, 1 + len(turns))
        ]
        assert turns[0].history == ()
        for before, after in pairwise(turns):
            assert after.history[:-2] == before.history
            assert after.history[-2].content == before.stem
            assert [turn.role for turn in after.history[-2:]] == ["user", "assistant"]


@pytest.mark.parametrize("item", **named(DIALOGUES))
def test_counselling_turns_ask_for_a_reply_only(item):
    assert (item.kind, item.subset, item.benchmark, item.split) == (
        "counselling",
        "counselling",
        "sample",
        "test",
    )
    assert item.stem
    assert (item.gold, item.reference, item.options) == (None, None, {})
