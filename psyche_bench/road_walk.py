"""Walk a road: every joint in turn, each passed over when it is done as asked.

Below the road's folder, ``road/NAME.json`` says of a joint what it was asked, what it read and what
it wrote, by hash. A joint is done when that record validates, its command and the files it read are
the same, and the files it wrote are there, unchanged and readable. Nothing else is state: the
commands themselves go on where they were stopped.
"""

import fcntl
import json
import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

from pydantic import Field, ValidationError

from psyche_bench import lineage, sources
from psyche_bench.errors import DataError, RunError
from psyche_bench.jsonl import dumps, read_json, read_lines, write_json
from psyche_bench.local_server import PORT, serving
from psyche_bench.prompting import text_hash
from psyche_bench.road import Joint, Recipe, filled, words
from psyche_bench.schemas import Record
from psyche_bench.tied import tied

Say = Callable[[str], None]
STDERR = 2
"""Where the data of a command go that no file takes: stdout is the road's own."""
LOCK_SECONDS = 45.0
"""How long to wait for the commands of a road that was just killed to be gone."""


class Done(Record):
    """What became of a joint; ``writes`` is empty while it is under way.

    ``reads`` and ``writes`` map files (below the road's folder, or of the package) to SHA-256;
    ``wandb`` is the W&B group its runs are in.
    """

    joint: str
    command: str
    fingerprint: str
    reads: dict[str, str]
    writes: dict[str, str] = Field(default_factory=dict)
    begun: str
    seconds: float = 0.0
    version: str
    wandb: str | None = None


class Road(Record):
    """A recipe in its folder; ``wandb`` is a project, or None for no W&B."""

    recipe: Recipe
    out: Path
    wandb: str | None = None

    @property
    def group(self) -> str:
        """What every W&B run of this road has in common."""
        return f"road-{self.recipe.name}-{text_hash(str(self.out.resolve()))[:8]}"

    def record(self, joint: Joint) -> Path:
        """Where a joint's record lies."""
        return self.out / "road" / f"{joint.name}.json"


def walk(road: Road, *, start: str | None = None, only: str | None = None, say: Say) -> list[Done]:
    """Walk a road, or one joint of it, and return the records of all joints that are done.

    Args:
        road: what and where.
        start: do this joint and all after it again.
        only: do this joint alone, again, on what stands before it.
        say: told one line for each joint.

    Raises:
        RunError: no such joint, a command failed, the server did not come up, or another process
            walks here. What is done stays done.
    """
    names = [joint.name for joint in road.recipe.joints]
    first = names.index(road.recipe.joint(start).name) if start else len(names)
    wanted = [road.recipe.joint(only)] if only else list(road.recipe.joints)
    again = {only} if only else set(names[first:])
    with _held(road.out) as lock, _Endpoint(road, say) as endpoint:
        for joint in wanted:
            found = done(road, joint)
            if found and joint.name not in again:
                say(f"{joint.name}: done before ({found.seconds:.0f} s)")
                continue
            say(f"{joint.name}: {joint.about}")
            made = _do(road, joint, endpoint.url(joint), lock, again=joint.name in again)
            say(f"{joint.name}: done in {made.seconds:.0f} s")
    return [found for joint in road.recipe.joints if (found := done(road, joint))]


def done(road: Road, joint: Joint) -> Done | None:
    """The record of a joint that is done as asked, else None."""
    path = road.record(joint)
    if not path.is_file():
        return None
    try:
        found = Done.model_validate(read_json(path))
        same = found.fingerprint == _fingerprint(road, joint, _reads(road, joint))
        whole = bool(found.writes) and found.writes == _writes(road, joint)
    except (ValidationError, DataError, RunError):
        return None
    return found if same and whole else None


def _do(road: Road, joint: Joint, url: str, lock: int, *, again: bool) -> Done:
    reads = _reads(road, joint)
    asked = Done(
        joint=joint.name,
        command=command(road, joint),
        fingerprint=_fingerprint(road, joint, reads),
        reads=reads,
        begun=datetime.now(UTC).isoformat(timespec="seconds"),
        version=version("psyche-bench"),
        wandb=f"{road.wandb}/{road.group}" if road.wandb else None,
    )
    if joint.folder and (again or _stale(road, joint, asked.fingerprint)):
        shutil.rmtree(road.out / joint.folder, ignore_errors=True)
    write_json(road.record(joint), asked.model_dump(mode="json"))
    began = time.monotonic()
    _run(road, joint, url, lock)
    made = asked.model_copy(
        update={
            "writes": _writes(road, joint),
            "seconds": round(time.monotonic() - began, 1),
        }
    )
    write_json(road.record(joint), made.model_dump(mode="json"))
    return made


