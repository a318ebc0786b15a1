"""The commands of this room: ``train`` and ``chat``."""

import argparse
import sys
from pathlib import Path
from typing import Any

from psyche_bench.table import add_format, render


def configure_train(parser: argparse.ArgumentParser) -> None:
    """``psyche-bench train sft | grpo | recipes | show | export | ablation | publish | …``."""
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    for stage, told in (("sft", "supervised fine-tuning"), ("grpo", "GRPO with Eq. 2's reward")):
        verb = verbs.add_parser(stage, help=told)
        _recipe(verb)
        verb.add_argument("--out", type=Path, help="the run's folder; goes on where it was")
        verb.add_argument(
            "--dry-run", action="store_true", help="print settings and plan, train nothing"
        )
        add_format(verb)
    verb = verbs.add_parser("recipes", help="list the recipes that come with the package")
    add_format(verb)
    verb = verbs.add_parser("show", help="print a recipe, or what its parameters become")
    _recipe(verb)
    verb.add_argument(
        "--parameters", action="store_true", help="paper, TRL, veRL and LLaMA-Factory side by side"
    )
    add_format(verb)
    verb = verbs.add_parser("export", help="write a recipe out for LLaMA-Factory or veRL")
    _recipe(verb)
    verb.add_argument("--to", choices=("llamafactory", "verl"), required=True, help="which engine")
    verb.add_argument("--out", type=Path, required=True, help="the folder to write")
    verb.add_argument("--config-only", action="store_true", help="leave the data out")
    verb = verbs.add_parser("launch", help="the file of an accelerate configuration or Slurm job")
    verb.add_argument("name", choices=("fsdp2", "zero3", "slurm"), help="fsdp2, zero3 or slurm")
    _ablation_verb(verbs.add_parser("ablation", help="the runs of a table of the paper, in order"))
    _reading_verbs(verbs)
    _publish_verb(verbs.add_parser("publish", help="merge, describe, check and score a run"))


