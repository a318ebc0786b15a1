"""Intervals, paired tests and ranks against hand arithmetic, SciPy and statsmodels."""

import math

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import linalg, stats
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

from psyche_bench import resampling
from psyche_bench.errors import ScoreError
from psyche_bench.paired import compare_all, exact_mcnemar
from psyche_bench.stats import (
    Column,
    average_interval,
    binomial_average,
    binomial_interval,
    holm,
    interval,
    paired,
    rank_intervals,
    unpaired_ranks,
)

RNG = np.random.default_rng(11)
SIZES = [3, 1, 7, 2, 2, 5, 1, 9, 4, 6]
LABELS = np.repeat([f"vignette {at}" for at in range(len(SIZES))], SIZES).tolist()
SCORES = RNG.normal(50, 10, len(LABELS)) + np.repeat(RNG.normal(0, 8, len(SIZES)), SIZES)


def close(value, expected, tolerance=1e-9):
    return value == pytest.approx(expected, rel=tolerance, abs=1e-12)


# Intervals --------------------------------------------------------------------------------------


def test_single_items_give_the_textbook_t_interval():
    found = interval(SCORES, level=0.9)
    expected = stats.ttest_1samp(SCORES, 0).confidence_interval(0.9)
    assert close([found.low, found.high], list(expected))
    assert close(found.df, len(SCORES) - 1)


def test_equal_clusters_give_the_t_interval_of_cluster_means():
    scores = RNG.normal(size=(12, 5)) + RNG.normal(size=(12, 1))
    found = interval(scores.ravel(), np.repeat(np.arange(12), 5).tolist())
    expected = stats.ttest_1samp(scores.mean(axis=1), 0).confidence_interval(0.95)
    assert close([found.low, found.high], list(expected))
    assert close(found.df, 11)
    assert (found.n, found.clusters) == (60, 12)


def bell_mccaffrey(design, scores, labels, contrast):
    """CR2 error and Satterthwaite df written as in the paper, with whole matrices."""
    codes = np.unique(labels, return_inverse=True)[1]
    bread = np.linalg.inv(design.T @ design)
    hat = design @ bread @ design.T
    residual = scores - hat @ scores
    annihilator = np.eye(len(scores)) - hat
    pushed, variance = [], 0.0
    for code in np.unique(codes):
        own = np.flatnonzero(codes == code)
        adjust = np.real(linalg.fractional_matrix_power(annihilator[np.ix_(own, own)], -0.5))
        weight = adjust @ design[own] @ bread @ contrast
        variance += (residual[own] @ weight) ** 2
        pushed.append(annihilator[:, own] @ weight)
    gram = np.array(pushed) @ np.array(pushed).T
    return math.sqrt(variance), np.trace(gram) ** 2 / np.trace(gram @ gram)


def test_uneven_clusters_across_two_columns_match_the_matrix_formula():
    column = np.arange(len(SCORES)) % 2  # vignettes reach into both columns
    design = np.eye(2)[column]
    error, df = bell_mccaffrey(design, SCORES, LABELS, np.array([0.5, 0.5]))
    labels = np.array(LABELS)
    found = average_interval(
        [Column(SCORES[column == k], labels[column == k].tolist()) for k in range(2)]
    )
    assert close(found.standard_error, error)
    assert close(found.df, df)
    assert close(found.estimate, np.mean([SCORES[column == k].mean() for k in range(2)]))


def test_the_plain_error_of_the_draws_is_statsmodels_clustered_error():
    fit = sm.OLS(SCORES, np.ones(len(SCORES))).fit(
        cov_type="cluster", cov_kwds={"groups": resampling.encode(LABELS)[0]}
    )
    found = interval(SCORES, LABELS, method="bootstrap", draws=200)
    count = len(SIZES)
    assert close(found.standard_error * math.sqrt(count / (count - 1)), fit.bse[0])


