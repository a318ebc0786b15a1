"""Results to the site: which pages there are, and what is written where.

``DIR/index.html`` (``index.zh.html``), ``models/``, ``sources/``, ``compare/``, ``subjects.html``
and ``audit.html``, each in both languages, and ``tables/`` with every table as CSV, JSON, Markdown
and LaTeX. All of it opens from the file system, and nothing is written outside DIR.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from psyche_bench.jsonl import write_text
from psyche_bench.leaderboard import (
    audit,
    beside,
    collect,
    columns,
    constant_rows,
    descent,
    drawings,
    exports,
    model_pages,
    pages,
    pairs,
    printed,
    published,
    subjects,
    tables,
    versus,
)
from psyche_bench.leaderboard.board import DEFAULT, Table, every
from psyche_bench.leaderboard.digest import digest
from psyche_bench.leaderboard.tables import Run
from psyche_bench.lineage import Source

SUFFIXES: Mapping[exports.Form, str] = {"csv": "csv", "json": "json", "md": "md", "latex": "tex"}


class Wanted(NamedTuple):
    """What is asked for beyond the plain site.

    ``compare`` and ``selection`` name records (``NAME.json`` without the suffix); ``challenging``
    are ids of PCEB.
    """

    compare: Sequence[tuple[str, str]] = ()
    selection: tuple[str, str] | None = None
    challenging: frozenset[str] = frozenset()


PLAIN = Wanted()


class Site(NamedTuple):
    """Everything a page may show, and where models' pages lie."""

    runs: Sequence[Run]
    tables: Mapping[str, Table]
    places: Mapping[str, str]

    @property
    def shared(self) -> dict[str, object]:
        """What every page's frame shows."""
        return {"has_subjects": "subjects" in self.tables}


def gather(folder: Path | None = None) -> list[Run]:
    """Published rows, constant ones, and the folder's results with the digest of their outcomes."""
    runs = [Run(result) for result in (*published.results(), *constant_rows.load())]
    for result in collect.load_results(folder):
        answered = result.outcomes and result.card is None  # a judged record keeps verdicts
        runs.append(Run(result, digest(collect.outcomes(result, folder)) if answered else None))
    return runs


def site(runs: Sequence[Run]) -> Site:
    """All tables, their rows linked to the models' pages."""
    found = tables.every_table(runs)
    more = (beside.table([run.result for run in runs]), subjects.table(runs))
    found |= {table.name: table for table in more if table.rows}
    names = dict.fromkeys(
        row.model
        for table in found.values()
        for row in table.rows
        if row.category and row.origin != "constant"
    )
    places = {name: f"models/{slug}" for name, slug in pages.slugs(names).items()}
    return Site(runs, {name: _linked(table, places) for name, table in found.items()}, places)


def _linked(table: Table, places: Mapping[str, str]) -> Table:
    rows = (
        row._replace(page=places.get(row.model, "") if row.origin != "constant" else "")
        for row in table.rows
    )
    return table._replace(rows=tuple(rows))


def build(out: Path, folder: Path | None = None, wanted: Wanted = PLAIN) -> list[Path]:
    """Write the site; return the files written.

    Files of an earlier build of models and comparisons that are no more are taken away.

    Args:
        out: the site's folder. folder: where results lie; None for the package's own.

    Raises:
        DataError: a record or its outcomes are broken.
        RunError: a library is missing, or a record that was asked for is not there.
    """
    whole = site(gather(folder))
    versus_pages = _versus(whole, folder, wanted)
    written = [
        *_index(out, whole, wanted, versus_pages),
        *_models(out, whole),
        *_sources(out, whole),
        *(
            path
            for address, page in versus_pages.items()
            for path in pages.write(
                out, "versus.html.jinja", address, {"versus": page, **whole.shared}
            )
        ),
        *_exports(out, whole.tables.values()),
    ]
    if "subjects" in whole.tables:
        values = {"subjects": whole.tables["subjects"], **whole.shared}
        written += pages.write(out, "subjects.html.jinja", "subjects", values)
    for lang in pages.LANGUAGES:
        path = out / pages.file("audit", lang)
        write_text(path, audit.page(printed.findings(), "index", lang) + "\n")
        written.append(path)
    _sweep(out, written)
    return written


def _sweep(out: Path, written: Sequence[Path]) -> None:
    """Take away pages of an earlier build that this one did not write; they say whose they are."""
    kept = set(written)
    for pattern in ("models/*.html", "sources/*.html", "compare/*.html", "subjects*.html"):
        for path in out.glob(pattern):
            if path not in kept and pages.MARK in path.read_text(
                encoding="utf-8", errors="replace"
            ):
                path.unlink()


def _versus(whole: Site, folder: Path | None, wanted: Wanted) -> dict[str, versus.Page]:
    pairs = versus.chosen(whole.runs, wanted.compare)
    made = [versus.page(first, second, folder) for first, second in pairs]
    found = {f"{page.first} / {page.second}, {page.group}": page for page in made if page}
    return {f"compare/{slug}": found[name] for name, slug in pages.slugs(found).items()}


def _index(
    out: Path, whole: Site, wanted: Wanted, versus_pages: Mapping[str, versus.Page]
) -> list[Path]:
    rows = [row for row in whole.tables["pceb"].rows if not row.note]  # a part is no average
    plots = [
        drawings.scatter(rows, columns.key("avg", view), view) for view in every("metric", "mean")
    ]
    selection = versus.chosen(whole.runs, [wanted.selection])[0] if wanted.selection else None
    values = {
        "tables": whole.tables,
        "plots": [plot for plot in plots if plot],
        "present": {
            word
            for table in whole.tables.values()
            for row in table.rows
            if row.category
            for word in (row.category, row.origin)
        },
        "pairs": [pairs.figure3(selection), pairs.figure4(whole.runs, wanted.challenging)],
        "comparisons": [
            (f"{page.first} / {page.second} ({page.group})", address)
            for address, page in versus_pages.items()
        ],
        **whole.shared,
    }
    return pages.write(out, "index.html.jinja", "index", values)


def _models(out: Path, whole: Site) -> list[Path]:
    written = []
    results = [run.result for run in whole.runs]
    places = _source_places(whole)
    for name, address in whole.places.items():
        model = model_pages.model(name, whole.tables.values(), whole.runs)
        values = {"model": model, "way": descent.way(name, results, places), **whole.shared}
        written += pages.write(out, "model.html.jinja", address, values)
    return written


def _source_places(whole: Site) -> dict[Source, str]:
    found = {f"{s.name} {s.licence}": s for s in descent.sources(run.result for run in whole.runs)}
    return {found[name]: f"sources/{slug}" for name, slug in pages.slugs(found).items()}


def _sources(out: Path, whole: Site) -> list[Path]:
    """A page for each source of any lineage, with every model that used it."""
    users = descent.sources(run.result for run in whole.runs)
    written = []
    for source, address in _source_places(whole).items():
        models = [(name, whole.places[name]) for name in users[source] if name in whole.places]
        values = {"source": descent.SourcePage(source, models), **whole.shared}
        written += pages.write(out, "source.html.jinja", address, values)
    return written


def _exports(out: Path, found: Iterable[Table]) -> list[Path]:
    written = []
    for table in found:
        for form, suffix in SUFFIXES.items():
            path = out / "tables" / f"{table.name}.{suffix}"
            write_text(path, exports.export(table, form, DEFAULT) + "\n")
            written.append(path)
    return written
