"""``psyche-bench``: a table of commands, each loaded only when it is called.

A command is a module with ``configure_<command>(parser)`` and ``handle_<command>(args)``, or, for
the core's own one-command modules, ``configure`` and ``handle``. Nothing heavy is imported here,
so that ``--help`` answers at once; rooms are named as strings, since the core imports none.
"""

import argparse
import importlib
import sys
from collections.abc import Callable, Sequence
from typing import NamedTuple

from psyche_bench.errors import PsycheBenchError


class Command(NamedTuple):
    """Where a command lives and its one line of help."""

    module: str
    suffix: str
    help: str


COMMANDS: dict[str, Command] = {
    "eval": Command(
        "psyche_bench.tasks.cli", "_eval", "evaluate a model (lm_eval run + our tasks)"
    ),
    "tasks": Command("psyche_bench.tasks.cli", "_tasks", "list the tasks, or print their folder"),
    "score": Command("psyche_bench.cli_score", "", "score saved replies again, with no model"),
    "data": Command("psyche_bench.cli_data", "", "list, get, check and locate the data sets"),
    "compare": Command("psyche_bench.cli_compare", "", "differences between runs, with intervals"),
    "robustness": Command(
        "psyche_bench.cli_robustness", "", "what a score owes to option order and prompt language"
    ),
    "contamination": Command(
        "psyche_bench.cli_contamination", "", "duplicates between and inside item sets"
    ),
    "paper": Command(
        "psyche_bench.leaderboard.cli", "_paper", "print a published table, or audit the numbers"
    ),
    "judge": Command(
        "psyche_bench.cli_judge", "", "judge saved counselling replies, with a judge card"
    ),
    "baseline": Command(
        "psyche_bench.leaderboard.cli_baseline",
        "_baseline",
        "the paper's models, and how to run them",
    ),
    "board": Command(
        "psyche_bench.leaderboard.cli_board", "_board", "the leaderboard: add, check, build, …"
    ),
    "train": Command(
        "psyche_bench.training.cli", "_train", "SFT and GRPO from recipes; export; publish"
    ),
    "chat": Command("psyche_bench.training.cli", "_chat", "talk to a model in the terminal"),
    "show": Command(
        "psyche_bench.leaderboard.cli_show", "_show", "replies to one item, side by side"
    ),
    "submit": Command("psyche_bench.tasks.cli", "_submit", "write CPsyExam's submission file"),
    "synth": Command(
        "psyche_bench.synthesis.cli", "_synth", "make training data: run a recipe, see its card"
    ),
    "road": Command("psyche_bench.cli_road", "", "the whole way: data, training, scores, board"),
    "doctor": Command("psyche_bench.cli_doctor", "", "what is installed, missing or suspicious"),
}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="psyche-bench",
        description="Measure and make Chinese psychological language models.",
        epilog="psyche-bench COMMAND --help tells more. stdout is data, stderr is talk; "
        "exit 0 done, 1 failed, 2 wrong use.",
    )
    parser.add_argument("--version", action="store_true", help="print the version and exit")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    for name, command in COMMANDS.items():
        commands.add_parser(name, help=command.help, add_help=False)
    return parser


def _load(name: str) -> tuple[argparse.ArgumentParser, Callable[[argparse.Namespace], int]]:
    command = COMMANDS[name]
    module = importlib.import_module(command.module)
    parser = argparse.ArgumentParser(prog=f"psyche-bench {name}", description=command.help)
    getattr(module, f"configure{command.suffix}")(parser)
    return parser, getattr(module, f"handle{command.suffix}")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Returns:
        0 done, 1 failed (the message is on stderr), 2 wrong use.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    if not words or words[0] not in COMMANDS:
        arguments = _parser().parse_args(words)
        if arguments.version:
            from importlib.metadata import version

            print(version("psyche-bench"))
            return 0
        _parser().print_help(sys.stderr)
        return 2
    parser, handle = _load(words[0])
    arguments, rest = parser.parse_known_args(words[1:])
    if rest and not getattr(parser, "passes_through", False):
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    arguments.passed_through = rest
    arguments.words = words
    try:
        return handle(arguments)
    except PsycheBenchError as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        sys.stderr.close()
        return 1


if __name__ == "__main__":
    sys.exit(main())
