"""What SFT is to teach, counted from saved replies: the form, and which letters are answered.

The format rate is the share of replies that Eq. 2 pays +1.25 for: ``<think>…</think>`` and then an
answer that can be read. The harness scores answers; this is about their shape.
"""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from psyche_bench import outcomes, scoring, stats
from psyche_bench.errors import DataError

SHOWN = 3
"""Answers listed, the most frequent first."""


def rows(folders: Sequence[Path]) -> list[dict[str, str]]:
    """One row a run: replies, format rate with Wilson's 95 % interval, tokens, frequent answers.

    Raises:
        DataError: a folder holds no outcomes.
    """
    return [_row(folder) for folder in folders]


def _row(folder: Path) -> dict[str, str]:
    path = folder / "outcomes.jsonl"
    if not path.is_file():
        raise DataError(f"{folder}: no outcomes.jsonl. Give the folder of a finished eval.")
    found = outcomes.load(path)
    formed = sum(scoring.format_reward(one.reply or "") > 0 for one in found)
    rate = stats.binomial_interval(100 * formed / len(found), len(found))
    counted = Counter("".join(sorted(one.predicted or "")) or "none" for one in found)
    tokens = [one.tokens for one in found if one.tokens is not None]
    return {
        "run": folder.name,
        "replies": str(len(found)),
        "format %": f"{rate.estimate:.1f}",
        "95 %": f"{rate.low:.1f}–{rate.high:.1f}",
        "tokens": f"{sum(tokens) / len(tokens):.1f}" if tokens else "–",
        "most answered": ", ".join(f"{name} {n}" for name, n in counted.most_common(SHOWN)),
    }
