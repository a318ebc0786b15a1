"""Documents of every kind, whole and broken: text with its place, or what is wrong with it."""

import os
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from psyche_bench.synthesis.chunk import chunk
from psyche_bench.synthesis.documents import decode, read, unwrapped

ZH = "心理学是研究行为和心理过程的科学。它的历史很短，它的过去很长。"


def pdf(pages: list[str]) -> bytes:
    """The smallest PDF with one line of text a page (ISO 32000-1, section 7.5)."""
    objects = ["<< /Type /Catalog /Pages 2 0 R >>", ""]
    kids = []
    for text in pages:
        stream = f"BT /F1 12 Tf 72 700 Td ({text}) Tj ET" if text else ""
        content = len(objects) + 2
        kids.append(f"{content - 1} 0 R")
        font = "<< /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >>"
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources {font} "
            f"/Contents {content} 0 R >>"
        )
        objects.append(f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream")
    objects[1] = f"<< /Type /Pages /Kids [{' '.join(kids)}] /Count {len(kids)} >>"
    out, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += f"{number} 0 obj\n{body}\nendobj\n".encode()
    table = "".join(f"{place:010d} 00000 n \n" for place in places)
    out += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}".encode()
    start = out.rindex(b"xref")
    return out + (
        f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n".encode()
    )


def encrypted(path: Path) -> None:
    from pypdf import PdfReader, PdfWriter

    path.write_bytes(pdf(["secret"]))
    writer = PdfWriter(clone_from=PdfReader(path))
    writer.encrypt("password", algorithm="RC4-128")
    writer.write(path)


def epub(path: Path, chapters: dict[str, str | None]) -> None:
    container = (
        '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
        '<rootfile full-path="OPS/book.opf"/></rootfiles></container>'
    )
    items = "".join(f'<item id="{name}" href="{name}.xhtml"/>' for name in chapters)
    refs = "".join(f'<itemref idref="{name}"/>' for name in chapters)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("META-INF/container.xml", container)
        archive.writestr(
            "OPS/book.opf",
            f'<package xmlns="http://www.idpf.org/2007/opf"><manifest>{items}</manifest>'
            f"<spine>{refs}</spine></package>",
        )
        for name, body in chapters.items():
            if body is not None:
                archive.writestr(f"OPS/{name}.xhtml", body)


def docx(path: Path) -> None:
    from docx import Document

    document = Document()
    document.add_heading("绪论", 1)
    document.add_paragraph(ZH)
    table = document.add_table(1, 2)
    table.cell(0, 0).text, table.cell(0, 1).text = "流派", "代表"
    document.add_heading("方法", 1)
    document.add_paragraph("实验法。")
    document.save(str(path))


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        pytest.param(ZH.encode(), ZH, id="UTF-8"),
        pytest.param(ZH.encode("gb18030"), ZH, id="GB18030"),
        pytest.param(ZH.encode("utf-16"), ZH, id="UTF-16 with its mark"),
        pytest.param(b"\xef\xbb\xbf" + ZH.encode(), ZH, id="a byte order mark"),
        pytest.param(
            "這個時候他們還會來說話，我們也過來".encode("big5"),
            "這個時候他們還會來說話，我們也過來",
            id="Big5",
        ),
        pytest.param((ZH * 50).encode() + b"\xe5", ZH * 50 + "\ufffd", id="cut inside a character"),
        pytest.param("naïve café".encode(), "naïve café", id="Latin in UTF-8"),
        pytest.param(b"", "", id="nothing"),
    ],
)
def test_encodings(data: bytes, expected: str) -> None:
    assert decode(data) == expected


HTML = """<!DOCTYPE html><html><head><title>x</title><style>p{}</style></head><body><nav>菜单</nav>
<h1>记忆</h1><p>短时<b>记忆</b>的
容量。</p><ul><li>七</li><li>加减二</li></ul><table><tr><th>甲</th><td>乙</td></tr></table>
<!-- 注 --><script>alert(1)</script><pre>a
  b</pre><h1>遗忘</h1><p>曲线</p></body></html>"""


