"""One family of errors: what happened, to which item, and what to do now.

Every error a user can cause derives from :class:`PsycheBenchError`; the command line prints its
message without a traceback and exits with 1.
"""


class PsycheBenchError(Exception):
    """Base of all errors whose message is written for the user."""


class DataError(PsycheBenchError):
    """A data set is missing, incomplete or not what was pinned."""


class RowError(DataError):
    """One row cannot be used: names file, row, field and remedy.

    >>> raise RowError("third.json", 12, "answer", "is missing", "add the key or use --skip-bad")
    Traceback (most recent call last):
    psyche_bench.errors.RowError: third.json, row 12, field 'answer': is missing. Remedy: add the \
key or use --skip-bad
    """

    def __init__(self, file: str, row: int, field: str, problem: str, remedy: str) -> None:
        super().__init__(f"{file}, row {row}, field '{field}': {problem}. Remedy: {remedy}")
        self.file, self.row, self.field, self.problem, self.remedy = (
            file,
            row,
            field,
            problem,
            remedy,
        )


class RunError(PsycheBenchError):
    """An evaluation cannot start, go on or be compared as asked."""


class ScoreError(PsycheBenchError):
    """Saved replies cannot be scored as they are: unknown, duplicated or conflicting ids."""


class StoreError(PsycheBenchError):
    """The store of answered calls cannot be opened, read or written."""


class ChatError(PsycheBenchError):
    """An endpoint gave no usable answer to one call, and asking again will not help now.

    ``status`` is the HTTP status of a refusal for good, else None.
    """

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class RequestRefused(ChatError):  # noqa: N818  # what happened, in the user's words
    """The endpoint refuses this one request as it stands; others may be answered."""


class BudgetExhausted(PsycheBenchError):  # noqa: N818  # what happened, in the user's words
    """The next call would exceed the budget; everything answered so far is kept."""


class BoardError(PsycheBenchError):
    """A record of the leaderboard cannot be added, or is not what its outcomes give."""