def test_columns_that_share_no_cluster_add_their_variances():
    parts = [RNG.normal(size=20), RNG.normal(size=35), RNG.normal(size=50)]
    found = average_interval([Column(part) for part in parts])
    expected = math.sqrt(sum(part.var(ddof=1) / len(part) for part in parts)) / 3
    assert close(found.standard_error, expected)


def test_weights_by_number_of_items_give_the_mean_over_items():
    parts = [RNG.normal(size=20), RNG.normal(size=60)]
    found = average_interval([Column(part) for part in parts], weights=[20, 60])
    assert close(found.estimate, np.concatenate(parts).mean())


def test_clusters_shared_by_columns_widen_the_average():
    shared = RNG.normal(size=40)
    columns = [Column(shared + 0.1 * RNG.normal(size=40), list(range(40))) for _ in range(2)]
    apart = average_interval([Column(column.scores) for column in columns])
    together = average_interval(columns)
    assert together.standard_error > 1.3 * apart.standard_error


def test_positively_correlated_clusters_widen_the_interval():
    scores = np.repeat(RNG.integers(0, 2, 30), 8)
    clustered = interval(scores, np.repeat(np.arange(30), 8).tolist())
    naive = interval(scores)
    assert clustered.high - clustered.low > 2.5 * (naive.high - naive.low)


@pytest.mark.parametrize(
    ("scores", "labels", "note"),
    [
        pytest.param([0.5], None, "one cluster", id="one item has no spread"),
        pytest.param([0, 1, 1], ["v", "v", "v"], "one cluster", id="one vignette tells nothing"),
        pytest.param([1, 1, 1, 1], None, "no spread", id="all right, and no bounds are known"),
    ],
)
@pytest.mark.parametrize("method", ["t", "bootstrap"])
def test_what_the_data_cannot_tell_is_none_with_a_reason(scores, labels, note, method):
    found = interval(scores, labels, method=method, draws=100)
    assert close(found.estimate, np.mean(scores))
    assert (found.low, found.high, found.standard_error) == (None, None, None)
    assert note in found.note


def test_one_cluster_in_one_of_the_columns_is_named_as_such():
    found = average_interval([Column([1, 0, 1]), Column([1, 0], ["v", "v"])])
    assert found.low is None
    assert "of a column" in found.note


@pytest.mark.parametrize(
    ("scores", "labels", "error", "words"),
    [
        pytest.param([], None, ScoreError, "no items", id="a mean of nothing"),
        pytest.param([0.0, math.nan], None, ScoreError, "position 1", id="an unscored item"),
        pytest.param([0.0, 1.0], ["v"], ValueError, "1 cluster labels", id="a label is missing"),
    ],
)
def test_bad_input_is_refused_with_the_reason(scores, labels, error, words):
    with pytest.raises(error, match=words):
        interval(scores, labels)


@pytest.mark.parametrize(
    ("right", "n"), [(150, 152), (152, 152), (0, 40), (76, 152), (1, 60)], ids=str
)
def test_between_bounds_single_items_give_nearly_wilsons_interval(right, n):
    scores = [100.0] * right + [0.0] * (n - right)
    found = interval(scores, bounds=(0, 100))
    low, high = proportion_confint(right, n, method="wilson")
    # t instead of normal quantiles: a little wider
    assert [found.low, found.high] == pytest.approx([100 * low, 100 * high], abs=0.6)
    assert 0 <= found.low <= found.estimate <= found.high <= 100


@pytest.mark.parametrize(
    ("n", "share"), [(152, 0.85), (158, 0.6), (1143, 0.8), (784, 0.55)], ids=str
)
def test_between_bounds_single_items_are_covered_as_often_as_said(n, share):
    """PCEB's columns without vignettes: the exact rate, summed over counts, is 94 to 96 %."""
    counts = np.arange(n + 1)
    likely = counts[stats.binom.pmf(counts, n, share) > 1e-7]
    held = [
        found.low <= share <= found.high
        for found in (interval(np.repeat([1, 0], [k, n - k]), bounds=(0, 1)) for k in likely)
    ]
    assert 0.94 <= stats.binom.pmf(likely[held], n, share).sum() <= 0.96


