"""Figures 3 and 4 from re-runs: two scores a row.

No printed figures of theirs are at hand. Figure 3 sets a model trained on cross-selected
questions against one trained on as many random ones; Figure 4 splits PCEB's multiple-choice
questions into challenging and other ones by a list of ids
(``psyche-bench synth cross-select`` makes such a list).
"""

from collections.abc import Collection, Sequence
from typing import NamedTuple

import numpy as np

from psyche_bench import stats
from psyche_bench.errors import RunError
from psyche_bench.leaderboard import columns, drawings, lines
from psyche_bench.leaderboard.board import Both, Figure
from psyche_bench.leaderboard.digest import Digest, cluster
from psyche_bench.leaderboard.records import Result
from psyche_bench.leaderboard.tables import Run

SELECTED = (Both("cross-selected", "交叉筛选"), Both("random, as many", "同量随机"))
SPLIT = (Both("challenging", "难题"), Both("other questions", "其余题目"))
NAMES = (columns.GROUPS, columns.KINDS)


class Shown(NamedTuple):
    """A figure of the index page: its drawing, or what to say where there is none."""

    number: int
    plot: drawings.Dumbbells | None
    caption: Both
    missing: Both


def figure3(pair: tuple[Run, Run] | None) -> Shown:
    """Cross-selection against random selection, by PCEB's columns."""
    rows = []
    if pair:
        first, second = (_columns(run.result) for run in pair)
        rows = [(_called(name), first[name], second[name], "") for name in first if name in second]
    return Shown(
        3,
        drawings.dumbbells(SELECTED, rows),
        Both(
            "Figure 3. Standard accuracy (%) after training on cross-selected questions and on as "
            "many random ones, with 95 % intervals.",
            "图 3：以交叉筛选题目与同量随机题目训练后的标准正确率（%），附 95% 区间。",
        ),
        Both(
            "Figure 3 (cross-selection against random selection of the same size): no pair of "
            "re-runs was named. Add both runs, then: psyche-bench board build --selection CROSS "
            "RANDOM",
            "图 3（交叉筛选与同量随机）：未指定一对复测。加入两次运行后执行：psyche-bench board "
            "build --selection CROSS RANDOM",
        ),
    )


def _called(subset: str) -> Both:
    group, kind = (names[part] for names, part in zip(NAMES, subset.split("_"), strict=True))
    return Both(f"{group.en}, {kind.en}", f"{group.zh}{kind.zh}")


def _columns(result: Result) -> dict[str, Figure]:
    """PCEB's columns of a record, in the order of Table 1."""
    found = {column.subset: column for column in result.columns}
    return {
        name: lines.figure(found[name].scores, found[name].intervals, "standard")
        for name in columns.PCEB
        if name in found
    }


def figure4(runs: Sequence[Run], challenging: Collection[str]) -> Shown:
    """Each run's standard accuracy on challenging questions and on the others."""
    rows = []
    for run in runs:
        if run.digest and run.result.group == "pceb" and challenging:
            halves = split(run.digest, challenging)
            name = f"{run.result.model.name}, {run.result.protocol}"
            rows.append((Both(name, name), *halves, run.result.model.category))
    return Shown(
        4,
        drawings.dumbbells(SPLIT, rows),
        Both(
            "Figure 4. Standard accuracy (%) on challenging questions of PCEB and on the others, "
            "all columns pooled, with 95 % intervals.",
            "图 4：PCEB 难题与其余题目的标准正确率（%，各列合并），附 95% 区间。",
        ),
        Both(
            "Figure 4 (challenging and other questions): no re-run with outcomes, or no list of "
            "challenging ids. Make one with cross-selection, then: psyche-bench board build "
            "--challenging IDS.txt",
            "图 4（难题与其余题目）：缺少带逐题结果的复测或难题编号表。由交叉筛选得到编号表后执行："
            "psyche-bench board build --challenging IDS.txt",
        ),
    )


def split(digest: Digest, challenging: Collection[str]) -> tuple[Figure, Figure]:
    """Standard accuracy on the listed items and on the others, in percent."""
    chosen = np.array([item in challenging for item in digest.ids], dtype=bool)
    graded = ~np.isnan(digest.standard)
    if not (chosen & graded).any():
        raise RunError(
            "none of the challenging ids is an item of the runs. Give PCEB's ids, one a line, as "
            "`psyche-bench data ids pceb` prints them."
        )
    return _mean(digest, chosen & graded), _mean(digest, ~chosen & graded)


def _mean(digest: Digest, kept: "np.ndarray[tuple[int], np.dtype[np.bool_]]") -> Figure:
    if not kept.any():
        return Figure()
    labels = [cluster(item) for item, inside in zip(digest.ids, kept, strict=True) if inside]
    found = stats.interval(100.0 * digest.standard[kept], labels, bounds=(0, 100))
    return Figure(found.estimate, found.low, found.high, lines.CLUSTERS)
