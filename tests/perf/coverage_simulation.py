"""Do the intervals cover, and do the tests reject, as often as they say? On PCEB's own clusters.

Run: ``PSYCHE_BENCH_DATA=… python tests/perf/coverage_simulation.py [runs [seed [draws]]]``
(2,000 runs, 1,000 bootstrap draws; without draws ten times as many runs take the same time)

147 vignettes with their released numbers of single- and multiple-answer questions, every other
item alone. Right and wrong answers are drawn with the stated intra-cluster correlation (ICC): a
vignette's share of right answers is Beta distributed with ``1 / (a + b + 1) = ICC``. Two runs of
equal ability share the items' difficulty (a Gaussian copula over items, 0.5) but have vignettes
of their own: the worst case for a test that ignores them. Bootstrap figures come from one set of
draws for all simulated runs.

Printed, in percent: cluster t between bounds (Wilson's form: what the score tables print), plain
cluster t, cluster bootstrap (what ``compare`` prints); the normal interval (or z test) and the
exact McNemar test that ignore clusters; what the rate should be; and the ratio of t to naive. A *
marks what lies more than a point off. Columns of items without clusters need no simulation of
their intervals: their coverage is a sum over counts, and is printed exactly at the end. A plain t
interval there is at the mercy of which whole counts are near (93.98 % for 152 items at 85 %, and
84.8 % for some share below 98 %); Wilson's form stays nearer to 95 %.
"""

import json
import os
import sys
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

from psyche_bench import resampling
from psyche_bench.paired import from_draws
from psyche_bench.resampling import Linearised, Table
from psyche_bench.stats import limits

Floats = NDArray[np.float64]
ICCS = (0.0, 0.1, 0.3)
DRAWS = 1_000
METHODS = ("bounded", "t", "bootstrap", "naive", "McNemar")
AWARE = METHODS[:3]
SHOWN = {
    "standard,": ("case_smcq", "case_mmcq", "moral_smcq", "average", "item-weighted"),
    "elastic,": ("case_mmcq", "average"),
}
CHUNK = 250
VIGNETTES = 147
SINGLE = {"moral_smcq": 152, "moral_mmcq": 158, "theory_smcq": 1143, "theory_mmcq": 784}
RIGHT = {  # shares of right answers of a good model, by column
    "case_smcq": 0.55, "case_mmcq": 0.55, "moral_smcq": 0.85, "moral_mmcq": 0.6,
    "theory_smcq": 0.8, "theory_mmcq": 0.55,
}  # fmt: skip


def vignettes() -> list[tuple[int, int]]:
    """Numbers of single- and multiple-answer questions of each released vignette."""
    root = Path(os.environ["PSYCHE_BENCH_DATA"]) / "pceb" / "cases" / "mix"
    cases = [
        case for file in sorted(root.rglob("*.json")) for case in json.loads(file.read_bytes())
    ]
    return [
        _split([item["question"].strip() for item in c["questions_and_answers"]]) for c in cases
    ]


def _split(stems: list[str]) -> tuple[int, int]:
    multiple = sum(stem.startswith("多选") for stem in stems)
    return len(stems) - multiple, multiple


def structure() -> tuple[list[str], NDArray[np.intp], NDArray[np.intp]]:
    """Column names, and column and cluster codes of all 3,863 items."""
    names, columns, clusters = list(RIGHT), [], []
    for cluster, sizes in enumerate(vignettes()):
        for column, size in enumerate(sizes):
            columns += [column] * size
            clusters += [cluster] * size
    alone = [names.index(name) for name, size in SINGLE.items() for _ in range(size)]
    first = max(clusters) + 1
    return (
        names,
        np.array(columns + alone),
        np.array([*clusters, *range(first, first + len(alone))]),
    )


class Design(NamedTuple):
    """Column and cluster codes of items; contrasts of columns, their names and true values."""

    columns: NDArray[np.intp]
    clusters: NDArray[np.intp]
    contrasts: Floats
    names: list[str]
    truth: Floats


def design() -> Design:
    """All 3,863 items of PCEB: column means, their average, and the item-weighted mean."""
    names, columns, clusters = structure()
    totals = np.bincount(columns)
    rows = {name: np.eye(len(names))[at] for at, name in enumerate(names)}
    rows |= {"average": np.full(len(names), 1 / len(names)), "item-weighted": totals / totals.sum()}
    contrasts = np.array([rows[name] for name in SHOWN["standard,"]])
    share = np.array(list(RIGHT.values()))
    return Design(columns, clusters, contrasts, list(SHOWN["standard,"]), contrasts @ share)