def test_all_right_in_few_clusters_says_less_than_in_many():
    few = interval([1.0] * 40, np.repeat(np.arange(4), 10).tolist(), bounds=(0, 1))
    many = interval([1.0] * 40, bounds=(0, 1))
    assert few.low < many.low < 1
    assert few.high == many.high == 1


def test_a_mean_outside_its_bounds_is_refused():
    with pytest.raises(ValueError, match="outside the bounds"):
        interval([90.0, 80.0], bounds=(0, 1))


finite = st.floats(-100, 100).map(lambda value: round(value, 3))
items = st.lists(st.tuples(finite, st.sampled_from("abcdefgh")), min_size=2, max_size=40)


@given(items, st.floats(0.1, 100), finite, st.randoms())
@settings(max_examples=60, deadline=None)
def test_unit_order_and_names_of_clusters_do_not_matter(pairs, scale, shift, random):
    scores, labels = zip(*pairs, strict=True)
    plain = interval(scores, labels)
    random.shuffle(pairs)
    again = interval([scale * s + shift for s, _ in pairs], [f"v{name}" for _, name in pairs])
    assert again.estimate == pytest.approx(scale * plain.estimate + shift, abs=1e-6)
    if plain.low is not None and plain.high - plain.low > 1e-3:
        assert again.high - again.low == pytest.approx(scale * (plain.high - plain.low), rel=1e-5)


def test_the_bootstrap_agrees_with_t_where_t_is_exact():
    scores = np.random.default_rng(5).normal(size=400)
    by_draws, by_t = interval(scores, method="bootstrap"), interval(scores)
    assert by_draws.high - by_draws.low == pytest.approx(by_t.high - by_t.low, rel=0.04)
    assert by_draws == interval(scores, method="bootstrap")  # same seed, same draws
    assert by_draws != interval(scores, method="bootstrap", seed=1)


def test_drawing_patterns_is_the_same_as_drawing_items():
    scores = (np.random.default_rng(3).random(600) < 0.3).astype(float)
    jitter = np.random.default_rng(4).normal(0, 1e-6, 600)  # no two items alike: none merged
    merged, apart = (interval(part, method="bootstrap") for part in (scores, scores + jitter))
    assert merged.high - merged.low == pytest.approx(apart.high - apart.low, rel=0.04)
    codes = np.zeros(600, dtype=np.intp)
    table = resampling.tabulate(scores[None], codes, np.arange(600))
    assert len(resampling._strata(table)[0].sizes) == 2


def test_cluster_intervals_cover_where_naive_ones_do_not():
    rng = np.random.default_rng(8)
    sizes = rng.integers(2, 20, 100)
    ability = rng.beta(0.7 * 7 / 3, 0.3 * 7 / 3, (600, 100))  # intra-cluster correlation 0.3
    labels = np.repeat(np.arange(100), sizes)
    scores = (rng.random((600, len(labels))) < ability[:, labels]).astype(float)
    rates = []
    for codes in (labels, np.arange(len(labels))):
        table = resampling.tabulate(scores, np.zeros(len(labels), dtype=np.intp), codes)
        fit = resampling.linearise(table, np.ones((1, 1)))
        half = stats.t.ppf(0.975, fit.df[0]) * fit.error[0]
        rates.append((np.abs(fit.value[0] - 0.7) <= half).mean())
    assert 0.93 <= rates[0] <= 0.97
    assert rates[1] < 0.8


# Published rows ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("right", "n"), [(120, 152), (0, 30), (30, 30), (412, 748)], ids=str)
def test_a_published_percentage_gets_wilsons_interval_and_its_label(right, n):
    found = binomial_interval(100 * right / n, n)
    low, high = proportion_confint(right, n, method="wilson")
    assert [found.low, found.high] == pytest.approx([100 * low, 100 * high], abs=1e-9)
    assert found.label == "unpaired binomial approximation"


