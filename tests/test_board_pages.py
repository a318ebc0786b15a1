"""The board's pages as files: what they hold, what they may load, and what they leave alone."""

import base64
import hashlib
import html
import re

import pytest
from boards import write_run

from psyche_bench import cli
from psyche_bench.leaderboard import build, pages
from psyche_bench.leaderboard.records import Model, slug


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    out = tmp_path_factory.mktemp("site")
    build.build(out, tmp_path_factory.mktemp("none"))
    return out


def test_what_is_written(site):
    names = {path.name for path in site.iterdir()}
    assert names == {
        "index.html", "index.zh.html", "audit.html", "audit.zh.html", "models", "tables",
    }  # fmt: skip
    assert len(list((site / "models").iterdir())) == 2 * 18
    forms = {path.suffix for path in (site / "tables").iterdir()}
    assert forms == {".csv", ".json", ".md", ".tex"}


def test_every_page_admits_its_own_style_and_script_and_nothing_else(site):
    for path in site.rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        policy = html.unescape(re.search(r'Content-Security-Policy" content="([^"]+)"', text)[1])
        assert policy.startswith("default-src 'none'; ")
        assert "unsafe" not in policy
        for tag in ("style", "script"):
            for inside in re.findall(rf"<{tag}[^>]*>(.*?)</{tag}>", text, re.DOTALL):
                digest = hashlib.sha256(inside.encode()).digest()
                assert f"'sha256-{base64.b64encode(digest).decode()}'" in policy, path.name


def test_no_page_points_to_the_network(site):
    for path in site.rglob("*.html"):
        text = re.sub(
            r"<(style|script)[^>]*>.*?</\1>", "", path.read_text("utf-8"), flags=re.DOTALL
        )
        assert not re.findall(r"""(?:src|href|action)\s*=\s*["']?(?:https?:)?//""", text), path.name
        assert not re.search(r"<[^>]+\s(on\w+|style)=", text), f"{path.name}: an inline handler"


def test_tables_have_captions_and_scopes(site):
    text = (site / "index.html").read_text(encoding="utf-8").split("<script")[0]
    assert text.count("<caption>") == text.count("<table ")
    assert not re.search(r"<th(?![a-z])(?![^>]*scope=)", text)


def test_pages_of_an_earlier_build_go_and_other_files_stay(tmp_path):
    results, out = tmp_path / "results", tmp_path / "site"
    write_run(results, Model(name="gone"), share=0)
    build.build(out, results)
    (out / "models" / "mine.html").write_text("kept", encoding="utf-8")
    assert (out / "models" / "gone.html").is_file()
    for path in results.iterdir():
        path.unlink()
    build.build(out, results)
    assert not (out / "models" / "gone.html").exists()
    assert (out / "models" / "mine.html").is_file()


def test_the_commands_print_and_write(tmp_path, capsys):
    (tmp_path / "results").mkdir()
    where = ["--results", str(tmp_path / "results")]
    assert cli.main(["board", "build", "--out", str(tmp_path / "site"), *where]) == 0
    assert capsys.readouterr().out.strip() == str(tmp_path / "site" / "index.html")
    assert cli.main(["board", "table", "mix", "--format", "csv", *where]) == 0
    assert capsys.readouterr().out.startswith("setting,avg,avg low,avg high,avg interval,")
    with pytest.raises(SystemExit) as stopped:
        cli.main(["board", "table", "nope", *where])
    assert stopped.value.code == 2
    assert "no table 'nope'. There are: pceb, " in capsys.readouterr().err
    asked = ["board", "build", "--out", str(tmp_path / "s"), "--challenging", str(tmp_path / "no")]
    assert cli.main([*asked, *where]) == 1
    assert "no ids. Give a file with items' ids" in capsys.readouterr().err


def test_figure_3_sets_two_records_against_each_other(tmp_path, capsys):
    results, out = tmp_path / "results", tmp_path / "site"
    cross = write_run(results, Model(name="cross"), skill=0.8, share=0.1)
    other = write_run(results, Model(name="random"), skill=0.5, share=0.1, seed=1)
    asked = ["board", "build", "--out", str(out), "--results", str(results), "--selection"]
    assert cli.main([*asked, cross.stem, other.stem]) == 0
    for page, first, second, name in (
        ("index.html", "cross-selected", "random, as many", "Moral, multiple"),
        ("index.zh.html", "交叉筛选", "同量随机", "职业道德多选"),
    ):
        text = html.unescape((out / page).read_text(encoding="utf-8"))
        figure = text.split('<figure id="figure3">')[1].split("</figure>")[0]
        titles = dict(re.findall(r"<title>(.*?): (.*?)</title>", figure))
        assert len(titles) == 6, "one row for each column of PCEB"
        values = [run.columns[3].scores["standard"] for run in (cross, other)]
        ends = [run.columns[3].intervals["standard"] for run in (cross, other)]
        shown = [f"{v:.2f} ({e.low:.1f}–{e.high:.1f})" for v, e in zip(values, ends, strict=True)]
        assert titles[name] == f"{first} {shown[0]}, {second} {shown[1]}"
        assert figure.count('class="whisker"') == 12
    assert cli.main([*asked, cross.stem, "nope"]) == 1
    assert f"no record 'nope' with outcomes to compare. There are: {cross.stem}, {other.stem}" in (
        capsys.readouterr().err
    )


def luminance(colour):
    parts = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_text_stands_out_from_its_ground(scheme):
    """WCAG 2.2, success criterion 1.4.3: a contrast of 4.5 to 1."""
    block = re.findall(r":root \{(.*?)\}", str(pages.style()), re.DOTALL)[scheme]
    found = dict(re.findall(r"--([\w-]+): (#\w+);", block))
    colours = {
        k: c if len(c) == 7 else f"#{''.join(2 * x for x in c[1:])}" for k, c in found.items()
    }
    for name in ("ink", "soft", "accent", "general", "reasoning", "closed", "psychological"):
        for ground in ("paper", "wash"):
            light, dark = sorted((luminance(colours[name]), luminance(colours[ground])))[::-1]
            assert (light + 0.05) / (dark + 0.05) >= 4.5, f"{name} on {ground}"


def test_a_name_of_any_length_makes_a_file_name():
    assert len(slug("模型" * 4000).encode()) < 100
    assert slug("x" * 300) != slug("x" * 301)
