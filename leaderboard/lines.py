"""Records to leaderboard rows: published, re-run, submitted and constant ones in the same columns.

One row is one model under one protocol; CPsyExam's zero-shot and five-shot records of a model
share a row, as in Table 2. Nothing is merged across origins.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from psyche_bench import stats
from psyche_bench.leaderboard import baselines, columns, constant_rows, printed
from psyche_bench.leaderboard.board import Figure, Row, View, every
from psyche_bench.leaderboard.records import Column, Group, Result
from psyche_bench.means import Intervals, Scores

CLUSTERS = "cluster-robust"
NO_CASES = "no interval: single answers or cases are not published"
TOO_FEW = "no interval: too few items or clusters"


def figure(scores: Scores, intervals: Intervals, name: str, *, published: bool = False) -> Figure:
    """One score with its interval, and how that was made or why there is none."""
    value, ends = scores.get(name), intervals.get(name)
    if value is None:
        return Figure()
    if ends is None:
        return Figure(value, how=NO_CASES if published else TOO_FEW)
    how = stats.BINOMIAL if published else CLUSTERS
    return Figure(value, ends.low, ends.high, how)


def subset(column: Column, prefix: str, published: bool) -> dict[str, Figure]:
    """A column's figures by key, in each view it has."""
    found = {}
    for view in columns.views(column.subset):
        part = column if view.items == "all" else column.clean
        if part is not None:
            key = prefix + columns.key(column.subset, view)
            name = view.metric or "standard"
            found[key] = figure(part.scores, part.intervals, name, published=published)
    return found


def group(found: Group, prefix: str, published: bool) -> dict[str, Figure]:
    """A benchmark's averages by key, in each view, and the printed ones."""
    figures = {}
    for view in every("metric", "items", "mean"):
        part = found if view.items == "all" else found.clean
        name = view.metric + ("_by_item" if view.mean == "items" else "")
        if part is not None:
            key = prefix + columns.key("avg", view)
            figures[key] = figure(part.scores, part.intervals, name, published=published)
    for name, value in found.printed.items():
        view = View("elastic" if name.startswith("elastic") else "standard")
        figures[prefix + columns.key("avg printed", view)] = Figure(value)
    return figures


def rates(results: Iterable[Result]) -> dict[str, Figure]:
    """Answered and truncated over all multiple-choice items of some results, by items."""
    parts = [(c.n or 0, c) for r in results for c in r.columns if "standard" in c.scores]
    total = sum(n for n, _ in parts)
    found = {}
    for name in ("answered", "truncated"):
        values = [(n, getattr(column, name)) for n, column in parts]
        if total and all(value is not None for _, value in values):
            found[name] = Figure(sum(n * value for n, value in values) / total)
    return found


def row(results: Sequence[Result], figures: Mapping[str, Figure]) -> Row:
    """The row of one or two records of the same model and protocol."""
    first, model = results[0], results[0].model
    if first.origin == "paper":
        figures = {key: _remarked(model.name, key, figure) for key, figure in figures.items()}
    name = model.baseline or model.name
    return Row(
        name,
        model.category,
        first.origin,
        figures,
        size(model.size),
        model.size,
        protocol=_settings(first),
        note=_asked(results) if not all(r.whole for r in results) else "",
        version="" if model.name == name else model.name,
        label=constant_rows.NAMES.get(name) if first.origin == "constant" else None,
    )


def _remarked(name: str, key: str, figure: Figure) -> Figure:
    """The figure with what the audit objects to, under any name the paper prints it by."""
    where, cell = printed.place(key)
    known = printed.remarks()
    names = baselines.baseline(name).printed
    return figure._replace(
        remark=next((known[where, n, cell] for n in names if (where, n, cell) in known), "")
    )


def _settings(result: Result) -> str:
    """What tells the runs of one model apart."""
    words = [result.protocol] if result.origin in ("re-run", "submitted") else []
    words += [result.lang] if result.lang != "zh" else []
    if result.passport.get("rotation"):
        words.append(f"rotation {result.passport['rotation']}")
    return ", ".join(words)


