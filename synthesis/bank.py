"""Import question banks (Type II): CPsyExam train, and other banks by a declared mapping.

CPsyExam is read by the core, with its declared repairs. Any other bank is JSON, JSON Lines, CSV or
Parquet, one file or shards; the recipe's ``mapping`` says under which keys question, options and
answer stand. A row that is no whole question is set aside with its reason.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from psyche_bench import answers, sources
from psyche_bench.jsonl import dumps
from psyche_bench.schemas import Question
from psyche_bench.synthesis.generate import LETTERS, whole
from psyche_bench.synthesis.recipe import Mapping, Recipe, Source
from psyche_bench.synthesis.rows import Item, Origin, Row, row_id
from psyche_bench.synthesis.source_files import at, entries, files_of, source_files
from psyche_bench.synthesis.step import Aside, Options, Result, Step


def bank(_: Iterable[Row], __: Options, recipe: Recipe) -> Iterator[Result]:
    """The questions of every Type II source."""
    for source in recipe.sources:
        if source.type == "II":
            yield from _cpsyexam(source) if source.set == "cpsyexam" else _mapped(source)


def _cpsyexam(source: Source) -> Iterator[Result]:
    for question in sources.load("cpsyexam", "train")[: source.limit]:
        yield _result(source, question.id, question.file, str(question.row), _of(question))


def _of(question: Question) -> tuple[str, dict[str, str], str]:
    stem = f"{question.vignette}\n{question.stem}" if question.vignette else question.stem
    return stem.strip(), dict(question.options), question.gold or ""


def _mapped(source: Source) -> Iterator[Result]:
    number = 0
    for path, name in source_files(source):
        for place, row in enumerate(entries(path, source.mapping.rows), 1):
            number += 1
            if source.limit is not None and number > source.limit:
                return
            read_as = read(row, source.mapping)
            yield _result(source, f"{name}:{place}", name, str(place), read_as)


def _result(
    source: Source, key: str, file: str, place: str, read_as: tuple[str, dict[str, str], str]
) -> Result:
    stem, options, gold = read_as
    kind = "mmcq" if len(gold) > 1 else "smcq"
    problem = whole(stem, options, gold, kind)
    if problem:
        raw = dumps({"question": stem, "options": options, "answer": gold})
        return Result(key, dropped=Aside(f"no whole question: {problem}", raw))
    origin = Origin(
        source=source.name, type="II", licence=source.licence, file=file, place=place, parent=""
    )
    item = Item(
        id=row_id("q", source.name, key, stem),
        origin=origin,
        use=source.use,
        kind=kind,
        stem=stem,
        options=options,
        gold=gold,
    )
    return Result(key, [item])


def read(row: dict[str, Any], mapping: Mapping) -> tuple[str, dict[str, str], str]:
    """Question, options and sorted letters of one row of a bank.

    >>> read(
    ...     {"q": "选一个", "a": "甲", "b": "乙", "key": "b"},
    ...     Mapping(stem="q", letters={"A": "a", "B": "b"}, gold="key"),
    ... )
    ('选一个', {'A': '甲', 'B': '乙'}, 'B')
    """
    if mapping.letters:
        options = {letter: _text(at(row, key)) for letter, key in mapping.letters.items()}
    else:
        found = at(row, mapping.options)
        if isinstance(found, list):
            found = dict(zip(LETTERS, found, strict=False))
        options = {str(k).upper(): _text(v) for k, v in dict(found or {}).items()}
    options = {letter: text for letter, text in options.items() if text}
    reading = answers.read(answers.render(_text(at(row, mapping.gold))), LETTERS, options)
    return _text(at(row, mapping.stem)), options, "".join(sorted(reading.letters or ""))


def _text(value: Any) -> str:
    if isinstance(value, list):
        return "".join(map(str, value))
    return "" if value is None else str(value).strip()


STEP = Step(
    name="bank", after=(), plain=bank, whole=True, files=files_of("II"), models=lambda _: ()
)
