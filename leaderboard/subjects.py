"""CPsyExam by subject: one line a model and run, one column a subject."""

from collections.abc import Sequence

from psyche_bench.leaderboard import columns, lines
from psyche_bench.leaderboard.board import Both, Column, Table
from psyche_bench.leaderboard.tables import Run, family

TITLE = Both("CPsyExam by subject", "CPsyExam 分科目")
CAPTION = Both(
    "Standard accuracy (%) over all questions of a subject. A subject of thirty questions has an "
    "interval of thirty points: read these as profiles, not as ranks.",
    "各科目全部题目的标准正确率（%）。三十题的科目区间宽达三十个百分点，宜看作轮廓而非名次。",
)
LIBRARIES = {"KG": Both("Knowledge", "知识"), "CA": Both("Case", "案例")}


def table(runs: Sequence[Run]) -> Table:
    """All runs with a breakdown."""
    found = [run.result for run in family(runs, "cpsyexam") if run.result.subjects]
    names = sorted({column.subset for result in found for column in result.subjects})
    rows = []
    for result in found:
        figures = {
            c.subset: lines.figure(c.scores, c.intervals, "standard") for c in result.subjects
        }
        row = lines.row([result], figures)
        rows.append(row._replace(protocol=f"{row.protocol}, {result.group}"))
    return Table("subjects", TITLE, CAPTION, tuple(map(_column, names)), tuple(rows))


def _column(subject: str) -> Column:
    library, _, rest = subject.partition("-")
    group = LIBRARIES.get(library, columns.NOTHING)
    return Column(subject, group, Both(rest or subject, rest or subject))