def test_html_is_read_by_its_first_headings(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_text(HTML, encoding="utf-8")
    pages = read(path)
    assert [(page.place, page.problem) for page in pages] == [("记忆", ""), ("遗忘", "")]
    assert pages[0].text == ("# 记忆\n\n短时记忆的 容量。\n\n- 七\n- 加减二\n\n甲 | 乙\n\na\nb")


def test_markdown_loses_its_front_matter_and_addresses(tmp_path: Path) -> None:
    path = tmp_path / "notes.md"
    table = "| a | b |\n|---|---|\n| 1 | 2 |\n"
    text = "---\ntitle: 甲\n---\n# 记忆\n\n见[这里](https://example.com) **重要**\n\n"
    path.write_text(text + table, encoding="utf-8")
    (page,) = read(path)
    assert (page.place, page.text) == ("记忆", "# 记忆\n\n见这里 重要\n\na | b\n1 | 2")


def test_cnxml_keeps_sections_lists_and_glossary(tmp_path: Path) -> None:
    path = tmp_path / "index.cnxml"
    path.write_text(
        '<document xmlns="http://cnx.rice.edu/cnxml"><title>Memory</title><content>'
        "<para>It <term>fades</term>.</para><section><title>Why</title><list><item>decay</item>"
        "<item>cues</item></list></section></content><glossary><definition><term>decay</term>"
        "<meaning>loss over time</meaning></definition></glossary></document>",
        encoding="utf-8",
    )
    (page,) = read(path)
    assert page.text == (
        "# Memory\n\nIt fades.\n\n## Why\n\n- decay\n- cues\n\ndecay: loss over time"
    )


def test_docx_keeps_headings_and_tables_in_order(tmp_path: Path) -> None:
    path = tmp_path / "book.docx"
    docx(path)
    pages = read(path)
    assert [page.place for page in pages] == ["绪论", "方法"]
    assert pages[0].text == f"# 绪论\n\n{ZH}\n\n流派 | 代表"


def test_an_epub_chapter_that_is_missing_is_reported_alone(tmp_path: Path) -> None:
    path = tmp_path / "book.epub"
    chapter = "<html><body><h1>{}</h1><p>正文。</p></body></html>"
    epub(path, {"one": chapter.format("第一章"), "two": None, "three": chapter.format("第三章")})
    pages = read(path)
    assert [page.place for page in pages] == ["第一章", "OPS/two.xhtml", "第三章"]
    assert "chapter not read" in pages[1].problem
    assert pages[2].text == "# 第三章\n\n正文。"


def test_a_pdf_page_without_text_is_reported_with_its_number(tmp_path: Path) -> None:
    path = tmp_path / "scan.pdf"
    path.write_bytes(pdf(["Memory fades.", "", "Cues help."]))
    pages = read(path)
    assert [(page.place, page.text) for page in pages] == [
        ("p. 1", "Memory fades."),
        ("p. 2", ""),
        ("p. 3", "Cues help."),
    ]
    assert pages[1].problem.startswith("no text layer")


def bomb(path: Path) -> None:
    path.write_text(
        '<!DOCTYPE d [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
        '<document xmlns="http://cnx.rice.edu/cnxml"><title>&b;</title></document>'
    )


@pytest.mark.parametrize(
    ("name", "make", "problem"),
    [
        pytest.param("a.pdf", encrypted, "encrypted. Save it without a password.", id="encrypted"),
        pytest.param(
            "a.pdf", lambda p: p.write_bytes(b"%PDF-1.4 no"), "broken file", id="half a PDF"
        ),
        pytest.param(
            "a.docx", lambda p: p.write_bytes(b"PK\x03\x04"), "broken file", id="half a DOCX"
        ),
        pytest.param("a.epub", lambda p: p.write_bytes(b"no zip"), "broken file", id="no zip"),
        pytest.param(
            "a.cnxml", lambda p: p.write_text("<a><b></a>"), "broken file", id="broken XML"
        ),
        pytest.param("a.txt", lambda p: p.write_bytes(b""), "an empty file.", id="empty"),
        pytest.param("a.txt", lambda p: p.write_bytes(b" \n"), "holds no text.", id="blank"),
        pytest.param(
            "a.xyz", lambda p: p.write_bytes(b"x"), "nothing reads .xyz", id="unknown kind"
        ),
        pytest.param("a.md", lambda p: None, "no such file", id="missing"),
        pytest.param("a.cnxml", bomb, "holds no text.", id="entities are not unfolded"),
    ],
)
def test_what_cannot_be_read_says_why(
    tmp_path: Path, name: str, make: Callable[[Path], object], problem: str
) -> None:
    path = tmp_path / name
    make(path)
    (page,) = read(path)
    assert page.source == name
    assert page.problem.startswith(problem)
    assert not page.text


def test_a_page_nested_deeply_is_no_crash(tmp_path: Path) -> None:
    path = tmp_path / "deep.html"
    path.write_text("<div>" * 5000 + "深处" + "</div>" * 5000, encoding="utf-8")
    (page,) = read(path)
    assert page.text == "深处" or page.problem


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("心理\n学", "心理学", id="Chinese without a space"),
        pytest.param("mind and\nbody", "mind and body", id="English with one"),
        pytest.param("一段。\n二段", "一段。\n二段", id="a paragraph's end stays"),
    ],
)
def test_broken_lines_are_joined(text: str, expected: str) -> None:
    assert unwrapped(text) == expected


def test_the_real_textbooks_are_read_whole() -> None:
    if "PSYCHE_BENCH_DATA" not in os.environ:
        pytest.skip("PSYCHE_BENCH_DATA is unset: no released data to test on")
    root = Path(os.environ["PSYCHE_BENCH_DATA"])
    modules = sorted((root / "openstax_psychology_2e").glob("modules/*/index.cnxml"))[:20]
    notes = sorted((root / "peace_lab_zh").rglob("*.md"))[:10]
    for path in [*modules, *notes]:
        for page in read(path):
            assert page.text
            assert not page.problem
            assert "".join(chunk(page.text)) == page.text
            assert not re.search("</?(?:para|emphasis|term|div|td)", page.text)
