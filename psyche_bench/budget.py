"""What calls cost: prices as data, the sums spent, and a budget that stops in time.

A price file is TOML, one table a model, prices for a million tokens::

    currency = "USD"
    source = "the provider's price page, 2026-11-25"
    ["gpt-4o"]
    input = 2.5
    output = 10.0
"""

import tomllib
from pathlib import Path

from pydantic import Field, ValidationError

from psyche_bench.errors import BudgetExhausted, DataError
from psyche_bench.schemas import Record

MILLION = 1_000_000


class Price(Record):
    """Price of a million tokens read (``input``) and written (``output``)."""

    input: float = Field(ge=0)
    output: float = Field(ge=0)


class Prices(Record):
    """Prices by model name, in one currency, with their source."""

    currency: str = "USD"
    source: str = ""
    models: dict[str, Price] = Field(default_factory=dict)

    def cost(self, model: str, tokens_in: float, tokens_out: float) -> float | None:
        """``(in x input + out x output) / 10^6`` in the currency; None without a price.

        >>> prices = Prices(models={"m": Price(input=2.5, output=10.0)})
        >>> prices.cost("m", 1000, 100)
        0.0035
        """
        price = self.models.get(model)
        if price is None:
            return None
        return (tokens_in * price.input + tokens_out * price.output) / MILLION


def read_prices(path: Path) -> Prices:
    """Read a price file.

    Raises:
        DataError: it is missing, no TOML, or an entry is no pair of prices; the entry is named.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        about = {name: content.pop(name) for name in ("currency", "source") if name in content}
        return Prices(models=content, **about)
    except (OSError, ValueError) as error:
        problem = error
        if isinstance(error, ValidationError):
            first = error.errors()[0]
            problem = ValueError(f"{'.'.join(map(str, first['loc'][1:]))}: {first['msg']}")
        raise DataError(
            f"{path}: no price file ({problem}). Give each model a table with `input` and `output`,"
            " the prices of a million tokens."
        ) from error


class Budget(Record):
    """Most calls, tokens (read and written) and money one client may spend; None is no bound."""

    calls: int | None = Field(default=None, ge=0)
    tokens: int | None = Field(default=None, ge=0)
    money: float | None = Field(default=None, ge=0)


class Usage(Record):
    """What has been sent and read: a call here is one that was answered by the endpoint.

    ``from_store`` calls cost nothing; ``refused`` counts requests that were answered with an error
    or not at all and were sent again or given up. ``cost`` is None where a price is unknown.
    """

    calls: int = 0
    from_store: int = 0
    refused: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    cost: float | None = 0.0
    currency: str = "USD"


class Ledger:
    """Sums what was spent and reserves what calls under way may cost. Real state, so a class."""

    def __init__(self, budget: Budget, prices: Prices) -> None:
        self.budget, self.prices = budget, prices
        self.calls = self.from_store = self.refused = self.tokens_in = self.tokens_out = 0
        self.cost: float | None = 0.0
        self._reserved: dict[int, tuple[int, int, float]] = {}
        self._next = 0
        self.unbounded = budget == Budget()

    def reserve(self, model: str, tokens_in: int, tokens_out: int) -> int | None:
        """Set a call's likely cost aside; None where it would not fit beside what is under way.

        Raises:
            BudgetExhausted: it would not fit even if everything under way cost nothing.
        """
        price = self.prices.cost(model, tokens_in, tokens_out)
        if price is None and self.budget.money is not None:
            raise BudgetExhausted(
                f"a budget of money is set, but {model} has no price. Add it to the price file."
            )
        asked = (1, tokens_in + tokens_out, price or 0.0)
        spent = (self.calls, self.tokens_in + self.tokens_out, self.cost or 0.0)
        aside = [sum(parts) for parts in zip(*self._reserved.values(), strict=True)] or [0, 0, 0.0]
        bounds = (self.budget.calls, self.budget.tokens, self.budget.money)
        for name, bound, used, more in zip(Budget.model_fields, bounds, spent, asked, strict=True):
            if bound is not None and used + more > bound:
                raise BudgetExhausted(
                    f"the budget of {bound:g} {name} is used up ({used:g} spent, the next call may "
                    f"take {more:g}). What was answered is kept: raise the budget and start again."
                )
        whole = zip(bounds, spent, aside, asked, strict=True)
        if any(bound is not None and used + put + more > bound for bound, used, put, more in whole):
            return None
        self._next += 1
        self._reserved[self._next] = asked
        return self._next

    def free(self, reservation: int) -> None:
        """A call under way has ended, one way or the other."""
        self._reserved.pop(reservation, None)

    def spend(self, model: str, tokens_in: int, tokens_out: int) -> None:
        """Add an answered call."""
        self.calls += 1
        self.tokens_in += tokens_in
        self.tokens_out += tokens_out
        price = self.prices.cost(model, tokens_in, tokens_out)
        self.cost = None if price is None or self.cost is None else self.cost + price

    def usage(self) -> Usage:
        """The sums so far."""
        return Usage(
            calls=self.calls,
            from_store=self.from_store,
            refused=self.refused,
            tokens_in=self.tokens_in,
            tokens_out=self.tokens_out,
            cost=self.cost,
            currency=self.prices.currency,
        )
