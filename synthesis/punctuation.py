"""Punctuation by its context: full-width beside Chinese, half-width between letters and digits.

A mark is Chinese when the character before or after it is; between two digits (3.5, 1,000, 3:00)
it is not. Between two other characters it follows its line: half-width where the line holds no
Chinese, else it stays as it was written, except at the end of a Chinese line. Brackets are decided
in pairs, straight quotation marks of a Chinese line are paired.
"""

import re

HAN = "\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_CHINESE = re.compile(f"[{HAN}\u3001\u3002\u3008-\u3011\u2014\uff01-\uff0f\uff1a-\uff1f]")
_HAN = re.compile(f"[{HAN}]")
FULL = dict(zip(",;:?!", "，；：？！", strict=True))
HALF = {full: half for half, full in FULL.items()} | {"。": ".", "、": ","}
_RUN = re.compile(
    r"[,，;；:：?？!！。、…⋯]+(?:\.{2,}[,，;；:：?？!！。、…⋯.]*)?|\.(?:\.*[,，;；:：?？!！。、…⋯.]+)?"
)
_MARK = re.compile(r"…+|⋯+|\.{2,}|。{3,}|.")
_END, _PAUSE = frozenset("。！？….!?"), frozenset("，、；：,;:")
_SETTLED = frozenset("，。！？；：、")
_QUOTES = "“”‘’\"'"
_MARKS_AT_ALL = re.compile(r"[,，;；:：?？!！。、…⋯.()（）\"'“”‘’—\-－<《~～・•‧·]")


def standardise(text: str) -> str:
    """Every line with its punctuation in the width its context asks for.

    >>> standardise('我很难过,不知道怎么办.他说:"算了"...')
    '我很难过，不知道怎么办。他说：“算了”……'
    >>> standardise("SDS得分53.5，Hello，world！ 3：00")
    'SDS得分53.5，Hello，world！3:00'
    """
    return "\n".join(
        _line(line) if _MARKS_AT_ALL.search(line) else line for line in text.split("\n")
    )


def _line(line: str) -> str:
    chinese = bool(_HAN.search(line))
    line = _brackets(line, chinese)
    line = _quotes(line, chinese)
    if chinese:
        line = _dashes(line)
    return _spaces(_RUN.sub(lambda found: _run(found, chinese), line))


def _is_chinese(character: str) -> bool:
    return bool(_CHINESE.match(character))


def _beside(line: str, place: int, step: int) -> tuple[str, bool]:
    """The nearest character that is no space or quotation mark, and whether it touches the mark."""
    near, tried = place, 0
    while 0 <= near < len(line) and tried < 4 and (line[near] in _QUOTES or line[near].isspace()):
        near += step
        tried += 1
    return (line[near], near == place) if 0 <= near < len(line) else ("", False)


def _run(found: re.Match[str], chinese: bool) -> str:
    line, run = found.string, found[0]
    if run in _SETTLED and found.start() and _is_chinese(line[found.start() - 1]):
        return run  # most marks of most lines
    left, touches = _beside(line, found.start() - 1, -1)
    right, touched = _beside(line, found.end(), 1)
    if touches and touched and left.isdecimal() and right.isdecimal() and run in ",.:，：．":
        return HALF.get(run, run)
    wide = _is_chinese(left) or _is_chinese(right)
    if run == ".":
        return "。" if _is_full_stop(line, found, left, right, touched) else "."
    if run[0] == "." and left.isascii() and run[1] in _PAUSE:  # e.g., and et al.;
        return "." + (_full if _is_chinese(right) else _half)(run[1:])
    if wide or (right == "" and chinese and _last_word_in_chinese(line, found.start())):
        return _full(run)
    return _without_repeats(run) if chinese else _half(run, right if touched else "")


def _is_full_stop(line: str, found: re.Match[str], left: str, right: str, touched: bool) -> bool:
    """A point after Chinese, unless a name or number goes on; after a lone word at the end."""
    if touched and right.isascii() and (right.isalnum() or right in "/\\"):
        return False
    if _is_chinese(left):
        return True
    return right == "" and left != "" and _last_word_in_chinese(line, found.start())


_LAST_WORD = re.compile(r"[A-Za-z0-9.%°+\-_/]{1,40}[”’\"')]?\Z")


def _last_word_in_chinese(line: str, end: int) -> bool:
    """Whether the line ends 我用Python, not 他说 I love you: the word before is Chinese."""
    start = max(0, end - 42)
    word = _LAST_WORD.search(line, start, end)
    before = line[max(0, word.start() - 2) : word.start()].rstrip() if word else ""
    return bool(before) and bool(_CHINESE.match(before[-1]))


