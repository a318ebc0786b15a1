"""``psyche-bench show``: replies to one item, side by side."""

import argparse
import sys
from pathlib import Path


def configure_show(parser: argparse.ArgumentParser) -> None:
    """Item and models in; terminal or page out."""
    parser.description = (
        "Show what models replied to one item, side by side, reasoning folded. A MODEL is a run "
        "folder, or the name of a model on the board whose replies were kept."
    )
    parser.epilog = (
        "Example: psyche-bench show pceb/moral/smcq/second-14/0003 runs/a runs/b --html case.html. "
        "An annotation is a line "
        '{"item": …, "model": …, "start": 0, "end": 4, "mark": "empathy" | "expertise" | '
        '"reasoning"}, in characters of the reply.'
    )
    parser.add_argument("item", metavar="ITEM", help="its id (`psyche-bench data ids NAME`)")
    parser.add_argument(
        "models", nargs="+", metavar="MODEL", help="run folders, or names of models on the board"
    )
    parser.add_argument("--results", type=Path, metavar="DIR", help="the board's folder")
    parser.add_argument("--annotations", type=Path, metavar="FILE", help="marked passages")
    parser.add_argument("--highlight", action="store_true", help="show the marks at once")
    parser.add_argument("--reasoning", action="store_true", help="unfold the reasoning")
    parser.add_argument("--html", type=Path, metavar="FILE", help="write a page instead")


def handle_show(args: argparse.Namespace) -> int:
    """Print the replies, or write the page."""
    from psyche_bench.jsonl import write_text
    from psyche_bench.leaderboard import show

    question = show.item(args.item)
    marked = show.spans(args.annotations)
    found = show.replies(args.item, args.models, marked, args.results)
    if args.html:
        write_text(args.html, show.page(question, found, marked=args.highlight))
        print(f"wrote {args.html}", file=sys.stderr)
        return 0
    from rich.console import Console

    Console().print(show.terminal(question, found, marked=args.highlight, unfold=args.reasoning))
    return 0