def _asked(results: Sequence[Result]) -> str:
    parts = []
    for result in results:
        choices = [c for c in result.columns if "standard" in c.scores] or result.columns
        n, whole = (sum(getattr(c, name) or 0 for c in choices) for name in ("n", "whole"))
        parts.append(f"{n} of {whole} items")
        parts += [f"{g.columns} of {g.of} columns" for g in result.groups if g.columns < g.of]
    return ", ".join(dict.fromkeys(parts))


def size(billions: float | None) -> str:
    """Parameters as people write them: ``7B``, ``135M``, nothing where unknown."""
    if billions is None:
        return ""
    return f"{billions:g}B" if billions >= 1 else f"{round(1000 * billions):d}M"


def pceb(result: Result) -> Row:
    """A row of the PCEB table."""
    return row([result], _figures(result, "", columns.PCEB) | rates([result]))


def exam(results: Sequence[Result]) -> Row:
    """A row of the CPsyExam table from the zero-shot and five-shot records there are."""
    figures = {"split": Figure(text="dev" if "_dev" in results[0].group else "test")}
    for result in results:
        prefix = "five-shot " if result.group.endswith("_5shot") else "zero-shot "
        figures |= _figures(result, prefix, columns.EXAM)
    return row(results, figures | rates(results))


def _figures(result: Result, prefix: str, subsets: Iterable[str]) -> dict[str, Figure]:
    published = result.origin == "paper"
    found: dict[str, Figure] = {}
    for column in result.columns:
        if column.subset in subsets:
            found |= subset(column, prefix, published)
    for part in result.groups:
        found |= group(part, prefix, published)
    return found


def written(result: Result) -> Row | None:
    """A row of the written answers; None where there are none."""
    column = next((c for c in result.columns if c.subset == "case_qa" and c.scores), None)
    if column is None:
        return None
    published = result.origin == "paper"
    figures = {}
    for name in column.scores:
        figures[name] = figure(column.scores, column.intervals, name, published=published)
        if column.clean:
            key = columns.key(name, View(items="clean"))
            figures[key] = figure(column.clean.scores, column.clean.intervals, name)
    return row([result], figures)


def judged(result: Result) -> Row:
    """A row of one rubric's scores; ``judge`` names who gave them."""
    published = result.origin == "paper"
    figures = {}
    for column in result.columns:
        for name in column.scores:
            figures[name] = figure(column.scores, column.intervals, name, published=published)
    judge = "GPT-4o" if published else card(result.card or {})
    return row([result], figures | {"judge": Figure(text=judge)})


def card(found: Mapping[str, Any]) -> str:
    """A judge card in one line: who judged, how completely, how well they agree, what is wrong.

    >>> card({"judges": ["gpt-4o"], "coverage": 0.995, "alpha_judges": None, "reasons": ["x"]})
    'gpt-4o; coverage 99.5 %; not reliable: x'
    """
    parts = [", ".join(found.get("judges", ())), found.get("label", "")]
    if found.get("coverage") is not None:
        parts.append(f"coverage {100 * found['coverage']:.1f} %")
    if found.get("alpha_judges") is not None:
        parts.append(f"alpha {found['alpha_judges']:.2f}")
    if found.get("reasons"):
        parts.append(f"not reliable: {'; '.join(found['reasons'])}")
    return "; ".join(filter(None, parts))


def by_run(results: Iterable[Result]) -> list[list[Result]]:
    """CPsyExam records that share a row: same model, origin, protocol, language and split."""
    found: dict[tuple[str, ...], list[Result]] = {}
    for result in results:
        who = (result.model.name, result.origin, result.protocol, result.lang)
        settings = (str(result.passport.get(name)) for name in ("limit", "rotation"))
        key = (*who, str("_dev" in result.group), *settings)
        found.setdefault(key, []).append(result)
    return list(found.values())
