"""The same item with its option texts moved along under the letters.

A score that depends on which letter the right option stands under is partly a score for the
letter. Rotation ``k`` shows the text of the ``i``-th option under letter ``i + k`` (cyclically), so
that over as many rotations as an item has options each text stands once under every letter. What
is reported is always in the release's letters: the reply is read as the options were shown, and
the letters are turned back. Options that speak of others ("以上都对", "A和C") are moved like all
the rest.
"""

from psyche_bench.errors import RunError
from psyche_bench.schemas import Question

LARGEST = 4
"""The largest rotation that can differ from a smaller one: no item has more than five options."""


def checked(value: object) -> int:
    """A rotation as it was asked for.

    Raises:
        RunError: it is no whole number from 0 to :data:`LARGEST`.

    >>> checked(1)
    1
    """
    if type(value) is int and 0 <= value <= LARGEST:
        return value
    raise RunError(
        f"rotation {value!r}: a whole number from 0 (as released) to {LARGEST} is expected, as in "
        "--metadata '{\"rotation\": 1}'."
    )


def rotate(question: Question, by: int) -> Question:
    """The question as it is shown: texts moved ``by`` letters along, the gold with them.

    >>> q = Question(
    ...     id="q",
    ...     benchmark="b",
    ...     split="test",
    ...     subset="s",
    ...     kind="mmcq",
    ...     subject="",
    ...     cluster="q",
    ...     stem="",
    ...     options={"A": "喜", "B": "怒", "C": "哀"},
    ...     gold="BC",
    ...     file="",
    ...     row=1,
    ... )
    >>> shown = rotate(q, 1)
    >>> shown.options, shown.gold
    ({'A': '哀', 'B': '喜', 'C': '怒'}, 'AC')
    """
    if not by or not question.options:
        return question
    texts = list(question.options.values())
    start = -by % len(texts)
    moved = dict(zip(question.options, texts[start:] + texts[:start], strict=True))
    gold = None if question.gold is None else shown(question.gold, question, by)
    return question.model_copy(update={"options": moved, "gold": gold})


def shown(letters: str, question: Question, by: int) -> str:
    """The letters under which these options of the release stood; letters of no option stay.

    >>> from psyche_bench import sources
    >>> item = next(q for q in sources.load("sample") if len(q.options) == 4)
    >>> shown("AD", item, 1), released("AB", item, 1)
    ('AB', 'AD')
    """
    order = list(question.options)
    place = {letter: order[(at + by) % len(order)] for at, letter in enumerate(order)}
    return "".join(sorted(place.get(letter, letter) for letter in letters))


def released(letters: str, question: Question, by: int) -> str:
    """The release's letters of the options that were shown under these: :func:`shown` undone."""
    return shown(letters, question, -by)
