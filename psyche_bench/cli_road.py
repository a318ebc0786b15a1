"""``psyche-bench road``: public commands in a row, from raw material to a published row."""

import argparse
import signal
import sys
from pathlib import Path

from psyche_bench.table import add_format, render


def configure(parser: argparse.ArgumentParser) -> None:
    """A recipe, a folder, and which part of the way."""
    parser.description = (
        "Walk a road: synthesis, decontamination, SFT, GRPO, publish, evaluation, judging, board. "
        "Each joint is one public command (--print shows them all) and leaves files with a hash "
        "each; the same command again goes on where it was stopped."
    )
    parser.epilog = (
        "Examples: psyche-bench road paper --plan; psyche-bench road small --out runs/small; "
        "psyche-bench road small --out runs/small --from grpo."
    )
    parser.add_argument(
        "recipe", nargs="?", help="a shipped road or a TOML file; without it, a list of the roads"
    )
    parser.add_argument("--out", type=Path, help="the road's folder; goes on where it was")
    parser.add_argument(
        "--plan", action="store_true", help="calls, tokens, GPU hours and cost; does nothing"
    )
    parser.add_argument("--print", action="store_true", dest="only_print", help="the commands")
    parser.add_argument("--from", dest="start", metavar="JOINT", help="do it and later ones again")
    parser.add_argument("--only", metavar="JOINT", help="do this joint alone, again")
    parser.add_argument(
        "--set", dest="changes", action="append", default=[], metavar="KEY=VALUE",
        help="change one of the recipe's values, e.g. model=FOLDER or base_url=http://…/v1",
    )  # fmt: skip
    parser.add_argument("--wandb", metavar="PROJECT", help="log every run there, in one group")
    add_format(parser)
    parser.set_defaults(refuse=parser.error)


def handle(args: argparse.Namespace) -> int:
    """List, plan, print or walk."""
    from psyche_bench import road, road_walk

    if args.recipe is None:
        roads = [road.load(name) for name in road.shipped()]
        rows = [{"road": r.name, "joints": len(r.joints), "about": r.about} for r in roads]
        print(render(rows, args.format))
        return 0
    recipe = road.load(args.recipe, args.changes)
    out = args.out or Path("runs") / f"road-{recipe.name}"
    way = road_walk.Road(recipe=recipe, out=out, wandb=args.wandb)
    if args.only_print:
        for joint in recipe.joints:
            print(f"# {joint.name}: {joint.about}\n{road_walk.command(way, joint)}")
        return 0
    if args.plan:
        print(render(road_walk.plan(way), args.format))
        return 0
    if args.start and args.only:
        args.refuse("--from and --only exclude each other")
    before = signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    try:
        found = road_walk.walk(way, start=args.start, only=args.only, say=_say)
    except KeyboardInterrupt:
        _say("stopped. What is done is kept: the same command goes on.")
        return 130
    finally:
        signal.signal(signal.SIGTERM, before)
    if way.wandb:
        from psyche_bench import road_log

        road_log.log(way, found)
    rows = [
        {"joint": one.joint, "seconds": one.seconds, "read": len(one.reads), "wrote": ", ".join(
            [*one.writes][:3])}
        for one in found
    ]  # fmt: skip
    print(render(rows, args.format, [one.model_dump(mode="json") for one in found]))
    return 0


def _say(text: str) -> None:
    print(f"road: {text}", file=sys.stderr, flush=True)
