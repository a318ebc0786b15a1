"""The files of a recipe's source, and the rows of those that hold rows: JSON, CSV, Parquet."""

import csv
import gzip
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from psyche_bench import sources
from psyche_bench.errors import DataError
from psyche_bench.synthesis.recipe import Recipe, Source


def source_files(source: Source) -> list[tuple[Path, str]]:
    """The files of a source with their names inside it, sorted by name.

    Raises:
        DataError: nothing stands there; source and path are named.
    """
    if source.set:
        return [(sources.folder(source.set), source.set)]
    root = sources.data_root() / source.path
    if root.is_file():
        return [(root, root.name)]
    found = sorted(path for path in root.glob(source.glob) if path.is_file())
    if not source.path or not found:
        raise DataError(
            f"source {source.name}: nothing stands at {root} ({source.glob}). Check path and glob, "
            "and PSYCHE_BENCH_DATA."
        )
    return [(path, path.relative_to(root).as_posix()) for path in found]


def files_of(*types: str) -> Callable[[object, Recipe], list[Path]]:
    """For a step that reads the sources of these types: the files they stand in."""

    def files(_: object, recipe: Recipe) -> list[Path]:
        read = [source for source in recipe.sources if source.type in types and not source.set]
        return [path for source in read for path, _ in source_files(source)]

    return files


def entries(path: Path, inside: str = "") -> Iterator[dict[str, Any]]:
    """The rows of a JSON, JSON Lines, CSV or Parquet file, gzipped or not.

    ``inside`` names the key under which a JSON file keeps its list; dots go deeper.

    Raises:
        DataError: the file holds no rows that can be read; it is named.
    """
    try:
        yield from _entries(path, inside)
    except (OSError, ValueError, csv.Error) as error:
        raise DataError(
            f"{path}: its rows cannot be read ({error}). Mend it, or fetch it again."
        ) from error


def _entries(path: Path, inside: str) -> Iterator[dict[str, Any]]:
    name = path.name.removesuffix(".gz")
    if name.endswith(".parquet"):
        import pyarrow.parquet as pq

        for batch in pq.ParquetFile(path).iter_batches():
            yield from batch.to_pylist()
        return
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8-sig", newline="") as file:
        if name.endswith(".csv"):
            yield from csv.DictReader(file)
        elif name.endswith(".jsonl"):
            yield from (_object(line, n) for n, line in enumerate(file, 1) if line.strip())
        else:
            yield from _listed(at(json.load(file), inside) if inside else json.load(file), path)


def _object(line: str, number: int) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except ValueError as error:
        raise ValueError(f"line {number} is broken JSON: {error}") from None
    if not isinstance(found, dict):
        raise ValueError(f"line {number} holds no object")  # noqa: TRY004  # as any broken line
    return found


def _listed(found: Any, path: Path) -> list[dict[str, Any]]:
    rows = [found] if isinstance(found, dict) else found
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise DataError(
            f"{path}: a list of objects is expected. Say in the source's mapping under which key "
            'they stand: rows = "data".'
        )
    return rows


def at(row: Any, key: str) -> Any:
    """What stands under a key; a dot goes into an object."""
    for part in key.split("."):
        row = row.get(part) if isinstance(row, dict) else None
    return row
