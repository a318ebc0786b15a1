"""Ingest: documents as pages of plain text, each with its place; what cannot be read says so.

Text (any encoding), Markdown, HTML, CNXML (OpenStax), EPUB, DOCX, and PDF with a text layer. A page
without one, or a picture, is reported as :data:`NO_TEXT_LAYER`; where a recipe switches on the step
of :mod:`psyche_bench.synthesis.ocr`, it goes there.
Headings come out as Markdown headings, which is how the chunk step knows them. EPUB is a zip of
XHTML and is read as that: its usual library is under the AGPL.
"""

import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path, PurePosixPath
from typing import Any

LARGEST = 64_000_000
"""Most bytes of one file, or of one part of a zipped one."""


@dataclass(frozen=True, slots=True)
class Page:
    """A page, chapter or file: its text, or the problem that kept it from being read."""

    source: str
    place: str
    text: str = ""
    problem: str = ""


class UnreadableError(ValueError):
    """A part of a document cannot be read; the message says why and what to do."""


Found = Iterator[tuple[str, str | UnreadableError]]
"""(place, text or problem) in reading order."""


def read(path: Path) -> list[Page]:
    """The pages of a document, in reading order; never empty, and never an exception.

    A file that is missing, broken, encrypted, empty or of a kind nobody reads is one page with its
    problem; one bad page of a PDF or chapter of an EPUB is one, and the others are there.

    >>> read(Path("absent.pdf"))[0].problem
    'no such file. Check the path.'
    """
    pages: list[Page] = []
    try:
        for place, text in _reader(path)(path):
            if isinstance(text, UnreadableError):
                pages.append(Page(path.name, place, problem=str(text)))
            elif text.strip():
                pages.append(Page(path.name, place, text.strip("\n")))
    except UnreadableError as error:
        pages.append(Page(path.name, "", problem=str(error)))
    except Exception as error:  # noqa: BLE001, RUF100 - parsers raise all kinds on a broken file, and it is reported
        pages.append(Page(path.name, "", problem=f"broken file ({type(error).__name__}: {error})"))
    return pages or [Page(path.name, "", problem="holds no text.")]


def _reader(path: Path) -> Callable[[Path], Found]:
    if not path.is_file():
        raise UnreadableError("no such file. Check the path.")
    size = path.stat().st_size
    if size == 0:
        raise UnreadableError("an empty file.")
    if size > LARGEST and path.suffix.lower() != ".pdf":
        raise UnreadableError(f"{size:,} bytes, more than {LARGEST:,}. Split it.")
    try:
        return _READERS[path.suffix.lower()]
    except KeyError:
        known = " ".join(sorted(_READERS))
        named = path.suffix or "a file without suffix"
        raise UnreadableError(f"nothing reads {named}; known: {known}.") from None


# --- text ----------------------------------------------------------------------------------------

_COMMON = re.compile(
    "[的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发後后這個們來為國說時會對過發]"
)


_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


def decode(data: bytes) -> str:
    """Bytes as text: a byte order mark, UTF-8, GB18030 or Big5 by common characters, else a guess.

    UTF-8 with a few broken bytes is still UTF-8; those become U+FFFD.

    >>> decode("心理学".encode("gb18030") * 9)[:3]
    '心理学'
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return data.decode(encoding, "replace")
    loose = data.decode("utf-8", "replace")
    if loose.count("\ufffd") <= len(loose) / 1000:
        return loose
    tried = []
    for encoding in ("gb18030", "big5"):
        text = data.decode(encoding, "replace")
        bad = text.count("\ufffd") / max(len(text), 1)
        tried.append((len(_COMMON.findall(text)) / max(len(text), 1) - 5 * bad, text))
    score, text = max(tried)
    if score > 0.02:
        return text
    from charset_normalizer import from_bytes

    best = from_bytes(data).best()
    return tried[0][1] if best is None else str(best)


def _text(path: Path) -> Found:
    yield "", decode(path.read_bytes())


def _markdown(path: Path) -> Found:
    """Sections of the first level, without front matter, links and pictures."""
    text = decode(path.read_bytes()).replace("\r\n", "\n")
    text = re.sub(r"\A\ufeff?---\n.*?\n---\n", "", text, count=1, flags=re.DOTALL)
    yield from _by_title(_plain_markdown(text))


def _plain_markdown(text: str) -> str:
    from markdown_it import MarkdownIt

    return _html_text(MarkdownIt("commonmark").enable("table").render(text))


_TITLE = re.compile(r"^# .+$", re.MULTILINE)


def _by_title(text: str) -> Found:
    """One part for each heading of the first level, named by it."""
    starts = [found.start() for found in _TITLE.finditer(text)]
    bounds = [0, *(start for start in starts if start), len(text)]
    for start, end in pairwise(bounds):
        part = text[start:end]
        title = _TITLE.match(part)
        yield (title[0][2:].strip()[:80] if title else ""), part


# --- HTML and EPUB -------------------------------------------------------------------------------

_ASIDE = "script style nav footer aside form noscript svg iframe button head template".split()
_BLOCKS = frozenset(
    "p div section article main blockquote pre ul ol dl dd dt table figure hr br".split()
)


def _html(path: Path) -> Found:
    yield from _by_title(_html_text(path.read_bytes()))


def _html_text(markup: str | bytes) -> str:
    """The text of a page: headings as #, list items as -, cells of a row with | between."""
    from lxml import etree, html

    text = markup if isinstance(markup, str) else _declared(markup)
    text = re.sub(r"\A\s*<\?xml[^>]*\?>", "", text.replace("\0", ""))
    if not text.strip():
        return ""
    root = html.document_fromstring(text)
    etree.strip_elements(root, etree.Comment, etree.ProcessingInstruction, *_ASIDE, with_tail=False)
    return _squeezed("".join(_pieces(root)))


