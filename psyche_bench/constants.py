"""Rows that know nothing: what a table's models must beat, made from the items alone.

Always one letter, always the most frequent gold, nothing at all, and chance. Each is a run like
any other, outcomes of whole subsets, and is summarised and given intervals like one.
"""

from collections import Counter
from collections.abc import Sequence

from psyche_bench.errors import ScoreError
from psyche_bench.prompting import option_sets
from psyche_bench.schemas import Outcome, Question
from psyche_bench.scoring import elastic, standard

LETTERS = "ABCDE"
MOST_FREQUENT, EMPTY, CHANCE = "most frequent gold", "empty reply", "chance"
NAMES = (*(f"always {letter}" for letter in LETTERS), MOST_FREQUENT, EMPTY, CHANCE)
PROTOCOL = "constant"


def rows(questions: Sequence[Question]) -> dict[str, list[Outcome]]:
    """The constant rows of a set of multiple-choice items: outcomes by the names in :data:`NAMES`.

    ``always X`` answers every item with that one letter, also where several are asked for, or
    where the item has no such option (then it is wrong). ``most frequent gold`` is the best
    constant answer of each subset by exact match (ties: the first in the alphabet): it has seen
    the golds, so it is a bound and no model. ``empty reply`` is unparsed throughout.

    Args:
        questions: choices with golds, of one benchmark or several.

    Raises:
        ScoreError: an item is no choice, or its gold is withheld.

    >>> from psyche_bench import sources
    >>> items = [q for q in sources.load("sample", "test") if q.kind == "smcq"]
    >>> found = rows(items)
    >>> list(found) == list(NAMES), {outcome.state for outcome in found["empty reply"]}
    (True, {'unparsed'})
    """
    for question in questions:
        if question.kind not in ("smcq", "mmcq") or not question.gold:
            raise ScoreError(
                f"{question.id} has no gold to grade a constant answer by. Leave written answers "
                "out, and supply the answer key of a withheld split."
            )
    common = most_frequent(questions)
    answers = {f"always {letter}": dict.fromkeys(common, letter) for letter in LETTERS}
    answers |= {MOST_FREQUENT: common, EMPTY: dict.fromkeys(common, "")}
    found = {name: [_graded(q, by[_column(q)]) for q in questions] for name, by in answers.items()}
    return found | {CHANCE: [_guessed(question) for question in questions]}


Place = tuple[str, str, str]


def _column(question: Question) -> Place:
    return question.benchmark, question.split, question.subset


def most_frequent(questions: Sequence[Question]) -> dict[Place, str]:
    """The gold that most items of a subset have, by benchmark, split and subset."""
    counts: dict[Place, Counter[str]] = {}
    for question in questions:
        counts.setdefault(_column(question), Counter())[question.gold or ""] += 1
    return {
        place: min(count, key=lambda gold: (-count[gold], gold)) for place, count in counts.items()
    }


def _graded(question: Question, letters: str) -> Outcome:
    from psyche_bench import answers  # with outcomes: readers and text metrics, slow to load
    from psyche_bench.outcomes import grade

    return grade(question, answers.render(letters) if letters else "", protocol=PROTOCOL)


def chance(question: Question) -> dict[str, float]:
    """What a uniform guess among the allowed answers scores on one item, on average.

    ``sum over allowed p of score(p, gold) / number of allowed p``: one of k letters for a
    single-answer item, any of the ``2^k - 1`` option sets (or those the item allows) otherwise.
    """
    gold, allowed = frozenset(question.gold or ""), option_sets(question)
    metrics = {"standard": standard, "elastic": elastic}
    return {
        name: sum(metric(frozenset(guess), gold) for guess in allowed) / len(allowed)
        for name, metric in metrics.items()
    }


def _guessed(question: Question) -> Outcome:
    """Chance as an outcome: expected scores, hence ``partial``, and no letters of its own."""
    return Outcome(
        id=question.id,
        task="",
        protocol=PROTOCOL,
        prompt_hash="",
        reply=None,
        predicted=None,
        gold=question.gold,
        state="partial",
        scores=chance(question),
    )
