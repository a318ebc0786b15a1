"""The site in a real headless Chromium: what a reader does with it, and what it must never do."""

import json
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from boards import write_run

from psyche_bench import cli
from psyche_bench.leaderboard import build, pages
from psyche_bench.leaderboard.records import Model

REQUIRED = "PSYCHE_BENCH_BROWSER"
"""Set in CI: there a missing browser is a failure, elsewhere a reason to skip."""
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
HOSTILE = [
    *map(
        json.loads,
        (Path(__file__).parent / "cases" / "hostile.jsonl").read_text("utf-8").splitlines(),
    ),
    "x" * 10_000,
    "<" * 300,
]
"""Texts that would do harm where a page took them for anything but text."""
DESKTOP, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 800}


def _absent(reason):
    if os.environ.get(REQUIRED):
        pytest.fail(f"{REQUIRED} is set, and {reason}")
    pytest.skip(reason)


@pytest.fixture(scope="module")
def chromium() -> Iterator[object]:
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        _absent("no chromium is installed (Debian: apt-get install chromium)")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        _absent("playwright is not installed: pip install playwright")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


class Tab:
    """A page with everything it complained about or asked for."""

    def __init__(self, browser, size):
        self.trouble: list[str] = []
        self.context = browser.new_context(viewport=size)
        self.page = self.context.new_page()
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.trouble.append(f"error: {error}"))
        self.page.on("request", self._asked)
        self.page.on("dialog", lambda dialog: (self.trouble.append("dialog"), dialog.dismiss()))

    def _heard(self, message):
        if message.type in ("error", "warning"):
            self.trouble.append(f"{message.type}: {message.text}")

    def _asked(self, request):
        if not request.url.startswith("file:"):
            self.trouble.append(f"request: {request.url[:100]}")

    def open(self, path):
        self.page.goto(path.resolve().as_uri())
        return self.page


@pytest.fixture
def tab(chromium):
    opened = Tab(chromium, DESKTOP)
    yield opened
    assert opened.trouble == []
    opened.context.close()


@pytest.fixture
def phone(chromium):
    opened = Tab(chromium, PHONE)
    yield opened
    assert opened.trouble == []
    opened.context.close()


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder, out = tmp_path_factory.mktemp("results"), tmp_path_factory.mktemp("site")
    ours = Model(name="ours", baseline="Psyche-R1", category="psychological", size=7)
    other = Model(name="SmolLM2-135M-Instruct", category="general", size=0.135)
    for model, skill in ((ours, 0.8), (other, 0.2)):
        write_run(folder, model, skill=skill, share=0.05, replies=["我选A。"])
        for group in ("cpsyexam_dev", "cpsyexam_dev_5shot"):
            write_run(folder, model, group, skill=skill, share=0.02, subjects=["KG-甲", "CA-乙"])
    hard = frozenset(f"pceb/case/smcq/sample/{k // 5:04d}-{k % 5:02d}" for k in range(20))
    build.build(out, folder, build.Wanted(challenging=hard))
    return out


def column(page, table, text):
    """The visible texts of a column, by its heading's text."""
    return page.evaluate(
        """([table, text]) => {
          const element = document.getElementById(`table-${table}`);
          const shown = (cell) => getComputedStyle(cell).display !== "none";
          const plain = (cell) => cell.innerText.replace(/\\s+/g, " ").trim();
          const heads = [...element.tHead.rows[0].cells];
          const place = heads.findIndex((head) => shown(head) && plain(head) === text);
          const rows = [...element.tBodies[0].rows].filter(shown);
          return rows.map((row) => plain(row.cells[place]));
        }""",
        [table, text],
    )


def head(page, text, table="pceb"):
    return page.locator(f"#table-{table} thead th:visible", has_text=re.compile(text)).first