def item_shares(plan: Design, icc: float, rng: np.random.Generator) -> Floats:
    """Each item's probability of a right answer (CHUNK, n); Beta over vignettes."""
    out = np.tile(np.array(list(RIGHT.values()))[plan.columns], (CHUNK, 1))
    if icc:
        mean, total = RIGHT["case_smcq"], 1 / icc - 1
        ability = rng.beta(mean * total, (1 - mean) * total, (CHUNK, VIGNETTES))
        in_case = plan.clusters < VIGNETTES
        out[:, in_case] = ability[:, plan.clusters[in_case]]
    return out


def simulate(plan: Design, icc: float, rng: np.random.Generator) -> dict[str, list[Floats]]:
    """Scores (CHUNK, n) of two equally able models.

    ``standard`` is right or wrong; ``elastic`` gives half a point to half of the wrong answers.
    """
    difficulty = rng.normal(size=(CHUNK, len(plan.columns)))
    found: dict[str, list[Floats]] = {"standard": [], "elastic": []}
    for _ in range(2):
        share = item_shares(plan, icc, rng)
        luck = special.ndtr(np.sqrt(0.5) * (difficulty + rng.normal(size=difficulty.shape)))
        found["standard"].append((luck < share).astype(float))
        half = 0.5 * (luck < share + 0.5 * (1 - share))
        found["elastic"].append(np.maximum(found["standard"][-1], half))
    return found


def fit(plan: Design, scores: Floats) -> tuple[Table, Linearised, Floats]:
    """Per-cluster sums, the cluster-robust fit, and naive errors (every item by itself)."""
    table = resampling.tabulate(scores, plan.columns, plan.clusters)
    own = [scores[:, plan.columns == column] for column in range(len(RIGHT))]
    variances = np.stack([part.var(axis=1, ddof=1) / part.shape[1] for part in own])
    return (
        table,
        resampling.linearise(table, plan.contrasts),
        np.sqrt(plan.contrasts**2 @ variances),
    )


def covered(plan: Design, scores: Floats, seed: int, draws: int) -> dict[str, Floats]:
    """Whether each interval holds the truth (contrasts, CHUNK), by method."""
    table, fitted, naive = fit(plan, scores)
    truth = plan.truth
    miss = np.abs(fitted.value - truth[:, None])
    t = special.stdtrit(fitted.df, 0.975)
    cells = np.ndindex(fitted.value.shape)
    bounded = [
        limits(
            float(fitted.value[cell]),
            float(fitted.error[cell]),
            float(t[cell[0]]),
            (0, 1),
            VIGNETTES,
        )
        for cell in cells
    ]
    low, high = np.moveaxis(np.array(bounded, dtype=float).reshape(*miss.shape, 2), 2, 0)
    found = {
        "bounded": (low <= truth[:, None]) & (truth[:, None] <= high),
        "t": miss <= t[:, None] * fitted.error,
        "naive": miss <= special.ndtri(0.975) * naive,
    }
    if draws:
        draw = resampling.bootstrap(table, plan.contrasts, draws, seed)
        quantile = np.quantile(draw.t, 0.95, axis=0, method="higher")
        found["bootstrap"] = miss <= quantile * draw.error
    return found


def rejected(
    plan: Design, first: Floats, second: Floats, seed: int, draws: int
) -> dict[str, Floats]:
    """Whether each paired test rejects at 5 % (contrasts, CHUNK), by method."""
    table, fitted, naive = fit(plan, first - second)
    p = {
        "t": 2 * special.stdtr(fitted.df[:, None], -np.abs(fitted.value) / fitted.error),
        "naive": 2 * special.ndtr(-np.abs(fitted.value) / naive),
    }
    if draws:
        draw = resampling.bootstrap(table, plan.contrasts, draws, seed)
        p["bootstrap"] = np.stack(
            [
                from_draws(fitted.value[e], draw.error[e], draw.t[:, e], 0.95)[2]
                for e in range(len(plan.contrasts))
            ]
        )
    if set(np.unique(first)) <= {0.0, 1.0}:
        p["McNemar"] = mcnemar(plan, first, second)
    return {name: np.where(np.isnan(v), np.nan, v < 0.05) for name, v in p.items()}


