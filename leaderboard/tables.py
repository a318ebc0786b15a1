"""All tables of the board from its records, rows with their rank intervals, best first."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from psyche_bench.leaderboard import arms, columns, lines, printed, standings
from psyche_bench.leaderboard.board import Both, Column, Figure, Row, Table
from psyche_bench.leaderboard.digest import Digest
from psyche_bench.leaderboard.records import Result

PSYDT = "psydt"
TITLES = {
    "pceb": Both("PCEB: the counsellor examination (Table 1)", "PCEB：心理咨询师考试（表 1）"),
    "cpsyexam": Both(
        "CPsyExam, zero-shot and five-shot (Table 2)", "CPsyExam 零样本与五样本（表 2）"
    ),
    "written": Both("PCEB: written case answers (Table 1)", "PCEB：案例书面作答（表 1）"),
    PSYDT: Both("Counselling, judged (Table 5)", "咨询对话评审（表 5）"),
    "beside": Both("Published beside re-run", "论文数字与复测对照"),
}
CAPTIONS = {
    "pceb": Both(
        "Accuracy (%) over all questions of a column; an unreadable reply counts as wrong.",
        "正确率（%），以该列全部题目为分母；无法读出答案者计为错误。",
    ),
    "cpsyexam": Both(
        "Accuracy (%). The answers of the test split are not public: re-runs stand on the "
        "development split unless their row says test.",
        "正确率（%）。测试集答案未公开，复测除注明 test 者外均在开发集上进行。",
    ),
    "written": Both(
        "0–100, overlap with the reference answer. The paper names no tokeniser; its ROUGE fits "
        "words, its BLEU is undecided, so both are given.",
        "0–100，与参考答案的重合度。论文未说明分词方式；其 ROUGE 与按词相符，BLEU 无法判定，"
        "两者都列。",
    ),
    PSYDT: Both(
        "Mean scores up to 3. In the paper GPT-4o judged 200 cases; its prompt, temperature and "
        "the scale's floor are not published. Ours is a reconstructed rubric.",
        "平均分，满分 3。论文由 GPT-4o 评 200 例，提示词、温度与量表下限未公开；复测用重建的量表。",
    ),
    "beside": Both(
        "Figures of the same model as printed and as run again; difference = re-run − published. "
        "Inside: the published figure lies in the re-run's 95 % interval.",
        "同一模型的所刊数字与复测数字；差 = 复测 − 论文。区间内：所刊数字落在复测 95% 区间之中。",
    ),
}


class Run(NamedTuple):
    """A record with what its outcomes left; None for published and constant rows."""

    result: Result
    digest: Digest | None = None


def family(runs: Iterable[Run], name: str) -> list[Run]:
    """Runs of one benchmark, whatever split and shots."""
    groups = {name, f"{name}_5shot", f"{name}_dev", f"{name}_dev_5shot"}
    return [run for run in runs if run.result.group in groups]


def ordered(rows: Iterable[Row], key: str) -> tuple[Row, ...]:
    """Rows by one figure, best first; those without it last."""

    def place(row: Row) -> tuple[bool, float]:
        value = row.figures.get(key, Figure()).value
        return value is None, -(value or 0.0)

    return tuple(sorted(rows, key=place))


def every_table(runs: Sequence[Run]) -> dict[str, Table]:
    """All tables by name; tables with no row to show are left out."""
    run_here = [run.result for run in family(runs, "pceb") if run.result.origin != "paper"]
    found = [
        _pceb(family(runs, "pceb")),
        _exam(family(runs, "cpsyexam")),
        _written(family(runs, "pceb")),
        *_counselling([run.result for run in runs if run.result.group.startswith("counselling")]),
        *(arms.beside(table, run_here) for table in (printed.ablation(), printed.mix())),
        printed.datasets(),
        printed.models(),
    ]
    return {table.name: table.told() for table in found if table.rows}


def _table(name: str, shape: Sequence[Column], rows: Iterable[Row], key: str) -> Table:
    return Table(name, TITLES[name], CAPTIONS[name], tuple(shape), ordered(rows, key))


def _pceb(runs: Sequence[Run]) -> Table:
    paper = [lines.pceb(run.result) for run in runs if run.result.origin == "paper"]
    others = [run for run in runs if run.result.origin != "paper"]
    rows = _with(paper, standings.published([row.figures for row in paper]))
    rows += _with([lines.pceb(run.result) for run in others], _ranks(others))
    return _table("pceb", columns.pceb(), rows, "avg")


def _ranks(runs: Sequence[Run]) -> list[dict[str, Figure]]:
    """Paired ranks of whole re-runs and submissions; parts of a benchmark are not ranked."""
    ranked = [run.digest if run.result.whole else None for run in runs]
    return standings.paired(ranked)


def _with(rows: Iterable[Row], more: Iterable[Mapping[str, Figure]]) -> list[Row]:
    return [
        row._replace(figures={**row.figures, **extra})
        for row, extra in zip(rows, more, strict=True)
    ]


def _exam(runs: Sequence[Run]) -> Table:
    digests = {id(run.result): run for run in runs}
    groups = lines.by_run(run.result for run in runs)
    rows = [lines.exam(results) for results in groups]
    paper = [n for n, results in enumerate(groups) if results[0].origin == "paper"]
    for shots in columns.SHOTS:
        prefix = f"{shots}-shot "
        ranked = standings.published([rows[n].figures for n in paper], prefix)
        for n, more in zip(paper, ranked, strict=True):
            rows[n] = rows[n]._replace(figures={**rows[n].figures, **more})
        own = [_of_shots([digests[id(r)] for r in results], shots) for results in groups]
        rows = _with(rows, standings.paired(own, prefix))
    return _table("cpsyexam", columns.exam(), rows, "zero-shot avg")


def _of_shots(runs: Sequence[Run], shots: str) -> Digest | None:
    """The digest of a model's zero-shot or five-shot run, if it asked the whole benchmark."""
    for run in runs:
        five = run.result.group.endswith("_5shot")
        if five == (shots == "five") and run.result.whole:
            return run.digest
    return None


def _written(runs: Sequence[Run]) -> Table:
    rows = [row for run in runs if (row := lines.written(run.result))]
    return _table("written", columns.written(), rows, "rouge1")


def _counselling(results: Sequence[Result]) -> list[Table]:
    """One table a rubric, Table 5's first."""
    by_rubric: dict[str, list[Result]] = {}
    for result in results:
        for column in result.columns:
            if column.scores:
                part = result.model_copy(update={"columns": (column,)})
                by_rubric.setdefault(column.subset, []).append(part)
    return [_rubric(name, some) for name, some in by_rubric.items()]


def _rubric(name: str, results: Sequence[Result]) -> Table:
    dimensions = dict.fromkeys(d for r in results for d in r.columns[0].scores)
    title = TITLES.get(name, Both(f"Counselling, judged: {name}", f"咨询对话评审：{name}"))
    caption = CAPTIONS.get(name, Both("Mean scores of a judge.", "评审平均分。"))
    rows = ordered(map(lines.judged, results), next(iter(dimensions)))
    place = "counselling" if name == PSYDT else f"counselling-{name}"
    return Table(place, title, caption, columns.judged(dimensions), rows)