def sort(page, heading, press=lambda cell: cell.click()):
    """Sort by a heading and wait until it is done: DataTables sorts a moment after the click."""
    cell = heading.element_handle()
    before = cell.get_attribute("aria-sort")
    press(heading)
    page.wait_for_function("([cell, old]) => cell.ariaSort !== old", arg=[cell, before])


def numbers(texts):
    return [float(text) for text in texts if text != "–"]


def follow(page, link):
    """Click a link and wait for the page it leads to."""
    with page.expect_navigation():
        link.click()


# --- what a reader does --------------------------------------------------------------------------


def test_it_sorts_by_any_column_and_back(tab, site):
    page = tab.open(site / "index.html")
    before = column(page, "pceb", "Case multiple")
    sort(page, head(page, r"Case\s*multiple"))
    falling = numbers(column(page, "pceb", "Case multiple"))
    assert falling == sorted(numbers(before), reverse=True) != numbers(before)
    sort(page, head(page, r"Case\s*multiple"))
    assert numbers(column(page, "pceb", "Case multiple")) == sorted(numbers(before))
    assert head(page, r"Case\s*multiple").get_attribute("aria-sort") == "ascending"


def test_names_and_ranks_sort_from_the_first(tab, site):
    page = tab.open(site / "index.html")
    sort(page, head(page, "Rank"))
    assert column(page, "pceb", "Rank")[0] in ("1", "1–2")
    sort(page, head(page, "Model"))
    names = [name[1:].lower() for name in column(page, "pceb", "Model")]
    assert names == sorted(names), "by name, whatever the mark before it"


def test_unknown_figures_stand_last_among_the_best_first(tab, site):
    page = tab.open(site / "index.html")
    sort(page, head(page, "answered"))
    shown = column(page, "pceb", "Replies, % answered")
    told = [text for text in shown if text != "–"]
    assert shown == [*sorted(told, key=float, reverse=True), *["–"] * (len(shown) - len(told))]


def test_the_keyboard_sorts(tab, site):
    page = tab.open(site / "index.html")
    first = column(page, "pceb", "Size")
    sort(page, head(page, "Size"), lambda cell: cell.locator("[role=button]").press("Enter"))
    assert column(page, "pceb", "Size") != first
    assert column(page, "pceb", "Size")[0] == "671B"


def test_kinds_and_origins_are_filtered_without_a_script(tab, site):
    page = tab.open(site / "index.html")
    assert "▲Psyche-R1" in column(page, "pceb", "Model")
    page.locator("label[for=k-psychological]").click()
    left = column(page, "pceb", "Model")
    assert not [name for name in left if name.startswith("▲")]
    page.locator("label[for=o-paper]").click()
    assert set(column(page, "pceb", "Origin")) == {"re-run direct", "constant"}
    page.locator("label[for=o-constant]").click()
    assert column(page, "pceb", "Model") == ["●SmolLM2-135M-Instruct"]


def test_a_model_is_found_by_its_name(tab, site):
    page = tab.open(site / "index.html")
    page.locator("#find").fill("Qwen3 235")
    assert column(page, "pceb", "Model") == ["◆Qwen3-235B-A22B"]
    assert column(page, "models", "Model") == ["Qwen3-235B-A22B"], "in every table"
    page.locator("#find").fill("qwen3")
    assert len(column(page, "pceb", "Model")) == 2
    sort(page, head(page, "Size"))
    assert column(page, "pceb", "Size") == ["235B", "30B"], "and it stays so when sorted"
    page.locator("#find").fill("")
    assert len(column(page, "pceb", "Model")) > 20


def test_a_table_far_below_sorts_at_the_first_click(tab, site):
    """Tables wait until they are seen or pointed at; nobody notices."""
    page = tab.open(site / "index.html")
    table = page.locator("#table-models")
    assert "dataTable" not in (table.get_attribute("class") or "")
    before = column(page, "models", "Model")
    sort(page, head(page, "Model", "models"))
    assert column(page, "models", "Model") == sorted(before, key=str.lower) != before


