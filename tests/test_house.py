"""The house stands as designed: imports point inwards, and the wheel holds what the tree holds."""

import ast
import doctest
import importlib
import re
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
CORE = "psyche_bench"
ROOMS = ("tasks", "synthesis", "training", "leaderboard")
HEAVY = {"torch", "lm_eval", "trl", "datasketch", "transformers"}
SLOW_TO_IMPORT = {"numpy", "scipy", "pydantic", *HEAVY}


def modules(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


def dotted(path: Path) -> str:
    inside = path.relative_to(ROOT).with_suffix("")
    parts = [part for part in inside.parts if part != "__init__"]
    return ".".join(parts if parts[0] == CORE else [CORE, *parts])


def imports(source: str, package: str, *, at_load: bool = False) -> Iterator[str]:
    """Full names of what a source imports: of modules, and of what is taken from them.

    Args:
        source: Python text.
        package: the package it stands in, from which relative imports are counted.
        at_load: only what is imported when the module is, so nothing inside functions.
    """
    pending: list[ast.AST] = [ast.parse(source)]
    while pending:
        node = pending.pop()
        if at_load and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if at_load and isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        pending.extend(ast.iter_child_nodes(node))
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: package.count(".") + 2 - node.level] if node.level else []
            base = ".".join([*above, *filter(None, [node.module])])
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)


def imported(path: Path, *, at_load: bool = False) -> set[str]:
    package = dotted(path if path.name == "__init__.py" else path.parent)
    return set(imports(path.read_text(encoding="utf-8"), package, at_load=at_load))


def below(name: str, package: str) -> bool:
    return name == package or name.startswith(f"{package}.")


PLACES = [pytest.param(path, id=str(path.relative_to(ROOT))) for path in modules(CORE)]
ROOM_FILES = [
    pytest.param(path, room, id=str(path.relative_to(ROOT)))
    for room in ROOMS
    for path in modules(room)
]


@pytest.mark.parametrize("path", PLACES)
def test_the_core_imports_no_room(path: Path) -> None:
    rooms = {f"{CORE}.{room}" for room in ROOMS}
    assert not [name for name in imported(path) if any(below(name, room) for room in rooms)]


@pytest.mark.parametrize("path", PLACES)
def test_the_core_loads_nothing_heavy(path: Path) -> None:
    loaded = imported(path, at_load=True)
    assert not [name for name in loaded if name.split(".")[0] in HEAVY]


@pytest.mark.parametrize(("path", "room"), ROOM_FILES)
def test_rooms_never_import_each_other(path: Path, room: str) -> None:
    others = {f"{CORE}.{other}" for other in ROOMS if other != room}
    assert not [name for name in imported(path) if any(below(name, other) for other in others)]


def test_nobody_imports_a_room_by_its_bare_name() -> None:
    everywhere = [path for folder in (CORE, *ROOMS, "tests") for path in modules(folder)]
    bare = {
        str(path.relative_to(ROOT)): name
        for path in everywhere
        for name in imported(path)
        if name.split(".")[0] in ROOMS
    }
    assert not bare


@pytest.mark.parametrize(
    ("source", "at_load", "expected"),
    [
        pytest.param("import torch.nn", True, {"torch.nn"}, id="a plain import"),
        pytest.param("from a import b", True, {"a", "a.b"}, id="what is taken from a module"),
        pytest.param("from . import x", True, {"p.room", "p.room.x"}, id="a sibling"),
        pytest.param("from ..y import x", True, {"p.y", "p.y.x"}, id="from the package above"),
        pytest.param("try:\n  import a\nfinally:\n  pass", True, {"a"}, id="inside a try"),
        pytest.param("def f():\n  import a", False, {"a"}, id="inside a function"),
        pytest.param("def f():\n  import a", True, set(), id="a function loads nothing yet"),
        pytest.param("if TYPE_CHECKING:\n  import a", True, set(), id="types load nothing"),
    ],
)
def test_imports_are_read_from(source: str, at_load: bool, expected: set[str]) -> None:
    assert set(imports(source, "p.room", at_load=at_load)) == expected


