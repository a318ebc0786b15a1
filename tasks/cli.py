"""The commands of this room: ``eval``, ``tasks`` and ``submit``."""

import argparse
from pathlib import Path
from typing import Any

from psyche_bench.prompting import LANGS, protocols
from psyche_bench.table import add_format, render

DEFAULT_BATCH_TOKENS = 8192


def configure_eval(parser: argparse.ArgumentParser) -> None:
    """Our own options; all others are lm_eval's."""
    parser.passes_through = True  # type: ignore[attr-defined]  # read by psyche_bench.cli.main
    parser.epilog = (
        "Every other option is passed to `lm_eval run` (see `lm_eval run --help`): --model, "
        "--model_args, --tasks, --limit, --apply_chat_template, --output_path, --wandb_args, … "
        "Started again with the same settings, a killed run goes on where it was. "
        "--metadata '{\"rotation\": 1}' shows each option's text under the next letter (0 to 4); "
        "`psyche-bench robustness` holds such runs against each other."
    )
    parser.add_argument(
        "--protocol", choices=list(protocols()), help="how replies are made (default: paper-1024)"
    )
    parser.add_argument("--lang", choices=LANGS, help="language of the prompts (default: zh)")
    parser.add_argument(
        "--batch_tokens",
        type=int,
        default=DEFAULT_BATCH_TOKENS,
        help="hf backend: most padded prompt tokens in a batch (default: %(default)s)",
    )
    add_format(parser)


def handle_eval(args: argparse.Namespace) -> int:
    """Evaluate a model, or go on with an evaluation."""
    from psyche_bench.tasks import run

    arguments = run.lm_eval_arguments(args.passed_through)
    if not arguments.tasks:
        raise _usage("no tasks: add --tasks pceb (see `psyche-bench tasks`).")
    return run.evaluate(
        arguments,
        protocol=_asked("protocol", args.protocol, arguments.metadata, "paper-1024"),
        lang=_asked("lang", args.lang, arguments.metadata, "zh"),
        batch_tokens=args.batch_tokens,
        form=args.format,
        words=args.words,
    )


def _asked(name: str, option: str | None, metadata: dict[str, Any] | None, default: str) -> str:
    """Our option, or what lm_eval's own ``--metadata`` says in its place."""
    meant = (metadata or {}).get(name)
    if option and meant and option != meant:
        raise _usage(f"--{name} {option}, but --metadata says {meant!r}. Give one of them.")
    return str(option or meant or default)


def _usage(problem: str) -> SystemExit:
    import sys

    print(f"psyche-bench eval: {problem}", file=sys.stderr)
    return SystemExit(2)


def configure_tasks(parser: argparse.ArgumentParser) -> None:
    """``psyche-bench tasks``."""
    parser.add_argument(
        "--path", action="store_true", help="print the folder for lm_eval's --include_path"
    )
    parser.add_argument(
        "--choose-exemplars",
        action="store_true",
        help="choose the five-shot exemplars anew and write tasks/exemplars.json",
    )
    add_format(parser)


def handle_tasks(args: argparse.Namespace) -> int:
    """List tasks and groups, or print their folder."""
    from psyche_bench.tasks import catalogue

    if args.choose_exemplars:
        from psyche_bench.tasks import exemplars

        print(exemplars.write(catalogue.tasks_path() / "exemplars.json"))
        return 0
    print(catalogue.tasks_path() if args.path else render(catalogue.listing(), args.format))
    return 0


def configure_submit(parser: argparse.ArgumentParser) -> None:
    """``psyche-bench submit cpsyexam``."""
    parser.add_argument("benchmark", choices=["cpsyexam"], help="cpsyexam")
    parser.add_argument("--zero-shot", type=Path, help="run folder or outcomes.jsonl, zero-shot")
    parser.add_argument("--five-shot", type=Path, help="run folder or outcomes.jsonl, five-shot")
    parser.add_argument("--out", type=Path, required=True, help="the JSON file to write")


def handle_submit(args: argparse.Namespace) -> int:
    """Write CPsyExam's official submission file."""
    from psyche_bench.tasks import submission

    return submission.write(args.zero_shot, args.five_shot, args.out)
