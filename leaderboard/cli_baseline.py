"""``psyche-bench baseline``: the paper's models, and how each is run."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from psyche_bench.table import add_format, render

if TYPE_CHECKING:
    from psyche_bench.leaderboard.baselines import Baseline

_NAME = "a baseline (`psyche-bench baseline list`), or a name the paper prints"


def configure_baseline(parser: argparse.ArgumentParser) -> None:
    """The three actions."""
    parser.description = (
        "The paper's 17 baselines and Psyche-R1: versions, licences, how each is asked, and the "
        "command that evaluates it. A closed model's key comes from the environment only."
    )
    parser.epilog = (
        "Examples: psyche-bench baseline show QwQ-32B; psyche-bench baseline run GPT-4o --limit 20 "
        "--print; psyche-bench baseline run Qwen2.5-72B --tasks pceb,cpsyexam --slurm > job.sh."
    )
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="all of them", description="All baselines.")
    listing.set_defaults(handler=_list)
    add_format(listing)
    show = actions.add_parser("show", help="everything known", description="All that is known.")
    show.add_argument("name", metavar="NAME", help=_NAME)
    show.set_defaults(handler=_show)
    add_format(show)
    _configure_run(actions)


def _configure_run(actions: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    run = actions.add_parser("run", help="evaluate, or print how", description="Evaluate models.")
    run.add_argument("names", nargs="+", metavar="NAME", help=_NAME)
    run.add_argument("--tasks", default="pceb", help="tasks or groups (default: %(default)s)")
    run.add_argument("--protocol", help="how replies are made (default: the baseline's)")
    run.add_argument("--limit", type=int, help="so many items of each task only")
    run.add_argument("--out", type=Path, default=Path("runs"), help="folder of run folders")
    run.add_argument("--revision", help="commit of the weights, in full, instead of the listed one")
    run.add_argument("--system_instruction", metavar="TEXT", help="a system prompt")
    how = run.add_mutually_exclusive_group()
    how.add_argument("--print", action="store_true", dest="printed", help="print the command only")
    how.add_argument("--slurm", action="store_true", help="print a script for sbatch")
    run.set_defaults(handler=_run)


def handle_baseline(args: argparse.Namespace) -> int:
    """Run one action."""
    code: int = args.handler(args)
    return code


def _list(args: argparse.Namespace) -> int:
    from psyche_bench.leaderboard import baselines

    found = baselines.catalogue().values()
    payload = [baseline.model_dump(mode="json") for baseline in found]
    print(render([_row(baseline) for baseline in found], args.format, payload))
    return 0


def _row(baseline: "Baseline") -> dict[str, object]:
    return {
        "name": baseline.name,
        "category": baseline.category,
        "size (B)": None if baseline.size is None else f"{baseline.size:g}",
        "model": baseline.hub or baseline.api_model,
        "backend": baseline.backend,
        "reasoning": baseline.reasoning,
        "context": baseline.context,
        "licence": baseline.licence,
    }


def _show(args: argparse.Namespace) -> int:
    from psyche_bench.leaderboard import baselines

    payload = baselines.baseline(args.name).model_dump(mode="json")
    read = payload["sources"]
    rows = [
        {"field": name, "value": _plain(value), "read in": read.get(name)}
        for name, value in payload.items()
        if name != "sources"
    ]
    print(render(rows, args.format, payload))
    return 0


def _plain(value: object) -> object:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if isinstance(value, dict):
        return ", ".join(f"{key}={inner}" for key, inner in value.items()) or None
    return str(value) if isinstance(value, float | bool) else value or None


def _run(args: argparse.Namespace) -> int:
    from psyche_bench.leaderboard import baseline_command, baselines

    wish = baseline_command.Wish(
        tasks=args.tasks,
        protocol=args.protocol,
        limit=args.limit,
        out=args.out,
        revision=args.revision,
        system_instruction=args.system_instruction,
    )
    wanted = [baselines.baseline(name) for name in args.names]
    if args.printed or args.slurm:
        shown = baseline_command.slurm if args.slurm else baseline_command.printed
        print("\n\n".join(shown(baseline, wish) for baseline in wanted))
        return 0
    codes = {baseline.name: baseline_command.run(baseline, wish) for baseline in wanted}
    failed = [name for name, code in codes.items() if code]
    if failed:
        print(f"failed: {', '.join(failed)}. The same command goes on.", file=sys.stderr)
    return 1 if failed else 0
