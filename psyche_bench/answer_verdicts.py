"""Answers given option by option: ticks, tables, and "A、C正确，B错误" where nothing is concluded.

These are read only when no explicit statement was found, and only when the judgements leave no
doubt: a stem may ask for the *wrong* option, and the reader does not see the stem.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice

from psyche_bench import answer_cues as cues
from psyche_bench import answer_patterns as say
from psyche_bench.answer_scope import Scope
from psyche_bench.answer_slots import all_lists, is_hedged, letter_range, letters_in

_NOT_A_CLAIM = re.compile(
    r"(?:比|不是|并?非|是否|难道|如果|若|即使|虽然?|尽管|假如|除了?|[人学生者]认为"
    r"|(?:except|(?<!, )but|than|excluding)(?: for)?(?: options?)? )[\"'(]? ?$"
)
_DENIED = re.compile(r"(?:不(?:能|应该?|必|用|要|可|宜|该)?|无需|别|勿)选择?[\"'(]? ?$")
_NOT_MEANT = re.compile(r"吗|\?|与否|的(?:情况|前提|反面|话)")
_GLOBAL = re.compile(
    r"综上|总之|综合|总的|最终|结论|总结|In summary|in summary|Overall|overall"
    r"|In conclusion|in conclusion"
)


@dataclass(frozen=True, slots=True)
class Claim:
    """One judgement: these letters are right (or wrong), said with this emphasis."""

    start: int
    end: int
    letters: frozenset[str]
    right: bool
    superlative: bool
    relative: bool
    named: bool = False
    """Said to be the answer, not only to be true: B是正确选项, 只有C与之对应."""


@dataclass(slots=True)
class Ballot:
    """Judgements by letter; a letter judged both ways is ``torn``."""

    right: set[str] = field(default_factory=set)
    wrong: set[str] = field(default_factory=set)

    def add(self, letters: frozenset[str] | set[str], right: bool) -> None:
        """Count one judgement of ``letters``."""
        (self.right if right else self.wrong).update(letters)

    @property
    def chosen(self) -> frozenset[str] | None:
        """The letters judged right; None when there are none or a letter was judged both ways."""
        return None if not self.right or self.right & self.wrong else frozenset(self.right)


def claims(text: str, offer: Scope) -> list[Claim]:
    """Every "LETTERS + judgement" in ``text``, in order."""
    return list(_claims(text, offer))


def _claims(text: str, offer: Scope) -> Iterator[Claim]:
    words = offer.words
    done = 0
    for match in islice(_mentions(text, offer), 500):
        start, end = match.span()
        if start < done or (end - start > 1 and is_hedged(match[0])):
            continue
        span = words.span.match(text, start) if text[end : end + 1] in "-~到至 t" else None
        end = span.end() if span else end
        said = _judged(text, end)
        front = text[max(0, start - 8) : start]
        if _exclusive(text, front, said, end):
            found = letters_in(match[0], words)
            stop = _AFFIRMED.match(text, said.end() if said else end) or _MUST.match(text, end)
            if found is not None and stop is not None:
                done = stop.end()
                yield Claim(start, done, found, True, True, True, True)
            continue
        if said is None:
            denied = "选" in front and _DENIED.search(front) and letters_in(match[0], words)
            if denied:
                done = end
                yield Claim(start, end, denied, False, False, True)
            continue
        if _NOT_MEANT.match(text, said.end()):
            continue
        if _NOT_A_CLAIM.search(front):
            continue
        letters = letter_range(span[1], span[2], offer) if span else letters_in(match[0], words)
        if letters is not None:
            done = said.end()
            relative = "题" in text[end : done + 3] or "选" in said[0]
            right = said["good"] is not None
            chosen = say.CHOSEN.match(text, done)
            if chosen is not None:
                right, relative, done = chosen["good"] is not None, True, chosen.end()
            named = right and say.IDENTITY.match(text, done) is not None
            best = right and (named or say.SUPERLATIVE.search(said[0]) is not None)
            yield Claim(start, done, letters, right, best, relative or named, named)


_OTHER = re.compile(r"[A-Za-z。;!?\n如若吗不没]")
"""Before that comma: another subject, another sentence, or a judgement of its own."""
_ONLY = re.compile(r"(?:(?<!不)(?:只有|仅有?)|唯有|[Oo]nly)(?:选项|的是)? ?[\"'(]? ?$")
_AFFIRMED = re.compile(
    r"(?![选项]{0,2}(?:型|吗|或))[^,。;!\n不没无错误未非别]{0,60}(?=[,。;!\n]|$)"
)


def _mentions(text: str, offer: Scope) -> Iterable[re.Match[str]]:
    return all_lists(text, offer) or offer.words.lower.finditer(text)


_MUST = re.compile(r"(?:莫属|不可)")


def _exclusive(text: str, front: str, said: re.Match[str] | None, end: int) -> bool:
    """True for 只有B and 非B莫属, unless what is said of the letters is bad (只有B不对)."""
    if said is not None and said["good"] is None:
        return False
    if "有" in front or "仅" in front or "nly" in front:
        return _ONLY.search(front) is not None
    return said is None and front.endswith("非") and _MUST.match(text, end) is not None


def _judged(text: str, end: int) -> re.Match[str] | None:
    if text[end : end + 1] in ".、: " and (named := say.LABEL_TEXT.match(text, end)) is not None:
        end = named.end()
    begin = end
    if (char := text[end : end + 1]) in say.SUBJECT_START:
        subject = say.SUBJECT.match(text, end)
        begin = subject.end() if subject else end
        char = text[begin : begin + 1]
    said = None
    if char in say.JUDGEMENT_START or (char.isascii() and char.isalpha()):
        said = say.JUDGEMENT.match(text, end)
    return said or _judged_later(text, begin)


def _judged_later(text: str, begin: int) -> re.Match[str] | None:
    """The judgement behind the sentence's first comma: C和D使行为减少,符合题意."""
    comma = text.find(",", begin, begin + 32)
    if comma < 0 or _OTHER.search(text, begin, comma):
        return None
    return say.VERDICT_LATER.match(text, comma + 1)


