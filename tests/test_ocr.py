"""Scanned pages through the step ocr, against a stand-in for olmocr behind its endpoint."""

import base64
import io
import json

import pytest
from PIL import Image
from scripted import Reaction, completion, serving

from psyche_bench import chat
from psyche_bench.errors import RunError
from psyche_bench.jsonl import read_json, read_lines
from psyche_bench.synthesis import ocr, recipe, run
from psyche_bench.synthesis.step import Malformed

RECIPE = """
name = "scans"
about = "pages as pictures"
benchmarks = ["sample"]
[[sources]]
name = "book"
type = "I"
licence = "own"
path = "book"
[models.ocr]
model = "allenai/olmOCR-2-7B-1025"
base_url = "{url}"
parameters = {{ max_tokens = 4000 }}
[steps.ingest]
[steps.ocr]
model = "ocr"
"""
HEAD = "---\nprimary_language: zh\nis_rotation_valid: {}\nrotation_correction: {}\n---\n{}"
TURNED = HEAD.format("False", 90, "")
GREYS = {"good": 200, "broken": 160, "empty": 120, "cut": 80, "lying": 40}
"""What the stand-in does with a page, by the grey of its lower left corner."""


def seen(body):
    """The picture of a request, and which page it is."""
    parts = body["messages"][0]["content"]
    url = parts[1]["image_url"]["url"]
    picture = Image.open(io.BytesIO(base64.b64decode(url.partition("base64,")[2]))).convert("L")
    grey = picture.getpixel((picture.width // 2, picture.height // 2))
    return picture, min(GREYS, key=lambda name: abs(GREYS[name] - grey))


def stand_in(body, _):
    picture, what = seen(body)
    if what == "broken":
        return Reaction(status=500)
    if what == "empty":
        return Reaction(HEAD.format("True", 0, ""))
    if what == "cut":
        answer = json.loads(completion("a long pa"))
        answer["choices"][0]["finish_reason"] = "length"
        return Reaction(body=json.dumps(answer).encode())
    if what == "lying" and picture.width < picture.height:
        return Reaction(TURNED)
    return Reaction(HEAD.format("True", 0, f"# {what}\n\n记忆会衰退。"))


def scanned(path, *names):
    """A PDF whose pages are pictures alone."""
    pages = [Image.new("L", (300, 400), GREYS[name]) for name in names]
    pages[0].save(path, save_all=True, append_images=pages[1:])


@pytest.fixture
def book(tmp_path, monkeypatch):
    monkeypatch.setenv("PSYCHE_BENCH_DATA", str(tmp_path))
    monkeypatch.setattr(chat, "LONGEST_BACKOFF", 0.01)
    folder = tmp_path / "book"
    folder.mkdir()
    return folder


def loaded(tmp_path, url, *changes):
    path = tmp_path / "recipe.toml"
    path.write_text(RECIPE.format(url=url), encoding="utf-8")
    return recipe.load(str(path), changes)


def test_every_page_is_read_or_reported_and_asked_for_once(book, tmp_path):
    scanned(book / "a.pdf", *GREYS)
    Image.new("L", (40, 60), GREYS["good"]).save(book / "b.png")
    (book / "c.md").write_text("# text\n\nStays as it is.", encoding="utf-8")
    out = tmp_path / "out"
    with serving(stand_in) as server:
        ingest, mark = run.run(loaded(tmp_path, server.url), out)
        sizes = {max(seen(body)[0].size) for body in server.bodies}
        asked = sum(server.asked.values())
        run.run(loaded(tmp_path, server.url), out, start="ocr")
        again = server.bodies[asked:]
    assert (ingest.written, ingest.dropped) == (7, {})
    assert sizes == {1288, 60}, "pages as olmocr wants them, a small picture as it is"
    assert mark.dropped == {
        "page not read: cut off at the token limit": 1,
        "page not read: the reply holds no text": 1,
        "the endpoint gave no answer": 1,
    }
    assert mark.read == mark.continued + sum(mark.dropped.values()) == 7
    rows = [row for _, row in read_lines(out / "steps" / "ocr.jsonl")]
    places = [(row["origin"]["file"], row["origin"]["place"]) for row in rows]
    assert places == [("a.pdf", "p. 1"), ("a.pdf", "p. 5"), ("b.png", ""), ("c.md", "text")]
    assert [row["text"][:7] for row in rows] == ["# good\n", "# lying", "# good\n", "# text\n"]
    assert {seen(body)[1] for body in again} == {"broken"}, "answered pages are paid for once"
    assert server.repeated == 0


def test_without_the_step_a_scan_is_reported_with_the_remedy(book, tmp_path):
    scanned(book / "a.pdf", "good")
    found = loaded(tmp_path, "http://127.0.0.1:9/v1", "steps={ingest={}}")
    (mark,) = run.run(found, tmp_path / "out")
    assert mark.written == 0
    assert [reason for reason in mark.dropped if "step ocr" in reason] == [*mark.dropped]
    _, second = run.run(
        loaded(tmp_path, "http://127.0.0.1:9/v1", "steps={ingest={},clean={}}"), tmp_path / "out"
    )
    assert second.read == 0
    assert read_json(tmp_path / "out" / "steps" / "ingest.json")["written"] == 0


def test_an_endpoint_that_answers_nothing_ends_the_run(book, tmp_path):
    scanned(book / "a.pdf", "broken")
    with serving(stand_in) as server, pytest.raises(RunError, match=r"step ocr.*HTTP 500"):
        run.run(loaded(tmp_path, server.url), tmp_path / "out")


def test_a_page_that_lies_after_turning_is_reported(book, tmp_path):
    scanned(book / "a.pdf", "good")
    with serving(lambda *_: Reaction(TURNED)) as server:
        _, mark = run.run(loaded(tmp_path, server.url), tmp_path / "out")
        assert len(server.bodies) == 2
    assert mark.dropped == {"page not read: not upright, and not after turning it": 1}


@pytest.mark.parametrize("text", ["---\na: [\n---\nx", "---\n- a\n---\nx", "{"])
def test_front_matter_that_is_none(text):
    with pytest.raises(Malformed, match="front matter"):
        ocr.parse(text)


def test_a_turn_is_clockwise(book):
    picture = Image.new("L", (20, 10), 255)
    picture.putpixel((0, 0), 0)
    picture.save(book / "a.png")
    origin = {"source": "s", "type": "I", "licence": "", "file": "", "place": "", "parent": ""}
    row = ocr.Scan(id="p-1", origin=origin, path="book/a.png", page=0, turned=90)
    turned = ocr._picture(row, 100)
    assert turned.size == (10, 20)
    assert turned.getpixel((9, 0)) == (0, 0, 0), "the left upper corner is now the right upper one"
