"""JSON objects found in free text: tolerant of how models write them, linear in the text's length.

Understood beyond JSON: full-width punctuation and curly quotes, single quotes, a comma before a
closing bracket, line breaks inside strings. One pass with an explicit stack; where an object breaks
off, reading goes on after it.
"""

import json
import re
from typing import Any, NamedTuple

DEEPEST = 64
"""Objects nested deeper than this are not read."""


class _Mark:
    """A value that is none: what two different values of one key, or an absurd number, become."""

    def __repr__(self) -> str:
        return "no value"


INVALID = _Mark()

_OPEN, _CLOSE = "{｛", "}｝"
_START = re.compile("[{｛](?=\\s*[\"“＂'‘「}｝])")
_SPACE = re.compile(r"\s*")
_NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?(?![\w.])")
_WORD = re.compile(r"(?:true|false|null|True|False|None)(?!\w)")
_WORDS = {"true": True, "True": True, "false": False, "False": False}
_QUOTES = {'"': '"', "“": "”", "＂": "＂", "'": "'", "‘": "’", "「": "」"}
_LONGEST_NUMBER = 20


class Found(NamedTuple):
    """A complete object and where it starts."""

    start: int
    value: dict[str, Any]


class _Frame:
    """An object (``key`` is the one whose value comes next) or a list being read."""

    def __init__(self, start: int, *, is_list: bool) -> None:
        self.start, self.is_list = start, is_list
        self.value: Any = [] if is_list else {}
        self.key: str | None = None
        self.wants = "value" if is_list else "key"

    def take(self, value: Any) -> bool:
        """Put a value in its place; False where none belongs."""
        if self.wants != "value":
            return False
        if self.is_list:
            self.value.append(value)
        elif self.key in self.value and not _same(self.value[self.key], value):
            self.value[self.key] = INVALID
        else:
            self.value[self.key] = value
        self.wants = "comma"
        return True


def _same(a: Any, b: Any) -> bool:
    return type(a) is type(b) and bool(a == b)


def objects(text: str) -> list[Found]:
    """All complete objects of a text, in order; one inside another is part of that one only.

    >>> [found.value for found in objects('评分：｛“a”：2，｝ and {"b": {"c": 1}} and {"d": ')]
    [{'a': 2}, {'b': {'c': 1}}]
    """
    return _Reader(text).read()


class _Reader:
    """One pass over a text. Real state, so a class."""

    def __init__(self, text: str) -> None:
        self.text, self.place = text, 0
        self.stack: list[_Frame] = []
        self.found: list[Found] = []
        self.swallowed: int | None = None
        """Where the first string of the open objects starts that holds an opening brace."""
        self.again = 2 * len(text) + 1000
        """Characters that may still be read a second time."""
        self.unclosed: set[str] = set()
        """Closing quotes that the rest of the text is known not to hold."""

    def read(self) -> list[Found]:
        while True:
            if not self.stack and not self._next_start():
                return self.found
            self.place = _SPACE.match(self.text, self.place).end()  # type: ignore[union-attr]
            if self.place >= len(self.text):
                if not self._restart():
                    return self.found
            elif not self._step(self.text[self.place]):
                self._restart()

    def _next_start(self) -> bool:
        start = _START.search(self.text, self.place)
        if start is None:
            return False
        self.swallowed = None
        self._push(start.start(), is_list=False)
        return True

    def _push(self, start: int, *, is_list: bool) -> None:
        self.stack.append(_Frame(start, is_list=is_list))
        self.place = start + 1

    def _restart(self) -> bool:
        """Give the open objects up; read a string that swallowed a brace once more as text.

        False at the end of the text, where there is nothing to go on with.
        """
        self.stack.clear()
        back = None if self.swallowed is None else self.place - self.swallowed
        if back is not None and back <= self.again and self.swallowed is not None:
            self.again -= back
            self.place, self.swallowed = self.swallowed, None
            return True
        return self.place < len(self.text)

    def _step(self, sign: str) -> bool:
        """Read one token; False where it does not fit, and then nothing was taken."""
        frame = self.stack[-1]
        if sign in _CLOSE or sign in "]］":
            return self._pop(is_list=sign in "]］")
        if sign in _OPEN or sign in "[［":
            fits = frame.wants == "value" and len(self.stack) < DEEPEST
            if fits:
                self._push(self.place, is_list=sign in "[［")
            return fits
        if sign in ":：" and frame.wants == "colon":
            frame.wants, self.place = "value", self.place + 1
            return True
        if sign in ",，" and frame.wants == "comma":
            frame.wants, self.place = ("value" if frame.is_list else "key"), self.place + 1
            return True
        if sign in _QUOTES:
            return self._string(frame, sign)
        return self._literal(frame)

    def _pop(self, *, is_list: bool) -> bool:
        frame = self.stack[-1]
        empty = frame.wants == "value" and is_list
        if frame.is_list != is_list or not (frame.wants in ("comma", "key") or empty):
            return False
        self.stack.pop()
        self.place += 1
        if not is_list:
            while self.found and self.found[-1].start > frame.start:
                self.found.pop()
            self.found.append(Found(frame.start, frame.value))
        return not self.stack or self.stack[-1].take(frame.value)

    def _string(self, frame: _Frame, quote: str) -> bool:
        if frame.wants not in ("key", "value"):
            return False
        end = self._closing(_QUOTES[quote])
        if end is None:
            return False
        content = self.text[self.place + 1 : end]
        if self.swallowed is None and ("{" in content or "｛" in content):
            self.swallowed = self.place + 1
        self.place = end + 1
        if frame.wants == "key":
            frame.key, frame.wants = _unescaped(content), "colon"
            return True
        return frame.take(_unescaped(content))

    def _closing(self, quote: str) -> int | None:
        """Where the string that starts here ends; a quote behind a backslash does not end it."""
        if quote in self.unclosed:
            return None
        at = self.place
        while True:
            at = self.text.find(quote, at + 1)
            if at < 0:
                self.unclosed.add(quote)
                return None
            behind = at
            while self.text[behind - 1] == "\\":
                behind -= 1
            if (at - behind) % 2 == 0:
                return at

    def _literal(self, frame: _Frame) -> bool:
        if frame.wants != "value":
            return False
        number = _NUMBER.match(self.text, self.place)
        word = number or _WORD.match(self.text, self.place)
        if word is None:
            return False
        self.place = word.end()
        return frame.take(_number(word[0]) if number else _WORDS.get(word[0]))


def _number(digits: str) -> Any:
    if len(digits) > _LONGEST_NUMBER:
        return INVALID
    return float(digits) if "." in digits or "e" in digits.lower() else int(digits)


def _unescaped(content: str) -> str:
    if "\\" not in content:
        return content
    try:
        return str(json.loads(f'"{content}"', strict=False))
    except ValueError:  # not JSON's own escapes: left as they stand
        return content