def _declared(data: bytes) -> str:
    """Bytes in the encoding the page names, else in the one that fits."""
    named = re.search(rb"charset\s*=\s*[\"']?([\w\-]{2,20})", data[:2048])
    try:
        return data.decode(named[1].decode()) if named else decode(data)
    except (LookupError, UnicodeDecodeError):
        return decode(data)


def _pieces(root: Any) -> Iterator[str]:
    """Strings of a tree in reading order, block elements on lines of their own."""
    from lxml import etree

    kept = 0
    for event, element in etree.iterwalk(root, events=("start", "end")):
        before, after = _around(str(element.tag))
        kept += (1 if event == "start" else -1) * (element.tag == "pre")
        text = (element.text if event == "start" else element.tail) or ""
        words = text if kept else re.sub(r"\s+", " ", text)
        yield before + words if event == "start" else after + words


def _around(name: str) -> tuple[str, str]:
    if re.fullmatch("h[1-6]", name):
        return "\n\n" + "#" * int(name[1]) + " ", "\n\n"
    if name in {"li", "tr"}:
        return ("\n- " if name == "li" else "\n"), ""
    if name in {"td", "th"}:
        return "", " | "
    return ("\n", "\n") if name in _BLOCKS else ("", "")


def _squeezed(text: str) -> str:
    text = re.sub(r"[ \t]*\n[ \t]*", "\n", re.sub(r"(?: \|)+ *\n", "\n", text))
    return re.sub(r"\n{3,}", "\n\n", re.sub(r" \| {2,}", " | ", text)).strip()


def _xml(data: bytes) -> Any:
    """A tree without entities and network: neither a bomb nor a fetch."""
    from lxml import etree

    parser = etree.XMLParser(resolve_entities=False, no_network=True, recover=False)
    return etree.fromstring(data, parser)


def _epub(path: Path) -> Found:
    """The chapters of the spine; one that is missing or broken is reported alone."""
    with zipfile.ZipFile(path) as archive:
        if _is_protected(archive):
            raise UnreadableError("an encrypted EPUB. Save it without protection.")
        for name in _spine(archive):
            try:
                text = _html_text(_part(archive, name))
            except (KeyError, UnreadableError, ValueError, zipfile.BadZipFile) as error:
                yield name, UnreadableError(f"chapter not read ({error})")
                continue
            title = re.search(r"^#+ (.+)$", text, re.MULTILINE)
            yield (title[1][:80] if title else PurePosixPath(name).name), text


def _is_protected(archive: zipfile.ZipFile) -> bool:
    """Whether more than fonts is encrypted."""
    name = "META-INF/encryption.xml"
    if name not in archive.namelist():
        return False
    uris = [
        ref.get("URI", "") for ref in _xml(_part(archive, name)).iterfind(".//{*}CipherReference")
    ]
    return any(uri.endswith(("html", "htm", "xml")) for uri in uris)


def _part(archive: zipfile.ZipFile, name: str) -> bytes:
    if archive.getinfo(name).file_size > LARGEST:
        raise UnreadableError(f"{name} unpacks to more than {LARGEST:,} bytes.")
    return archive.read(name)


def _spine(archive: zipfile.ZipFile) -> list[str]:
    """Names of the chapters in reading order (EPUB 3.3, sections 4.2.6.3 and 5.7)."""
    from urllib.parse import unquote

    container = _xml(_part(archive, "META-INF/container.xml"))
    package = container.find(".//{*}rootfile").get("full-path")
    book = _xml(_part(archive, package))
    items = {item.get("id"): item.get("href") for item in book.iterfind(".//{*}item")}
    refs = [ref.get("idref") for ref in book.iterfind(".//{*}itemref")]
    folder = PurePosixPath(package).parent
    hrefs = [unquote(items[ref].partition("#")[0]) for ref in refs if ref in items]
    return [(folder / href).as_posix() for href in hrefs]


