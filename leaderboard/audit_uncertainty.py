"""How sure a published average is, when its items are not published.

Unpaired approximation: each column is a binomial proportion of independent items. PCEB's case
items hang together by vignette, so the true errors are wider; two models answered the same items,
so a paired comparison would be sharper. Neither can be had from printed tables alone.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from math import hypot
from statistics import NormalDist
from typing import NamedTuple

from psyche_bench import stats

LEVEL = 0.95
QUANTILE = NormalDist().inv_cdf((1 + LEVEL) / 2)


class Estimate(NamedTuple):
    """A mean of percentages and its standard error, both in percent."""

    mean: float
    error: float

    @property
    def half_width(self) -> float:
        """Half the width of the 95 % interval: 1.96 standard errors."""
        return QUANTILE * self.error


def binomial_mean(figures: Sequence[Decimal], sizes: Sequence[int]) -> Estimate:
    """Unweighted mean of m columns, ``se = sqrt(Σ p(1 - p)/n) / m``; stats.binomial_average.

    >>> estimate = binomial_mean([Decimal("50.00"), Decimal("90.00")], [100, 400])
    >>> round(estimate.mean, 2), round(estimate.error, 2), round(estimate.half_width, 2)
    (70.0, 2.61, 5.12)
    """
    found = stats.binomial_average([float(figure) for figure in figures], sizes)
    return Estimate(found.estimate, found.standard_error or 0.0)


def difference(first: Estimate, second: Estimate) -> Estimate:
    """First minus second, taken as independent.

    >>> tuple(difference(Estimate(74.0, 3.0), Estimate(70.0, 4.0)))
    (4.0, 5.0)
    """
    return Estimate(first.mean - second.mean, hypot(first.error, second.error))


def apart(first: Estimate, second: Estimate) -> bool:
    """Whether the two differ at the 5 % level (unadjusted z test)."""
    gap = difference(first, second)
    return abs(gap.mean) > gap.half_width


def rank_intervals(estimates: Mapping[str, Estimate]) -> dict[str, tuple[int, int]]:
    """Best and worst rank each name can hold: 1 + those clearly above, n − those clearly below.

    >>> rank_intervals({"a": Estimate(70, 1), "b": Estimate(69, 1), "c": Estimate(50, 1)})
    {'a': (1, 2), 'b': (1, 2), 'c': (3, 3)}
    """
    ranks = {}
    for name, own in estimates.items():
        clear = [other.mean > own.mean for other in estimates.values() if apart(own, other)]
        ranks[name] = (1 + sum(clear), len(estimates) - (len(clear) - sum(clear)))
    return ranks


def blocks(estimates: Mapping[str, Estimate]) -> list[list[str]]:
    """Names from best to worst, cut where an interval no longer meets that of its block's first.

    >>> blocks({"a": Estimate(70, 1), "b": Estimate(69, 1), "c": Estimate(50, 1)})
    [['a', 'b'], ['c']]
    """
    cut: list[list[str]] = []
    for name in sorted(estimates, key=lambda name: -estimates[name].mean):
        own = estimates[name]
        first = estimates[cut[-1][0]] if cut else None
        if first and own.mean + own.half_width >= first.mean - first.half_width:
            cut[-1].append(name)
        else:
            cut.append([name])
    return cut
