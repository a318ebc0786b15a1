"""Forms of writing that stand for simpler ones: markup, boxes, counting marks, other tongues.

A table of rewritings, each behind a word without which there is nothing to do: looking for a fixed
word is many times faster than searching a pattern. Patterns are bounded, so time stays linear.
"""

import re
from collections.abc import Callable, Iterable

CUT = "\x01"
"""Stands for a chat template's token: whatever follows is another speaker's turn."""

Rewriting = tuple[str, re.Pattern[str], str | Callable[[re.Match[str]], str]]
"""A word that must occur, what is looked for then, and what takes its place."""


def rewritten(text: str, rewritings: Iterable[Rewriting]) -> str:
    """``text`` after each of the rewritings in turn."""
    for word, pattern, put in rewritings:
        if word in text:
            text = pattern.sub(put, text)
    return text


_SLIP = re.compile(r"(?<![A-Za-z])[A-H]{1,5} ?[（(](?:[写打]错|笔误|划[掉去])了?[)）]")
"""Letters that the writer takes back at once: A（写错了）B."""
_LATEX = (
    (r"\\n(?![a-z])", "\n"),
    (r"\\(?:q?quad|[,; ])", " "),
    (r"\\(?:text|mathrm|mathbf|mathsf|boldsymbol|textbf|mathbb|bm)\s?\{", "{"),
    (r"\\checkmark", "✓"),
    (r"\\[()\[\]]", " "),
    (r"\\", ""),
)
RAW: tuple[Rewriting, ...] = (
    *(("\\", re.compile(pattern), put) for pattern, put in _LATEX),
    ("~~", re.compile(r"~~[^~\n]{0,200}~~"), ""),
    *((slip, _SLIP, "") for slip in "写打笔划"),
)
"""What is rewritten before the characters are brought to one spelling."""

_BREAKS = frozenset("br p li ul ol div tr h1 h2 h3 h4 table".split())


def _tag(match: re.Match[str]) -> str:
    closing, name = match.groups()
    if name.isupper() and len(name) <= 8 and name.lower() not in _BREAKS and name != "ANSWER":
        return f" {name} "
    if name.lower() in ("answer", "final", "choice"):
        return "\n" if closing else "\n答案:"
    return "\n" if name.lower() in _BREAKS else ""


def _space(run: re.Match[str]) -> str:
    return "\n" if "\n" in run[0] else " "


def _box(box: re.Match[str]) -> str:
    return "✗" if box[1] == " " else "✓"


def _counted(mark: re.Match[str]) -> str:
    return "" if mark[1] is None else "1."


def _answered(said: re.Match[str]) -> str:
    return f"{said[1]}{'不对' if said['no'] else '正确'}"


_CROSSED = re.compile(r"(?m)^(?:[-+·] ?)?[\[(][xX✗][\])]")
"""A box with a cross: chosen, unless there are boxes with ticks."""
_BOX = re.compile(r"(?m)^(?:[-+·] ?)?[\[(]([xX✗ ✓])[\])]")
_SPACES = re.compile(r"[ \n]{2,}")
_COUNTED = re.compile(r"(?m)(?:^([①-⑩] ?)|(?<![①-⑩A-Za-z])[①-⑩])(?=[A-H](?![A-Za-z]))")
"""A counting mark: at the start of a line, or touching its letter (①A ②C; not A①, B. ①③)."""
_ASKED = re.compile(
    r"[选是]?([A-H])(?<![A-Za-z].)(?:选项|项)?(?:是?(?:正确|对|合适)的?)?(?:吗\?|\?(?= ?No)) ?"
    r"(?:(?P<no>不(?:[是对行]|正确|可能|合适)?|[Nn]o\b)"
    r"|(?:是的?|对的?|没错|正确|[Yy]es\b)(?=[,。;.!\n]))"
)
"""A question about one letter that is answered at once: A对吗?不对。"""
_AND = re.compile(r" (?:y|et|und|и|và|dan) ")
_ABROAD = re.compile(
    r"(?:(?:正解|正答|答え|答案)は|정?답[은이]|(?i:(?:la )?respuesta(?: correcta)? es"
    r"|(?:las )?respuestas(?: correctas)? son|la bonne réponse est(?: la)?|les bonnes réponses sont"
    r"|(?:die )?richtige antwort (?:ist|lautet)|правильны[йе] ответы?|đáp án(?: đúng)?(?: là)?"
    r"|la risposta corretta è|a resposta (?:corret|cert)a é|คำตอบ(?:ที่ถูกต้อง)?คือ"
    r"|jawaban(?: yang (?:benar|tepat))?(?: adalah)?))"
    rf" ?:? ?(?P<said>[A-H](?:(?:, ?|{_AND.pattern})[A-H]){{0,7}})(?![A-Za-z])"
)
"""The answer is, in the tongues into which models slip out of Chinese."""


def _home(match: re.Match[str]) -> str:
    return "答案是" + _AND.sub("和", match["said"])


SPELT: tuple[Rewriting, ...] = (
    ("答 案", re.compile("答 案"), "答案"),
    ("among ", re.compile(r"among [A-H](?:,? (?:and |or )?[A-H]\b){2,7},? "), ""),
    ("<", re.compile(r"(?i:</answer>[ \n]{0,3}<answer>)"), "、"),
    ("<", re.compile(r"<\|[^<>|]{1,30}\|>|</s>|<(?:eos|end_of_turn|start_of_turn)>"), f"\n{CUT}"),
    ("<", re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]{0,20})(?:\s[^<>\n]{0,80})?/?>"), _tag),
    *((run, _SPACES, _space) for run in ("  ", "\n\n", " \n", "\n ")),
    ("{", re.compile(r"(?<=[A-Z])\}{1,3} ?(?:和|与|,|、|and)? ?boxed\{{1,2}(?=[A-Z])"), ","),
    ("[✓]", _CROSSED, "✗"),
    *((bracket, _BOX, _box) for bracket in ("[", "( )")),
    ("①", _COUNTED, _counted),
    (">", re.compile(r"(?<=[A-H]) ?[-=]{1,2}> ?(?=[A-H](?![A-Za-z]))"), "→"),
    *((asked, _ASKED, _answered) for asked in ("吗", "? No")),
    *((sign, _ABROAD, _home) for sign in (*"は답éтáคè", "spuesta", "twort", "awaban")),
)
"""What is rewritten in the one spelling."""
