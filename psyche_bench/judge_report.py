"""A judged run as text: the columns, and under them the card, always together."""

from psyche_bench.judged import Dimension, Estimate, HumanAgreement, Judged
from psyche_bench.table import UNKNOWN, Form, render

Row = dict[str, object]


def text(judged: Judged, form: Form) -> str:
    """The whole report in one of the four forms; CSV holds the columns with the verdict on them."""
    if form == "json":
        return render([], "json", judged.model_dump())
    rows = [_row(d, judged) for d in judged.dimensions]
    if form == "csv":
        return render(rows, "csv")
    parts = [render(rows, form), render(card_rows(judged), form)]
    if judged.card.human:
        parts.append(render([human_row(h) for h in judged.card.human], form))
    return "\n\n".join(parts)


def _row(d: Dimension, judged: Judged) -> Row:
    return {
        "dimension": d.name if d.name == d.title else f"{d.name} {d.title}",
        "scale": f"{d.low}–{d.high}",
        "mean": d.mean.value,
        "95 %": _range(d.mean),
        "n": d.mean.n,
        "α judges": _with_range(d.alpha_judges),
        "α repeats": _with_range(d.alpha_repeats),
        "ρ length": _with_range(d.length),
        "empty": d.empty,
        "polite": d.polite,
        "planted": d.planted if d.planted is None else f"{d.planted:+.2f}",
        "reliable": "yes" if judged.card.reliable else "NOT RELIABLE",
    }


def _range(estimate: Estimate) -> str | None:
    if estimate.low is None or estimate.high is None:
        return None
    return f"{estimate.low:.2f}–{estimate.high:.2f}"


def _with_range(estimate: Estimate | None) -> str | None:
    if estimate is None or estimate.value is None:
        return None
    ends = _range(estimate)
    return f"{estimate.value:.2f}{f' ({ends})' if ends else ''}"


def card_rows(judged: Judged) -> list[Row]:
    """The judge card, a line a fact."""
    card = judged.card
    moved = UNKNOWN if card.planted_moved is None else f"{card.planted_moved:.1%}"
    failures = ", ".join(f"{count} {kind}" for kind, count in card.failures.items())
    cost = UNKNOWN if card.cost is None else f"{card.cost:.4f} {card.currency}"
    facts = {
        "model": judged.model,
        "rubric": f"{card.rubric} {card.rubric_hash} ({judged.label})",
        "reliable": "yes" if card.reliable else "NOT RELIABLE: " + "; ".join(card.reasons),
        "coverage": f"{card.coverage:.1%} of the verdicts on {card.items} replies"
        + (f", {card.missing} replies missing" if card.missing else ""),
        "failures": failures or "none",
        "judges × repeats": f"{len(card.judges)} × {card.repeats}: {', '.join(card.judges)}",
        "served": ", ".join(card.served) or UNKNOWN,
        "least α": f"judges {_number(card.alpha_judges)}, repeats {_number(card.alpha_repeats)}",
        "human scores": f"{len(card.human)} comparisons below" if card.human else "none given",
        "null candidates": f"an empty and a polite reply to {card.probed} of {card.items} items",
        "planted verdicts": f"raised {moved} of {card.planted} scores",
        "mean over": judged.mean_over + f", intervals over {judged.dialogues} dialogues",
        "prompt": f"{card.prompt_hash} ({card.lang}), temperature {card.temperature:g}",
        "date": card.date or UNKNOWN,
        "tokens": f"{card.tokens_in} in, {card.tokens_out} out, {card.calls} calls",
        "cost": cost,
    }
    return [{"judge card": name, "": value} for name, value in facts.items()]


def _number(value: float | None) -> str:
    return UNKNOWN if value is None else f"{value:.2f}"


def human_row(found: HumanAgreement) -> Row:
    """One judge against people on one dimension."""
    return {
        "dimension": found.dimension,
        "judge": found.judge,
        "n": found.n,
        "weighted κ": _with_range(found.kappa),
        "Spearman": _with_range(found.spearman),
        "α": _with_range(found.alpha),
        "bias": _with_range(found.bias),
    }
