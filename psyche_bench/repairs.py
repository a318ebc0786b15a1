"""The declared repairs of released items: rules and patterns in a data file, every change logged.

``data/<name>.repairs.toml`` holds ``[[rule]]`` entries (applied to every item), ``[[item]]``
entries (one item each) and ``[[known]]`` oddities that are left alone. Nothing else changes an
item, and an item entry that no longer fits the data is an error, not a shrug.
"""

import re
import tomllib
import unicodedata
from functools import cache
from importlib.resources import files
from typing import Any

from pydantic import Field

from psyche_bench.errors import DataError
from psyche_bench.schemas import Oddity, Question, Record, Repair


class Rule(Record):
    """A repair applied to every item."""

    name: str
    fields: tuple[str, ...]
    reason: str
    pattern: str = ""
    map: dict[str, str] = Field(default_factory=dict)


class ItemRepair(Record):
    """A repair of one named item: a literal ``before``/``after`` or a pattern."""

    id: str
    field: str
    reason: str
    before: str | None = None
    after: str | None = None
    pattern: str | None = None
    replace: str = ""


class Known(Record):
    """An oddity that was looked at and left alone."""

    id: str
    field: str
    problem: str


class Declared(Record):
    """Everything a repairs file says."""

    rule: tuple[Rule, ...] = ()
    item: tuple[ItemRepair, ...] = ()
    known: tuple[Known, ...] = ()


@cache
def declared(benchmark: str) -> Declared:
    """The declared repairs of a benchmark; empty where there is no file."""
    path = files("psyche_bench") / "data" / f"{benchmark}.repairs.toml"
    if not path.is_file():
        return Declared()
    return Declared.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))


def known_oddities(benchmark: str) -> list[Oddity]:
    """The declared oddities, as they are printed."""
    return [Oddity(item=k.id, field=k.field, problem=k.problem) for k in declared(benchmark).known]


def repair(questions: list[Question], benchmark: str) -> tuple[list[Question], list[Repair]]:
    """Apply the declared repairs.

    Args:
        questions: items of one or more splits as released.
        benchmark: name of the repairs file.

    Returns:
        The repaired items in the same order, and one :class:`Repair` for every changed field.

    Raises:
        DataError: an item entry does not fit the item it names (another release?).
    """
    rules = declared(benchmark)
    named = {entry.id: [e for e in rules.item if e.id == entry.id] for entry in rules.item}
    log: list[Repair] = []
    repaired = []
    for question in questions:
        fields = _fields(question)
        for rule in rules.rule:
            _RULES[rule.name](fields, rule, question.id, log)
        for entry in named.get(question.id, ()):
            _repair_item(fields, entry, log)
        same = list(fields.items()) == list(_fields(question).items())  # order counts
        repaired.append(question if same else _rebuilt(question, fields))
    return repaired, log


Fields = dict[str, str | None]
"""``gold``, ``stem``, …, and each option as ``options.A``."""


def _fields(question: Question) -> Fields:
    flat: Fields = {
        "vignette": question.vignette,
        "stem": question.stem,
        "gold": question.gold,
        "reference": question.reference,
        "analysis": question.analysis,
    }
    return flat | {f"options.{letter}": text for letter, text in question.options.items()}


def _rebuilt(question: Question, fields: Fields) -> Question:
    options = {
        name.removeprefix("options."): text
        for name, text in fields.items()
        if name.startswith("options.") and text is not None
    }
    plain = {name: value for name, value in fields.items() if not name.startswith("options.")}
    return question.model_copy(update={**plain, "options": options})


def _set(  # noqa: PLR0913, PLR0917  # a change and the four things its log line says of it
    fields: Fields, name: str, after: str, reason: str, item: str, log: list[Repair]
) -> None:
    before = fields.get(name)
    if before != after:
        fields[name] = after
        log.append(Repair(item=item, field=name, before=before or "", after=after, reason=reason))