# --- wheel and tree ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """Names in the wheel, built through an sdist, so that no earlier build leaks into it."""
    pytest.importorskip("build", reason="the package build is absent: pip install --group test")
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    built = subprocess.run(command, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stdout + built.stderr
    (found,) = folder.glob("*.whl")
    return set(zipfile.ZipFile(found).namelist())


def tree() -> set[str]:
    """Every file of the five packages, as the wheel should name it."""
    found = set()
    for folder in (CORE, *ROOMS):
        for path in (ROOT / folder).rglob("*"):
            inside = path.relative_to(ROOT)
            if path.is_file() and "__pycache__" not in inside.parts:
                found.add(("" if folder == CORE else f"{CORE}/") + inside.as_posix())
    return found


def test_the_wheel_holds_what_the_tree_holds(wheel: set[str]) -> None:
    packaged = {name for name in wheel if ".dist-info/" not in name}
    assert packaged == tree()


def test_nothing_but_psyche_bench_reaches_site_packages(wheel: set[str]) -> None:
    tops = {name.split("/")[0] for name in wheel if ".dist-info/" not in name}
    assert tops == {CORE}


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("psyche_bench/py.typed", id="the mark of types"),
        pytest.param("psyche_bench/tasks/_exam_yaml", id="the YAML bases, which have no suffix"),
        pytest.param("psyche_bench/tasks/pceb/_pceb.yaml", id="a group"),
        pytest.param("psyche_bench/sample/sample.jsonl", id="the bundled items"),
        pytest.param("psyche_bench/leaderboard/paper/table1.json", id="the published numbers"),
    ],
)
def test_the_wheel_has(name: str, wheel: set[str]) -> None:
    assert name in wheel


def test_the_licence_travels_along(wheel: set[str]) -> None:
    assert [name for name in wheel if name.endswith(".dist-info/licenses/LICENSE")]


# --- what documents promise ----------------------------------------------------------------------


def project() -> dict[str, object]:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    return dict(tomllib.loads(text)["project"])


@pytest.mark.parametrize(
    ("document", "pattern"),
    [
        pytest.param("CITATION.cff", r"^version: (\S+)$", id="the citation"),
        pytest.param("CHANGELOG.md", r"^## (\S+)", id="the changelog's newest heading"),
    ],
)
def test_one_version_everywhere(document: str, pattern: str) -> None:
    found = re.search(pattern, (ROOT / document).read_text(encoding="utf-8"), re.MULTILINE)
    assert found
    assert found.group(1).strip("\"'") == project()["version"]


@pytest.mark.parametrize("readme", ["README.md", "README_zh.md"])
@pytest.mark.parametrize("command", ["make bench", "make test"])
def test_both_readmes_name_the_two_commands(readme: str, command: str) -> None:
    assert command in (ROOT / readme).read_text(encoding="utf-8")


def pins() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pairs = [line.split("==") for line in lines if line and not line.startswith("#")]
    return {_normal(name): version for name, version in pairs}


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_every_package_that_make_installs_is_pinned() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    about = declared["project"]
    wanted = [*about["dependencies"]]
    for extra in ("eval", "hf", "synth", "ocr", "train", "board", "wandb"):
        wanted += about["optional-dependencies"][extra]
    for group in declared["dependency-groups"].values():
        wanted += [entry for entry in group if isinstance(entry, str)]
    names = {_normal(re.split(r"[\[<>=~!; ]", requirement)[0]) for requirement in wanted}
    assert names - {"psyche-bench"} <= set(pins())


PRIVATE = {
    "a path of somebody's machine": r"(?<![\w.])/(wor[k]|far[m]|roo[t]|hom[e]|User[s])/",
    "a package registry": r"py[p]i\.org|pythonhoste[d]|pytorch\.or[g]/whl|index-ur[l]|find-link[s]",
}


@pytest.mark.parametrize("what", PRIVATE)
def test_tracked_files_do_not_name(what: str) -> None:
    command = ["git", "-C", str(ROOT), "ls-files", "-z"]
    try:
        listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not a git checkout: no list of tracked files")
    paths = [ROOT / name for name in listed.split("\0") if name]
    texts = {path: path.read_text(encoding="utf-8") for path in paths if path.is_file()}
    named = {
        f"{path.relative_to(ROOT)}: {found.group()}"
        for path, text in texts.items()
        for found in re.finditer(PRIVATE[what], text)
    }
    assert not named


def test_help_answers_without_loading_anything_slow() -> None:
    command = [sys.executable, "-X", "importtime", "-m", "psyche_bench.cli", "--help"]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 0
    assert "psyche-bench" in ran.stdout
    loaded = {line.rpartition("|")[2].strip().split(".")[0] for line in ran.stderr.splitlines()}
    assert "argparse" in loaded, "the import times were not read"
    assert not loaded & SLOW_TO_IMPORT


EXAMPLES = [path for folder in (CORE, *ROOMS) for path in modules(folder)]


@pytest.mark.parametrize("path", [pytest.param(path, id=dotted(path)) for path in EXAMPLES])
def test_the_examples_in_docstrings_hold(path: Path) -> None:
    # By their full names: pytest's own collector would import the rooms by their bare ones.
    assert doctest.testmod(importlib.import_module(dotted(path))).failed == 0
