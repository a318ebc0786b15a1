"""``psyche-bench board``: add runs, check them, list them, and carry them elsewhere."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from psyche_bench.leaderboard import cli_site
from psyche_bench.table import add_format, render

if TYPE_CHECKING:
    from psyche_bench.leaderboard.add import Asked
    from psyche_bench.leaderboard.records import Result

RESULTS_HELP = "folder of results (default: PSYCHE_BENCH_RESULTS, else those of the package)"


def configure_board(parser: argparse.ArgumentParser) -> None:
    """The actions, each with its options."""
    parser.description = (
        "Published and re-run results as data. Every figure is computed from outcomes; published "
        "and re-run figures of one model stand side by side and are never merged."
    )
    parser.epilog = (
        "Examples: psyche-bench board add runs/mine --baseline Qwen2.5-7B; psyche-bench board "
        "check; psyche-bench board build --out site; psyche-bench board table pceb --format latex."
    )
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    _configure_add(actions)
    _configure_exchange(actions)
    _configure_wandb(actions)
    for name, command in cli_site.ACTIONS.items():
        action = actions.add_parser(name, help=command.help, description=command.help)
        command.configure(action)
        _common(action, command.handle)
    for name, handler, text in (
        ("list", _list, "all records, published ones included"),
        ("check", _check, "compute every figure again from its outcomes; exit 1 if one differs"),
        ("diff", _diff, "published against run figures of the same baseline"),
    ):
        action = actions.add_parser(name, help=text, description=text)
        _common(action, handler)
        add_format(action)
        if name == "check":
            action.add_argument(
                "--rubric",
                action="append",
                default=[],
                metavar="FILE",
                help="a rubric of your own that a record was judged by; may be repeated",
            )


def _common(action: argparse.ArgumentParser, handler: object) -> None:
    action.add_argument("--results", type=Path, metavar="DIR", help=RESULTS_HELP)
    action.set_defaults(handler=handler)


def _configure_add(actions: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    text = "add finished runs to the results"
    add = actions.add_parser("add", help=text, description=text)
    add.add_argument(
        "runs", nargs="+", type=Path, metavar="RUN_DIR", help="folders of eval, or of judge --out"
    )
    add.add_argument(
        "--origin", choices=["re-run", "submitted"], default="re-run", help="whose run it is"
    )
    add.add_argument("--baseline", metavar="NAME", help="the baseline this run is one of")
    add.add_argument("--name", help="name on the board (default: the model's)")
    add.add_argument(
        "--category",
        choices=["general", "reasoning", "closed", "psychological", "unknown"],
        default="unknown",
        help="of a model of your own",
    )
    add.add_argument("--size", type=float, help="parameters in billions, for a model of your own")
    add.add_argument(
        "--with-replies",
        action="store_true",
        help="keep the replies too: only where nothing they quote forbids it",
    )
    add.add_argument("--replace", action="store_true", help="put it in an earlier record's place")
    add.add_argument("--recipe", type=Path, metavar="FILE", help="what trained it; kept as a hash")
    add.add_argument(
        "--data-card", type=Path, metavar="FILE", help="its training data's card; kept as a hash"
    )
    add.add_argument(
        "--lineage", type=Path, metavar="FILE", help="lineage.json of the published checkpoint"
    )
    _common(add, _add)


def _configure_exchange(actions: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    text = "write results as Every Eval Ever records (schema 0.3), item lines beside them"
    export = actions.add_parser("export", help=text, description=text)
    export.add_argument("out", type=Path, metavar="DIR", help="records go to DIR/data/…")
    export.add_argument("--paper", action="store_true", help="the published rows too")
    _common(export, _export)
    text = "read Every Eval Ever records back that were exported here"
    importing = actions.add_parser("import", help=text, description=text)
    importing.add_argument("files", nargs="+", type=Path, metavar="FILE", help="aggregate files")
    importing.add_argument("--replace", action="store_true", help="replace records of that name")
    _common(importing, _import)


def _configure_wandb(actions: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    text = "log each result to a W&B project; offline without a key or a server"
    sync = actions.add_parser("sync", help=text, description=text)
    sync.add_argument("--wandb", action="store_true", required=True, help="where to: W&B")
    sync.add_argument("--project", default="psyche-bench-board", help="default: %(default)s")
    _common(sync, _sync)
    text = "fetch the results of a W&B project"
    pull = actions.add_parser("pull", help=text, description=text)
    pull.add_argument("--wandb", required=True, metavar="ENTITY/PROJECT", help="where from")
    pull.add_argument("--replace", action="store_true", help="replace records of that name")
    _common(pull, _pull)


def handle_board(args: argparse.Namespace) -> int:
    """Run one action."""
    code: int = args.handler(args)
    return code


def _add(args: argparse.Namespace) -> int:
    from psyche_bench.leaderboard import add, collect

    folder = collect.writable_folder(args.results)
    asked = _asked(args)
    for run in args.runs:
        for path in add.add(run, folder, asked):
            print(path)
    return 0


def _asked(args: argparse.Namespace) -> "Asked":
    from psyche_bench.leaderboard.add import Asked, lineage

    return Asked(
        origin=args.origin,
        name=args.name,
        baseline=args.baseline,
        category=args.category,
        size=args.size,
        with_replies=args.with_replies,
        replace=args.replace,
        lineage=lineage(args.recipe, args.data_card, args.lineage),
    )


def _list(args: argparse.Namespace) -> int:
    from psyche_bench.leaderboard import collect

    results = collect.everything(args.results)
    payload = [result.model_dump(mode="json") for result in results]
    print(render([_row(result) for result in results], args.format, payload))
    return 0


def _row(result: "Result") -> dict[str, object]:
    mean = result.groups[0] if result.groups else None
    shown = mean.scores if mean else {}
    return {
        "model": result.model.name,
        "origin": result.origin,
        "group": result.group,
        "protocol": result.protocol,
        "items": f"{result.items} (part)" if result.partial else result.items,
        "columns": f"{mean.columns} of {mean.of}" if mean else None,
        "standard": shown.get("standard"),
        "elastic": shown.get("elastic"),
        "by item": shown.get("standard_by_item"),
        "answered": mean.answered if mean else None,
    }


def _check(args: argparse.Namespace) -> int:
    from psyche_bench.leaderboard import check, collect
    from psyche_bench.rubrics import rubric_of

    results = collect.load_results(args.results)
    found = check.check(args.results, [rubric_of(name) for name in args.rubric])
    if found or args.format == "json":
        print(render([deviation.model_dump() for deviation in found], args.format))
    check.refuse(found)
    print(f"{len(results)} records: every figure follows from its outcomes.", file=sys.stderr)
    return 0


def _diff(args: argparse.Namespace) -> int:
    from psyche_bench.leaderboard import collect

    found = collect.differences(collect.everything(args.results))
    if not found:
        print("No run of a baseline stands beside a published row yet.", file=sys.stderr)
    print(render([difference.model_dump() for difference in found], args.format))
    return 0


def _export(args: argparse.Namespace) -> int:
    from psyche_bench.leaderboard import collect, exchange

    folder = args.results or collect.default_folder()
    results = collect.everything(folder) if args.paper else collect.load_results(folder)
    written = exchange.export(results, folder, args.out)
    for path in written:
        print(path)
    left = len(results) - len(written)
    told = f"; {left} left out, since nothing in them is scored" if left else ""
    print(f"{len(written)} records{told}.", file=sys.stderr)
    return 0


def _import(args: argparse.Namespace) -> int:
    from psyche_bench.leaderboard import collect, exchange

    folder = collect.writable_folder(args.results)
    for path in args.files:
        print(exchange.import_(path, folder, replace=args.replace))
    return 0


def _sync(args: argparse.Namespace) -> int:
    from psyche_bench.leaderboard import collect, wandb_board

    folder = args.results or collect.default_folder()
    results = collect.load_results(folder)
    failed = wandb_board.sync(results, folder, args.project)
    for line in failed:
        print(line, file=sys.stderr)
    print(f"{len(results) - len(failed)} of {len(results)} results logged.", file=sys.stderr)
    if failed:
        print("Nothing is lost: the records here are complete. Sync again later.", file=sys.stderr)
    return 1 if failed else 0


def _pull(args: argparse.Namespace) -> int:
    from psyche_bench.leaderboard import collect, wandb_board

    folder = collect.writable_folder(args.results)
    for path in wandb_board.pull(args.wandb, folder, replace=args.replace):
        print(path)
    return 0
