"""Where each data set comes from and how it is loaded: one schema, stable ids, declared repairs.

The data root is ``PSYCHE_BENCH_DATA``, else a folder in the user's cache. No benchmark ships with
the package: it is fetched at a pinned revision (:mod:`psyche_bench.fetch`), and every file is
checked against its SHA-256.
"""

import hashlib
import os
import tomllib
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Literal, get_args

from psyche_bench import cpsyexam, dialogues, pceb, repairs
from psyche_bench.errors import DataError
from psyche_bench.jsonl import read_lines
from psyche_bench.rows import Rejected, check_golds
from psyche_bench.schemas import Question, Record, Repair

View = Literal["raw", "repaired", "clean"]
NAMES = ("pceb", "pceb_case_qa", "cpsyexam", "cpsyexam_qa", "sample", "cpsycoune", "psydt")
DIALOGUES = {"cpsycoune": dialogues.read_cpsycoune, "psydt": dialogues.read_psydt}


class TestKey(Record):
    """The answer key of a withheld test split."""

    __test__ = False  # pytest: this is no test case

    archive: str
    revision: str
    sha256: str
    file: str


class Source(Record):
    """One released data set: where it stands and what a whole copy of it holds.

    Without an ``archive`` it cannot be fetched: ``local_file`` is taken from a folder the user has,
    and no hash of it is known.
    """

    title: str
    publisher: str
    revision: str
    archive: str | None = None
    inside: str = ""
    nested: tuple[str, ...] = ()
    local_file: str | None = None
    licence: str
    counts: dict[str, dict[str, int]]
    test_key: TestKey | None = None


class Loaded(Record):
    """Questions with what was repaired and what was set aside on the way."""

    questions: tuple[Question, ...]
    repairs: tuple[Repair, ...]
    rejected: tuple[str, ...]


@cache
def catalogue() -> dict[str, Source]:
    """The released data sets by name."""
    text = (files("psyche_bench") / "data" / "sources.toml").read_text(encoding="utf-8")
    return {name: Source.model_validate(entry) for name, entry in tomllib.loads(text).items()}


@cache
def hashes(name: str) -> dict[str, str]:
    """SHA-256 of every file of a data set: relative path → hexadecimal digest.

    Empty where the release was not to be had and so is not pinned.
    """
    if catalogue()[name].local_file:
        return {}
    text = (files("psyche_bench") / "data" / f"{name}.sha256").read_text(encoding="utf-8")
    lines = (line.split("  ", 1) for line in text.splitlines())
    return {path: digest for digest, path in lines}


def data_root() -> Path:
    """The folder that holds the data sets: ``PSYCHE_BENCH_DATA``, or the user's cache."""
    named = os.environ.get("PSYCHE_BENCH_DATA")
    if named:
        return Path(named)
    cache_home = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(cache_home) / "psyche-bench"


def folder(name: str) -> Path:
    """The folder of a released data set.

    Raises:
        DataError: it is not there; the message says how to get it.
    """
    if name not in catalogue():
        raise DataError(f"no data set is called {name!r}. Known: {', '.join(catalogue())}.")
    path = data_root() / name
    if not path.is_dir():
        if catalogue()[name].local_file:
            raise DataError(f"{name} is not in {data_root()}. {local_remedy(name)}")
        raise DataError(
            f"{name} is not in {data_root()}. Run `psyche-bench data get {name}`, or set "
            "PSYCHE_BENCH_DATA to the folder that holds it."
        )
    return path


def local_remedy(name: str) -> str:
    """How to come by a data set that this program cannot fetch."""
    source = catalogue()[name]
    return (
        f"It cannot be fetched from here: download {source.local_file} from {source.publisher}, "
        f"and run `psyche-bench data get {name} --from FOLDER` with the folder that holds it."
    )