def concluded(text: str, found: list[Claim]) -> tuple[int, frozenset[str]] | None:
    """The letters of the last concluding judgement ("综上，A、C正确"), and where it stands."""
    mark = -1
    for match in _GLOBAL.finditer(text):
        mark = match.start()
    after = [claim for claim in found if mark >= 0 and claim.start > mark]
    if any(claim.right for claim in after):
        chosen = [claim for claim in after if claim.right and claim.superlative] or after
        letters = frozenset().union(*(claim.letters for claim in chosen if claim.right))
        return after[0].start, letters
    elected = [one for one in found if say.ELECTED.search(text, one.start, one.end)]
    elected = [claim for claim in elected if claim.right]
    if elected:
        return (elected[0].start, elected[0].letters) if len(elected) == 1 else None
    named = [claim for claim in found if claim.right and claim.named]
    if len(named) > 1:
        return named[-1].start, frozenset().union(*(claim.letters for claim in named))
    for claim in reversed(found):
        if claim.right and (claim.superlative or (len(claim.letters) > 1 and _led(text, claim))):
            return claim.start, claim.letters
    return None


def _led(text: str, claim: Claim) -> bool:
    before = text[max(0, claim.start - 30) : claim.start]
    stops = [match.end() for match in cues.SENTENCE_END.finditer(before)]
    return bool(cues.CONCLUSION.search(before, stops[-1] if stops else 0))


def by_line(text: str, offer: Scope) -> tuple[int, frozenset[str]] | None:
    """The letters of lines that begin with their judgement, right and wrong: 对:A、C⏎错:B、D."""
    ballot, place = Ballot(), 0
    for line in islice(say.VERDICT_FIRST.finditer(text), 12):
        match = offer.words.upper.match(text, line.end())
        letters = letters_in(match[0], offer.words) if match else None
        if letters:
            ballot.add(letters, line["good"] is not None)
            place = line.start()
    return (place, ballot.chosen) if ballot.wrong and ballot.chosen else None