# --- CNXML, DOCX, PDF ----------------------------------------------------------------------------


def _cnxml(path: Path) -> Found:
    """A module of OpenStax: title, sections, glossary; pictures and formulas as their words."""
    root = _xml(path.read_bytes())
    title = root.findtext("{*}title") or ""
    parts = [f"# {title}\n\n"] if title else []
    for element in root.iterfind("{*}content"):
        parts += _cnxml_pieces(element, 1)
    for definition in root.iterfind("{*}glossary/{*}definition"):
        words = ["".join(part.itertext()).strip() for part in definition]
        parts.append("\n" + ": ".join(words) + "\n")
    yield title[:80], _squeezed("".join(parts))


_CNXML_BLOCKS = frozenset(
    "para list table row figure caption note problem solution equation quote section".split()
)
_CNXML_SKIPPED = frozenset("metadata media image colspec".split())


def _cnxml_pieces(element: Any, depth: int) -> Iterator[str]:
    """Text in reading order; a section's title is a heading of its depth."""
    tag = "" if callable(element.tag) else element.tag.rpartition("}")[2]
    if tag in _CNXML_SKIPPED or not tag:  # the tag of a comment or an entity is a function
        return
    before, after = ("\n", "\n") if tag in _CNXML_BLOCKS else ("", "")
    if tag == "title":
        before, after = "\n\n" + "#" * min(depth, 6) + " ", "\n\n"
    elif tag == "item":
        before = "\n- "
    elif tag == "entry":
        after = " | "
    yield before + re.sub(r"\s+", " ", element.text or "")
    for inner in element:
        yield from _cnxml_pieces(inner, depth + (tag == "section"))
        yield re.sub(r"\s+", " ", inner.tail or "")
    yield after


def _docx(path: Path) -> Found:
    """Paragraphs and tables in order, headings by their style."""
    from docx import Document
    from docx.table import Table

    lines = []
    for block in Document(str(path)).iter_inner_content():
        if isinstance(block, Table):
            lines += [" | ".join(cell.text.strip() for cell in row.cells) for row in block.rows]
            lines.append("")
            continue
        style = block.style.name if block.style is not None else ""
        level = re.fullmatch(r"(?:Heading|标题) ?(\d)|(Title)", style or "")
        mark = "#" * int(level[1] or 1) + " " if level and block.text.strip() else ""
        lines += [mark + block.text, ""]
    yield from _by_title(_squeezed("\n".join(lines)))


def _pdf(path: Path) -> Found:
    """Pages of the text layer; a page without one is reported, it may be a scan."""
    from pypdf import PdfReader
    from pypdf.errors import PdfReadError

    reader = PdfReader(path)
    if reader.is_encrypted and not reader.decrypt(""):
        raise UnreadableError("encrypted. Save it without a password.")
    for number in range(len(reader.pages)):
        place = f"p. {number + 1}"
        try:
            text = reader.pages[number].extract_text()
        except (PdfReadError, ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
            yield place, UnreadableError(f"page not read ({type(error).__name__}: {error})")
            continue
        yield place, unwrapped(text) if text.strip() else UnreadableError(NO_TEXT_LAYER)


NO_TEXT_LAYER = "no text layer; a scanned page needs OCR (olmocr behind an endpoint: step ocr)."


def _image(_: Path) -> Found:
    """A picture is one scanned page."""
    yield "", UnreadableError(NO_TEXT_LAYER)


def unwrapped(text: str) -> str:
    """Lines that a page broke, joined: Chinese without a space, English with, hyphens undone.

    >>> unwrapped("心理学是一\\n门科学。\\nIt is a sci-\\nence of mind")
    '心理学是一门科学。\\nIt is a science of mind'
    """
    text = re.sub(r"[ \t]+\n", "\n", text)
    text = re.sub(r"(?<=[a-z])-\n(?=[a-z])", "", text)
    text = re.sub(r"(?<=[\u4e00-\u9fff，、；：])\n(?=[\u4e00-\u9fff])", "", text)
    return re.sub(r"(?<=[a-z,;])\n(?=[a-z])", " ", text)


_READERS: dict[str, Callable[[Path], Found]] = {
    ".txt": _text,
    ".text": _text,
    ".md": _markdown,
    ".markdown": _markdown,
    ".html": _html,
    ".htm": _html,
    ".xhtml": _html,
    ".cnxml": _cnxml,
    ".epub": _epub,
    ".docx": _docx,
    ".pdf": _pdf,
    ".png": _image,
    ".jpg": _image,
    ".jpeg": _image,
}