def load(name: str, split: str | None = None, view: View = "repaired") -> list[Question]:
    """The questions of a data set, in the order of the release.

    Args:
        name: one of :data:`NAMES`; ``pceb`` and ``cpsyexam`` are the multiple-choice items,
            ``pceb_case_qa`` and ``cpsyexam_qa`` the written answers, ``cpsycoune`` and
            ``psydt`` counselling turns.
        split: ``train``, ``dev`` or ``test`` for CPsyExam, ``train`` (exemplars) or ``test`` for
            the sample (all when None); PCEB has only ``test``.
        view: ``raw`` as released, ``repaired`` with the declared repairs, ``clean`` repaired
            without the items that also stand in public training data
            (:mod:`psyche_bench.contamination`; PCEB, and CPsyExam's dev and test).

    Raises:
        DataError: the data set is absent, a row cannot be used (file, row and field are named),
            or no clean list ships for what is asked.

    >>> len(load("sample")) >= 60
    True
    """
    return list(load_all(name, split, view).questions)


def load_all(
    name: str, split: str | None = None, view: View = "repaired", *, skip_bad: bool = False
) -> Loaded:
    """Like :func:`load`, with the log of repairs; with ``skip_bad`` also the rows set aside."""
    if name not in NAMES:
        raise DataError(f"no data set is called {name!r}. Known: {', '.join(NAMES)}.")
    if view not in get_args(View):
        raise DataError(f"no view is called {view!r}. Known: {', '.join(get_args(View))}.")
    if view == "clean":
        return _clean(load_all(name, split, skip_bad=skip_bad))
    return _load(name, split, view, skip_bad, _root(_release(name)))


def _root(release: str) -> Path:
    return Path(str(files("psyche_bench") / "sample")) if release == "sample" else folder(release)


def _clean(loaded: Loaded) -> Loaded:
    from psyche_bench.contamination import clean_ids  # SciPy, which loading alone does without

    by_list: dict[tuple[str, str], list[Question]] = {}
    for question in loaded.questions:
        by_list.setdefault((question.benchmark, question.split), []).append(question)
    kept: set[str] = set()
    for place, questions in by_list.items():
        kept |= clean_ids(*place, None if loaded.rejected else questions)
    clean = tuple(question for question in loaded.questions if question.id in kept)
    return loaded.model_copy(update={"questions": clean})


def _release(name: str) -> str:
    return name.partition("_")[0]


@cache
def _load(name: str, split: str | None, view: View, skip_bad: bool, root: Path) -> Loaded:
    rejected = Rejected(skip=skip_bad)
    questions = _read(name, split, root, rejected)
    log: list[Repair] = []
    if view == "repaired":
        benchmark = _release(name)
        known = frozenset(oddity.item for oddity in repairs.known_oddities(benchmark))
        questions, log = repairs.repair(questions, benchmark)
        questions = check_golds(questions, known, rejected)
    if not questions and not rejected.errors:
        raise DataError(f"{name}: {root} holds no items. Run `psyche-bench data check {name}`.")
    return Loaded(
        questions=tuple(questions),
        repairs=tuple(log),
        rejected=tuple(str(error) for error in rejected.errors),
    )


def _read(name: str, split: str | None, root: Path, rejected: Rejected) -> list[Question]:
    splits = {"cpsyexam": cpsyexam.SPLITS, "sample": ("test", "train")}.get(
        _release(name), ("test",)
    )
    if split is not None and split not in splits:
        raise DataError(f"{name} has no split {split!r}. It has: {', '.join(splits)}.")
    wanted = splits if split is None else (split,)
    if name == "sample":
        return [question for part in wanted for question in _read_sample(root, part)]
    if name in DIALOGUES:
        return DIALOGUES[name](root, rejected)
    if name.startswith("pceb"):
        written = name == "pceb_case_qa"
        return [q for q in _read_pceb(root, rejected) if (q.kind == "qa") == written]
    reader = cpsyexam.read_written if name == "cpsyexam_qa" else cpsyexam.read
    return [question for part in wanted for question in reader(root, part, rejected)]


def _read_pceb(root: Path, rejected: Rejected) -> tuple[Question, ...]:
    """All of PCEB's files, read once for the choices and the written answers among them."""
    questions, errors = _read_pceb_once(root, rejected.skip)
    rejected.errors.extend(errors)
    return questions