def tally(text: str, found: list[Claim], offer: Scope) -> frozenset[str] | None:
    """The letters judged right, when the judgements together are clearly an answer."""
    ticked = _ticks(text, offer.words) or _table(text, offer.words) or _pairs(text)
    if ticked is not None:
        return None if say.WRONG_STEM.search(text) else ticked.chosen
    simple = _opening(text, found, offer) or _marked(text, offer.words)
    if simple is not None:
        return simple
    elected = [claim for claim in found if say.ELECTED.search(text, claim.start, claim.end)]
    if elected:
        return _counted(elected).chosen
    return _weighed(text, found, offer)


def _counted(found: list[Claim]) -> Ballot:
    ballot = Ballot()
    for claim in found:
        ballot.add(claim.letters, claim.right)
    return ballot


def _weighed(text: str, found: list[Claim], offer: Scope) -> frozenset[str] | None:
    ballot = _counted(found)
    if (left := _left_over(text, found, ballot, offer)) is not None:
        return left
    labelled = _lines(text, offer.words, ballot)
    rest = say.REST.search(text) if any(word in text for word in say.REST_WORDS) else None
    if rest is not None and (ballot.right or ballot.wrong):
        ballot.add(offer.every - ballot.right - ballot.wrong, rest["bad"] is None)
    favoured = [claim for claim in found if claim.right]
    relative = bool(favoured) and all(claim.relative for claim in favoured)
    if ballot.chosen is None or (say.WRONG_STEM.search(text) and not relative):
        return None
    letters = _believed(text, found, ballot, offer.every, labelled)
    return letters if letters and _complete(text, letters, ballot, found, offer.words) else None


def _left_over(
    text: str, found: list[Claim], ballot: Ballot, offer: Scope
) -> frozenset[str] | None:
    """The one letter that remains when all others are ruled out: A、B、D都可以排除."""
    left = offer.every - ballot.wrong
    out = all(say.RULED_OUT.search(text, claim.start, claim.end) for claim in found)
    return left if found and not ballot.right and out and len(left) == 1 else None


def _complete(
    text: str, letters: frozenset[str], ballot: Ballot, found: list[Claim], words: say.Grammar
) -> bool:
    """True unless a letter is discussed but not judged (a reply cut off amid its analysis)."""
    if any(claim.right and len(claim.letters) > 1 for claim in found):
        return True
    named = {run for match in words.upper.finditer(text) for run in words.item.findall(match[0])}
    return {letter for run in named for letter in run} <= ballot.right | ballot.wrong | letters


def _believed(
    text: str, found: list[Claim], ballot: Ballot, every: frozenset[str], labelled: bool
) -> frozenset[str] | None:
    """Complete, or said of several letters at once, or the reply's only point."""
    judged = ballot.right | ballot.wrong
    several = any(claim.right and len(claim.letters) > 1 for claim in found)
    chosen = len(found) > 1 and all(claim.relative and claim.right for claim in found)
    if len(judged) >= min(len(every), 4) or several or chosen:
        return frozenset(ballot.right)
    if labelled or any("也" in text[claim.start : claim.end] for claim in found):
        return None
    if len(found) == 1:
        ends = cues.SENTENCE_END.search(text.rstrip("。.!"), found[0].end)
        return frozenset(ballot.right) if found[0].start < 4 or ends is None else None
    if all(claim.relative for claim in found) or (ballot.wrong and len(text) < 60):
        return frozenset(ballot.right)
    return None


def _ticks(text: str, words: say.Grammar) -> Ballot | None:
    """✓ and ✗ beside at least two letters, before each letter or after each."""
    if "✓" not in text and "✗" not in text:
        return None
    ballot = Ballot()
    for line in text.split("\n"):
        if line.startswith("|") or ("✓" not in line and "✗" not in line):
            continue
        labels = list(words.upper.finditer(line))[:12]
        if not labels:
            continue
        marks = [index for index, char in enumerate(line[:2000]) if char in "✓✗"]
        behind = bool(marks) and (marks[-1] > labels[-1].start() or marks[0] > labels[0].start())
        for number, label in enumerate(labels):
            stop = labels[number + 1].start() if number + 1 < len(labels) else len(line)
            begin = labels[number - 1].end() if number else 0
            part = line[label.end() : stop] if behind else line[begin : label.start()]
            seen = {char for char in part if char in "✓✗"}
            found = letters_in(label[0], words)
            if len(seen) == 1 and found:
                ballot.add(found, "✓" in seen)
    return ballot if len(ballot.right | ballot.wrong) > 1 else None


