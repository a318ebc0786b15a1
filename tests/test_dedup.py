"""Clusters: every text in exactly one, by exact Jaccard, whatever comes in."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from psyche_bench.duplicates import grams, jaccard, normalise
from psyche_bench.synthesis.dedup import cluster, shape

ALPHABET = "心理咨询情绪认知行为焦虑抑郁人格发展记忆学习动机测验"


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        pytest.param([], [], id="no texts"),
        pytest.param(["", ""], [[0, 1]], id="empty texts are equal"),
        pytest.param(["？", "！", "？"], [[0, 2], [1]], id="marks alone equal their own kind"),
        pytest.param(["情", "情绪", "情绪"], [[0], [1, 2]], id="shorter than a gram"),
        pytest.param(["A型人格？", "a 型人格"], [[0, 1]], id="marks, case and spaces do not count"),
        pytest.param(["\ud800甲乙丙", "甲乙丙"], [[0, 1]], id="half a character"),
        pytest.param(
            [
                "下列属于正性情绪的是哪一项",
                "焦虑症最主要的表现是什么",
                "下列属于正性情绪的是哪项呢",
            ],
            [[0, 2], [1]],
            id="a reworded question, in the order of the first",
        ),
    ],
)
def test_clusters(texts: list[str], expected: list[list[int]]) -> None:
    assert cluster(texts, 0.6) == expected


@pytest.mark.parametrize("threshold", [0.0, -1.0, 1.1])
def test_a_threshold_outside_its_range_is_refused(threshold: float) -> None:
    with pytest.raises(ValueError, match="above 0 and at most 1"):
        cluster(["a"], threshold)


@settings(deadline=None)  # the first example imports datasketch
@given(st.lists(st.text("甲乙丙 ？a", max_size=8), max_size=12), st.sampled_from([0.3, 0.8, 1.0]))
def test_each_text_is_in_one_cluster(texts: list[str], threshold: float) -> None:
    found = cluster(texts, threshold)
    assert sorted(index for members in found for index in members) == list(range(len(texts)))
    assert found == sorted(found)


def edited(text: str, rng: random.Random, edits: int) -> str:
    letters = list(text)
    for _ in range(edits):
        letters[rng.randrange(len(letters))] = rng.choice(ALPHABET)
    return "".join(letters)


def test_every_pair_at_the_threshold_is_joined() -> None:
    """Held against all pairs, computed without MinHash: the components are the same."""
    rng = random.Random(7)  # noqa: S311  # planted edits, not secrets
    texts = ["".join(rng.choices(ALPHABET, k=rng.randint(15, 60))) for _ in range(150)]
    texts += [edited(text, rng, rng.randint(1, 4)) for text in texts for _ in range(2)]
    sets = [grams(normalise(text), 3) for text in texts]
    alike = [
        (i, j) for i in range(len(texts)) for j in range(i) if jaccard(sets[i], sets[j]) >= 0.7
    ]
    label = list(range(len(texts)))
    for i, j in alike:
        old, new = label[i], label[j]
        label = [new if value == old else value for value in label]
    expected: dict[int, list[int]] = {}
    for index, value in enumerate(label):
        expected.setdefault(value, []).append(index)
    assert len(alike) > 100
    assert cluster(texts, 0.7) == sorted(expected.values())


@pytest.mark.parametrize("threshold", [0.5, 0.6, 0.7, 0.8, 0.9])
def test_the_shape_misses_less_than_one_pair_in_a_thousand(threshold: float) -> None:
    bands, rows = shape(threshold)
    assert bands * rows <= 128
    assert (1 - threshold**rows) ** bands <= 1e-3


def test_one_template_filled_many_times_stays_quick() -> None:
    texts = [f"模板里的这一句话反复出现了许多许多次，编号是{number:05d}" for number in range(5000)]
    assert len(cluster(texts + texts, 0.5)) == 1
