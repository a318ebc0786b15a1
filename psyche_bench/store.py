"""Every answered call, kept by its content, so that none is ever paid for twice.

One SQLite file, safe for several processes. A call's key is a hash over model, messages, parameters
and sample number and not over the endpoint: the same model behind another address is the same call.
Only replies are kept; requests are not, since they hold clients' words and the key suffices.

A call under way is *claimed*, so that two processes do not pay for it twice. A claim names a slot,
which its process holds by a lock on a file beside the store; the kernel frees the lock when the
process ends, however it ends, and then the claim is void.

Durability: a reply is committed before it is handed on. The file survives a kill of the process at
any moment; a power failure may lose the last few commits (WAL, ``synchronous=NORMAL``).
"""

import fcntl
import hashlib
import json
import os
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, NamedTuple

from psyche_bench.errors import StoreError

BUSY_SECONDS = 30.0
MOST_SLOTS = 1000

_SCHEMA = """
CREATE TABLE IF NOT EXISTS answered (
  key BLOB PRIMARY KEY, text TEXT NOT NULL, reasoning TEXT NOT NULL, finish_reason TEXT NOT NULL,
  model_served TEXT NOT NULL, tokens_in INTEGER NOT NULL, tokens_out INTEGER NOT NULL,
  date TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS claims (key BLOB PRIMARY KEY, slot INTEGER NOT NULL) WITHOUT ROWID;
"""
_GET = (
    "SELECT text, reasoning, finish_reason, model_served, tokens_in, tokens_out, date "
    "FROM answered WHERE key = ?"
)


class Reply(NamedTuple):
    """What an endpoint answered.

    ``text`` is the reply without reasoning that came in a field of its own (``reasoning``);
    ``model_served`` what the endpoint says it ran; tokens as the endpoint counted them, or as
    estimated where it did not. ``stored`` says that nothing was sent this time; ``date`` is the day
    the endpoint answered, in UTC.
    """

    text: str
    reasoning: str
    finish_reason: str
    model_served: str
    tokens_in: int
    tokens_out: int
    stored: bool = False
    date: str = ""


def key(
    model: str, messages: Sequence[Mapping[str, Any]], parameters: Mapping[str, Any], sample: int
) -> bytes:
    """The content address of a call: 16 bytes of BLAKE2b over its canonical JSON.

    The order of parameters does not matter, nor whether a whole number is written 0 or 0.0.

    >>> hello = [{"role": "user", "content": "你好"}]
    >>> key("m", hello, {"temperature": 0, "max_tokens": 8}, 0) == key(
    ...     "m", hello, {"max_tokens": 8, "temperature": 0.0}, 0
    ... )
    True
    >>> key("m", hello, {}, 0) == key("m", hello, {}, 1)
    False
    """
    whole = {
        name: int(value) if isinstance(value, float) and value.is_integer() else value
        for name, value in parameters.items()
    }
    content = json.dumps([model, messages, whole, sample], sort_keys=True, separators=(",", ":"))
    return hashlib.blake2b(content.encode(), digest_size=16).digest()


