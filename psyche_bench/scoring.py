"""Option sets to numbers: the only place that scores.

The benchmark's two metrics and the two terms of the GRPO reward (Psyche-R1, section 2.5, Eq. 2).
"""

from collections.abc import Set as AbstractSet

from psyche_bench import answers

FORMAT_OK, FORMAT_BAD = 1.25, -1.0
ACCURACY_BAD = -1.0


def _checked(gold: AbstractSet[str]) -> AbstractSet[str]:
    if not gold:
        raise ValueError("the gold is empty: an item without a gold cannot be graded; leave it out")
    return gold


def standard(predicted: AbstractSet[str] | None, gold: AbstractSet[str]) -> float:
    """Exact match of option sets: ``1 if p = g else 0`` (PCEB and CPsyExam accuracy).

    Args:
        predicted: letters read from the reply, or None when no answer was read.
        gold: the non-empty set of right letters.

    >>> standard({"A", "C"}, {"C", "A"}), standard({"A"}, {"A", "C"}), standard(None, {"A"})
    (1.0, 0.0, 0.0)
    """
    right = set(_checked(gold))
    return float(predicted is not None and set(predicted) == right)


def elastic(predicted: AbstractSet[str] | None, gold: AbstractSet[str]) -> float:
    """Elastic accuracy: ``|p|/|g|`` for a non-empty subset of the gold, else 0.

    Any wrong option, or no answer, gives 0; for one-letter golds it equals :func:`standard`
    (PsycoLLM's elastic accuracy; Psyche-R1, Table 1).

    >>> elastic({"A", "C"}, {"A", "B", "C"}) == 2 / 3, elastic({"A", "D"}, {"A", "B", "C"})
    (True, 0.0)
    """
    _checked(gold)
    if not predicted or not set(predicted) <= set(gold):
        return 0.0
    return len(predicted) / len(gold)


def format_reward(reply: str) -> float:
    """R_fmt of Eq. 2: +1.25 for ``<think>…</think>`` followed by a parsable answer, else −1.

    >>> format_reward("<think>A 不妥。</think>答案：B"), format_reward("答案：B")
    (1.25, -1.0)
    """
    opened, _, rest = reply.lstrip().partition("<think>")
    well_formed = not opened and rest.count("</think>") == 1 and "<think>" not in rest
    if not well_formed or not rest.partition("</think>")[0].strip():
        return FORMAT_BAD
    return FORMAT_OK if answers.read(reply).state == "answered" else FORMAT_BAD


def overlap_reward(predicted: AbstractSet[str] | None, gold: AbstractSet[str]) -> float:
    """R_acc of Eq. 2: 1 if ``p = g``; ``|p ∩ g|/|g|`` for a non-empty proper subset; else −1.

    As printed, Eq. 2 would give an empty answer 0, more than a wrong one. Silence must not pay,
    so no answer gives −1 here.

    >>> overlap_reward({"A"}, {"A", "B"}), overlap_reward({"C"}, {"A"}), overlap_reward(None, {"A"})
    (0.5, -1.0, -1.0)
    """
    score = elastic(predicted, gold)
    return score if score > 0 else ACCURACY_BAD
