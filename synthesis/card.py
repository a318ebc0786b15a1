"""The card that leaves with the data: every row in and out of each step, and what it took.

Written from the marks of the finished steps alone, as JSON and as Markdown. The card checks that
its counts add up, and fails rather than print numbers that do not.
"""

from collections import Counter
from pathlib import Path
from typing import Any

from psyche_bench.errors import DataError
from psyche_bench.jsonl import read_lines, write_json, write_text
from psyche_bench.synthesis import state
from psyche_bench.synthesis.formats import NAMES, mixture
from psyche_bench.synthesis.planted_posts import Row, first_seen, pii_figures
from psyche_bench.synthesis.state import Mark
from psyche_bench.synthesis.steps import STEPS
from psyche_bench.table import render


def marks(folder: Path) -> list[Mark]:
    """The finished steps of a run, in their order.

    Raises:
        DataError: the folder holds no run, or its counts do not add up.
    """
    on = state.open_folder(folder)["steps"]
    found = [state.read_mark(folder, step.name) for step in STEPS if step.name in on]
    done = [mark for mark in found if mark is not None]
    by_name = {mark.step: mark for mark in done}
    for mark in done:
        _check(mark, by_name)
    return done


def _check(mark: Mark, known: dict[str, Mark]) -> None:
    """Every row that a step read came from the steps before it, and went somewhere."""
    went = mark.continued + mark.joined + sum(mark.dropped.values())
    came = sum(known[name].written for name in mark.inputs if name in known)
    if mark.read != went or (mark.inputs and mark.read != came):
        raise DataError(
            f"step {mark.step}: {came} rows stand before it, {mark.read} were read, {went} are "
            f"accounted for. Run it again: --from {mark.step}."
        )


def build(folder: Path) -> dict[str, Any]:
    """The card as data."""
    recipe = state.open_folder(folder)
    done = marks(folder)
    return {
        "recipe": recipe["name"],
        "about": recipe["about"],
        "seed": recipe["seed"],
        "lang": recipe["lang"],
        "finished": "split" in {mark.step for mark in done},
        "steps": [_step(mark) for mark in done],
        "models": _models(done),
        "cost": _cost(done, recipe["currency"]),
        "prompts": {name: digest for mark in done for name, digest in mark.prompts.items()},
        "personal_data": _named(done, "personal data replaced: "),
        "personal_data_measured": _measured(done),
        "contamination": {
            "benchmarks": recipe["benchmarks"],
            "removed": next((m.dropped for m in done if m.step == "decontaminate"), None),
        },
        "parts": _parts(folder),
        "sources": [
            {"name": one["name"], "type": one["type"], "licence": one["licence"]}
            for one in recipe["sources"]
        ],
    }


def _step(mark: Mark) -> dict[str, Any]:
    return {
        "step": mark.step,
        "read": mark.read,
        "continued": mark.continued,
        "joined": mark.joined,
        "set_aside": mark.dropped,
        "written": mark.written,
        "parts_rejected": mark.rejected,
        "figures": mark.figures,
        "calls": {name: one.calls for name, one in mark.models.items()},
        "options": mark.options,
        "sha256": mark.sha256,
    }


def _models(done: list[Mark]) -> list[dict[str, Any]]:
    """Calls, tokens and cost by model and step."""
    return [
        {"step": mark.step, "model": name, **one.model_dump(mode="json", exclude={"model"})}
        | {"name": one.model}
        for mark in done
        for name, one in mark.models.items()
    ]


def _cost(done: list[Mark], currency: str) -> dict[str, Any]:
    asked = [one for mark in done for one in mark.models.values()]
    known = [one.cost for one in asked if one.cost is not None]
    return {
        "calls": sum(one.calls for one in asked),
        "tokens_in": sum(one.tokens_in for one in asked),
        "tokens_out": sum(one.tokens_out for one in asked),
        "cost": sum(known) if len(known) == len(asked) else None,
        "currency": currency,
    }


def _named(done: list[Mark], prefix: str) -> dict[str, float]:
    return {
        name.removeprefix(prefix): number
        for mark in done
        for name, number in mark.figures.items()
        if name.startswith(prefix)
    }


def _measured(done: list[Mark]) -> dict[str, list[Row]]:
    """Recall and precision of de-identification on the planted posts, where that step ran."""
    if "dialogue-deidentify" not in {mark.step for mark in done}:
        return {}
    return {"unseen": first_seen(), "seen": pii_figures()}


def _parts(folder: Path) -> dict[str, dict[str, Any]] | None:
    """Rows of each part and mixture by kind and licence, from the split itself."""
    path = state.rows_file(folder, "split")
    if not path.is_file():
        return None
    counts: dict[str, Counter[str]] = {name: Counter() for name in NAMES}
    licences: dict[str, Counter[str]] = {name: Counter() for name in NAMES}
    for _, line in read_lines(path):
        for name in (line["part"], mixture(line["part"])):
            counts[name][line["kind"]] += 1
            licences[name][line["licence"]] += 1
    return {
        name: {
            "rows": counts[name].total(),
            "kinds": dict(sorted(counts[name].items())),
            "licences": dict(sorted(licences[name].items())),
        }
        for name in NAMES
    }


