"""The benchmark's two metrics and the reward's two terms, by hand and by their laws."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from psyche_bench import scoring

# predicted, gold, standard, elastic, overlap_reward, why
TABLE = [
    ("A", "A", 1, 1, 1, "the one right letter"),
    ("B", "A", 0, 0, -1, "the wrong letter"),
    ("AB", "A", 0, 0, -1, "a right and a wrong letter where one is right"),
    ("ABC", "ABC", 1, 1, 1, "all three"),
    ("CBA", "ABC", 1, 1, 1, "all three in another order"),
    ("AB", "ABC", 0, 2 / 3, 2 / 3, "two of three"),
    ("C", "ABC", 0, 1 / 3, 1 / 3, "one of three"),
    ("A", "ABCDE", 0, 0.2, 0.2, "one of five"),
    ("ABCD", "ABCDE", 0, 0.8, 0.8, "four of five"),
    ("ABD", "ABC", 0, 0, -1, "two of three and a wrong one"),
    ("ABCD", "ABC", 0, 0, -1, "all three and one too many"),
    ("D", "ABC", 0, 0, -1, "nothing in common"),
    ("", "ABC", 0, 0, -1, "an empty answer: silence does not pay"),
    (None, "ABC", 0, 0, -1, "no answer was read"),
    (None, "A", 0, 0, -1, "no answer to a single-answer question"),
]


@pytest.mark.parametrize(
    ("predicted", "gold", "standard", "elastic", "reward"),
    [row[:-1] for row in TABLE],
    ids=[row[-1] for row in TABLE],
)
def test_scores(predicted, gold, standard, elastic, reward):
    letters = None if predicted is None else frozenset(predicted)
    assert scoring.standard(letters, set(gold)) == standard
    assert scoring.elastic(letters, set(gold)) == pytest.approx(elastic)
    assert scoring.overlap_reward(letters, set(gold)) == pytest.approx(reward)


@pytest.mark.parametrize("predicted", [None, set(), {"A"}], ids=["none", "empty", "a letter"])
@pytest.mark.parametrize("score", [scoring.standard, scoring.elastic, scoring.overlap_reward])
def test_an_empty_gold_is_an_error_whatever_was_answered(score, predicted):
    with pytest.raises(ValueError, match="the gold is empty"):
        score(predicted, set())


LETTERS = st.sets(st.sampled_from("ABCDE"))
GOLDS = st.sets(st.sampled_from("ABCDE"), min_size=1)


@given(LETTERS | st.none(), GOLDS)
def test_elastic_is_never_below_standard_and_both_are_shares(predicted, gold):
    standard, elastic = scoring.standard(predicted, gold), scoring.elastic(predicted, gold)
    assert 0 <= standard <= elastic <= 1
    assert (elastic == 1) == (standard == 1)


@given(LETTERS | st.none(), st.sampled_from("ABCDE"))
def test_for_one_letter_golds_the_two_metrics_are_one(predicted, gold):
    assert scoring.standard(predicted, {gold}) == scoring.elastic(predicted, {gold})


@given(LETTERS | st.none(), GOLDS)
def test_the_reward_is_minus_one_or_the_elastic_score(predicted, gold):
    reward = scoring.overlap_reward(predicted, gold)
    assert reward == -1 or 0 < reward <= 1
    assert (reward == -1) == (scoring.elastic(predicted, gold) == 0)


@given(GOLDS, st.data())
def test_a_further_right_letter_never_costs_and_a_wrong_one_costs_all(gold, data):
    some = data.draw(st.sets(st.sampled_from(sorted(gold))))
    more = some | {data.draw(st.sampled_from(sorted(gold)))}
    assert scoring.elastic(more, gold) >= scoring.elastic(some, gold)
    assert scoring.elastic(some | {"Z"}, gold) == 0


@given(LETTERS | st.none(), GOLDS, st.permutations("ABCDE"))
def test_renaming_the_options_changes_nothing(predicted, gold, names):
    def renamed(letters):
        return None if letters is None else {names["ABCDE".index(letter)] for letter in letters}

    assert scoring.elastic(predicted, gold) == scoring.elastic(renamed(predicted), renamed(gold))


GOOD, BAD = 1.25, -1.0
FORMATS = [
    ("<think>A 不妥，B 合适。</think>答案：B", GOOD, "one block, then an answer"),
    ("\n  <think>\n想一想\n</think>\n\n答案：AC\n", GOOD, "white space around everything"),
    ("答案：B", BAD, "no reasoning"),
    ("<think>想一想</think>", BAD, "no answer"),
    ("<think>想一想</think>我不知道。", BAD, "nothing that can be read as an answer"),
    ("<think>答案：B</think>", BAD, "the answer stands inside the reasoning alone"),
    ("<think>想一想 答案：B", BAD, "the reasoning never closes"),
    ("想一想</think>答案：B", BAD, "the reasoning never opens"),
    ("<think></think>答案：B", BAD, "empty reasoning"),
    ("<think> \n </think>答案：B", BAD, "blank reasoning"),
    ("<think>甲<think>乙</think></think>答案：B", BAD, "nested"),
    ("<think>甲<think>乙</think>答案：B", BAD, "opened twice"),
    ("<think>甲</think>乙</think>答案：B", BAD, "closed twice"),
    ("<think>甲</think><think>乙</think>答案：B", BAD, "two blocks"),
    ("好的。<think>甲</think>答案：B", BAD, "talk before the reasoning"),
    ("</think>甲<think>答案：B", BAD, "the wrong way round"),
    ("<think>甲</think>答案可能是A或B", BAD, "an answer that does not decide"),
    ("", BAD, "nothing"),
]


@pytest.mark.parametrize(
    ("reply", "expected"), [row[:2] for row in FORMATS], ids=[row[2] for row in FORMATS]
)
def test_format_reward(reply, expected):
    assert scoring.format_reward(reply) == expected


@given(st.lists(st.sampled_from(["<think>", "</think>", "甲", "答案：B", "\n"]), max_size=7))
def test_the_format_reward_is_one_of_two_and_paid_for_one_block_only(parts):
    reply = "".join(parts)
    reward = scoring.format_reward(reply)
    assert reward in (GOOD, BAD)
    if reward == GOOD:
        assert (reply.count("<think>"), reply.count("</think>")) == (1, 1)