@cache
def _read_pceb_once(
    root: Path, skip_bad: bool
) -> tuple[tuple[Question, ...], tuple[DataError, ...]]:
    rejected = Rejected(skip=skip_bad)
    return tuple(pceb.read(root, rejected)), tuple(rejected.errors)


SAMPLE_FILES = {"test": ("sample.jsonl", "dialogues.jsonl"), "train": ("exemplars.jsonl",)}


def _read_sample(root: Path, split: str) -> list[Question]:
    return [
        Question.model_validate({**row, "file": name, "row": number})
        for name in SAMPLE_FILES[split]
        for number, row in read_lines(root / name)
    ]


def universe(ids: Iterable[str]) -> dict[str, Question]:
    """Every item, by id, of the splits that the given ids touch.

    ``cluster`` names what goes into statistics: items that share a vignette or a dialogue, or are
    exact duplicates of one question, have one cluster.
    """
    places = sorted({_place(item) for item in dict.fromkeys(ids)})
    return {
        question.id: question
        for name, split in places
        for question in _clustered(name, split, _root(name))
    }


@cache
def _clustered(name: str, split: str | None, root: Path) -> tuple[Question, ...]:
    """A split's choices and written answers, duplicates in one cluster; ``root`` keys the cache."""
    from psyche_bench.contamination import duplicate_clusters

    questions = [q for part in NAMES if _release(part) == name for q in load(part, split)]
    if name in DIALOGUES:  # "thank you" in two dialogues does not make them one
        return tuple(questions)
    cluster = duplicate_clusters(questions)
    return tuple(
        q if q.cluster == cluster[q.id] else q.model_copy(update={"cluster": cluster[q.id]})
        for q in questions
    )


def _place(item: str) -> tuple[str, str | None]:
    """Data set and split an id names: ``cpsyexam/dev/…``; the others hold one split."""
    name, _, rest = item.partition("/")
    split = rest.partition("/")[0] if name == "cpsyexam" else None
    if name not in {_release(known) for known in NAMES} or split not in (None, *cpsyexam.SPLITS):
        raise DataError(f"{item!r} {_ID_REMEDY}")
    return name, split


_ID_REMEDY = (
    "is no item's id. Ids look like pceb/theory/mmcq/second-14/0007; "
    "`psyche-bench data ids NAME` prints them."
)


def index(ids: Iterable[str]) -> dict[str, Question]:
    """Find questions by id, across the data sets their first segments name.

    Raises:
        DataError: an id belongs to no data set or no item; the first few are named.
    """
    wanted = list(dict.fromkeys(ids))
    known = universe(wanted)
    strange = [item for item in wanted if item not in known]
    if strange:
        others = f" (and {len(strange) - 1} more)" if len(strange) > 1 else ""
        raise DataError(f"{strange[0]!r}{others} {_ID_REMEDY}")
    return {item: known[item] for item in wanted}


def read_ids(path: Path) -> frozenset[str]:
    """Item ids of a list, one a line: the challenging items of PCEB, for one.

    Raises:
        DataError: the file is missing or empty.
    """
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    found = frozenset(filter(None, map(str.strip, lines)))
    if not found:
        raise DataError(f"{path}: no ids. Give a file with items' ids, one a line.")
    return found


def digest(path: Path) -> str:
    """SHA-256 of a file, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def differing_files(name: str, root: Path) -> list[str]:
    """Files of a copy that are missing or differ from the pinned release."""
    return [
        relative
        for relative, expected in hashes(name).items()
        if not (root / relative).is_file() or digest(root / relative) != expected
    ]


def data_hash(name: str) -> str:
    """One hash for all files of a data set as they stand on disk (first 12 hexadecimal digits)."""
    if name == "sample":
        root = _root(name)
        named = sorted(path.name for path in root.glob("*.jsonl"))
    else:
        root = folder(name)
        named = sorted(hashes(name)) or [str(catalogue()[name].local_file)]
    lines = "\n".join(f"{digest(root / path)}  {path}" for path in named if (root / path).is_file())
    return hashlib.sha256(lines.encode()).hexdigest()[:12]