def test_headings_keep_their_places_when_a_table_wakes(chromium, site):
    """Else a click might hit the heading beside the one it was meant for."""
    asleep = Tab(chromium, DESKTOP)
    asleep.page.add_init_script("window.IntersectionObserver = class { observe() {} }")
    page = asleep.open(site / "index.html")
    places = """() => [...document.querySelectorAll("table.sortable thead th")].map((head) => {
      const box = head.getBoundingClientRect();
      return [box.x, box.width, box.height].map(Math.round).join(" ");
    })"""
    before = page.evaluate(places)
    page.evaluate("""() => document.querySelectorAll(".scroll").forEach(
      (region) => region.dispatchEvent(new Event("pointerover")))""")
    assert page.locator("table.sortable:not(.dataTable)").count() == 0
    assert page.evaluate(places) == before
    assert asleep.trouble == []
    asleep.context.close()


def test_the_metric_switches_and_the_order_follows(tab, site):
    page = tab.open(site / "index.html")
    page.locator("label[for=o-re-run]").click()
    sort(page, head(page, r"Average\s*recomputed"))
    assert column(page, "pceb", "Average recomputed")[:2] == ["74.37", "72.95"]
    page.locator("label[for=m-elastic]").click()
    assert column(page, "pceb", "Average recomputed")[:2] == ["79.18", "77.64"], "DeepSeek-R1 leads"
    page.locator("label[for=w-items]").click()
    assert column(page, "pceb", "Average recomputed")[0] != "79.18"
    page.locator("label[for=i-clean]").click()
    paper = [row for row in column(page, "pceb", "Average recomputed") if row != "–"]
    assert len(paper) == 8, "only the constant rows have a clean view here"


def test_five_shot_is_one_click_away(tab, site):
    page = tab.open(site / "index.html")
    assert "87.49" in column(page, "cpsyexam", "Knowledge single")
    page.locator("label[for=n-five]").click()
    assert "88.78" in column(page, "cpsyexam", "Knowledge single")


def test_the_language_switches_there_and_back(tab, site):
    page = tab.open(site / "index.html")
    follow(page, page.locator("#language"))
    assert page.locator("html").get_attribute("lang") == "zh-Hans"
    assert "排行榜" in page.locator("h1").inner_text()
    follow(page, page.locator("#table-pceb tbody a", has_text="Psyche-R1").first)
    assert page.locator("html").get_attribute("lang") == "zh-Hans", "links stay in the language"
    follow(page, page.locator("#language"))
    assert page.locator("html").get_attribute("lang") == "en"


def test_the_view_goes_along_to_the_other_language(tab, site):
    page = tab.open(site / "index.html")
    for name in ("m-elastic", "w-items", "k-closed", "intervals"):
        page.locator(f"label[for={name}]").click()
    page.locator("#find").fill("qwen")
    english = column(page, "pceb", "Average recomputed")
    follow(page, page.locator("#language"))
    assert page.locator("html").get_attribute("lang") == "zh-Hans"
    assert page.locator("#m-elastic").is_checked() and page.locator("#w-items").is_checked()
    assert page.locator("#intervals").is_checked() and not page.locator("#k-closed").is_checked()
    assert column(page, "pceb", "平均 重算") == english
    page.reload()
    assert column(page, "pceb", "平均 重算") == english, "a reload keeps it, so a link can be sent"
    page.locator("#find").fill("")
    for name in ("m-standard", "w-columns", "k-closed", "intervals"):
        page.locator(f"label[for={name}]").click()
    assert page.locator("#language").get_attribute("href") == "index.html", "nothing to take along"


