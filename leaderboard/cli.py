"""The leaderboard's commands: ``psyche-bench paper``."""

import argparse
import sys
from pathlib import Path

from psyche_bench.jsonl import write_json, write_text
from psyche_bench.table import add_format, render


def configure_paper(parser: argparse.ArgumentParser) -> None:
    """``psyche-bench paper [TABLE | audit]``."""
    parser.description = (
        "Print a table of the paper as data, or audit the printed numbers: whatever follows from "
        "other printed numbers or from the item counts is computed again and called consistent, "
        "rounding, truncated, impossible or not checkable, with the arithmetic."
    )
    parser.epilog = (
        "Examples: psyche-bench paper table1 --format csv; psyche-bench paper audit --out audit."
    )
    parser.add_argument(
        "what",
        nargs="?",
        metavar="TABLE",
        help="table1 … table7, or audit; without it, a list of the tables",
    )
    add_format(parser)
    parser.add_argument("--html", type=Path, metavar="FILE", help="audit: also write the page")
    parser.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="audit: also write audit.html, audit.zh.html, audit.md and audit.json there",
    )
    parser.set_defaults(refuse=parser.error)


def handle_paper(args: argparse.Namespace) -> int:
    """Print a published table, the list of tables, or the audit."""
    from psyche_bench.leaderboard import paper

    if args.what == "audit":
        return _audit(args)
    if args.html or args.out:
        args.refuse("--html and --out belong to: psyche-bench paper audit")
    if args.what is None:
        listed = [{"table": name, "title": paper.title(name)} for name in paper.TABLES]
        print(render(listed, args.format))
        return 0
    if args.what not in paper.TABLES:
        args.refuse(f"no table {args.what!r}. There are: {', '.join(paper.TABLES)}, audit")
    rows = paper.table(args.what)
    nested = [row.model_dump(mode="json") for row in rows]
    print(render([row.cells() for row in rows], args.format, nested))
    return 0


def _audit(args: argparse.Namespace) -> int:
    from psyche_bench.leaderboard import audit

    findings = audit.audit()
    payload = [finding.model_dump() for finding in findings]
    targets = {args.html: audit.page(findings)} if args.html else {}
    if args.out:
        targets |= {
            args.out / "audit.html": audit.page(findings),
            args.out / "audit.zh.html": audit.page(findings, lang="zh"),
            args.out / "audit.md": audit.markdown(findings),
        }
        write_json(args.out / "audit.json", payload)
        print(f"wrote {args.out / 'audit.json'}", file=sys.stderr)
    for path, page in targets.items():
        write_text(path, page + "\n")
        print(f"wrote {path}", file=sys.stderr)
    if args.format == "md":
        print(audit.markdown(findings))
    else:
        print(render(audit.flat(findings), args.format, payload))
    return 0
