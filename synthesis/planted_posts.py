"""How well de-identification does on posts with planted identifiers: recall and precision by type.

Over a thousand invented posts, in ``planted/``. Each part after the first was written before the
rules of its day were looked at and measured once (:func:`first_seen`); then the rules were mended
on it, so that :func:`pii_figures`, which computes today's figures, speaks of seen posts. For unseen
ones expect what the last part gave at first: the card prints the two apart.
"""

import re
from collections import Counter
from dataclasses import dataclass
from importlib.resources import files

from psyche_bench.synthesis.deidentify import LABELS, Span, deidentify

PARTS = ("developed", "blind", "second", "third", "fourth", "fifth", "sixth", "seventh")
_MARKED = re.compile(r"\{(\w+)\|([^{}]*)\}")

FIRST_SEEN = {
    "blind": (109, 117, 110, 111),
    "second": (126, 187, 127, 131),
    "third": (95, 128, 97, 97),
    "fourth": (36, 39, 36, 36),
    "fifth": (127, 173, 130, 139),
    "sixth": (53, 63, 53, 53),
    "seventh": (55, 63, 55, 56),
}
"""Each part by rules that had not seen it: identifiers found, identifiers, right spans, spans.

``second`` and ``third`` were read by rules mended on ``blind``, each later part by rules mended on
all before it. A record of a day, which no run can compute again."""

Row = dict[str, str | int | float]


@dataclass(frozen=True, slots=True)
class Post:
    """A planted post: its text and where its identifiers stand."""

    text: str
    spans: tuple[Span, ...]


def read(line: str) -> Post:
    """One line of the planted set.

    >>> read("我叫{name|张晓雯}。")
    Post(text='我叫张晓雯。', spans=(Span(start=2, end=5, type='name'),))
    """
    parts: list[str] = []
    spans: list[Span] = []
    length = last = 0
    for found in _MARKED.finditer(line):
        if found[1] not in LABELS:
            raise ValueError(f"{found[0]}: {found[1]!r} is no type of identifier.")
        parts += [line[last : found.start()], found[2]]
        length += found.start() - last
        spans.append(Span(length, length + len(found[2]), found[1]))  # type: ignore[arg-type]  # just checked
        length += len(found[2])
        last = found.end()
    return Post("".join([*parts, line[last:]]), tuple(spans))


def posts(part: str) -> list[Post]:
    """The planted posts of one of :data:`PARTS`."""
    path = files("psyche_bench.synthesis") / "planted" / f"{part}.txt"
    lines = path.read_text(encoding="utf-8").splitlines()
    return [read(line) for line in lines if line and not line.startswith("#")]


def missed(post: Post) -> list[Span]:
    """Planted identifiers of which a character is left, or that got another type."""
    found = deidentify(post.text).spans
    return [
        span
        for span in post.spans
        if not any(
            s.type == span.type and s.start <= span.start and s.end >= span.end for s in found
        )
    ]


def wrong(post: Post) -> list[Span]:
    """Spans found of which less than half is a planted identifier of that type."""
    return [
        span
        for span in deidentify(post.text).spans
        if not any(
            p.type == span.type
            and 2 * (min(p.end, span.end) - max(p.start, span.start)) >= span.end - span.start
            for p in post.spans
        )
    ]


def pii_figures(part: str | None = None) -> list[Row]:
    """Recall and precision per type and overall, in [0, 1], on one part or on all.

    ``recall`` counts planted identifiers whose every character went, under the right type;
    ``precision`` counts found ones that are at least half a planted one.
    """
    chosen = [post for name in ([part] if part else PARTS) for post in posts(name)]
    planted = Counter(span.type for post in chosen for span in post.spans)
    found = Counter(span.type for post in chosen for span in deidentify(post.text).spans)
    lost = Counter(span.type for post in chosen for span in missed(post))
    false = Counter(span.type for post in chosen for span in wrong(post))
    rows = [_row(kind, planted[kind], found[kind], lost[kind], false[kind]) for kind in LABELS]  # type: ignore[index]  # keys are types
    totals = (counter.total() for counter in (planted, found, lost, false))
    return [*rows, _row("all", *totals)]


def first_seen() -> list[Row]:
    """:data:`FIRST_SEEN` as rows; the last one says what to expect on posts of no part."""
    return [
        {
            "part": part,
            "planted": planted,
            "found": spans,
            "recall": found / planted,
            "precision": right / spans,
        }
        for part, (found, planted, right, spans) in FIRST_SEEN.items()
    ]


def _row(kind: str, planted: int, found: int, lost: int, false: int) -> Row:
    return {
        "type": kind,
        "planted": planted,
        "found": found,
        "recall": (planted - lost) / planted if planted else 1.0,
        "precision": (found - false) / found if found else 1.0,
    }
