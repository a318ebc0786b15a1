"""Clean: one text as the next steps want it (paper §2.1): plain characters, punctuation in order.

In this order, until nothing changes: letters that were decoded wrongly (``ftfy``, its encoding
repair alone: the rest of it would turn Chinese punctuation half-width), look-alike and full-width
letters, links, emoji, emoticons and kaomoji, controls; then punctuation by context, each once.
"""

import re
import unicodedata

from psyche_bench.repairs import plain_radicals
from psyche_bench.synthesis import symbols
from psyche_bench.synthesis.punctuation import HAN, standardise

PASSES = 6
"""Taking one thing out may make another of its neighbours; texts settle in two passes."""

_MOJIBAKE = re.compile("[\u00c2-\u00f4][\u0080-\u00bf\u0152\u0153\u0160-\u0178\u2013-\u203a]")
_WIDE = re.compile("[\uf900-\ufaff\U0002f800-\U0002fa1f]+")
# Letters, digits and signs that stand full-width in half-width company; Chinese marks stay.
_LETTERS = {
    code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F) if chr(code) not in "！（），：；？～"
} | str.maketrans("｡､｢｣￣", "。、「」￣")


def clean(text: str) -> str:
    """The text without pictures, links, controls and repeats, its punctuation standardised.

    Deterministic, total, linear in the length, and ``clean(clean(text)) == clean(text)``. Line
    breaks stay (at most one empty line), and so do numbers, blanks to fill in and brackets.

    >>> clean("我好难过!!!😭😭 量表(SDS)53.5分,见https://example.com/a 。")
    '我好难过！量表（SDS）53.5分，见。'
    """
    for _ in range(PASSES):
        before, text = text, _once(text)
        if text == before:
            break
    return text


def _once(text: str) -> str:
    text = symbols.without_emoji(_plain(text))
    text = symbols.without_links(symbols.INVISIBLE.sub("", text))
    return _tidy(standardise(_closed(symbols.without_faces(text))))


def _plain(text: str) -> str:
    """Newlines and spaces of one kind, letters as they were meant."""
    text = symbols.SPACE.sub(" ", symbols.NEWLINE.sub("\n", text))
    if text.isascii():
        return text
    if _MOJIBAKE.search(text):
        from ftfy import fix_encoding

        text = fix_encoding(text)
    text = plain_radicals(text.replace(symbols.GAP, "")).translate(_LETTERS)
    return _WIDE.sub(lambda found: unicodedata.normalize("NFKC", found[0]), text)


_EMPTIED = re.compile(f"[(（\\[【]\\s*{symbols.GAP}[\\s{symbols.GAP}]*[)）\\]】]")
_GAP = re.compile(f"([ \t]*){symbols.GAP}[ \t{symbols.GAP}]*")
_TOUCHED = re.compile(f"[{HAN}\u3001-\u3011\uff01-\uff1f“”‘’…\\n]")


def _closed(text: str) -> str:
    """The gaps closed: with a space between two words that had none but the picture."""
    if symbols.GAP not in text:
        return text
    return _GAP.sub(_joint, _EMPTIED.sub(symbols.GAP, text))


def _joint(found: re.Match[str]) -> str:
    text = found.string
    left = text[found.start() - 1] if found.start() else "\n"
    right = text[found.end()] if found.end() < len(text) else "\n"
    if _TOUCHED.match(left) or _TOUCHED.match(right) or right in ",.!?;:)]":
        return ""
    return " "


_SPACES = re.compile(r"[ \t]{2,}|\t")
_EDGES = re.compile(r"^[ \t]+|[ \t]+$", re.MULTILINE)
_LINES = re.compile(r"\n{3,}")


def _tidy(text: str) -> str:
    return _LINES.sub("\n\n", _EDGES.sub("", _SPACES.sub(" ", text))).strip()
