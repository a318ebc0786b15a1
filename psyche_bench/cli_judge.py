"""``psyche-bench judge``: judge saved counselling replies, and hold the judge against people."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from psyche_bench.table import add_format, render

if TYPE_CHECKING:
    from psyche_bench.budget import Budget, Prices
    from psyche_bench.judge import Job, Settings
    from psyche_bench.judged import Judged

CALIBRATE = "calibrate"


def configure(parser: argparse.ArgumentParser) -> None:
    """Replies in, verdicts and card out."""
    parser.description = (
        "Judge saved replies by a rubric with one or several LLMs. Every call is stored: judging "
        "again costs nothing. `judge calibrate HUMAN_FILE --verdicts DIR` compares the judges "
        "with people; `judge calibrate SHEET.xlsx --make-sheet N --replies OUTCOMES` writes a "
        "blank, blinded sheet for them."
    )
    parser.add_argument("outcomes", help="outcomes.jsonl, samples, plain lines, or a run's folder")
    parser.add_argument("human_file", nargs="?", type=Path, help="for calibrate: people's scores")
    parser.add_argument("--rubric", default="psydt", help="psydt, cpsycoun, or a file of your own")
    parser.add_argument("--judge", default="gpt-4o", help="model, or several with commas between")
    parser.add_argument("--repeats", type=int, default=2, help="verdicts a judge (default: 2)")
    parser.add_argument("--lang", choices=["zh", "en"], default="zh", help="language of the rubric")
    parser.add_argument("--task", help="judge the replies of this task only")
    parser.add_argument("--limit", type=int, help="the first N items only")
    parser.add_argument(
        "--probes", type=int, default=40, help="items for null candidates and attacks (40)"
    )
    parser.add_argument("--tries", type=int, default=3, help="askings for a readable verdict (3)")
    parser.add_argument("--human", type=Path, help="people's scores, to be held beside on the card")
    parser.add_argument("--out", type=Path, help="folder for verdicts.jsonl, judged.json, table.md")
    parser.add_argument("--dry-run", action="store_true", help="calls and expected cost, no call")
    _configure_endpoint(parser)
    sheet = parser.add_argument_group("calibrate")
    sheet.add_argument("--verdicts", type=Path, help="folder of a judging run")
    sheet.add_argument("--make-sheet", type=int, metavar="N", help="write a blank sheet of N rows")
    sheet.add_argument("--replies", type=Path, action="append", help="replies for the sheet")
    sheet.add_argument("--seed", type=int, default=0, help="of the sheet's rows and their order")
    add_format(parser)


def _configure_endpoint(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("endpoint")
    group.add_argument("--base-url", help="any OpenAI-compatible endpoint, up to /v1")
    group.add_argument(
        "--key-env", default="OPENAI_API_KEY", help="environment variable that holds the key"
    )
    group.add_argument("--store", type=Path, help="file of answered calls (default: in your cache)")
    group.add_argument("--in-flight", type=int, default=32, help="most calls at once (32)")
    group.add_argument("--timeout", type=float, default=300.0, help="seconds for one try (300)")
    group.add_argument("--max-tokens", type=int, default=512, help="of one verdict (512)")
    group.add_argument("--prices", type=Path, help="TOML: prices of a million tokens by model")
    group.add_argument("--max-calls", type=int, help="budget in calls")
    group.add_argument("--max-total-tokens", type=int, help="budget in tokens")
    group.add_argument("--max-cost", type=float, help="budget in money; needs --prices")
    group.add_argument("--no-schema", action="store_true", help="ask for plain JSON, no schema")


def handle(args: argparse.Namespace) -> int:
    """Judge, plan or calibrate."""
    if args.outcomes == CALIBRATE:
        from psyche_bench import calibrate

        return calibrate.handle(args)
    if args.human_file is not None:
        print("psyche-bench judge: one OUTCOMES at a time.", file=sys.stderr)
        return 2
    return _judge(args)


def _judge(args: argparse.Namespace) -> int:
    import asyncio

    from psyche_bench import judge
    from psyche_bench.errors import ChatError, RunError
    from psyche_bench.judge_replies import read_replies

    settings = _settings(args)
    replies = read_replies(Path(args.outcomes), task=args.task, limit=args.limit)
    jobs = list(judge.jobs(replies.pairs, settings))
    for line in replies.talk:
        print(line, file=sys.stderr)
    if args.dry_run:
        print(render([_plan(args, jobs, settings)], args.format))
        return 0
    try:
        verdicts = asyncio.run(_verdicts(args, jobs, settings))
    except KeyboardInterrupt:
        raise RunError(
            "stopped. Every answered call is kept: start the same command again to go on."
        ) from None
    if all(verdict.failure == "call" for verdict in verdicts):
        raise ChatError(f"not one call was answered. The first: {verdicts[0].detail}")
    return _conclude(args, verdicts, settings, replies)


def _settings(args: argparse.Namespace) -> "Settings":
    from psyche_bench.errors import RunError
    from psyche_bench.judge import Settings, rubric_of
    from psyche_bench.passport import last_part

    judges = tuple(dict.fromkeys(name.strip() for name in args.judge.split(",") if name.strip()))
    least = min(args.repeats, args.in_flight, args.tries, 1 if args.limit is None else args.limit)
    if not judges or least < 1 or args.probes < 0:
        raise RunError(
            "give a --judge, and --repeats, --tries, --in-flight and --limit of at least 1."
        )
    if len(set(map(last_part, judges))) < len(judges):
        raise RunError("two judges have one name: serve one of them under another.")
    return Settings(
        rubric=rubric_of(args.rubric),
        judges=judges,
        repeats=args.repeats,
        lang=args.lang,
        probes=args.probes,
        tries=args.tries,
        max_tokens=args.max_tokens,
        structured=not args.no_schema,
    )


def _prices(args: argparse.Namespace) -> "Prices":
    from psyche_bench.budget import Prices, read_prices

    return read_prices(args.prices) if args.prices else Prices()


def _budget(args: argparse.Namespace) -> "Budget":
    from psyche_bench.budget import Budget

    return Budget(calls=args.max_calls, tokens=args.max_total_tokens, money=args.max_cost)


def _plan(args: argparse.Namespace, jobs: Sequence["Job"], settings: "Settings") -> dict[str, Any]:
    from psyche_bench import judge
    from psyche_bench.chat import plan
    from psyche_bench.store import Store, default_path

    calls = [judge.planned(job, settings) for job in jobs]
    with Store(args.store or default_path()) as store:
        return plan(calls, store, _prices(args), expected_tokens=150).model_dump()


async def _verdicts(args: argparse.Namespace, jobs: Sequence["Job"], settings: "Settings") -> Any:
    from tqdm import tqdm

    from psyche_bench import judge
    from psyche_bench.chat import Client
    from psyche_bench.store import default_path

    client = Client(
        args.base_url,
        store=args.store or default_path(),
        key_env=args.key_env,
        max_in_flight=args.in_flight,
        timeout=args.timeout,
        budget=_budget(args),
        prices=_prices(args),
    )
    with tqdm(total=len(jobs), desc="verdicts", file=sys.stderr, disable=None) as bar:
        async with client:
            try:
                return await judge.judge_all(client, jobs, settings, bar.update)
            finally:
                used = client.usage
                print(
                    f"{used.calls} calls sent, {used.from_store} read from the store, "
                    f"{used.refused} tries failed; {used.tokens_in} tokens in, "
                    f"{used.tokens_out} out.",
                    file=sys.stderr,
                )


def _conclude(args: argparse.Namespace, verdicts: Any, settings: "Settings", replies: Any) -> int:
    from psyche_bench import calibrate
    from psyche_bench.jsonl import write_json, write_lines, write_text
    from psyche_bench.judge_card import judged
    from psyche_bench.judge_report import text

    human = calibrate.agreements(args.human, verdicts, settings.rubric) if args.human else ()
    found: Judged = judged(
        verdicts,
        settings,
        _prices(args),
        model=replies.model,
        tasks=replies.tasks,
        missing=replies.missing,
        candidate=replies.passport,
        human=human,
    )
    print(text(found, args.format))
    if args.out:
        write_lines(args.out / "verdicts.jsonl", (verdict.model_dump() for verdict in verdicts))
        write_text(args.out / "table.md", text(found, "md") + "\n")
        write_json(args.out / "judged.json", found.model_dump())
        print(f"Verdicts and card: {args.out}", file=sys.stderr)
    return 0