def test_an_address_from_elsewhere_does_no_harm(tab, site):
    address = (site / "index.html").resolve().as_uri()
    tab.page.goto(
        f"{address}#view=nothing+m-elastic+%3Cscript%3E&find=%22%3E%3Csvg%20onload%3D1%3E"
    )
    tab.page.wait_for_function("document.documentElement.dataset.ready")
    assert tab.page.locator("#m-elastic").is_checked()
    assert tab.page.locator("#find").input_value() == '"><svg onload=1>'
    assert column(tab.page, "pceb", "Model") == []


def test_a_row_leads_to_its_model_and_back(tab, site):
    page = tab.open(site / "index.html")
    follow(page, page.locator("#table-pceb tbody a", has_text="SmolLM2"))
    assert page.locator("h1").inner_text() == "SmolLM2-135M-Instruct"
    assert page.locator("summary", has_text="Passport").count() == 3
    follow(page, page.locator("nav a", has_text="Leaderboard"))
    assert page.locator("#table-pceb").count() == 1


def tip(page, cell):
    return cell.evaluate("(cell) => getComputedStyle(cell, '::after').content")


def test_intervals_show_on_pointing_on_keyboard_focus_and_all_at_once(tab, site):
    page = tab.open(site / "index.html")
    row = page.locator("#table-pceb tbody tr", has_text="DeepSeek-R1").first
    cell = row.locator("td:visible", has_text="79.25")
    assert tip(page, cell) == "none"
    cell.hover()
    assert "≈ 76" in tip(page, cell)
    assert "impossible" in tip(page, cell), "the audit's remark stands with it"
    page.mouse.move(0, 0)
    row.locator("a").focus()
    assert tip(page, cell) == f'"{cell.get_attribute("data-i")}"'
    page.locator("#find").focus()
    assert tip(page, cell) == "none"
    page.locator("label[for=intervals]").click()
    assert "≈ 76" in tip(page, cell)


def test_every_page_opens_and_every_link_leads_somewhere(tab, site):
    for path in sorted(site.rglob("*.html")):
        page = tab.open(path)
        for link in page.locator("a[href]").evaluate_all(
            "(all) => all.map((a) => a.getAttribute('href'))"
        ):
            name, _, anchor = link.partition("#")
            target = (path.parent / name).resolve() if name else path
            assert target.is_file(), f"{path.name}: {link}"
            if anchor and not name:
                assert page.locator(f"[id='{anchor}']").count() == 1, f"{path.name}: {link}"


def test_pages_fit_a_phone(phone, site):
    for name in (
        "index.html",
        "index.zh.html",
        "models/psyche-r1.html",
        "subjects.zh.html",
        "audit.html",
    ):
        page = phone.open(site / name)
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= PHONE["width"], f"{name} is {width} wide"


def test_in_print_the_intervals_stand_and_the_switches_do_not(tab, site):
    page = tab.open(site / "index.html")
    page.emulate_media(media="print")
    assert not page.locator(".controls").is_visible()
    cell = page.locator("#table-pceb tbody td:visible", has_text="79.25")
    assert "≈ 76" in tip(page, cell)


def test_figures_name_their_points_and_lead_to_models(tab, site):
    page = tab.open(site / "index.html")
    titles = shown(page, "#figure1 svg a > title")
    assert any(re.match(r"Psyche-R1, paper: 74\.37 \(≈ 72\.8–76\.0\)", title) for title in titles)
    shapes = page.locator("#figure1 div:visible svg g[data-category]").count()
    assert shapes == len(column(page, "pceb", "Model"))
    assert page.locator("#figure4 svg").count() == 1
    assert "board build --selection" in page.locator("#figure3").inner_text()