def _stale(road: Road, joint: Joint, fingerprint: str) -> bool:
    """Whether the joint's folder holds anything but what this command has begun on these inputs."""
    path = road.record(joint)
    if not path.is_file():
        return False
    found = read_json(path)
    return found.get("fingerprint") != fingerprint or bool(found.get("writes"))


# --- commands ------------------------------------------------------------------------------------


def command(road: Road, joint: Joint, url: str = "{base_url}") -> str:
    """The command as one would type it."""
    return shlex.join([*_program(road, joint), *_words(road, joint, url)])


def _values(road: Road, url: str) -> dict[str, object]:
    return {**road.recipe.values, "out": road.out, "base_url": url, "wandb": road.wandb or ""}


def _words(road: Road, joint: Joint, url: str) -> list[str]:
    text = f"{joint.run} {joint.wandb}" if road.wandb else joint.run
    return words(text, _values(road, url))


def _program(road: Road, joint: Joint) -> list[str]:
    return words(joint.program or "psyche-bench", _values(road, ""))


def _run(road: Road, joint: Joint, url: str, lock: int) -> None:
    program = _program(road, joint)
    if program == ["psyche-bench"]:
        program = [sys.executable, "-m", "psyche_bench.cli"]
    kept = road.out / joint.keep
    with ExitStack() as stack:
        data = stack.enter_context(kept.with_name(f".{kept.name}.part").open("wb")) \
            if joint.keep else STDERR  # fmt: skip
        process = stack.enter_context(
            tied([*program, *_words(road, joint, url)], env=_env(road), stdout=data, keep=[lock])
        )
        code = process.wait()
    if code != 0:
        raise RunError(
            f"joint {joint.name}: `{command(road, joint, url)}` failed with {code}. Mend what it "
            "says above and start the road again: what is done is not repeated."
        )
    if joint.keep:
        kept.with_name(f".{kept.name}.part").replace(kept)


def _env(road: Road) -> dict[str, str]:
    """The environment of a command: with W&B on, its runs are in one project and one group."""
    found = dict(os.environ)
    if road.wandb:
        found |= {"WANDB_PROJECT": road.wandb, "WANDB_RUN_GROUP": road.group}
        found |= {"WANDB_DIR": str(road.out.resolve())}
    return found


# --- what a joint depends on, and what it leaves -------------------------------------------------


def _fingerprint(road: Road, joint: Joint, reads: Mapping[str, str]) -> str:
    """A hash of command and inputs; where the road lies and who serves the model is no part."""
    asked = [filled(text, road.recipe.values) for text in (joint.program, joint.run)]
    return text_hash(dumps([joint.name, *asked, dict(reads)]))


def _reads(road: Road, joint: Joint) -> dict[str, str]:
    return _digests(road, joint, joint.reads, "reads {}, which is not there. Walk the joint before")


def _writes(road: Road, joint: Joint) -> dict[str, str]:
    found = _digests(road, joint, joint.writes, "should have written {}, which is not there. Do it")
    for name in found:
        _check(road.out / name)
    return found


