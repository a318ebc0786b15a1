"""The GRPO reward (section 2.5, Eq. 2): R = R_fmt + R_acc, from the benchmark's own reader.

Two functions in the form TRL calls, and ``compute_score`` in the form veRL calls. All of them are
:func:`psyche_bench.scoring.format_reward` and :func:`psyche_bench.scoring.overlap_reward`; nothing
here reads a letter or knows a formula.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any, cast

from psyche_bench import answers, scoring
from psyche_bench.errors import RunError

Completion = str | Sequence[Mapping[str, str]]
"""A text, or the assistant's turns as TRL hands them over for conversational prompts."""


def reply_of(completion: Completion) -> str:
    """The text of a completion in either of TRL's forms.

    >>> reply_of([{"role": "assistant", "content": "答案：B"}])
    '答案：B'
    """
    if isinstance(completion, str):
        return completion
    return "".join(turn.get("content") or "" for turn in completion)


def format_reward(completions: Sequence[Completion], **_: Any) -> list[float]:
    """R_fmt for each completion: +1.25 if well formed, else −1.

    >>> format_reward(["<think>A 不妥。</think>答案：B", "B"])
    [1.25, -1.0]
    """
    return [scoring.format_reward(reply_of(completion)) for completion in completions]


def accuracy_reward(
    completions: Sequence[Completion],
    gold: Sequence[str],
    options: Sequence[Mapping[str, str] | str] | None = None,
    *,
    printed: bool = False,
    **_: Any,
) -> list[float]:
    """R_acc for each completion: 1, ``|p ∩ g|/|g|`` for a non-empty proper subset, else −1.

    Args:
        completions: what the policy wrote.
        gold: sorted letters, one text a completion.
        options: each question's options (letter → text, or that as JSON), where known.
        printed: Eq. 2 as printed, where no answer gives 0 instead of −1.

    >>> accuracy_reward(["答案：A", "不知道"], gold=["AB", "C"])
    [0.5, -1.0]
    >>> accuracy_reward(["不知道"], gold=["C"], printed=True)
    [0.0]
    """
    offered = options if options is not None else [{}] * len(completions)
    rows = zip(completions, gold, offered, strict=True)
    return [
        _accuracy(reply_of(reply), right, _parsed(held), printed) for reply, right, held in rows
    ]


def _accuracy(reply: str, gold: str, options: Mapping[str, str], printed: bool) -> float:
    predicted = answers.read(reply, "".join(options) or "ABCDE", options or None).letters
    if predicted is None and printed:
        return 0.0
    return scoring.overlap_reward(predicted, frozenset(gold))


def _parsed(options: Mapping[str, str] | str) -> Mapping[str, str]:
    """Options as a mapping: tables of data hold them as JSON, since their keys differ by row."""
    if not isinstance(options, str):
        return {letter: text for letter, text in options.items() if text is not None}
    import json

    return cast("Mapping[str, str]", json.loads(options))


def compute_score(
    data_source: str,
    solution_str: str,
    ground_truth: str,
    extra_info: Mapping[str, Any] | None = None,
    **kwargs: Any,
) -> dict[str, float]:
    """The same reward for veRL's ``custom_reward_function``.

    Args:
        data_source: veRL's name of the data set; not used.
        solution_str: the completion.
        ground_truth: the gold's sorted letters.
        extra_info: ``options`` of the question, as JSON or a mapping, where known.
        kwargs: ``printed`` as in :func:`accuracy_reward`.

    Returns:
        ``score`` = R_fmt + R_acc, and both apart; veRL logs every key.

    >>> compute_score("cpsyexam", "<think>A 不妥。</think>答案：B", "B")
    {'score': 2.25, 'format': 1.25, 'accuracy': 1.0}
    """
    form = format_reward([solution_str])[0]
    options = (extra_info or {}).get("options") or {}
    printed = bool(kwargs.get("printed", False))
    right = accuracy_reward([solution_str], [ground_truth], [options], printed=printed)[0]
    return {"score": form + right, "format": form, "accuracy": right}


def checked(name: str, values: Any, wanted: int) -> list[float]:
    """What a reward function returned, or an error before it can be broadcast or averaged.

    Raises:
        RunError: not one finite number for each completion.
    """
    found = list(values) if isinstance(values, Sequence) and not isinstance(values, str) else None
    if found is None or len(found) != wanted:
        given = f"{len(found)} values" if found is not None else f"a {type(values).__name__}"
        raise RunError(
            f"reward {name} returned {given} for {wanted} completions. It must return a list of "
            "one number for each."
        )
    for place, value in enumerate(found):
        if not isinstance(value, int | float) or not math.isfinite(value):
            raise RunError(
                f"reward {name} returned {value!r} for completion {place} of {wanted}. It must be "
                "a finite number; mend the function, or return its worst value there."
            )
    return [float(value) for value in found]