def test_a_published_average_adds_the_columns_variances():
    found = binomial_average([80.0, 50.0], [100, 400])
    error = math.sqrt(80 * 20 / 100 + 50 * 50 / 400) / 2  # 2.358
    assert close(found.standard_error, error)
    assert close(found.high, 65 + stats.norm.ppf(0.975) * error)
    assert found.label == "unpaired binomial approximation"


@pytest.mark.parametrize(("percent", "n"), [(101.0, 10), (-0.1, 10), (50.0, 0)], ids=str)
def test_an_impossible_published_score_is_refused(percent, n):
    with pytest.raises(ScoreError, match="is no score"):
        binomial_interval(percent, n)


# Pairs ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("only_first", "only_second"), [(0, 0), (5, 0), (12, 3), (7, 7), (1, 60)])
def test_mcnemar_matches_scipy_and_statsmodels(only_first, only_second):
    both, neither = 20, 11
    first = [1] * (both + only_first) + [0] * (only_second + neither)
    second = [1] * both + [0] * only_first + [1] * only_second + [0] * neither
    found = paired(first, second, kind="binary", draws=200)
    table = [[both, only_first], [only_second, neither]]
    assert close(found.p, mcnemar(table, exact=True).pvalue)
    if only_first + only_second:
        assert close(found.p, stats.binomtest(only_first, only_first + only_second).pvalue)
    assert (found.only_first, found.only_second) == (only_first, only_second)
    assert found.test == "exact McNemar"
    assert close(exact_mcnemar(only_second, only_first), found.p)


def test_with_shared_vignettes_mcnemar_is_only_printed_beside_a_cluster_aware_p():
    gain = np.repeat(np.arange(24) % 3 == 0, 10)  # whole vignettes flip, eight of them
    labels = np.repeat(np.arange(24), 10).tolist()
    found = paired(gain.astype(float), np.zeros(240), labels, kind="binary")
    assert found.test == "paired cluster bootstrap-t"
    assert found.p_mcnemar < 1e-20
    assert found.p > found.p_mcnemar * 1e10


def test_a_real_difference_of_single_items_is_the_paired_t_test():
    first, second = RNG.normal(0.3, 1, 80), RNG.normal(0, 1, 80)
    expected = stats.ttest_rel(first, second)
    by_t = paired(first, second, method="t")
    assert close(by_t.p, expected.pvalue)
    assert close([by_t.low, by_t.high], list(expected.confidence_interval()))
    by_draws = paired(first, second)
    assert by_draws.p == pytest.approx(expected.pvalue, abs=0.02)
    assert by_draws.p_mcnemar is None


