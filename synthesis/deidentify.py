"""De-identify: what leads to a person becomes a typed placeholder; what psychology needs stays.

Types: name, phone, id_card, email, wechat, qq, address, school, employer, hospital, plate, card,
birth_date. Scholars, test names, ages, years, cities and hotlines (12356, 400 numbers) stay. The
same person has the same placeholder through a text or a dialogue: [姓名1] … [姓名1].

Recall and precision per type stand in :mod:`psyche_bench.synthesis.planted_posts`; the parts
that were weighed: jieba's dictionary decides what is a word (its part-of-speech tagger is slower
than all of this, and takes 安静 for a name), Luhn's and GB 11643's sums decide numbers; presidio
brings spaCy and no Chinese recognisers, jionlp 18 MB of resources of which its regular
expressions need none.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from psyche_bench.synthesis import addresses, identifiers, names, organisations

Type = Literal[
    "name", "phone", "id_card", "email", "wechat", "qq", "address", "school", "employer",
    "hospital", "plate", "card", "birth_date",
]  # fmt: skip
LABELS: dict[str, tuple[str, str]] = {
    "name": ("姓名", "NAME"),
    "phone": ("电话", "PHONE"),
    "id_card": ("身份证号", "ID_CARD"),
    "email": ("邮箱", "EMAIL"),
    "wechat": ("微信", "WECHAT"),
    "qq": ("QQ", "QQ"),
    "address": ("地址", "ADDRESS"),
    "school": ("学校", "SCHOOL"),
    "employer": ("单位", "EMPLOYER"),
    "hospital": ("医院", "HOSPITAL"),
    "plate": ("车牌", "PLATE"),
    "card": ("卡号", "CARD"),
    "birth_date": ("出生日期", "BIRTH_DATE"),
}
"""What a placeholder says, in a text with Chinese and in one without."""


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of the input, from ``start`` to before ``end``, and what it is."""

    start: int
    end: int
    type: Type


@dataclass(frozen=True, slots=True)
class Deidentified:
    """A text with placeholders, and what stood in their places, in order, not overlapping."""

    text: str
    spans: list[Span]


def deidentify(text: str) -> Deidentified:
    """The text with every identifier as a numbered placeholder.

    Total and deterministic; a text without identifiers comes back as it is, and so does one that
    was de-identified before.

    >>> found = deidentify("我叫张晓雯，电话13812345678。王老师说晓雯读过弗洛伊德，可打12356。")
    >>> found.text
    '我叫[姓名1]，电话[电话1]。[姓名2]老师说[姓名1]读过弗洛伊德，可打12356。'
    >>> [(span.start, span.end, span.type) for span in found.spans][:2]
    [(2, 5, 'name'), (8, 19, 'phone')]
    """
    return deidentify_dialogue([text])[0]


def deidentify_dialogue(texts: Sequence[str]) -> list[Deidentified]:
    """The turns of one dialogue, with one numbering: a name keeps its placeholder in every turn.

    A name that one turn introduces is also found where another turn only mentions it.
    """
    joint = "\n\n".join(texts)
    every = spans(joint)
    numbers: dict[tuple[str, str], int] = {}
    chinese = not joint.isascii()
    result, start = [], 0
    for text in texts:
        end = start + len(text)
        inside = [
            Span(max(s.start, start) - start, min(s.end, end) - start, s.type)
            for s in every
            if s.start < end and s.end > start
        ]
        result.append(Deidentified(_replaced(text, inside, numbers, chinese), inside))
        start = end + 2
    return result


def _replaced(
    text: str, inside: Sequence[Span], numbers: dict[tuple[str, str], int], chinese: bool
) -> str:
    parts, last = [], 0
    for span in inside:
        parts += [text[last : span.start], _placeholder(text, span, numbers, chinese)]
        last = span.end
    return "".join([*parts, text[last:]])


def _placeholder(text: str, span: Span, numbers: dict[tuple[str, str], int], chinese: bool) -> str:
    key = (span.type, _identity(text[span.start : span.end], span.type, numbers))
    if key not in numbers:
        numbers[key] = 1 + sum(kind == span.type for kind, _ in numbers)
    return f"[{LABELS[span.type][0 if chinese else 1]}{numbers[key]}]"


def _identity(value: str, kind: str, numbers: dict[tuple[str, str], int]) -> str:
    """What tells one from another: digits without separators, a given name as its full name."""
    if kind == "name":
        whole = (
            full for t, full in numbers if t == "name" and len(full) == 3 and full[1:] == value
        )
        return next(whole, value)
    return "".join(value.split()).replace("-", "").casefold()


def spans(text: str) -> list[Span]:
    """What leads to a person, in order; where two overlap, the surer type keeps the place."""
    taken: list[Span] = []
    free = bytearray(len(text))
    for start, end, kind in _found(text):
        if start < end and not any(free[start:end]):
            free[start:end] = b"\x01" * (end - start)
            taken.append(Span(start, end, kind))
    return sorted(taken, key=lambda span: span.start)


def _found(text: str) -> Iterator[tuple[int, int, Type]]:
    finders = identifiers.FINDERS if identifiers.NUMBER.search(text) else {}
    for kind, finder in finders.items():
        for start, end in finder(text):
            yield start, end, kind  # type: ignore[misc]  # FINDERS' keys are types
    organised = sorted(organisations.organisations(text), key=lambda found: found[0] - found[1])
    for start, end in sorted(addresses.addresses(text), key=lambda found: found[0] - found[1]):
        yield start, end, "address"
    yield from organised  # type: ignore[misc]  # kinds are types
    for start, end in names.names(text):
        yield start, end, "name"