@pytest.mark.model
def test_two_real_re_runs_stand_beside_the_published_rows(
    tab, small_model, data_root, tmp_path, monkeypatch
):
    """From a real model on real items to the page, by the commands of the README."""
    monkeypatch.setenv("PSYCHE_BENCH_DATA", str(data_root))
    results, out = tmp_path / "results", tmp_path / "site"
    for lang in ("zh", "en"):
        run = tmp_path / lang
        asked = ["--model", "hf", "--model_args", f"pretrained={small_model},dtype=float32"]
        asked += ["--tasks", "pceb_moral_smcq,pceb_moral_mmcq", "--limit", "2", "--lang", lang]
        asked += ["--protocol", "direct", "--apply_chat_template", "--output_path", str(run)]
        assert cli.main(["eval", *asked]) == 0
        assert cli.main(["board", "add", str(run), "--results", str(results)]) == 0
    stems = sorted(path.stem for path in results.glob("*.json"))
    command = ["board", "build", "--out", str(out), "--results", str(results)]
    assert cli.main([*command, "--selection", *stems]) == 0
    page = tab.open(out / "index.html")
    drawn = shown(page, "#figure3 svg g > title")
    assert [title.partition(":")[0] for title in drawn] == ["Moral, single", "Moral, multiple"]
    own = page.locator("#table-pceb tbody tr[data-origin=re-run]")
    assert own.count() == 2
    assert all("4 of 310 items, 2 of 6 columns" in text for text in own.all_inner_texts())
    assert page.locator("#table-pceb tbody tr[data-origin=paper]").count() == 18
    follow(page, own.first.locator("a"))
    assert page.locator("h2", has_text="Run:").count() == 2
    page.go_back()
    follow(page, page.locator("#comparisons + ul a").first)
    assert "Not comparable" in page.locator(".note").inner_text(), "their prompts differ"


# --- what it must never do -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def hostile_site(tmp_path_factory):
    folder, out = tmp_path_factory.mktemp("results"), tmp_path_factory.mktemp("site")
    for k, text in enumerate(HOSTILE):
        write_run(
            folder, Model(name=text), share=0, seed=k, replies=[text], stem=f"r{k}", protocol="p"
        )
    exam = Model(name="subjects")
    write_run(
        folder, exam, "cpsyexam_dev", share=0, subjects=HOSTILE, stem="s", passport={"x": HOSTILE}
    )
    build.build(out, folder)
    return out


def test_there_are_a_hundred_hostile_texts():
    assert len(HOSTILE) == len(set(HOSTILE)) == 100


def shown(page, selector):
    return page.locator(selector).evaluate_all("(all) => all.map((e) => e.textContent)")


def test_hostile_names_replies_and_subjects_are_text(tab, hostile_site):
    page = tab.open(hostile_site / "index.html")
    page.wait_for_function("document.documentElement.dataset.ready")
    assert set(HOSTILE) <= set(shown(page, "#table-pceb tbody bdi"))
    page = tab.open(hostile_site / "subjects.html")
    heads = shown(page, "#table-subjects thead th")
    for text in HOSTILE:
        assert any(text.partition("-")[2] in found or text in found for found in heads), text
    for text, slug in pages.slugs(HOSTILE).items():
        page = tab.open(hostile_site / "models" / f"{slug}.html")
        assert page.locator("h1").evaluate("(e) => e.textContent") == text
        assert text in shown(page, ".reply .text")
        assert page.evaluate("window.harmed") is None
    assert tab.trouble == []


def test_a_script_that_slips_in_is_refused_by_the_policy(chromium, site):
    """The second wall: were a text ever not escaped, the page's policy would still refuse it."""
    opened = Tab(chromium, DESKTOP)
    page = opened.open(site / "index.html")
    page.evaluate("""() => {
      window.refused = new Set();
      addEventListener("securitypolicyviolation",
        (event) => window.refused.add(event.effectiveDirective));
      const script = document.createElement("script");
      script.textContent = "window.harmed = 1";
      document.body.append(script);
      document.body.insertAdjacentHTML("beforeend", "<img src=x onerror='window.harmed = 1'>");
    }""")
    for directive in ("script-src-elem", "script-src-attr", "img-src"):
        page.wait_for_function("(name) => window.refused.has(name)", arg=directive)
    assert page.evaluate("window.harmed") is None
    opened.context.close()
