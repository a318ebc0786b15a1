"""Ingest, clean, chunk and de-identify as steps; the functions themselves stand in their own files.

Documents are read by :mod:`psyche_bench.synthesis.documents`; a page that cannot be read is set
aside with its place, and the rest goes on.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from psyche_bench.sources import data_root
from psyche_bench.synthesis import chunk as chunks
from psyche_bench.synthesis.recipe import Recipe, Source
from psyche_bench.synthesis.rows import Document, Origin, Pair, Scan, Segment, row_id
from psyche_bench.synthesis.source_files import files_of, source_files
from psyche_bench.synthesis.state import file_hash
from psyche_bench.synthesis.step import Aside, Options, Result, Step


def ingest(_: Iterable[object], __: Options, recipe: Recipe) -> Iterator[Result]:
    """The pages of every document of the Type I sources."""
    for source in recipe.sources:
        if source.type == "I":
            for path, name in source_files(source)[: source.limit]:
                yield from _pages(source, path, name, scans="ocr" in recipe.steps)


def _pages(source: Source, path: Path, name: str, scans: bool) -> Iterator[Result]:
    from psyche_bench.synthesis import documents

    for page in documents.read(path):
        key = f"{source.name}/{name}#{page.place}"
        scanned = scans and page.problem == documents.NO_TEXT_LAYER
        if page.problem and not scanned:
            yield Result(key, dropped=Aside(f"page not read: {page.problem}", key))
            continue
        origin = Origin(
            source=source.name,
            type="I",
            licence=source.licence,
            file=name,
            place=page.place,
            parent="",
        )
        if scanned:
            yield Result(key, [_scan(path, key, origin)])
            continue
        yield Result(key, [Document(id=row_id("p", key, page.text), origin=origin, text=page.text)])


def _scan(path: Path, key: str, origin: Origin) -> Scan:
    """The row carries the file's hash in its id: another file below the same name is read again."""
    return Scan(
        id=row_id("p", key, file_hash(path)),
        origin=origin,
        path=path.relative_to(data_root()).as_posix(),
        page=int(origin.place.removeprefix("p. ") or 1) - 1,
    )


def clean(rows: Iterable[Document], _: Options, __: Recipe) -> Iterator[Result]:
    """Each document cleaned; one of which nothing stays is dropped."""
    from psyche_bench.synthesis.clean import clean as cleaned

    for row in rows:
        text = cleaned(row.text)
        if text.strip():
            yield Result(row.id, [row.model_copy(update={"text": text})])
        else:
            yield Result(row.id, dropped=Aside("nothing left after cleaning", row.text))


class ChunkOptions(Options):
    """``size``: most characters of a segment; ``least``: fewer carry no question.

    ``most``: segments taken of a page, to try a recipe out; all where it is left out.
    """

    size: int = chunks.LIMIT
    least: int = 200
    most: int | None = None


def chunk(rows: Iterable[Document], options: ChunkOptions, _: Recipe) -> Iterator[Result]:
    """The segments of each document; no text is lost, short ones are counted and set aside."""
    for row in rows:
        result, start = Result(row.id), 0
        for text in chunks.chunk(row.text, options.size):
            end = start + len(text)
            if len(text.strip()) < options.least:
                result.rejected.append(Aside(f"segment below {options.least} characters", text))
            elif options.most is not None and len(result.rows) >= options.most:
                result.rejected.append(Aside(f"segment beyond the first {options.most}", text))
            else:
                result.rows.append(
                    Segment(
                        id=row_id("s", row.id, str(start), text),
                        origin=row.origin.child(row.id),
                        text=text,
                        start=start,
                        end=end,
                    )
                )
            start = end
        if not result.rows:
            result.rejected, aside = [], Aside("document holds no segment long enough", row.text)
            result.dropped = aside
        yield result


def dialogue_clean(rows: Iterable[Pair], _: Options, __: Recipe) -> Iterator[Result]:
    """Post and reply cleaned; a pair of which a side is empty afterwards is dropped."""
    from psyche_bench.synthesis.clean import clean as cleaned

    for row in rows:
        question, reply = cleaned(row.question), cleaned(row.reply)
        if question.strip() and reply.strip():
            changes = {"question": question, "reply": reply}
            yield Result(row.id, [row.model_copy(update=changes)])
        else:
            raw = f"{row.question}\n{row.reply}"
            yield Result(row.id, dropped=Aside("post or reply empty after cleaning", raw))


def dialogue_deidentify(rows: Iterable[Pair], _: Options, __: Recipe) -> Iterator[Result]:
    """History, post and reply with personal data replaced, a person by one placeholder in all.

    What was found is counted by type.
    """
    from psyche_bench.synthesis.deidentify import deidentify_dialogue

    for row in rows:
        texts = [*(turn.content for turn in row.history), row.question, row.reply]
        *history, question, reply = deidentify_dialogue(texts)
        changes = {
            "question": question.text,
            "reply": reply.text,
            "history": tuple(
                turn.model_copy(update={"content": hidden.text})
                for turn, hidden in zip(row.history, history, strict=True)
            ),
        }
        found = Counter(span.type for turn in (*history, question, reply) for span in turn.spans)
        figures = {f"personal data replaced: {name}": float(n) for name, n in found.items()}
        yield Result(row.id, [row.model_copy(update=changes)], figures=figures)


INGEST = Step(
    name="ingest",
    after=(),
    plain=ingest,
    whole=True,
    files=files_of("I"),
    models=lambda _: (),
)
CLEAN = Step(name="clean", after=("ocr",), plain=clean, models=lambda _: ())
CHUNK = Step(
    name="chunk",
    after=("clean",),
    options=ChunkOptions,
    plain=chunk,
    changes=True,
    models=lambda _: (),
)
DIALOGUE_CLEAN = Step(
    name="dialogue-clean", after=("dialogues",), plain=dialogue_clean, models=lambda _: ()
)
DEIDENTIFY = Step(
    name="dialogue-deidentify",
    after=("dialogue-clean",),
    plain=dialogue_deidentify,
    models=lambda _: (),
)