class Store:
    """The SQLite file of answered calls; use it as a context manager.

    Raises:
        StoreError: the file cannot be opened, or is no store.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = str(path)
        self._slot: int | None = None
        self._lock: IO[bytes] | None = None
        Path(self.path).parent.mkdir(parents=True, exist_ok=True)
        try:
            self._db = sqlite3.connect(self.path, timeout=BUSY_SECONDS, isolation_level=None)
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=NORMAL")
            self._db.executescript(_SCHEMA)
        except sqlite3.Error as error:
            raise self._failed("opened", error) from error

    def __enter__(self) -> "Store":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give up all claims and close the file."""
        if self._slot is not None and self._lock is not None:
            self._write([("DELETE FROM claims WHERE slot = ?", [(self._slot,)])])
            self._lock.close()
            self._slot = self._lock = None
        self._db.close()

    def get(self, address: bytes) -> Reply | None:
        """The reply to a call that was answered before, or None."""
        try:
            row = self._db.execute(_GET, (address,)).fetchone()
        except sqlite3.Error as error:
            raise self._failed("read", error) from error
        return None if row is None else Reply._make((*row[:6], True, row[6]))

    def __len__(self) -> int:
        return int(self._db.execute("SELECT count(*) FROM answered").fetchone()[0])

    def put(self, answered: Iterable[tuple[bytes, Reply]], given_up: Iterable[bytes] = ()) -> None:
        """Keep replies and end the claims on them, and on calls given up, in one transaction.

        The first reply to a call stays: what was handed on is never replaced.
        """
        replies = [(address, *reply[:6], reply.date) for address, reply in answered]
        over = [(row[0],) for row in replies] + [(address,) for address in given_up]
        self._write(
            [
                ("INSERT OR IGNORE INTO answered VALUES (?, ?, ?, ?, ?, ?, ?, ?)", replies),
                ("DELETE FROM claims WHERE key = ?", over if self._slot is not None else []),
            ]
        )

    def claim(self, wanted: Sequence[bytes]) -> dict[bytes, bool]:
        """Claim calls that are about to be made; False where a live process holds the claim.

        A call that has been answered meanwhile is not claimed either: :meth:`get` finds it.
        """
        self._take_slot()
        try:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                won = {address: self._claim(address) for address in wanted}
            finally:
                self._db.execute("COMMIT")
        except sqlite3.Error as error:
            raise self._failed("written", error) from error
        return won

    def under_way(self) -> int:
        """Calls that other processes have under way: claims whose slot is held."""
        try:
            rows = self._db.execute("SELECT slot, count(*) FROM claims GROUP BY slot").fetchall()
        except sqlite3.Error as error:
            raise self._failed("read", error) from error
        return sum(count for slot, count in rows if slot != self._slot and self._is_held(slot))

    def _claim(self, address: bytes) -> bool:
        if self._db.execute("SELECT 1 FROM answered WHERE key = ?", (address,)).fetchone():
            return False
        row = self._db.execute("SELECT slot FROM claims WHERE key = ?", (address,)).fetchone()
        if row and row[0] != self._slot and self._is_held(row[0]):
            return False
        self._db.execute("INSERT OR REPLACE INTO claims VALUES (?, ?)", (address, self._slot))
        return True

    def _take_slot(self) -> None:
        """Lock the first free slot; claims its former holder left are void."""
        if self._slot is not None:
            return
        for slot in range(MOST_SLOTS):
            lock = self._locked(slot)
            if lock is not None:
                self._slot, self._lock = slot, lock
                self._write([("DELETE FROM claims WHERE slot = ?", [(slot,)])])
                return
        raise StoreError(f"{self.path}: more than {MOST_SLOTS} processes use it. Stop some.")

    def _locked(self, slot: int) -> IO[bytes] | None:
        lock = Path(f"{self.path}.slot{slot}").open("ab")  # noqa: SIM115  # held as long as the slot
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.close()
            return None
        return lock

    def _is_held(self, slot: int) -> bool:
        lock = self._locked(slot)
        if lock is None:
            return True
        lock.close()
        return False

    def _write(self, statements: Sequence[tuple[str, Sequence[tuple[Any, ...]]]]) -> None:
        try:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                for statement, rows in statements:
                    self._db.executemany(statement, rows)
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")
        except sqlite3.Error as error:
            raise self._failed("written", error) from error

    def _failed(self, what: str, error: Exception) -> StoreError:
        return StoreError(
            f"{self.path}: the store of calls cannot be {what} ({error}). Check the disk and that "
            "the file is a store of psyche-bench; a broken one may be moved away, and its calls "
            "are made again."
        )


def default_path() -> Path:
    """``PSYCHE_BENCH_STORE``, or ``calls.sqlite`` in the user's cache."""
    named = os.environ.get("PSYCHE_BENCH_STORE")
    if named:
        return Path(named)
    cache_home = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(cache_home) / "psyche-bench" / "calls.sqlite"