def _marks(run: str) -> list[str]:
    """The marks of a run, each once, ellipses as one; a pause before an end goes."""
    seen: dict[str, None] = {}
    for mark in _MARK.findall(run):
        dots = mark[0] in "…⋯" or len(mark) > 1
        seen.setdefault("…" if dots else mark if mark in "。、" else HALF.get(mark, mark))
    marks = list(seen)
    if any(mark in "。！？!?…." for mark in marks) and marks[0] not in ":：":
        marks = [mark for mark in marks if mark not in _PAUSE]
    return [mark for mark in marks if mark not in "。." or "…" not in marks]


def _full(run: str) -> str:
    marks = ["。" if mark == "." else FULL.get(mark, mark) for mark in _marks(run)]
    return "".join("……" if mark == "…" else mark for mark in marks)


def _half(run: str, right: str = "") -> str:
    if run in {"::", "//", ":"}:
        return run
    marks = ["..." if mark == "…" else HALF.get(mark, mark) for mark in _marks(run)]
    widened = run[-1] in HALF and right.isalpha()
    return "".join(marks) + (" " if widened else "")


def _without_repeats(run: str) -> str:
    """A run whose context does not say its width: each mark once, as it was written first."""
    full = run[0] in HALF or run[0] == "…"
    return _full(run) if full else _half(run)


_PAIRS = {"(": ")", "（": "）"}


def _brackets(line: str, chinese: bool) -> str:
    """Round brackets in pairs: Chinese inside or before makes both full-width."""
    if not any(c in line for c in "()（）"):
        return line
    letters, open_at = list(line), []
    for place, character in enumerate(line):
        if character in "(（":
            open_at.append(place)
        elif character in ")）" and open_at:
            start = open_at.pop()
            wide = _is_wide(line, start, place, chinese)
            letters[start], letters[place] = ("（", "）") if wide else ("(", ")")
    return "".join(letters)


def _is_wide(line: str, start: int, end: int, chinese: bool) -> bool:
    before = line[start - 1] if start else ""
    if not chinese:
        return False
    inside = line[start + 1 : min(end, start + 200)]
    return line[start] == "（" or bool(_HAN.search(before + inside)) or before in "”》」】）"


def _quotes(line: str, chinese: bool) -> str:
    if not chinese:
        return line.translate(_STRAIGHT)
    if '"' in line and line.count('"') % 2 == 0 and not re.match(r'\s*[{\[]\s*"', line):
        line = _paired(line, '"')
    for one in "“”":
        if (n := line.count(one)) and n % 2 == 0 and n == sum(line.count(c) for c in "“”"):
            line = _paired(line, one)
    return _SINGLE.sub("‘\\1’", line) if "'" in line else line


_STRAIGHT = str.maketrans("“”‘’", "\"\"''")
_SINGLE = re.compile(f"(?<![A-Za-z0-9'])'([^'\\n]{{0,80}}[{HAN}][^'\\n]{{0,80}})'(?![A-Za-z0-9'])")


def _paired(line: str, mark: str) -> str:
    parts = line.split(mark)
    return (
        "".join(part + ("“" if place % 2 == 0 else "”") for place, part in enumerate(parts[:-1]))
        + parts[-1]
    )


_DASH = re.compile(
    f"(?<=[{HAN}，。！？；：”）》])\\s*(?:--+|[—―─]+)\\s*(?=[{HAN}“（《])|[—―]{{3,}}|(?<=[{HAN}])[—―─]+\\Z"
)
_TITLE = re.compile(f"<<\\s*([^<>\\n]{{0,80}}[{HAN}][^<>\\n]{{0,80}})\\s*>>")
_DOT = re.compile(f"(?<=[{HAN}])[・•‧·](?=[{HAN}])")


def _dashes(line: str) -> str:
    line = _TITLE.sub("《\\1》", _DASH.sub("——", line))
    return re.sub(r"《{2,}([^《》]*)》{2,}", r"《\1》", _DOT.sub("·", line))


_AROUND = re.compile(r"[ \t]+(?=[，。！？；：、])|(?<=[，。！？；：、])[ \t]+")
_TILDES = re.compile(r"([~～])[~～]+")


def _spaces(line: str) -> str:
    """No space beside a full-width mark; one ~ for many."""
    return _TILDES.sub("\\1", _AROUND.sub("", line))
