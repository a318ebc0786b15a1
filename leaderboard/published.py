"""The printed tables in the shape of results, so that one page shows both in the same way.

Intervals of printed figures are binomial over independent items
(:func:`psyche_bench.stats.binomial_interval`): all that a table without its items allows.
"""

from typing import NamedTuple

from psyche_bench import stats
from psyche_bench.leaderboard import baselines, paper
from psyche_bench.leaderboard.records import Column, Group, Model, Result
from psyche_bench.means import Interval, Intervals

PROTOCOL = "published"
"""Protocol of the printed rows: how the authors' replies were made is known in part only."""


class _Cell(NamedTuple):
    subset: str
    scores: dict[str, float]
    n: int


def results() -> tuple[Result, ...]:
    """One result per row and task group of Tables 1, 2 and 5.

    >>> [result.group for result in results() if result.model.name == "Psyche-R1"]
    ['pceb', 'cpsyexam', 'cpsyexam_5shot', 'counselling']
    """
    exam = paper.rows(paper.ExamRow)
    return (
        *map(_pceb, paper.rows(paper.PcebRow)),
        *(_exam(row, row.zero_shot, 0) for row in exam),
        *(_exam(row, row.five_shot, 5) for row in exam),
        *map(_counselling, paper.rows(paper.CounsellingRow)),
    )


def _pceb(row: paper.PcebRow) -> Result:
    """Table 1. Single-answer items have one letter to hit, so elastic accuracy is standard's."""
    counts = paper.counts().pceb
    cells = []
    for area in ("case", "moral", "theory"):
        printed: paper.ElasticChoices = getattr(row, area)
        single, several = float(printed.smcq), float(printed.mmcq)
        both = {"standard": single, "elastic": single}
        cells.append(_Cell(f"{area}_smcq", both, counts[f"{area}.smcq"]))
        both = {"standard": several, "elastic": float(printed.mmcq_elastic)}
        cells.append(_Cell(f"{area}_mmcq", both, counts[f"{area}.mmcq"]))
    averages = {"standard": float(row.avg), "elastic": float(row.avg_elastic)}
    written = Column(
        column="pceb_case_qa",
        group="pceb",
        subset="case_qa",
        n=None,
        whole=None,
        scores={name: float(figure) for name, figure in row.case_qa},
    )
    choices = _choices(row, "pceb", cells, averages, 0)
    return choices.model_copy(update={"columns": (*choices.columns, written)})


_AREAS = {"knowledge": "kg", "case": "ca"}


def _exam(row: paper.ExamRow, printed: paper.Exam, shots: int) -> Result:
    """Table 2; its average is over items, and printed for zero-shot only."""
    cells = [
        _Cell(f"{_AREAS[area]}_{kind}", {"standard": float(figure)}, paper.counts().cpsyexam[name])
        for name, figure in printed
        for area, kind in [name.split("_")]
    ]
    group = "cpsyexam_5shot" if shots else "cpsyexam"
    averages = {} if shots else {"standard_by_item": float(row.avg_zero_shot)}
    return _choices(row, group, cells, averages, shots)


def _choices(
    row: paper.Row, group: str, cells: list[_Cell], averages: dict[str, float], shots: int
) -> Result:
    columns = tuple(
        Column(
            column=f"{group}_{cell.subset}",
            group=group,
            subset=cell.subset,
            n=cell.n,
            whole=cell.n,
            scores=dict(cell.scores),
            intervals={name: _binomial(value, cell.n) for name, value in cell.scores.items()},
        )
        for cell in cells
    )
    return Result(
        model=_model(row),
        origin="paper",
        group=group,
        protocol=PROTOCOL,
        shots=shots,
        groups=(_mean(group, cells, averages),),
        columns=columns,
        source=_source(row),
        items=sum(cell.n for cell in cells),
    )


def _mean(group: str, cells: list[_Cell], averages: dict[str, float]) -> Group:
    """Means of the printed cells: recomputed, the printed averages beside them."""
    scores: dict[str, float | None] = {}
    intervals: Intervals = {}
    sizes = [cell.n for cell in cells]
    for metric in cells[0].scores:
        values = [cell.scores[metric] for cell in cells]
        found = stats.binomial_average(values, sizes)
        scores[metric], intervals[metric] = found.estimate, _ends(found)
        weighted = sum(v * n for v, n in zip(values, sizes, strict=True)) / sum(sizes)
        scores[f"{metric}_by_item"] = weighted
        intervals[f"{metric}_by_item"] = _binomial(weighted, sum(sizes))
    return Group(
        group=group,
        n=sum(sizes),
        columns=len(cells),
        of=len(cells),
        scores=scores,
        intervals=intervals,
        printed=averages,
    )


def _counselling(row: paper.CounsellingRow) -> Result:
    """Table 5: means of a judge's scores, whose spread is not printed."""
    scores = {name: float(figure) for name, figure in row if name != "model"}
    column = Column(
        column="counselling",
        group="counselling",
        subset="psydt",
        n=None,
        whole=paper.counts().counselling_cases,
        scores=dict(scores),
    )
    return Result(
        model=_model(row),
        origin="paper",
        group="counselling",
        protocol=PROTOCOL,
        shots=0,
        columns=(column,),
        source=_source(row),
    )


def _binomial(percent: float, n: int) -> Interval | None:
    return _ends(stats.binomial_interval(percent, n))


def _ends(found: stats.Interval) -> Interval | None:
    if found.low is None or found.high is None:
        return None
    return Interval(low=found.low, high=found.high)


def _model(row: paper.Row) -> Model:
    return baselines.model(row.name)


def _source(row: paper.Row) -> str:
    return str(paper.read(row.table)["source"])
