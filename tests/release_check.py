"""The built wheel, installed as a user would, walks the evaluation tutorial.

``make release-check``. A new environment outside the checkout gets the wheel with its extra
``eval`` and nothing else, so no torch. The tutorial's commands then run there against a stand-in
endpoint (``scripted.py``, which needs nothing but Python); those that want a local model or
released data are left out, and said so.
"""

import shlex
import subprocess
import sys
import tempfile
import urllib.parse
from pathlib import Path

from manual import ROOT, commands

LIGHT = (
    "import sys, psyche_bench; "
    "heavy = {'torch', 'lm_eval', 'numpy', 'pydantic'} & set(sys.modules); "
    "assert not heavy, heavy; "
    "import importlib.util; "
    "assert not importlib.util.find_spec('torch'), 'torch came along'; "
    "print(psyche_bench.__file__)"
)


def run(*words: str, folder: Path) -> str:
    """One command in a folder, its talk shown; fail with it."""
    print("$", shlex.join(words), file=sys.stderr)
    return subprocess.run(words, cwd=folder, check=True, stdout=subprocess.PIPE, text=True).stdout


def main(wheel: Path) -> int:
    """Install the wheel and walk; 0 when every command ended well."""
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        run(sys.executable, "-m", "venv", "new", folder=place)
        python = str(place / "new" / "bin" / "python")
        pins = ["--no-compile", "--quiet", "--constraint", str(ROOT / "constraints.txt")]
        run(python, "-m", "pip", "install", *pins, f"{wheel.resolve()}[eval]", folder=place)
        where = run(python, "-c", LIGHT, folder=place).strip()
        assert Path(where).is_relative_to(place), where
        say = [sys.executable, str(ROOT / "tests" / "scripted.py"), "--text", "答案：A"]
        with subprocess.Popen(say, stdout=subprocess.PIPE, text=True) as server:
            try:
                assert server.stdout is not None
                walked = walk(place, server.stdout.readline().strip())
            finally:
                server.terminate()
    print(f"{walked} commands of the tutorial ran from the wheel, without torch.")
    return 0


def walk(place: Path, url: str) -> int:
    """The tutorial's commands that an endpoint is enough for."""
    told = urllib.parse.urlsplit(url)
    address = f"{told.scheme}://{told.netloc}"
    walked = 0
    for command in commands(ROOT / "docs" / "evaluate.md"):
        words = [word.replace("http://127.0.0.1:8000", address) for word in command.words]
        words = [word.replace("runs/a", "runs/endpoint") for word in words]
        if command.needs or "hf" in words:
            print("left out:", shlex.join(words), file=sys.stderr)
            continue
        if words[1] != "eval" and not (place / "runs" / "endpoint").exists():
            continue  # it reads what the local model would have left
        program = str(place / "new" / "bin" / words[0])
        print(run(program, *words[1:], folder=place))
        walked += 1
    assert walked >= 4
    return walked


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
