"""Chunk: a text cut into segments that make sense alone (paper §2.1), not a character lost.

A segment takes as many whole sections as fit, else whole paragraphs, else whole sentences, else
clauses, and cuts inside a clause only where that alone is too long. A heading stays with the text
after it. ``"".join(chunk(text)) == text`` for every text.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise

LIMIT = 2000
"""Characters of a segment, where nothing else is asked for."""

_HEADING = re.compile(
    r"[ \t\u3000]*(?:#{1,6}[ \t]+\S.{0,120}"
    r"|第\s*[一二三四五六七八九十百零〇\d]{1,5}\s*[章节篇编部讲课](?:[\s:：].{0,60}|[^。！？!?；;,，\n]{0,40})"
    r"|[一二三四五六七八九十]{1,3}、[^。！？!?；;，,\n]{1,40}"
    r"|[(（][一二三四五六七八九十]{1,3}[)）][^。！？!?；;，,\n]{1,40}"
    r"|(?:Chapter|Section|Part)[ \t]+[\dIVXLC]{1,5}\b.{0,80}"
    r"|\d{1,2}(?:\.\d{1,2}){1,3}[ \t]+[^。！？!?；;\n]{1,60})[ \t]*"
)
_LINE = re.compile(r"[^\n]*\n\s*|[^\n]+\Z")
_END = re.compile(
    r"(?:[。！？]++|(?<![!?])[!?]++(?=[\s”’」』）)\]\"'\u3400-\u9fff]|\Z)|(?<!…)…++(?=\s|\Z))[”’」』）)】》\"'\]]*+"
    r"|(?<!\.)\.++[\"')\]”’]*+(?=\s)"
    r"|\n[ \t\r\u3000]*+\n\s*+|\n(?![ \t]*+[a-z])"  # a line that was only wrapped goes on
)
_SPEECH = re.compile(r"\s*[^\s。！？!?，,“”\"]{0,6}[说问道喊叫答想写]")
_ABBREVIATION = re.compile(
    r"(?:\b(?:Dr|Mr|Mrs|Ms|Prof|St|Jr|Sr|vs|etc|Fig|Figs|Eq|No|Vol|pp|p|ed|eds|cf|al|approx|ca|"
    r"e\.g|i\.e|U\.S|U\.K|Ph\.D|M\.D)|\b[A-Z])\Z",
)
_CLAUSE = re.compile(r"[^；;，,、：:\s]*(?:[；;，,、：:\s]+|\Z)")


def sentences(text: str) -> list[str]:
    """The sentences of a Chinese or English text, each with the white space after it.

    >>> sentences("Dr. Li 得了 3.5 分。“真的吗？”他问。It ended. Then")
    ['Dr. Li 得了 3.5 分。', '“真的吗？”他问。', 'It ended. ', 'Then']
    """
    cuts = [0]
    for found in _END.finditer(text):
        if not _goes_on(text, found):
            after = found.end()
            while after < len(text) and text[after].isspace():
                after += 1
            if after > cuts[-1]:
                cuts.append(after)
    return _between(text, cuts)


def _goes_on(text: str, found: re.Match[str]) -> bool:
    """Whether the sentence goes on after its mark: an abbreviation, or “…？”他问."""
    mark = found[0]
    if mark[0] == ".":
        after = text[found.end() : found.end() + 2].strip()
        before = text[max(0, found.start() - 8) : found.start()]
        return after[:1].islower() or (mark == "." and bool(_ABBREVIATION.search(before)))
    return mark[-1] in "”’」』\"'" and mark[0] != "。" and bool(_SPEECH.match(text, found.end()))


def _between(text: str, cuts: list[int]) -> list[str]:
    ends = cuts if cuts[-1] == len(text) else [*cuts, len(text)]
    return [text[a:b] for a, b in pairwise(ends) if a < b]


def chunk(text: str, limit: int = LIMIT, size: Callable[[str], int] = len) -> list[str]:
    """Segments that join to the text again.

    Args:
        text: any string.
        limit: greatest size of a segment; only a single character may be larger.
        size: what a string counts: ``len``, or the number of its tokens. A segment counts the sum
            of its pieces, which for tokens may exceed what the whole would count.

    Returns:
        Non-empty strings; none for an empty text.

    Raises:
        ValueError: the limit is below 1.

    >>> chunk("# 记忆\\n短时记忆的容量有限。长时记忆几乎没有界限。", 20)
    ['# 记忆\\n短时记忆的容量有限。', '长时记忆几乎没有界限。']
    """
    if limit < 1:
        raise ValueError(f"limit {limit}: a segment holds at least 1.")
    packed = _Packed(limit)
    _pack(text, 0, packed, size)
    return ["".join(segment) for segment in packed.segments]


@dataclass(slots=True)
class _Packed:
    """Segments so far, as pieces; the last one is still open."""

    limit: int
    segments: list[list[str]] = field(default_factory=list)
    filled: int = 0

    def add(self, piece: str, weight: int) -> None:
        if not self.segments or self.filled + weight > self.limit:
            self.segments.append([])
            self.filled = 0
        self.segments[-1].append(piece)
        self.filled += weight


def _pack(text: str, level: int, packed: _Packed, size: Callable[[str], int]) -> None:
    """Add a text whole where it fits or where it is best begun afresh, else by its pieces.

    A section or paragraph that does not fit begins a new segment when the open one is half full;
    else its first sentences go in. A sentence is cut only when it exceeds a segment by itself.
    """
    for piece in _LEVELS[level](text):
        weight = size(piece)
        fits = packed.filled + weight <= packed.limit
        afresh = weight <= packed.limit and (level >= 2 or 2 * packed.filled >= packed.limit)
        if fits or afresh or level == len(_LEVELS) - 1:
            packed.add(piece, weight)
        else:
            _pack(piece, level + 1, packed, size)


def _sections(text: str) -> Iterator[str]:
    """A heading, or several in a row, with all that stands below."""
    held: list[str] = []
    body = False
    for line in _LINE.findall(text):
        heading = _is_heading(line)
        if heading and body:
            yield "".join(held)
            held, body = [], False
        body = body or not heading
        held.append(line)
    if held:
        yield "".join(held)


def _is_heading(line: str) -> bool:
    return bool(_HEADING.fullmatch(line.rstrip("\r\n \t\u3000")))


def _after_headings(pieces: Iterable[str]) -> Iterator[str]:
    """The pieces, a heading joined to the piece after it."""
    before = ""
    for piece in pieces:
        before += piece
        if not _is_heading(piece):
            yield before
            before = ""
    if before:
        yield before


def _paragraphs(text: str) -> Iterator[str]:
    return _after_headings(_LINE.findall(text))


def _sentences(text: str) -> Iterator[str]:
    return _after_headings(sentences(text))


def _clauses(text: str) -> Iterator[str]:
    """Pieces that end with a comma, colon, semicolon or space; a heading is left whole."""
    start = 0
    for line in _LINE.findall(text):
        if not _is_heading(line):
            break
        start += len(line)
    first, *more = [found for found in _CLAUSE.findall(text[start:]) if found] or [""]
    yield from (piece for piece in (text[:start] + first, *more) if piece)


_LEVELS: tuple[Callable[[str], Iterable[str]], ...] = (
    _sections,
    _paragraphs,
    _sentences,
    _clauses,
    iter,
)