def _digests(road: Road, joint: Joint, patterns: Sequence[str], told: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for pattern in (filled(one, road.recipe.values) for one in patterns):
        paths = dict(_matching(road, pattern))
        if not paths:
            raise RunError(f"joint {joint.name} {told.format(pattern)} again.")
        found |= {name: sources.digest(path) for name, path in paths.items()}
    return found


def _matching(road: Road, pattern: str) -> Iterator[tuple[str, Path]]:
    """Files of the package (``psyche_bench.training/…``), or those below the road's folder."""
    if pattern.startswith("psyche_bench."):
        package, _, inside = pattern.partition("/")
        yield pattern, Path(str(files(package) / inside))
        return
    for path in sorted(road.out.glob(pattern)):
        if path.is_file():
            yield path.relative_to(road.out).as_posix(), path


def _check(path: Path) -> None:
    """Fail unless a result can be read as what it is."""
    if path.name == lineage.NAME:
        lineage.read(path)
    elif path.suffix == ".json":
        read_json(path)
    elif path.suffix == ".jsonl":
        for _ in read_lines(path):
            pass


# --- the endpoint, and the folder ----------------------------------------------------------------


class _Endpoint:
    """The model server, up while joints ask for it. Real state, so a class."""

    def __init__(self, road: Road, say: Say) -> None:
        self._road, self._say = road, say
        self._stack, self._url = ExitStack(), ""

    def __enter__(self) -> "_Endpoint":
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def url(self, joint: Joint) -> str:
        """Where the joint finds the endpoint; a joint that needs none gets the memory instead."""
        named = str(self._road.recipe.values.get("base_url", ""))
        if named or not joint.asks:
            self._stack.close()
            self._url = ""
            return named
        if not self._url:
            self._url = self._stack.enter_context(_serving(self._road, self._say))
        return self._url


@contextmanager
def _serving(road: Road, say: Say) -> Iterator[str]:
    serve = road.recipe.serve
    if serve is None:
        raise RunError(
            f"road {road.recipe.name}: a joint asks for an endpoint. Give one with --set "
            "base_url=http://…/v1, or add [serve] to the recipe."
        )
    asked = words(serve.command, road.recipe.values)
    log = road.out / "road" / "server.log"
    shown = shlex.join(word.replace(PORT, "PORT") for word in asked)
    say(f"starting `{shown}` on a free port (its words: {log})")
    with serving(asked, log, ready=serve.ready, seconds=serve.seconds) as address:
        yield f"{address}/v1"
    say("the server has ended")


@contextmanager
def _held(out: Path) -> Iterator[int]:
    """Only one road is walked in a folder; a killed one's last command is waited for."""
    (out / "road").mkdir(parents=True, exist_ok=True)
    with (out / "road" / ".lock").open("ab") as lock:
        end = time.monotonic() + LOCK_SECONDS
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError:
                if time.monotonic() > end:
                    raise RunError(
                        f"{out}: another road is walked here. Wait for it, or name another --out."
                    ) from None
                time.sleep(0.5)
        yield lock.fileno()


# --- beforehand ----------------------------------------------------------------------------------


def plan(road: Road) -> list[dict[str, object]]:
    """One row for each joint, and one for all: calls, tokens, GPU hours and cost; None = unknown.

    A joint with a command for it is asked; the others say what the recipe declares.
    """
    rows = [_planned(road, joint) for joint in road.recipe.joints]
    numbers = ("calls", "tokens in", "tokens out", "hours", "GPU hours", "cost")
    total: dict[str, object] = {"joint": "all", "state": ""}
    for name in numbers:
        values = [row[name] for row in rows]
        known = [float(str(value)) for value in values if value is not None]
        whole = sum(known)
        total[name] = round(whole) if name in numbers[:3] else whole
    return [*rows, total | {"from": ""}]


def _planned(road: Road, joint: Joint) -> dict[str, object]:
    row: dict[str, object] = {
        "joint": joint.name,
        "state": "done" if done(road, joint) else "to do",
    }
    if joint.plan:
        asked = _asked(road, joint)
        hours, cost = asked["hours"], asked["cost"]
        gpu_hours = None if hours is None else float(str(hours)) * joint.gpus
        rented = (gpu_hours or 0.0) * joint.gpu_hour
        row |= {name: asked[name] for name in ("calls", "tokens in", "tokens out")}
        row |= {"hours": hours, "GPU hours": gpu_hours}
        row |= {"cost": float(str(cost or 0.0)) + rented, "from": joint.plan.partition(" --")[0]}
        return row
    told = joint.expected
    if told is None:
        names = ("calls", "tokens in", "tokens out", "hours", "GPU hours", "cost", "from")
        return row | dict.fromkeys(names)
    row |= {"calls": told.calls, "tokens in": round(told.read), "tokens out": round(told.written)}
    row |= {"hours": told.time, "GPU hours": told.time * told.gpus, "cost": told.cost}
    return row | {"from": told.source}


def _asked(road: Road, joint: Joint) -> dict[str, object]:
    asked = [*words(joint.plan, _values(road, "")), "--format", "json"]
    ran = subprocess.run(  # noqa: S603 - our own command line
        [sys.executable, "-m", "psyche_bench.cli", *asked], stdout=subprocess.PIPE, check=False
    )
    if ran.returncode != 0:
        raise RunError(f"joint {joint.name}: `psyche-bench {shlex.join(asked)}` failed with "
                       f"{ran.returncode}. Mend what it says above.")  # fmt: skip
    last: dict[str, object] = json.loads(ran.stdout)[-1]
    return last