def mcnemar(plan: Design, first: Floats, second: Floats) -> Floats:
    """Exact McNemar p of each contrast (NaN for the average, where it does not exist)."""
    rows = []
    for weights, name in zip(plan.contrasts, plan.names, strict=True):
        own = weights[plan.columns] != 0
        only = ((first > second)[:, own].sum(1), (first < second)[:, own].sum(1))
        p = np.minimum(1, 2 * stats.binom.cdf(np.minimum(*only), only[0] + only[1], 0.5))
        rows.append(np.full(len(p), np.nan) if name == "average" else p)
    return np.array(rows)


def exact_coverage(n: int, share: float) -> tuple[float, float]:
    """Coverage of the bounded and of the plain t interval for n right/wrong items, no clusters.

    ``sum_k P(k) [interval of k/n holds the share]``, P binomial: exact, no simulation.
    """
    counts = np.arange(n + 1)
    mean = counts / n
    error, quantile = np.sqrt(mean * (1 - mean) / (n - 1)), float(special.stdtrit(n - 1, 0.975))
    low, high = np.array(
        [limits(float(m), float(e), quantile, (0, 1), n) for m, e in zip(mean, error, strict=True)]
    ).T
    chances = stats.binom.pmf(counts, n, share)
    plain = np.abs(mean - share) <= quantile * error
    return float(chances[(low <= share) & (share <= high)].sum()), float(chances[plain].sum())


def report(
    what: str, hits: dict[str, list[Floats]], plan: Design, expected: float
) -> dict[str, list[bool]]:
    """Print one row a contrast; return, by cluster-aware method, which rates are within a point."""
    rates = {method: np.concatenate(parts, axis=1).mean(axis=1) for method, parts in hits.items()}
    within: dict[str, list[bool]] = {method: [] for method in AWARE}
    for row, name in enumerate(plan.names):
        if name not in SHOWN[what.split()[1]]:
            continue
        figures = {m: rates[m][row] if m in rates else np.nan for m in METHODS}
        near = {method: not abs(rate - expected) > 0.0100001 for method, rate in figures.items()}
        cells = [
            f"{'-' if np.isnan(rate) else f'{100 * rate:.2f}':>9}{' ' if near[method] else '*'}"
            for method, rate in figures.items()
        ]
        ratio = figures["t"] / figures["naive"]
        print(f"{what:28}{name:14}{''.join(cells)}{100 * expected:9.1f}{ratio:8.2f}", flush=True)
        for method in AWARE:
            within[method] += [near[method]] if not np.isnan(figures[method]) else []
    return within


def tally(
    plan: Design, icc: float, runs: int, start: int, draws: int
) -> dict[str, dict[str, list[Floats]]]:
    """All hits at one intra-cluster correlation, by what is counted and by method."""
    rng = np.random.default_rng([start, round(1000 * icc)])
    tallies: dict[str, dict[str, list[Floats]]] = {}
    for seed in range(runs // CHUNK):
        for metric, (first, second) in simulate(plan, icc, rng).items():
            found = {f"rejection {metric}": rejected(plan, first, second, seed, draws)}
            if metric == "standard":
                found = {"coverage standard": covered(plan, first, seed, draws)} | found
            for what, parts in found.items():
                for method, hits in parts.items():
                    tallies.setdefault(what, {}).setdefault(method, []).append(hits)
    return tallies


def main(runs: int = 2_000, start: int = 1, draws: int = DRAWS) -> None:
    """Simulate and print."""
    started, plan = time.perf_counter(), design()
    counted: dict[tuple[str, str], list[bool]] = {}
    print(f"{'':42}{''.join(f'{m:>10}' for m in METHODS)}{'nominal':>10}{'t/naive':>8}")
    for icc in ICCS:
        for what, hits in tally(plan, icc, runs, start, draws).items():
            expected = 0.95 if what.startswith("coverage") else 0.05
            for method, near in report(f"{what}, ICC {icc}", hits, plan, expected).items():
                counted.setdefault((what.split()[0], method), []).extend(near)
    for (what, method), near in counted.items():
        if near:
            print(f"{what}, {method}: {sum(near)} of {len(near)} within a point of nominal")
    error = np.sqrt(0.05 * 0.95 / runs)
    print(
        f"{runs} runs, Monte-Carlo error {100 * error:.2f} points, which puts "
        f"{2 * special.ndtr(-0.01 / error):.1%} of exact rates more than a point off; "
        f"{time.perf_counter() - started:.0f} s"
    )
    for name, size in SINGLE.items():
        both = " ".join(f"{100 * rate:.2f}" for rate in exact_coverage(size, RIGHT[name]))
        print(f"exact coverage of {name}, bounded and t: {both}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
