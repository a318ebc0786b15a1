"""Data sets from their pinned release or from a folder, whole or not at all."""

import http.client
import io
import tempfile
import urllib.request
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from psyche_bench import sources
from psyche_bench.cpsyexam import utf8_name
from psyche_bench.errors import DataError
from psyche_bench.sources import Source


def get(
    name: str, *, source_folder: Path | None = None, archive: str | None = None, key: bool = False
) -> Path:
    """Put a data set into the data root and check every file's SHA-256.

    Args:
        name: a released data set (see :func:`sources.catalogue`).
        source_folder: a copy that exists already; otherwise the pinned archive is downloaded.
        archive: another address of the same archive (a mirror); the hashes decide all the same.
        key: also fetch the answer key of the withheld test split, where there is one.

    Returns:
        The data set's folder.

    Raises:
        DataError: the archive cannot be had, or a file is not the pinned one; the data root is
            left as it was.
    """
    source = _source(name)
    target = sources.data_root() / name
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{name}.") as unfinished:
        fresh = Path(unfinished) / name
        if source_folder is None:
            address = archive or source.archive
            if address is None:
                raise DataError(f"{name}: {sources.local_remedy(name)}")
            _unpack(_download(address), source, fresh)
        else:
            _copy(name, source_folder, fresh)
        _refuse_differing(name, fresh)
        if key:
            _add_key(name, source, fresh, source_folder)
        _swap(fresh, target, Path(unfinished) / "former")
    return target


def _swap(fresh: Path, target: Path, former: Path) -> None:
    """Put ``fresh`` in the place of ``target`` (a folder, a link to one, or nothing)."""
    if not target.exists() and not target.is_symlink():
        fresh.replace(target)
        return
    target.replace(former)
    try:
        fresh.replace(target)
    except OSError:
        former.replace(target)
        raise


def _source(name: str) -> Source:
    known = sources.catalogue()
    if name not in known:
        raise DataError(
            f"no data set is called {name!r}. Known: {', '.join(known)}. "
            "(The sample ships with the package.)"
        )
    return known[name]


def _download(address: str) -> bytes:
    try:
        with urllib.request.urlopen(address, timeout=60) as answer:  # noqa: S310  # pinned address
            content: bytes = answer.read()
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise DataError(
            f"{address} cannot be fetched ({error}). Fetch it elsewhere and pass the folder that "
            "holds it, an archive of a data set unpacked, an answer key as it is: `psyche-bench "
            "data get NAME --from DIR`."
        ) from error
    return content


def _unpack(content: bytes, source: Source, target: Path) -> None:
    """Write the files below ``source.inside``, and those of the archives nested there."""
    for path, data in _members(content):
        # An archive of a repository starts with a folder named after repository and revision.
        relative = path.as_posix().partition("/")[2]
        if not relative.startswith(source.inside):
            continue
        inner = relative.removeprefix(source.inside)
        if inner in source.nested:
            for nested_path, nested_data in _members(data):
                _write(target / _place(nested_path, inner), nested_data)
        else:
            _write(target / inner, data)


def _place(path: PurePosixPath, archive: str) -> PurePosixPath:
    """Where a nested archive's member goes: ``cpsyexam/dev/…`` → ``dev/…``, ``cpsyexam_qa/…``."""
    top, folder = path.parts[0], archive.removesuffix(".zip")
    inner = PurePosixPath(*path.parts[1:]) if top == folder else path
    return inner if folder == "cpsyexam" else PurePosixPath(folder) / inner


def _members(content: bytes) -> list[tuple[PurePosixPath, bytes]]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            named = [(PurePosixPath(utf8_name(m)), m) for m in archive.infolist()]
            safe = [(p, m) for p, m in named if ".." not in p.parts and not p.is_absolute()]
            return [(path, archive.read(m)) for path, m in safe if not m.is_dir()]
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise DataError(
            f"what was downloaded is no whole zip archive ({error}). Try again."
        ) from error


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def _root(name: str, folder: Path) -> Path:
    return folder / name if (folder / name).is_dir() else folder


def _copy(name: str, folder: Path, target: Path) -> None:
    """Copy the files the release is known to hold from a folder (or its subfolder ``name``)."""
    root = _root(name, folder)
    if not root.is_dir():
        raise DataError(f"{folder}: no such folder. Pass the folder that holds {name}'s files.")
    alone = sources.catalogue()[name].local_file
    if alone and not (root / alone).is_file():
        raise DataError(f"{folder} does not hold {alone}. {sources.local_remedy(name)}")
    for relative in [alone] if alone else sources.hashes(name):
        if (root / relative).is_file():
            _write(target / relative, (root / relative).read_bytes())


def _refuse_differing(name: str, folder: Path) -> None:
    differing = sources.differing_files(name, folder)
    if differing:
        raise DataError(
            f"{name}: {len(differing)} of {len(sources.hashes(name))} files are missing or are not "
            f"those of the pinned release, first: {differing[0]}. Nothing was installed."
        )


def _add_key(name: str, source: Source, folder: Path, given: Path | None) -> None:
    """Add the test split's answer key, from the given folder where it lies there, else fetched."""
    if source.test_key is None:
        raise DataError(f"{name} has no withheld test split, so no key to fetch.")
    path = folder / source.test_key.file
    at_hand = _root(name, given) / source.test_key.file if given else None
    if at_hand and at_hand.is_file():
        _write(path, at_hand.read_bytes())
    else:
        _write(path, _download(source.test_key.archive))
    found = sources.digest(path)
    if found != source.test_key.sha256:
        raise DataError(
            f"the answer key has SHA-256 {found}, not {source.test_key.sha256}. Nothing was "
            "installed; get the data set without --with-test-key and score the dev split."
        )
