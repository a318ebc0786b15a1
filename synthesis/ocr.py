"""OCR: scanned pages read by olmocr, or any model that sees, behind an OpenAI-compatible endpoint.

An asking step between ingest and clean, off unless a recipe names it (extra ``ocr``)::

    [models.ocr]
    model = "allenai/olmOCR-2-7B-1025"
    base_url = "http://127.0.0.1:8000/v1"
    parameters = { max_tokens = 8000, temperature = 0.0 }
    [steps.ocr]
    model = "ocr"

Pages with text pass through. Every other page is one call with its picture; answers are stored by
content, so that a further run pays nothing. A page that is refused, fails, comes back empty or cut
off is set aside with its place and the reason; the others go on.
"""

import base64
import io
from typing import TYPE_CHECKING, Any

from pydantic import Field

from psyche_bench import sources
from psyche_bench.answers import visible
from psyche_bench.errors import DataError
from psyche_bench.store import Reply
from psyche_bench.synthesis import prompts, replies
from psyche_bench.synthesis.rows import Document, Scan, row_id
from psyche_bench.synthesis.step import Again, Ask, Dropped, Kept, Malformed, Options, Step, Taken

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

TURNS = (90, 180, 270)


class OcrOptions(Options):
    """``longest``: pixels of the picture's longer side; olmOCR-2 was trained on 1288.

    A malformed reply is not asked for again: olmocr knows no second turn.
    """

    longest: int = Field(default=1288, ge=64, le=8192)
    retries: int = 0


def ask(row: Document | Scan, options: OcrOptions) -> Ask | Kept | Dropped:
    """The page's picture and what to do with it; a page with text goes on as it is."""
    if isinstance(row, Document):
        return Kept((row,))
    try:
        url = _data_uri(_picture(row, options.longest))
    except (OSError, RuntimeError, ValueError, IndexError) as error:
        return Dropped(f"page not rendered ({type(error).__name__}: {error})", _named(row))
    content = [
        {"type": "text", "text": prompts.part("ocr", "user", options.lang)},
        {"type": "image_url", "image_url": {"url": url}},
    ]
    return Ask([{"role": "user", "content": content}], options.model)


def take(row: Scan, reply: Reply, _: OcrOptions) -> Taken:
    """The page as a document; one that lies on its side is turned and asked for once more.

    Raises:
        Malformed: the front matter is no YAML.
    """
    if replies.cut_off(reply):
        return Dropped("page not read: cut off at the token limit", _named(row))
    about, text = parse(visible(reply.text) or "")
    if about.get("is_rotation_valid") is False:
        turn = about.get("rotation_correction")
        if row.turned or turn not in TURNS:
            return Dropped("page not read: not upright, and not after turning it", _named(row))
        return Again(row.model_copy(update={"turned": turn}))
    if not text:
        return Dropped("page not read: the reply holds no text", _named(row))
    return Kept(
        (Document(id=row_id("p", _named(row), text), origin=row.origin.child(row.id), text=text),)
    )


def parse(text: str) -> tuple[dict[str, Any], str]:
    """Front matter and text of olmocr's reply: YAML between lines of ``---``, or one JSON object.

    >>> parse("---\\nis_rotation_valid: True\\n---\\n# 记忆")
    ({'is_rotation_valid': True}, '# 记忆')
    >>> parse('{"natural_text": "记忆"}')[1]
    '记忆'
    >>> parse("plain")
    ({}, 'plain')
    """
    import yaml

    said = text.strip()
    head, body = "", said
    if said.startswith("---"):
        head, _, body = said[3:].partition("\n---")
    elif said.startswith("{"):
        head, body = said, ""
    try:
        about = yaml.safe_load(head) or {}
    except yaml.YAMLError as error:
        raise Malformed(f"the front matter is no YAML ({' '.join(str(error).split())})") from None
    if not isinstance(about, dict):
        raise Malformed("the front matter is no mapping")
    return about, (body.strip() or str(about.get("natural_text") or "").strip())


def _named(row: Scan) -> str:
    return f"{row.origin.source}/{row.origin.file}#{row.origin.place}"


def _picture(row: Scan, longest: int) -> "Picture":
    """A page of a PDF, or a picture, upright, its longer side of ``longest`` pixels at most."""
    try:
        import pypdfium2
        from PIL import Image, ImageOps
    except ImportError as error:
        raise DataError(f"step ocr: {error}. pip install 'psyche-bench[ocr]'.") from None
    path = sources.data_root() / row.path
    image: Image.Image
    if path.suffix.lower() == ".pdf":
        with pypdfium2.PdfDocument(path) as document:
            page = document[row.page]
            image = page.render(scale=longest / max(page.get_size())).to_pil().convert("RGB")
    else:
        with Image.open(path) as opened:
            image = ImageOps.exif_transpose(opened).convert("RGB")
        image.thumbnail((longest, longest))
    return image.rotate(-row.turned, expand=True) if row.turned else image


def _data_uri(image: "Picture") -> str:
    written = io.BytesIO()
    image.save(written, "PNG")
    return "data:image/png;base64," + base64.b64encode(written.getvalue()).decode()


STEP = Step(
    name="ocr",
    after=("ingest",),
    options=OcrOptions,
    ask=ask,
    take=take,
    prompts=("ocr",),
    spares=True,
)
