"""From a model's reply to the letters it answered: the only place that reads letters.

The benchmark's metrics, the synthesis pipeline's "is this prediction right?" and the GRPO reward
all call :func:`read`. It returns what was read *and* what happened, never a bare guess: where a
careful person would hesitate, the reply is ``unparsed``.

How it reads: cut the reasoning off, bring the rest to one spelling, stop where a rambling model
starts the next question, collect every statement that could be an answer with its strength, and
let the last of the strongest win. Time is linear in the reply's length: patterns are bounded and
an overlong reply is read at its head, its tail and its last 答案.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from psyche_bench import answer_patterns as say
from psyche_bench import answer_verdicts as verdicts
from psyche_bench.answer_patterns import Grammar

ReadState = Literal["answered", "unparsed", "truncated"]


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read and what happened; ``letters`` is None exactly when nothing was answered."""

    letters: frozenset[str] | None
    state: ReadState


@dataclass(frozen=True, slots=True)
class _Statement:
    """One possible answer: None for letters is a statement that there is none (或, 以上都不对)."""

    start: int
    end: int
    letters: frozenset[str] | None
    strength: int


FIRM, LIKELY, VAGUE = 3, 2, 1

_THINK = re.compile(r"[<◁](/?)think(?:ing)? ?[>▷]", re.I)


def visible(reply: str) -> str | None:
    """The text after the reasoning, or None when the reasoning never closed.

    Only text after the last ``</think>`` or ``</thinking>`` counts; the opening tag may have been
    part of the prompt. An opening tag behind the last closing one means a reply cut off.

    >>> visible("<think>A?</think>答案：B"), visible("<think>A?")
    ('答案：B', None)
    """
    if not isinstance(reply, str):
        return ""
    last = None
    for tag in _THINK.finditer(reply):
        last = tag
    if last is None:
        return reply
    return reply[last.end() :] if last[1] else None


def render(gold: str) -> str:
    """A gold as an answer sentence, for the self-check over every data set.

    >>> render("ABD")
    '答案：ABD'
    """
    return f"答案：{gold}"


def read(reply: str, choices: str = "ABCDE", options: Mapping[str, str] | None = None) -> Reading:
    """Read the answered letters out of ``reply``.

    Args:
        reply: what the model wrote, reasoning included.
        choices: the letters on offer; a letter outside them in an explicit answer is kept.
        options: letter -> text, so that an option's text given instead of its letter is read.

    Returns:
        letters and ``answered``; None and ``unparsed`` where no answer stands or a person would
        hesitate; None and ``truncated`` where the reasoning never closed. Nothing raises.

    >>> sorted(read("答案不是A，而是C和D。").letters or "")
    ['C', 'D']
    >>> read("可能是A或B").state, read("<think>选A").state
    ('unparsed', 'truncated')
    """
    text = visible(reply)
    if text is None:
        return Reading(None, "truncated")
    letters = _Reader(choices, options).answer(say.normalise(say.clip(text)))
    return Reading(letters, "answered" if letters else "unparsed")


def _squeeze(text: str) -> str:
    return "".join(char for char in text.casefold() if char.isalnum())


