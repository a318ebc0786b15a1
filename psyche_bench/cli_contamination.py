"""``psyche-bench contamination``: which items stand in another set, a training file, or twice."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from psyche_bench.contamination import Contaminated, Group, Match, Row
    from psyche_bench.schemas import Question


def configure(parser: argparse.ArgumentParser) -> None:
    """Name the two sets and how to print what they share."""
    from psyche_bench.table import add_format

    parser.description = (
        "Which items of A also stand in B: exactly (the same question and set of options, however "
        "ordered and punctuated), or nearly. With A alone, which items of A are one question. "
        "--format json lists every pair."
    )
    parser.epilog = (
        "Examples: psyche-bench contamination pceb cpsyexam:train,dev; psyche-bench contamination "
        "pceb; psyche-bench contamination pceb mine.jsonl (a training file in any JSONL format: "
        "all of its texts are searched). Lists for PCEB and for CPsyExam dev and test ship with "
        "the package; `score` and `compare --view clean` use them."
    )
    parser.add_argument(
        "a",
        metavar="A",
        help="item set: a data set (pceb), with splits (cpsyexam:train,dev), several joined "
        "(pceb+pceb_case_qa), or a training file (*.jsonl)",
    )
    parser.add_argument("b", metavar="B", nargs="?", help="held against this; none: inside A")
    parser.add_argument(
        "--threshold",
        type=_share,
        default=0.7,
        help="least similarity of near duplicates (default: 0.7)",
    )
    parser.add_argument(
        "--clean", type=Path, metavar="FILE", help="also write the list of clean ids of A"
    )
    add_format(parser)


def _share(text: str) -> float:
    value = float(text)
    if not 0 < value <= 1:
        raise argparse.ArgumentTypeError("the threshold lies above 0 and at most at 1")
    return value


def handle(args: argparse.Namespace) -> int:
    """Compare, print the summary (JSON: every match), write the clean list when asked."""
    from psyche_bench.errors import DataError

    if args.clean and (args.b is None or _is_file(args.a) or _is_file(args.b)):
        raise DataError("--clean needs two item sets: psyche-bench contamination A B --clean FILE.")
    if args.b is None:
        return _inside(args)
    if _is_file(args.a) and _is_file(args.b):
        raise DataError(
            f"{args.a} and {args.b} are both files. Hold a file against a data set, such as pceb."
        )
    return _between(args)


def _between(args: argparse.Namespace) -> int:
    from psyche_bench import contamination

    if _is_file(args.a) or _is_file(args.b):
        return _in_file(args)
    questions, against = load(args.a), load(args.b)
    matches = contamination.overlap(questions, against, args.threshold)
    known = {question.id: question for question in (*questions, *against)}
    clashing = contamination.conflicts(matches, known)
    found = contamination.contaminated(questions, matches)
    rows = contamination.summary(questions, found)
    more = {"conflicting_golds": [[match.a_id, match.b_id] for match in clashing]}
    _print(args, _payload(args, questions, found, matches) | more, rows)
    print(
        f"{args.a} ({len(questions)} items) against {args.b} ({len(against)}): "
        f"{len(matches)} pairs, {len(clashing)} with conflicting golds.",
        file=sys.stderr,
    )
    if args.clean:
        _write_clean(args, questions, found, rows)
    return 0


def _in_file(args: argparse.Namespace) -> int:
    from psyche_bench import contamination, leaks

    spec, path = (args.b, args.a) if _is_file(args.a) else (args.a, args.b)
    questions, texts = load(spec), leaks.read_texts(Path(path))
    matches = leaks.leaks(questions, texts, args.threshold)
    found = contamination.contaminated(questions, matches)
    rows = contamination.summary(questions, found)
    _print(args, _payload(args, questions, found, matches), rows)
    records = len({match.b_id for match in matches})
    print(
        f"{spec} ({len(questions)} items) in {path}: {records} of {len(texts)} records hold one.",
        file=sys.stderr,
    )
    return 0


def _print(args: argparse.Namespace, payload: dict[str, object], rows: Sequence["Row"]) -> None:
    from psyche_bench.table import render

    print(render(rows, args.format, payload | {"summary": rows}))


def _payload(
    args: argparse.Namespace,
    questions: Sequence["Question"],
    found: "Contaminated",
    matches: Sequence["Match"],
) -> dict[str, object]:
    return {
        "a": args.a,
        "b": args.b,
        "method": method(args.threshold),
        "contaminated": _by_subset(questions, found.exact, found.near),
        "matches": [match.model_dump() for match in matches],
    }


def _by_subset(
    questions: Sequence["Question"], exact: Sequence[str], near: Sequence[str]
) -> dict[str, dict[str, list[str]]]:
    subset = {question.id: question.subset for question in questions}
    return {
        name: {
            "exact": [item for item in exact if subset[item] == name],
            "near": [item for item in near if subset[item] == name],
        }
        for name in dict.fromkeys(subset.values())
    }


def _inside(args: argparse.Namespace) -> int:
    from psyche_bench import contamination
    from psyche_bench.errors import DataError

    if _is_file(args.a):
        raise DataError(f"{args.a} is a training file: name the data set to hold it against.")
    questions = load(args.a)
    matches = contamination.duplicates(questions, args.threshold)
    exact = [match for match in matches if match.kind == "exact"]
    equal = contamination.duplicate_groups(questions, exact)
    every = contamination.duplicate_groups(questions, matches)
    payload: dict[str, object] = {
        "a": args.a,
        "method": method(args.threshold),
        "exact_groups": [group.model_dump() for group in equal],
        "groups_with_near": [group.model_dump() for group in every],
        "matches": [match.model_dump() for match in matches],
    }
    _print(args, payload, _group_rows(questions, equal, every))
    for group in equal:
        if group.conflicting:
            said = ", verbatim" if group.verbatim else ""
            print(f"conflicting golds{said}: {', '.join(group.items)}", file=sys.stderr)
    return 0


def _group_rows(
    questions: Sequence["Question"], equal: Sequence["Group"], every: Sequence["Group"]
) -> list["Row"]:
    """A group counts in the subset of its first item."""
    subset = {question.id: question.subset for question in questions}
    rows: list[Row] = []
    for name in [*dict.fromkeys(subset.values()), "all"]:
        here = [group for group in equal if name in (subset[group.items[0]], "all")]
        wider = [group for group in every if name in (subset[group.items[0]], "all")]
        clashing = [group for group in here if group.conflicting]
        rows.append(
            {
                "subset": name,
                "n": sum(name in (value, "all") for value in subset.values()),
                "groups": len(here),
                "extra": sum(len(group.items) - 1 for group in here),
                "conflicting": len(clashing),
                "conflicting_verbatim": sum(group.verbatim for group in clashing),
                "groups_with_near": len(wider),
                "extra_with_near": sum(len(group.items) - 1 for group in wider),
            }
        )
    return rows


def _is_file(spec: str) -> bool:
    return spec.endswith((".jsonl", ".json")) or "/" in spec or Path(spec).is_file()


def load(spec: str) -> list["Question"]:
    """The items a specification names: ``name[:split,split][+name[:split…]]``.

    Raises:
        DataError: a data set, a split or the data are not there.
    """
    from psyche_bench import sources

    questions: list[Question] = []
    for part in spec.split("+"):
        name, _, splits = part.partition(":")
        for split in splits.split(",") if splits else [None]:
            questions += sources.load(name, split)
    return questions


def method(threshold: float) -> dict[str, str | float | int]:
    """How duplicates were found, to stand beside every list of them."""
    from psyche_bench import contamination, duplicates

    return {
        "view": "repaired",
        "exact": "normalised question and set of option texts; vignette 4-grams where carried",
        "near": "MinHash LSH candidates, Jaccard of character 2-grams, telling characters equal",
        "threshold": threshold,
        "vignette_carried": duplicates.CARRIED,
        "vignette_related": duplicates.RELATED,
        "minhash_bands": contamination.BANDS,
        "minhash_rows": contamination.ROWS,
    }


def _write_clean(
    args: argparse.Namespace,
    questions: Sequence["Question"],
    found: "Contaminated",
    rows: Sequence["Row"],
) -> None:
    """The list of clean ids of A, with everything needed to make it again; no text of any item."""
    from psyche_bench import contamination, sources
    from psyche_bench.jsonl import write_text

    dirty = {*found.exact, *found.near}
    names = [part.partition(":")[0].partition("_")[0] for part in f"{args.a}+{args.b}".split("+")]
    entry = contamination.CleanList(
        items=args.a,
        against=args.b,
        command=f"psyche-bench contamination {args.a} {args.b} --threshold {args.threshold} "
        f"--clean {args.clean.name}",
        method=method(args.threshold),
        sources={
            name: {
                "revision": sources.catalogue()[name].revision if name != "sample" else "bundled",
                "data_hash": sources.data_hash(name),
            }
            for name in dict.fromkeys(names)
        },
        counts=tuple({key: row[key] for key in ("subset", "n", "exact", "near")} for row in rows),
        ids_sha256=contamination.ids_hash(question.id for question in questions),
        clean=tuple(question.id for question in questions if question.id not in dirty),
        exact=found.exact,
        near=found.near,
    )
    write_text(args.clean, entry.model_dump_json(indent=1) + "\n")
    print(f"{len(entry.clean)} of {len(questions)} items are clean: {args.clean}", file=sys.stderr)