def _reading_verbs(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    verb = verbs.add_parser("curves", help="draw what a run logged, as SVG")
    verb.add_argument("run", type=Path, help="the folder of a training run")
    verb.add_argument("keys", nargs="+", metavar="KEY", help="such as loss, eval_loss or reward")
    verb.add_argument("--out", type=Path, required=True, help="the SVG file")
    verb = verbs.add_parser("form", help="how many replies of saved evaluations are well formed")
    verb.add_argument("runs", nargs="+", type=Path, metavar="EVAL_RUN",
                      help="folders of psyche-bench eval")  # fmt: skip
    add_format(verb)


def _ablation_verb(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("table", choices=("table3", "fig3", "table4"), help="table3, fig3 or table4")
    verb.add_argument("--out", type=Path, default=Path("runs"),
                      help="a folder for each run goes there (default: runs)")  # fmt: skip
    _set(verb)
    verb.add_argument("--arm", dest="arms", action="append", default=[], metavar="NAME",
                      help="run this arm only (again for another)")  # fmt: skip
    verb.add_argument("--tasks", default="pceb", help="what the arms are scored on (default: pceb)")
    verb.add_argument("--limit", type=int, help="so many items of each task only")
    verb.add_argument("--print", dest="only_print", action="store_true", help="print, run nothing")


def _publish_verb(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("run", type=Path, help="the folder of a finished training run")
    verb.add_argument("--out", type=Path, help="default: RUN/published")
    verb.add_argument("--scores", type=Path, action="append", default=[], metavar="EVAL_RUN",
                      help="folders of psyche-bench eval whose scores the card shows")  # fmt: skip
    verb.add_argument("--no-serve", action="store_true",
                      help="do not have `transformers serve` answer with it")  # fmt: skip
    verb.add_argument("--score", metavar="TASKS", help="also run the harness on these tasks")
    verb.add_argument("--limit", type=int, help="with --score: so many items of each task only")
    verb.add_argument("--lang", choices=("zh", "en"), default="zh", help="with --score")
    verb.add_argument("--board", action="store_true", help="with --score: add it to the board")
    verb.add_argument("--name", help="with --board: its name there (default: the run's)")
    verb.add_argument("--push", metavar="REPO", help="upload to this hub repository")
    verb.add_argument("--really", action="store_true", help="with --push: upload, no dry run")


def _recipe(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("recipe", help="a shipped recipe's name (`train recipes`), or a TOML file")
    _set(verb)


def _set(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--set", dest="changes", action="append", default=[], metavar="KEY=VALUE",
                      help="change a key, such as optim.learning_rate=1e-5")  # fmt: skip


def handle_train(args: argparse.Namespace) -> int:
    """Run the verb that was asked for."""
    return {
        "sft": _run, "grpo": _run, "recipes": _recipes, "show": _show, "export": _export,
        "curves": _curves, "form": _form,
        "launch": _launch, "ablation": _ablation, "publish": _publish,
    }[args.verb](args)  # fmt: skip


def _run(args: argparse.Namespace) -> int:
    from psyche_bench.training import recipe

    found = recipe.load(args.recipe, args.changes, args.verb)
    if args.dry_run:
        from psyche_bench.training import preview

        print(render(preview.rows(found), args.format))
        return 0
    if args.out is None:
        print("psyche-bench train: --out FOLDER is needed (or --dry-run).", file=sys.stderr)
        return 2
    from psyche_bench.training import grpo, sft

    result = (sft if args.verb == "sft" else grpo).train(found, args.out)
    print(render(_flat(result), args.format))
    return 0


def _flat(tree: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {"what": key, "first": value["first"], "last": value["last"]}
        if isinstance(value, dict)
        else {"what": key, "first": "", "last": value}
        for key, value in tree.items()
    ]


def _recipes(args: argparse.Namespace) -> int:
    from psyche_bench.training import recipe

    rows = []
    for name in recipe.shipped():
        found = recipe.load(name)
        rows.append({"recipe": name, "stage": found.stage, "title": found.title})
    print(render(rows, args.format))
    return 0


def _show(args: argparse.Namespace) -> int:
    from psyche_bench.training import engines, recipe

    found = recipe.load(args.recipe, args.changes)
    if args.parameters:
        print(render(engines.table(found), args.format))
        return 0
    rows = [
        {"key": f"{table}.{key}", "value": value}
        for table, part in found.model_dump(mode="json").items()
        for key, value in (part.items() if isinstance(part, dict) else [("", part)])
    ]
    print(render([{**row, "key": row["key"].rstrip(".")} for row in rows], args.format))
    return 0


def _export(args: argparse.Namespace) -> int:
    from psyche_bench.training import export, recipe

    found, whole = recipe.load(args.recipe, args.changes), not args.config_only
    for path in export.write(found, args.to, args.out, data_too=whole):
        print(path)
    return 0


def _curves(args: argparse.Namespace) -> int:
    from psyche_bench.jsonl import write_text
    from psyche_bench.training import curves

    write_text(args.out, curves.svg(args.run, args.keys))
    print(args.out)
    return 0


def _form(args: argparse.Namespace) -> int:
    from psyche_bench.training import form

    print(render(form.rows(args.runs), args.format))
    return 0


def _launch(args: argparse.Namespace) -> int:
    from importlib.resources import files

    ending = "sh" if args.name == "slurm" else "yaml"
    print(files("psyche_bench.training") / "accelerate" / f"{args.name}.{ending}")
    return 0


def _ablation(args: argparse.Namespace) -> int:
    from psyche_bench.training import ablation

    scale = ablation.Scale(tuple(args.arms), args.tasks, args.limit)
    return ablation.run(args.table, args.out, args.changes, scale, only_print=args.only_print)


def _publish(args: argparse.Namespace) -> int:
    from psyche_bench.training import publish

    wanted = publish.Wanted(
        scores=tuple(args.scores), serve=not args.no_serve, tasks=args.score, limit=args.limit,
        lang=args.lang, board=args.board, name=args.name, repo=args.push, really=args.really,
    )  # fmt: skip
    print(publish.publish(args.run, args.out or args.run / "published", wanted))
    return 0


def configure_chat(parser: argparse.ArgumentParser) -> None:
    """``psyche-bench chat MODEL``."""
    parser.add_argument("model", help="a folder or hub id")
    parser.add_argument("--reasoning", action="store_true", help="show the reasoning unfolded")
    parser.add_argument("--max-new-tokens", type=int, default=512, help="default: 512")
    parser.add_argument("--temperature", type=float, default=0.0, help="0 is greedy (default)")


def handle_chat(args: argparse.Namespace) -> int:
    """Talk to a model in the terminal."""
    from psyche_bench.training import chat

    return chat.talk(
        args.model,
        unfolded=args.reasoning,
        tokens=args.max_new_tokens,
        temperature=args.temperature,
    )
