"""``psyche-bench synth``: run a recipe, look at a run, review, push."""

import argparse
import json
import sys
from pathlib import Path

from psyche_bench.table import add_format, render

ENGINES = ("local", "ray")
_FOLDER = "the run's folder"


def configure_synth(parser: argparse.ArgumentParser) -> None:
    """The actions of ``synth``."""
    actions = parser.add_subparsers(dest="action", required=True)
    run = actions.add_parser("run", help="run a recipe; the same command goes on where it stopped")
    run.add_argument("recipe", help="a file, or a shipped recipe (synth recipes lists them)")
    run.add_argument("--out", type=Path, help="the run's folder (not needed with --dry-run)")
    run.add_argument("--only", metavar="STEP", help="run this step alone")
    run.add_argument("--from", dest="start", metavar="STEP", help="do it and later ones again")
    run.add_argument("--engine", choices=ENGINES, default="local", help="this process, or Ray Data")
    run.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", dest="changes",
        help="change one value of the recipe, e.g. models.teacher.base_url=http://…/v1",
    )  # fmt: skip
    run.add_argument("--dry-run", action="store_true", help="rows, calls, hours; send nothing")
    add_format(run)
    add_format(actions.add_parser("recipes", help="list the recipes that ship with the package"))
    add_format(actions.add_parser("steps", help="list the steps, in order, with what they read"))
    for name, text in (
        ("status", "where a run stands: counts, rate, cost, time left"),
        ("card", "counts in and out of each step, reasons, models, costs, licences"),
    ):
        action = actions.add_parser(name, help=text)
        action.add_argument("folder", type=Path, help=_FOLDER)
        add_format(action)
    show = actions.add_parser("show", help="one row's whole life")
    show.add_argument("folder", type=Path, help=_FOLDER)
    show.add_argument("id", help="a row's id, as step files and data sets give it")
    show.add_argument(
        "--format", choices=("table", "json"), default="table", help="how to print (default: table)"
    )
    sheet = actions.add_parser("sheet", help="write the questions after control for human review")
    sheet.add_argument("folder", type=Path, help=_FOLDER)
    sheet.add_argument("--out", type=Path, required=True, help="a .csv or .xlsx file")
    select = actions.add_parser(
        "select", help="challenging items of a benchmark, from several models' runs (Figure 4)"
    )
    select.add_argument("runs", type=Path, nargs="+", help="folders of `psyche-bench eval`")
    select.add_argument("--out", type=Path, required=True, help="ids, one a line")
    push = actions.add_parser("push", help="send the data sets to the hub (with --yes)")
    push.add_argument("folder", type=Path, help=_FOLDER)
    push.add_argument("repository", help="OWNER/NAME of a data set on the hub")
    push.add_argument("--yes", action="store_true", help="really send")
    push.add_argument("--public", action="store_true", help="make a new repository public")


def handle_synth(args: argparse.Namespace) -> int:
    """Dispatch to the action."""
    actions = {
        "run": _run,
        "recipes": _recipes,
        "steps": _steps,
        "status": _status,
        "card": _card,
        "show": _show,
        "sheet": _sheet,
        "select": _select,
        "push": _push,
    }
    return actions[args.action](args)


def _say(text: str) -> None:
    print(text, file=sys.stderr)


def _run(args: argparse.Namespace) -> int:
    from psyche_bench.synthesis import card, plan, recipe, run

    wanted = recipe.load(args.recipe, args.changes)
    if args.dry_run:
        folder = args.out if args.out and args.out.is_dir() else None
        print(render(plan.plan(wanted, folder), args.format))
        return 0
    if args.out is None:
        _say("synth run: --out FOLDER is needed (or --dry-run).")
        return 2
    run.run(wanted, args.out, only=args.only, start=args.start, engine=args.engine, say=_say)
    made = card.build(args.out)
    print(render(card.rows(made), args.format, made))
    for name, part in (made["parts"] or {}).items():
        _say(f"{name}: {part['rows']} rows")
    return 0


def _recipes(args: argparse.Namespace) -> int:
    from psyche_bench.synthesis import recipe

    known = {name: recipe.load(name) for name in recipe.shipped()}
    rows = [
        {"recipe": name, "steps": len(one.steps), "about": one.about} for name, one in known.items()
    ]
    print(render(rows, args.format))
    return 0


def _steps(args: argparse.Namespace) -> int:
    from psyche_bench.synthesis.steps import STEPS

    rows = [
        {
            "step": step.name,
            "after": ", ".join(step.after) or None,
            "asks a model": "no" if step.plain else "yes",
            "prompts": ", ".join(step.prompts) or None,
        }
        for step in STEPS
    ]
    print(render(rows, args.format))
    return 0


def _status(args: argparse.Namespace) -> int:
    from psyche_bench.synthesis import status

    found = status.build(args.folder)
    print(render(found["steps"], args.format, found))
    _say(status.talk(found))
    return 0


def _card(args: argparse.Namespace) -> int:
    from psyche_bench.synthesis import card

    made = card.write(args.folder)
    print(
        card.markdown(made) if args.format == "md" else render(card.rows(made), args.format, made)
    )
    return 0


def _show(args: argparse.Namespace) -> int:
    from psyche_bench.synthesis import show

    events = show.life(args.folder, args.id)
    as_json = args.format == "json"
    print(json.dumps(events, ensure_ascii=False, indent=2) if as_json else show.text(events))
    return 0


def _sheet(args: argparse.Namespace) -> int:
    from psyche_bench.synthesis import review, state
    from psyche_bench.synthesis.recipe import Recipe
    from psyche_bench.synthesis.rows import Item, read_rows
    from psyche_bench.synthesis.run import inputs

    recipe = Recipe.model_validate(state.open_folder(args.folder))
    before = inputs(recipe, review.STEP)
    rows = [row for name in before for row in read_rows(state.rows_file(args.folder, name))]
    items = [row for row in rows if isinstance(row, Item)]
    count = review.write_sheet(args.out, items, recipe.lang)
    _say(
        f"{count} questions in {args.out}. Fill in the column verdict, then run again with "
        f"--set 'steps.review.sheets=[\"{args.out}\"]'."
    )
    return 0


def _select(args: argparse.Namespace) -> int:
    from psyche_bench.jsonl import write_text
    from psyche_bench.synthesis import cross_select

    found = cross_select.select_runs(args.runs)
    chosen = [item for item, verdict in found.items() if verdict]
    write_text(args.out, "".join(f"{item}\n" for item in chosen))
    undecided = sum(verdict is None for verdict in found.values())
    _say(
        f"{len(chosen)} of {len(found)} items are challenging, {undecided} undecided (a model's "
        f"answer could not be read), which count as not challenging. Ids in {args.out}."
    )
    return 0


def _push(args: argparse.Namespace) -> int:
    from psyche_bench.synthesis import push

    for path in push.files(args.folder):
        print(path.relative_to(args.folder).as_posix())
    for licence in push.closed(args.folder):
        _say(f"Mind the licence of a source: {licence}")
    if not args.yes:
        _say(f"Nothing was sent. Add --yes to send these files to {args.repository}.")
        return 0
    print(push.push(args.folder, args.repository, private=not args.public))
    return 0
