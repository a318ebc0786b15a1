"""The one reader and the one writer of JSON and JSON lines.

A file appears whole or not at all: it is written beside its destination, synced, and moved over
it. Broken lines are errors that name file and line, never skipped.
"""

import json
import os
import re
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from psyche_bench.errors import DataError

_SURROGATE = re.compile("[\ud800-\udfff]")


def _utf8(text: str) -> str:
    """Half characters, as servers that cut a reply in two send them, as JSON's own escapes."""
    return _SURROGATE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def dumps(value: Any) -> str:
    """One line of JSON, Chinese left readable, keys in their given order; always valid UTF-8.

    >>> dumps({"reply": "焦\\ud83d"})
    '{"reply":"焦\\\\ud83d"}'
    """
    return _utf8(json.dumps(value, ensure_ascii=False, separators=(",", ":")))


@contextmanager
def appearing(path: Path) -> Iterator[TextIO]:
    """A file to write that appears at ``path``, whole, when the block ends well, else not at all.

    The folder is made when absent.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(0o644)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def write_text(path: Path, text: str) -> None:
    """Write ``text`` to ``path`` atomically; the folder is made when absent."""
    with appearing(path) as file:
        file.write(text)


def write_json(path: Path, value: Any) -> None:
    """Write ``value`` as indented JSON, atomically."""
    write_text(path, _utf8(json.dumps(value, ensure_ascii=False, indent=2)) + "\n")


def write_lines(path: Path, rows: Iterable[Any]) -> None:
    """Write one JSON value a line, atomically."""
    write_text(path, "".join(dumps(row) + "\n" for row in rows))


def read_json(path: Path) -> Any:
    """Read one JSON file.

    Raises:
        DataError: the file is missing, not UTF-8 or not JSON; the message says which and where.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise DataError(f"{path}: no such file. Check the path.") from None
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: not UTF-8 (byte {error.start}). Re-save it as UTF-8.") from error
    except json.JSONDecodeError as error:
        raise DataError(
            f"{path}, line {error.lineno}, column {error.colno}: broken JSON ({error.msg}). "
            "Mend that line, or fetch the file again."
        ) from error


def read_lines(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield ``(line number from 1, object)`` for every non-blank line.

    Raises:
        DataError: a line is not a JSON object in UTF-8; file and line are named.
    """
    try:
        file = path.open("rb")
    except FileNotFoundError:
        raise DataError(f"{path}: no such file. Check the path.") from None
    with file:
        for number, raw in enumerate(file, 1):
            if not raw.strip():
                continue
            try:
                value = json.loads(raw.decode("utf-8-sig"))
            except UnicodeDecodeError as error:
                raise DataError(
                    f"{path}, line {number}: not UTF-8. Re-save the file as UTF-8."
                ) from error
            except json.JSONDecodeError as error:
                raise DataError(
                    f"{path}, line {number}: broken JSON ({error.msg}). Mend or remove the line."
                ) from error
            if not isinstance(value, dict):
                raise DataError(
                    f"{path}, line {number}: a JSON object is expected, not {type(value).__name__}."
                )
            yield number, value
