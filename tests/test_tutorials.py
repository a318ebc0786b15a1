"""Every command of every tutorial runs, on small inputs, or its dry run does."""

import json
import shutil

import pytest
import synthesis_inputs
import teacher
import training_inputs
from manual import PAGES, Command, commands
from scripted import Reaction, serving
from test_judge import fair

from psyche_bench import cli

TUTORIALS = [page for page in PAGES if page.parent.name == "docs"]
OURS = "psyche-bench"


def everyone(body, asked):
    """One endpoint for all: the judge where a rubric asks, else the teacher of the pipeline."""
    text = json.dumps(body, ensure_ascii=False)
    return fair(body) if "-reply>" in text else Reaction(teacher.reply(body))


@pytest.fixture(scope="module")
def place(tiny_model, tmp_path_factory):
    """A folder with what the tutorials take as given, and an endpoint."""
    folder = tmp_path_factory.mktemp("docs")
    with serving(everyone) as server:
        synthesis_inputs.write(folder / "data")
        synthesis_inputs.recipe(folder / "mine.toml", server.url)
        training_inputs.recipe(folder, "sft", tiny_model)
        shutil.copytree(tiny_model, folder / "other")
        yield folder, server.url.removesuffix("/v1")


def filled(words, place, tiny_model):
    folder, url = place
    values = {"MODEL": str(tiny_model), "OTHER": str(folder / "other"), "JUDGE": "stand-in",
              "http://127.0.0.1:8000": url}  # fmt: skip
    for name, value in values.items():
        words = [word.replace(name, value) for word in words]
    return words


@pytest.mark.parametrize("page", [pytest.param(p, id=p.stem) for p in TUTORIALS])
def test_every_command_of_a_tutorial_runs(  # noqa: PLR0917  # fixtures
    page, place, tiny_model, monkeypatch, capsys, request
):
    folder, _ = place
    monkeypatch.chdir(folder)
    monkeypatch.setenv("PSYCHE_BENCH_CACHE", str(folder / "cache"))
    for command in commands(page):
        assert command.words[0] == OURS, command
        words = [*command.words[1:]]
        if command.needs == "data":
            request.getfixturevalue("data_root")
        elif words[:2] == ["synth", "run"] and "mine.toml" in words:
            monkeypatch.setenv("PSYCHE_BENCH_DATA", str(folder / "data"))
        elif command.needs:
            words = dry(command)
        with contextlib_exit() as code:
            code.append(cli.main(filled(words, place, tiny_model)))
        assert code[-1] == 0, (command, capsys.readouterr().err)
        capsys.readouterr()


def dry(command: Command) -> list[str]:
    """The dry form of a command that needs what is not here; --help stands for its own verb."""
    assert command.instead, f"{command}: a marked block names its dry run: instead=--print"
    words = list(command.words[1:])
    parser, _ = cli._load(words[0])
    parser.parse_known_args(words[1:])
    return [words[0], "--help"] if command.instead == "--help" else [*words, command.instead]


class contextlib_exit:  # noqa: N801  # reads as a statement
    """--help leaves by SystemExit(0)."""

    def __enter__(self):
        self.code = []
        return self.code

    def __exit__(self, kind, error, _):
        if kind is SystemExit:
            self.code.append(error.code)
            return True
        return False