def _covered(fields: Fields, rule: Rule) -> list[tuple[str, str]]:
    """The fields a rule covers that hold text; ``options`` covers each option."""
    return [
        (name, value)
        for name, value in fields.items()
        if value and (name in rule.fields or name.partition(".")[0] in rule.fields)
    ]


def _radicals(fields: Fields, rule: Rule, item: str, log: list[Repair]) -> None:
    for name, value in _covered(fields, rule):
        if not value.isascii():
            _set(fields, name, _without_radicals(value, rule.map), rule.reason, item, log)


_RADICAL = re.compile("[\u2e80-\u2fdf]")


def _without_radicals(text: str, table: dict[str, str]) -> str:
    return _RADICAL.sub(
        lambda found: table.get(found[0]) or unicodedata.normalize("NFKC", found[0]), text
    )


def plain_radicals(text: str) -> str:
    """A text with look-alikes of the radical blocks as ordinary characters, as PCEB is repaired.

    >>> plain_radicals("⼼理⻓期")
    '心理长期'
    """
    table = {key: value for rule in declared("pceb").rule for key, value in rule.map.items()}
    return _without_radicals(text, table) if _RADICAL.search(text) else text


def _strip(fields: Fields, rule: Rule, item: str, log: list[Repair]) -> None:
    for name, value in _covered(fields, rule):
        _set(fields, name, value.strip(), rule.reason, item, log)


def _delete_pattern(fields: Fields, rule: Rule, item: str, log: list[Repair]) -> None:
    for name, value in _covered(fields, rule):
        _set(fields, name, re.sub(rule.pattern, "", value), rule.reason, item, log)


def _separators(fields: Fields, rule: Rule, item: str, log: list[Repair]) -> None:
    gold = fields["gold"]
    if gold and re.fullmatch(r"[A-E](?:[,，、\s]+[A-E])*[,，、\s]*", gold):
        _set(fields, "gold", re.sub(rule.pattern, "", gold), rule.reason, item, log)


def _order(fields: Fields, rule: Rule, item: str, log: list[Repair]) -> None:
    names = [name for name in fields if name.startswith("options.")]
    if names != sorted(names):
        texts = {name: fields.pop(name) for name in names}
        fields.update(sorted(texts.items()))
        before, after = ("".join(n[-1] for n in order) for order in (names, sorted(names)))
        log.append(
            Repair(item=item, field="options", before=before, after=after, reason=rule.reason)
        )


def _gold_carries_option(fields: Fields, rule: Rule, item: str, log: list[Repair]) -> None:
    found = re.match(rule.pattern, fields["gold"] or "")
    if found and not (fields.get(f"options.{found['letter']}") or "").strip():
        _set(fields, f"options.{found['letter']}", found["text"], rule.reason, item, log)
        _set(fields, "gold", found["letter"], rule.reason, item, log)


_RULES: dict[str, Any] = {
    "radicals": _radicals,
    "strip": _strip,
    "numbering": _delete_pattern,
    "separators": _separators,
    "order": _order,
    "gold_carries_option": _gold_carries_option,
}


def _repair_item(fields: Fields, entry: ItemRepair, log: list[Repair]) -> None:
    value = fields.get(entry.field) or ""
    if entry.pattern is None:
        if value != entry.before or entry.after is None:
            raise DataError(_stale(entry, value))
        _set(fields, entry.field, entry.after, entry.reason, entry.id, log)
        return
    found = re.search(entry.pattern, value)
    if not found:
        raise DataError(_stale(entry, value))
    after = value[: found.start()] + entry.replace + value[found.end() :]
    moved = found.groupdict()
    _set(fields, entry.field, after, entry.reason, entry.id, log)
    if "gold" in moved:
        _set(fields, "gold", moved["gold"], entry.reason, entry.id, log)
    if "letter" in moved:
        _set(fields, f"options.{moved['letter']}", moved["text"], entry.reason, entry.id, log)


def _stale(entry: ItemRepair, value: str) -> str:
    return (
        f"{entry.id}, field '{entry.field}': the declared repair does not fit what stands there "
        f"({value[:40]!r}). Is this the pinned release? Run `psyche-bench data check`."
    )