def rows(card: dict[str, Any]) -> list[dict[str, object]]:
    """The table of steps."""
    return [
        {
            "step": one["step"],
            "rows in": one["read"],
            "go on": one["continued"],
            "joined": one["joined"],
            "set aside": sum(one["set_aside"].values()),
            "rows out": one["written"],
            "parts rejected": sum(one["parts_rejected"].values()),
            "calls": sum(one["calls"].values()),
        }
        for one in card["steps"]
    ]


def markdown(card: dict[str, Any]) -> str:
    """The card to read."""
    lines = [
        f"# Data card: {card['recipe']}",
        "",
        card["about"],
        "",
        f"Seed {card['seed']}, prompts in {card['lang']}"
        + ("." if card["finished"] else "; NOT FINISHED: the last steps are still to run."),
        "",
        "Rows in = rows that go on + joined + set aside, at every step.",
        "",
        render(rows(card), "md"),
        "",
        "## What was set aside, and why",
        "",
        render(_reasons(card), "md") if _reasons(card) else "Nothing.",
        "",
        "## Parts",
        "",
    ]
    if card["parts"] is None:
        lines.append("Not split yet.")
    else:
        lines.append(render(_part_rows(card), "md"))
    lines += ["", "## Models and cost", ""]
    lines.append(render(_model_rows(card), "md") if card["models"] else "No model was asked.")
    prompts = render(_pairs(card["prompts"], "prompt", "hash"), "md")
    lines += ["", "## Prompts", "", prompts or "None was used."]
    lines += ["", "## Figures of the steps", "", render(_figures(card), "md") or "None."]
    lines += ["", "## Personal data replaced", ""]
    lines.append(render(_pairs(card["personal_data"], "type", "spans"), "md") or "None was found.")
    lines += _pii_lines(card["personal_data_measured"])
    lines += ["", "## Contamination", "", _contamination(card)]
    lines += ["", "## Sources", "", render(card["sources"], "md")]
    return "\n".join(lines) + "\n"


def _pii_lines(measured: dict[str, list[Row]]) -> list[str]:
    """What to expect of de-identification, apart from how it does on posts it was mended on."""
    if not measured:
        return []
    last = measured["unseen"][-1]
    return [
        "",
        f"On posts that the rules have not seen expect recall {last['recall']:.2f} at precision "
        f"{last['precision']:.2f}: so it was on the latest part of invented posts with planted "
        f"identifiers ({last['planted']} of them). Each part when the rules had not seen it:",
        "",
        render(measured["unseen"], "md"),
        "",
        "The same parts by today's rules, which have since been mended on every one of them:",
        "",
        render(measured["seen"], "md"),
    ]


def _reasons(card: dict[str, Any]) -> list[dict[str, object]]:
    return [
        {"step": one["step"], "what": what, "reason": reason, "n": number}
        for one in card["steps"]
        for what, key in (("row", "set_aside"), ("part", "parts_rejected"))
        for reason, number in one[key].items()
    ]


def _part_rows(card: dict[str, Any]) -> list[dict[str, object]]:
    return [
        {
            "part": name,
            "rows": one["rows"],
            "kinds": ", ".join(f"{kind} {n}" for kind, n in one["kinds"].items()) or "–",
            "licences": "; ".join(f"{text}: {n}" for text, n in one["licences"].items()) or "–",
        }
        for name, one in card["parts"].items()
    ]


def _model_rows(card: dict[str, Any]) -> list[dict[str, object]]:
    shown = [
        {
            "step": one["step"],
            "model": one["model"],
            "name": one["name"],
            "served as": ", ".join(one["served"]),
            "calls": one["calls"],
            "tokens in": one["tokens_in"],
            "tokens out": one["tokens_out"],
            "cost": one["cost"],
        }
        for one in card["models"]
    ]
    total = card["cost"]
    return [
        *shown,
        {
            "step": "all",
            "model": "",
            "name": "",
            "served as": "",
            "calls": total["calls"],
            "tokens in": total["tokens_in"],
            "tokens out": total["tokens_out"],
            "cost": total["cost"],
        },
    ]


def _figures(card: dict[str, Any]) -> list[dict[str, object]]:
    return [
        {"step": one["step"], "figure": name, "value": number}
        for one in card["steps"]
        for name, number in one["figures"].items()
        if not name.startswith("personal data")
    ]


def _pairs(values: dict[str, Any], first: str, second: str) -> list[dict[str, object]]:
    return [{first: name, second: value} for name, value in values.items()]


def _contamination(card: dict[str, Any]) -> str:
    found = card["contamination"]
    if found["removed"] is None:
        return "NOT CHECKED: the step decontaminate was off or is still to run."
    removed = "; ".join(f"{n} {reason}" for reason, n in found["removed"].items()) or "nothing"
    return f"Held against {', '.join(found['benchmarks']) or 'no benchmark'}; removed: {removed}."


def write(folder: Path) -> dict[str, Any]:
    """Write ``card.json`` and ``card.md`` and return the card."""
    card = build(folder)
    write_json(folder / "card.json", card)
    write_text(folder / "card.md", markdown(card))
    return card
