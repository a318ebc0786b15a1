"""The constant rows by hand: what always one letter, the commonest gold and chance score."""

import os

import pytest

from psyche_bench import constants, sources, summary
from psyche_bench.errors import ScoreError
from psyche_bench.schemas import Question

DATA = os.environ.get("PSYCHE_BENCH_DATA")
FOUR = dict(zip("ABCD", ("复述", "遗忘", "提取", "编码"), strict=True))


def item(subset, number, gold, options=FOUR):
    name = f"exam/{subset}/{number:04d}"
    return Question(
        id=name, benchmark="exam", split="test", subset=subset, kind=subset.rpartition("_")[2],
        subject="记忆", cluster=name, stem="下列", options=options, gold=gold, file="f", row=number,
    )  # fmt: skip


SINGLES = [item("theory_smcq", n, gold) for n, gold in enumerate("BBAD", 1)]
MULTIPLES = [item("theory_mmcq", n, gold) for n, gold in enumerate(("ABD", "AC", "ABD", "BD"), 1)]
ITEMS = [*SINGLES, *MULTIPLES]
ROWS = constants.rows(ITEMS)


@pytest.mark.parametrize(
    ("row", "single", "multiple", "elastic"),
    [
        pytest.param("always A", 25, 0, 100 * (1 / 3 + 1 / 2 + 1 / 3) / 4, id="A is in three sets"),
        pytest.param("always B", 50, 0, 100 * (1 / 3 + 1 / 3 + 1 / 2) / 4, id="B is in three sets"),
        pytest.param("always E", 0, 0, 0, id="no item has an E"),
        pytest.param("most frequent gold", 50, 50, 50, id="B among singles, ABD among multiples"),
        pytest.param("empty reply", 0, 0, 0, id="nothing scores nothing"),
        # Of the 15 sets, 1 is right; subsets of a gold of 3 give 3 x 1/3 + 3 x 2/3 + 1, of 2: 2.
        pytest.param("chance", 25, 100 / 15, 100 * (4 + 2 + 4 + 2) / 4 / 15, id="guesses by hand"),
    ],
)
def test_rows_by_hand(row, single, multiple, elastic):
    found = summary.summarise(ROWS[row], {q.id: q for q in ITEMS})
    one, several = found.columns
    assert one.scores == pytest.approx({"standard": single, "elastic": single})
    assert several.scores == pytest.approx({"standard": multiple, "elastic": elastic})
    assert found.groups[0].standard == pytest.approx((single + multiple) / 2)


def test_every_row_holds_every_item_and_says_what_it_is():
    assert tuple(ROWS) == constants.NAMES
    for name, outcomes in ROWS.items():
        assert [outcome.id for outcome in outcomes] == [q.id for q in ITEMS], name
        assert {outcome.protocol for outcome in outcomes} == {"constant"}, name


def test_chance_is_the_chance_beside_every_run():
    found = summary.summarise(ROWS["chance"], {q.id: q for q in ITEMS})
    for column in found.columns:
        assert column.scores == pytest.approx(column.chance)


@pytest.mark.parametrize(
    "question",
    [item("theory_smcq", 1, None), item("theory_qa", 7, None, {})],
    ids=["withheld", "written"],
)
def test_an_item_without_a_gold_is_named(question):
    with pytest.raises(ScoreError, match=rf"{question.id} has no gold .* supply the answer key"):
        constants.rows([question])


@pytest.mark.skipif(not DATA, reason="PSYCHE_BENCH_DATA is not set")
def test_rows_of_pceb_against_counted_golds():
    questions = sources.load("pceb")
    found = constants.rows(questions)
    known = sources.universe(q.id for q in questions)
    golds = [q.gold for q in questions if q.subset == "theory_smcq"]
    for letter in "ABCD":
        columns = summary.summarise(found[f"always {letter}"], known).columns
        (theory,) = (column for column in columns if column.subset == "theory_smcq")
        assert theory.scores["standard"] == pytest.approx(100 * golds.count(letter) / len(golds))
        assert theory.intervals["standard"] is not None