@pytest.mark.parametrize(
    ("first", "second", "p", "why"),
    [
        ([0.2, 0.9, 0.4], [0.2, 0.9, 0.4], 1.0, "identical runs"),
        ([0.5, 0.7, 0.9], [0.25, 0.45, 0.65], None, "the same gain on every item"),
        ([1.0], [0.0], None, "one item"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_differences_without_spread_have_no_interval(first, second, p, why):
    found = paired(first, second, draws=100)
    assert (found.low, found.high, found.p) == (None, None, p), why
    assert "too little spread" in found.note


@given(st.integers(0, 2**32 - 1), st.floats(0, 0.5))
@settings(max_examples=25, deadline=None)
def test_p_and_interval_tell_the_same_and_swapping_runs_changes_the_sign(seed, gain):
    rng = np.random.default_rng(seed)
    first, second = rng.random(60) + gain * rng.random(60), rng.random(60)
    labels = rng.integers(0, 25, 60).tolist()
    found = paired(first, second, labels, draws=999, level=0.95)
    excludes = found.low > 0 or found.high < 0
    assert excludes == (found.p < 0.05) or found.p == pytest.approx(0.05, abs=0.002)
    swapped = paired(second, first, labels, draws=999)
    assert (swapped.estimate, swapped.p) == (pytest.approx(-found.estimate), found.p)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        pytest.param(([1, 0], [1]), "2 scores against 1", id="one run lacks an item"),
        pytest.param(([1, 0.5], [1, 0]), "two values", id="elastic scores are not binary"),
    ],
)
def test_unpaired_or_graded_scores_are_refused(arguments, words):
    with pytest.raises(ValueError, match=words):
        paired(*arguments, kind="binary")


def test_a_vanished_column_counts_against_significance():
    # One column of a single item in a vignette of its own: most draws of the stratum lack it.
    labels = ["v1", "v1", "v2", "v3", "v4"]
    family = compare_all(
        [[1, 1, 1, 0, 1], [0, 1, 0, 0, 1]],
        columns=["a", "b", "a", "a", "a"],
        clusters=labels,
        draws=500,
    )
    assert family.differences["b"][0].low is None
    assert family.differences["average"][0].low is None


def test_columns_average_and_item_weighted_mean_come_from_one_family():
    scores = np.array([[1, 1, 0, 1, 0, 1], [1, 0, 0, 0, 0, 1], [0, 0, 0, 0, 1, 1.0]])
    family = compare_all(scores, columns=list("aabbbb"), kind="binary", draws=300)
    assert family.names == ["a", "b", "average", "item-weighted"]
    assert family.pairs == [(0, 1), (0, 2), (1, 2)]
    assert close(family.values["average"], [0.75, 0.375, 0.25])
    assert close(family.values["item-weighted"], [4 / 6, 2 / 6, 2 / 6])
    assert close([d.estimate for d in family.differences["a"]], [0.5, 1.0, 0.5])
    assert family.differences["average"][0].p_mcnemar is None


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
@settings(max_examples=20, deadline=None)
def test_holm_matches_statsmodels(p_values):
    assert holm(p_values) == pytest.approx(multipletests(p_values, method="holm")[1])


def test_holm_leaves_out_what_was_not_tested():
    assert holm([None, 0.02, 0.03]) == [None, 0.04, 0.04]


# Ranks ------------------------------------------------------------------------------------------


def test_runs_far_apart_have_one_rank_each_and_equal_runs_share():
    rng = np.random.default_rng(2)
    runs = [(rng.random(900) < share).astype(float) for share in (0.2, 0.9, 0.5)]
    found = rank_intervals([*runs, runs[2]])
    assert [(r.rank, r.low, r.high) for r in found] == [(4, 4, 4), (1, 1, 1), (2, 2, 3), (2, 2, 3)]


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=15, deadline=None)
def test_the_rank_lies_in_its_interval_and_simultaneous_ones_are_wider(seed):
    rng = np.random.default_rng(seed)
    matrix = (rng.random((6, 120)) < np.linspace(0.4, 0.7, 6)[:, None]).astype(float)
    labels = rng.integers(0, 40, 120).tolist()
    columns = rng.choice(["a", "b"], 120).tolist()
    settings_ = {"clusters": labels, "columns": columns, "draws": 400}
    joint = rank_intervals(matrix, **settings_)
    single = rank_intervals(matrix, **settings_, simultaneous=False)
    for wide, narrow in zip(joint, single, strict=True):
        assert wide.low <= narrow.low <= narrow.rank <= narrow.high <= wide.high
        assert (wide.coverage, narrow.coverage) == ("simultaneous", "marginal")


def test_published_rows_are_ranked_by_their_errors_alone_and_labelled():
    found = unpaired_ranks([70.0, 69.5, 40.0], [1.0, 1.0, 1.0])
    assert [(r.low, r.high) for r in found] == [(1, 2), (1, 2), (3, 3)]
    assert {r.label for r in found} == {"unpaired binomial approximation"}