def _table(text: str, words: say.Grammar) -> Ballot | None:
    """Rows such as ``| A | 共情 | ✓ |``; the first cell that is a judgement counts."""
    ballot = Ballot()
    header: list[str] = []
    for line in text.split("\n"):
        if not line.startswith("|"):
            continue
        cells = [cell.strip() for cell in line[:600].strip("| ").split("|")]
        if len(cells) > 2 and all(len(cell) == 1 and words.upper.match(cell) for cell in cells):
            header = cells
            continue
        if len(cells) == len(header) + 1:
            del cells[0]  # the row's own name
        if len(header) == len(cells) and all(map(say.CELL_VERDICT.match, cells)):
            for letter, cell in zip(header, cells, strict=True):
                verdict = say.CELL_VERDICT.match(cell)
                ballot.add({letter}, verdict is not None and verdict["good"] is not None)
            continue
        label = words.cell.fullmatch(cells[0])
        verdicts = [match for cell in cells[1:] if (match := say.CELL_VERDICT.match(cell))]
        if label is not None and verdicts:
            ballot.add(frozenset(label[1].upper()), verdicts[0]["good"] is not None)
    return ballot if len(ballot.right | ballot.wrong) > 1 else None


def _pairs(text: str) -> Ballot | None:
    """``A: Y, B: N, C: Y`` and ``A. 否⏎B. 是``: three options at least."""
    ballot = Ballot()
    for pair in islice(say.PAIR.finditer(text), 40):
        ballot.add({pair[1]}, pair[2] is not None)
    return ballot if len(ballot.right | ballot.wrong) > 2 else None


def _opening(text: str, found: list[Claim], offer: Scope) -> frozenset[str] | None:
    """ "B选项正确。" opening a reply that then explains the others; never the first option."""
    if not found or found[0].start > 2 or text[found[0].end : found[0].end + 2].strip("的") == "":
        return None
    first, closed = found[0], text[found[0].end : found[0].end + 2].lstrip("的")[:1] in "。!\n"
    alone = first.right and not any(claim.right for claim in found[1:])
    return first.letters if alone and closed and offer.order[:1] not in first.letters else None


def _marked(text: str, words: say.Grammar) -> frozenset[str] | None:
    """The options marked in a list of options: ``B. 转移 ← 正确``; the others bear no judgement."""
    marked, others = set(), 0
    for line in text.split("\n")[:24]:
        label = words.label_line.match(line)
        if label is None:
            continue
        if say.MARKED.search(line, max(0, len(line) - 12)):
            marked.add(label[1].upper())
        elif say.VERDICT_WORD.search(line):
            return None
        else:
            others += 1
    return frozenset(marked) if marked and others > 1 else None


def _lines(text: str, words: say.Grammar, ballot: Ballot) -> bool:
    """Judgements inside lines that begin with a label; True when there are such lines."""
    labels = list(words.label_line.finditer(text))[:24]
    for number, label in enumerate(labels):
        stop = labels[number + 1].start() if number + 1 < len(labels) else len(text)
        part = text[label.end(1) : min(stop, label.end() + 400)].split("\n", maxsplit=1)[0]
        if (other := words.upper.search(part)) is not None:
            part = part[: other.start()]
        seen = {
            match.lastgroup in ("good", "goodtick") for match in say.SEGMENT_VERDICT.finditer(part)
        }
        if len(seen) == 1:
            ballot.add(frozenset(label[1].upper()), seen.pop())
        elif len(seen) > 1:
            ballot.add(frozenset(label[1].upper()), True)
            ballot.add(frozenset(label[1].upper()), False)
    return bool(labels)