class _Reader:
    """One call's letters, option texts and patterns."""

    def __init__(self, choices: str, options: Mapping[str, str] | None) -> None:
        self.order = "".join(dict.fromkeys(choices.upper()))
        extra = "".join(sorted(set(self.order) - set("ABCDEFGH")))
        self.words: Grammar = say.grammar("ABCDEFGH" + extra)
        self.texts: dict[str, str | None] = {}
        for letter, option in (options or {}).items():
            key = _squeeze(say.normalise(option))
            if key:
                self.texts[key] = None if key in self.texts else letter.upper()
        self.every = frozenset(k.upper() for k in options) if options else frozenset(self.order)

    def answer(self, text: str) -> frozenset[str] | None:
        """The letters of the first part that holds a decision, up to the next question."""
        start = 0
        marks = [match for match, _ in zip(say.NEXT_QUESTION.finditer(text), range(200))]
        for mark in [*marks, None]:
            part = text[start : mark.start() if mark else len(text)].strip()
            decision = self._decide(part) if part else None
            if decision is not None:
                return decision.letters
            start = mark.end() if mark else len(text)
        return None

    def _decide(self, text: str) -> _Statement | None:
        stated = [*self._slots(text), *self._wholes(text), *self._bare(text)]
        stated.sort(key=lambda statement: statement.end)
        firm = [statement for statement in stated if statement.strength == FIRM]
        likely = [statement for statement in stated if statement.strength == LIKELY]
        if firm and not self._taken_back(text, firm[-1], likely):
            return firm[-1]
        found = verdicts.claims(text, self.words)
        summary = verdicts.concluded(text, found)
        if summary is not None:
            likely.append(_Statement(summary[0], summary[0] + 1, summary[1], LIKELY))
            likely.sort(key=lambda statement: statement.end)
        if firm:
            later = [one for one in likely if one.start > firm[-1].end]
            return later[-1] if later else _Statement(0, 0, None, FIRM)
        if likely:
            return likely[-1]
        vague = {statement.letters for statement in stated}
        if vague:
            only = vague.pop() if len(vague) == 1 else None
            return _Statement(0, 0, only, VAGUE)
        letters = verdicts.tally(text, found, self.words, self.every)
        return _Statement(0, 0, letters, VAGUE) if letters else self._gave_up(text)

    @staticmethod
    def _gave_up(text: str) -> _Statement | None:
        return _Statement(0, 0, None, VAGUE) if say.GIVE_UP.search(text) else None

    def _taken_back(self, text: str, last: _Statement, likely: list[_Statement]) -> bool:
        """True when a correction follows the last firm statement and is not a confirmation."""
        mark = say.CORRECTION.search(text, last.end)
        if mark is None:
            return False
        if any(one.start >= mark.start() for one in likely):
            return True
        found = verdicts.claims(text[mark.start() :], self.words)
        if any(claim.right for claim in found if len(claim.letters) > 1 or claim.superlative):
            return True
        return len(text) - mark.end() < 400 and not say.CONFIRMED.search(text, mark.end())

    def _slots(self, text: str) -> Iterator[_Statement]:
        """Answers that stand behind a cue: 答案, 选, 因此, answer, boxed, …"""
        done = 0
        for number, cue in enumerate(say.CUE.finditer(text)):
            if number > 4000:
                return
            if cue.start() < done:
                continue
            link = say.LINK.match(text, cue.end())
            place = link.end() if link else cue.end()
            statement = self._slot(text, cue, place)
            if statement is not None:
                done = statement.end
                yield statement

    def _slot(self, text: str, cue: re.Match[str], place: int) -> _Statement | None:
        kind = cue.lastgroup or ""
        sentence = self._sentence(text, cue.start())
        if self._dismissed(sentence, kind, cue[0]):
            return None
        found = self._letters_at(text, place, kind, text[cue.end() : place])
        if found is None:
            found = self._text_at(text, place, kind)
        if found is None:
            return None
        end, letters = found
        strength = {"strong": FIRM, "correct": FIRM, "odd": VAGUE}.get(kind, LIKELY)
        doubt = sentence[-12:] + text[cue.start() : place]
        if say.TENTATIVE.search(doubt) or say.INITIAL.search(sentence):
            strength = VAGUE
        return _Statement(cue.start(), end, letters, strength)

    @staticmethod
    def _sentence(text: str, stop: int) -> str:
        before = text[max(0, stop - 60) : stop]
        start = 0
        for mark in say.SENTENCE_END.finditer(before):
            start = mark.end()
        return before[start:]

    @staticmethod
    def _dismissed(sentence: str, kind: str, cue: str) -> bool:
        """Negated, somebody else's, an example, or said under a condition."""
        near = sentence[-24:]
        if say.NEGATED_LEFT.search(near) or say.REJECT_LEFT.search(near):
            return True
        if kind == "good" and near.endswith("不"):
            return True
        condition = None
        for condition in say.CONDITION.finditer(sentence):
            pass
        if condition is None or kind == "final":
            return False
        return not (
            say.CONCLUSION.search(sentence, condition.end())
            or say.FORCED.search(sentence, condition.end())
        )

    def _letters_at(
        self, text: str, place: int, kind: str, link: str
    ) -> tuple[int, frozenset[str] | None] | None:
        span = self.words.span.match(text, place)
        if span is not None and kind == "strong":
            return span.end(), frozenset(self._range(span[1], span[2]))
        match = self.words.upper.match(text, place)
        if match is None:
            match = self._lower_at(text, place, kind, link)
        if match is None:
            return None
        end = self._own_part(text, match)
        if end is None or say.BLOCKED_RIGHT.match(text, end):
            return None
        listing = text[match.start() : end]
        letters = verdicts.letters_in(listing, self.words)
        if letters is None:
            return None
        if "或" in listing or "还是" in listing or " or " in listing:
            return end, None
        if say.HEDGED_RIGHT.match(text, end):
            return end, None
        if "/" in listing and letters >= frozenset(self.order[:4]):
            return None
        labelled = len(letters) == 1 and self.words.label.match(text, place)
        if labelled:
            return self._label_run(text, place)
        if kind == "strong" or (kind == "good" and say.PAUSE.match(text, end)):
            return self._bare_run(text, end, letters)
        closed = say.PAUSE if kind == "correct" else say.END
        return (end, letters) if closed.match(text, end) else None

    def _range(self, first: str, last: str) -> str:
        if first in self.order and last in self.order:
            return self.order[self.order.index(first) : self.order.index(last) + 1]
        return first + last

    def _lower_at(self, text: str, place: int, kind: str, link: str) -> re.Match[str] | None:
        match = self.words.lower.match(text, place) if kind == "strong" else None
        if match is None:
            return None
        spelled = any(len(run) > 1 for run in self.words.item.findall(match[0]))
        if spelled and not re.search(r"[:\"'(\[{=是为]", link) and not link == "":
            return None
        if re.match(r" [A-Za-z]", text[match.end() : match.end() + 2]):
            return None
        return match

    @staticmethod
    def _own_part(text: str, match: re.Match[str]) -> int | None:
        """Where the answer's own letters end: 选A，B错误 answers A alone."""
        subject = say.SUBJECT_RIGHT.match(text, match.end())
        loose = [mark for mark in re.finditer(r" ?[,;] ?| (?=[A-Za-z])", match[0])]
        if subject is None or not loose:
            return match.end()
        tight = re.search(r"、|和|与|及|跟", match[0])
        if subject["all"] and (tight or "," in match[0]):
            good = re.match(r".{0,6}?(?:正确|符合|对)", text[match.end() : match.end() + 12])
            if good and not tight and "不" not in good[0]:
                return match.end()
            return match.start() + loose[0].start()
        return match.start() + loose[-1].start()

    def _bare_run(
        self, text: str, end: int, letters: frozenset[str]
    ) -> tuple[int, frozenset[str]]:
        """Letters alone on the following lines belong to the answer: 答案：⏎A⏎B."""
        while end < len(text) and text[end : end + 1] == "\n":
            stop = text.find("\n", end + 1)
            stop = len(text) if stop < 0 else stop
            line = text[end + 1 : stop]
            more = re.fullmatch(r"[-·] ?[\"']?([A-Za-z])[\"']?|([A-Z])", line)
            if more is None:
                break
            letters |= {(more[1] or more[2]).upper()}
            end = stop
        return end, letters

    def _label_run(self, text: str, place: int) -> tuple[int, frozenset[str]] | None:
        """``A. 共情 C. 倾听`` or one such label a line; None when it is the list of all options."""
        chosen: list[str] = []
        begin = place
        plain = True
        for number in range(12):
            stop = text.find("\n", begin)
            stop = len(text) if stop < 0 else stop
            line = text[begin : min(stop, begin + 400)]
            labels = self._labels_in(line)
            if not labels or (number and labels[0][1] > 4):
                break
            part = line[labels[0][2] :]
            explains = bool(re.search(r"属于|描述|是指|因为|强调|说的是|错|不|体现|✗|✓", part))
            if number == 0:
                plain = not explains and "。" not in part[:-1]
            elif (explains and plain) or not plain:
                return self._judge_run(chosen[:1] if not plain else chosen, text, begin)
            chosen += self._ascending(chosen, [label for label, _, _ in labels], part)
            begin = stop + 1
            if stop >= len(text):
                break
        return self._judge_run(chosen, text, min(begin, len(text)))

    def _judge_run(
        self, chosen: list[str], text: str, end: int
    ) -> tuple[int, frozenset[str]] | None:
        size = len(self.every) if self.texts else min(4, len(self.order))
        if not chosen or len(set(chosen)) >= max(size, 2):
            return None
        return min(end, len(text)), frozenset(chosen)

    def _labels_in(self, line: str) -> list[tuple[str, int, int]]:
        """(letter, start, end) of the labels in a line; the first may stand behind a bullet."""
        lead = re.match(r"[-·+>|✓ ]{0,4}(?:\d{1,2}[.)] ?)?(?:选项 ?)?", line)
        first = self.words.label.match(line, lead.end() if lead else 0)
        if first is None:
            return []
        found = [(first[1], first.start(), first.end())]
        for match in self.words.label.finditer(line, first.end()):
            if line[match.start() - 1] in " 、;,和与及" and len(found) < 12:
                found.append((match[1], match.start(), match.end()))
        return found

    def _ascending(self, before: list[str], labels: list[str], part: str) -> list[str]:
        """The labels that go on in the order of the choices; explanations jump about."""
        rank = {letter: index for index, letter in enumerate(self.order)}
        taken: list[str] = []
        for label in labels:
            last = [*before, *taken][-1:]
            if last and rank.get(label, 99) <= rank.get(last[0], 99):
                break
            if last and re.search(r"错|不[正对选符]", part):
                break
            taken.append(label)
        return taken

    def _text_at(self, text: str, place: int, kind: str) -> tuple[int, frozenset[str]] | None:
        """An option's text in the answer's place; the longest that ends at a boundary."""
        if not self.texts or kind == "odd":
            return None
        window = text[place : place + 400]
        squeezed, index = "", []
        longest = max(map(len, self.texts))
        for position, char in enumerate(window.casefold()[: len(window)]):
            if len(squeezed) >= longest:
                break
            if char.isalnum():
                squeezed += char
                index.append(position)
        for key in sorted(self.texts, key=len, reverse=True):
            if not squeezed.startswith(key):
                continue
            end = index[len(key) - 1] + 1
            if re.match(r"[\s。.,;:!?\"')\]}<(、]|$|这|选项|一项|因为", window[end:]):
                letter = self.texts[key]
                return (place + end, frozenset(letter)) if letter else None
        return None

    def _wholes(self, text: str) -> Iterator[_Statement]:
        """全选, 以上都对, 除D外均正确, 以上都不对."""
        for match in say.ALL_RIGHT.finditer(text):
            sentence = self._sentence(text, match.start())
            if self._dismissed(sentence, "whole", match[0]) or "其" in sentence[-2:]:
                continue
            named = self._text_at(text, match.start(), "strong")
            letters = named[1] if named else self.every
            yield _Statement(match.start(), match.end(), letters, LIKELY)
        for match in say.NONE_RIGHT.finditer(text):
            named = self._text_at(text, match.start(), "strong")
            yield _Statement(match.start(), match.end(), named[1] if named else None, LIKELY)
        for match in say.EXCEPT.finditer(text):
            out = self.words.upper.fullmatch(match["out"].strip(" \"'"))
            letters = verdicts.letters_in(out[0], self.words) if out else None
            if letters:
                kept = self.every - letters if match["good"] else letters
                yield _Statement(match.start(), match.end(), kept or None, LIKELY)

    def _bare(self, text: str) -> Iterator[_Statement]:
        """Letters (or an option's text) alone on the first or last line."""
        first, _, rest = text.partition("\n")
        last = rest.rpartition("\n")[2]
        lines = [(0, first)] + ([(len(text) - len(last), last)] if rest else [])
        for start, line in lines:
            if len(line) > 400 or (start and self._beside_labels(text)):
                continue
            letters = self._bare_line(line) or self._alone(line)
            if letters is None:
                continue
            end = start + len(line)
            if start == 0:
                end, letters = self._bare_lines(text, end, letters)
            yield _Statement(start, end, letters, FIRM)
        if (run := self._listed(text)) is not None:
            yield _Statement(0, run[0], run[1], FIRM)

    def _bare_line(self, line: str) -> frozenset[str] | None:
        match = self.words.bare.fullmatch(line)
        if match is None or "或" in line or "还是" in line or re.search(r"\bor\b", line):
            return None
        return verdicts.letters_in(match[1] or match[2], self.words)

    def _bare_lines(
        self, text: str, end: int, letters: frozenset[str]
    ) -> tuple[int, frozenset[str]]:
        """A⏎C⏎D and nothing else is one list."""
        parts = [self._bare_line(line) for line in text.split("\n")[:12]]
        if len(parts) > 1 and all(parts) and text.count("\n") < 12:
            return len(text), frozenset().union(*(part for part in parts if part))
        return end, letters

    def _alone(self, line: str) -> frozenset[str] | None:
        letter = self.texts.get(_squeeze(line)) if self.texts else None
        return frozenset(letter) if letter else None

    def _beside_labels(self, text: str) -> bool:
        last_line = text.rpartition("\n")[2]
        return bool(self.words.label_line.match(last_line))

    def _listed(self, text: str) -> tuple[int, frozenset[str]] | None:
        """A first line ``A. 共情`` (and more such lines) is the answer if no other label follows."""
        head = text[: 2 if len(text) > 1 else 1]
        if not head:
            return None
        labels = self._labels_in(text[:400].partition("\n")[0])
        if not labels or say.VERDICT_WORD.search(text[:400].partition("\n")[0]):
            return None
        run = self._label_run(text, 0)
        if run is None or self.words.label_line.search(text, max(run[0] - 1, 0)):
            return None
        return run
