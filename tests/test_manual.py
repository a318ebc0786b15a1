"""Documents cannot go stale: their tables and the reference are what the program prints."""

import manual
import pytest
from manual import PAGES, ROOT, TABLE, commands

from psyche_bench import cli

OURS = "psyche-bench"
READMES = [c for page in PAGES if page.parent == ROOT for c in commands(page)]


@pytest.mark.parametrize("command", [pytest.param(c, id=" ".join(c.words)[:60]) for c in READMES])
def test_every_command_of_the_readmes_is_one_the_program_takes(command):
    if command.words[0] != OURS:
        assert command.words[0] in ("make", "pip"), command  # continuous integration runs these
        return
    parser, _ = cli._load(command.words[1])
    parser.parse_known_args([word for word in command.words[2:] if word != "|"])


MARKED = [(p, found) for p in PAGES for found in TABLE.findall(p.read_text(encoding="utf-8"))]


@pytest.mark.parametrize(
    ("page", "found"), [pytest.param(p, f, id=f"{p.stem}: {f[0]}"[:70]) for p, f in MARKED]
)
def test_a_table_is_what_its_command_prints(page, found, request):
    spec, printed = found
    if "data check" in spec:
        request.getfixturevalue("data_root")
    assert printed.strip() == manual.table(spec).strip(), "python tests/manual.py renews it"


def test_the_reference_is_the_programs_own():
    told = manual.REFERENCE.read_text(encoding="utf-8")
    assert told == manual.reference(), "python tests/manual.py renews it"
    unsaid = [line for line in told.splitlines() if line.endswith("| |")]
    assert unsaid == [], "every argument says what it is"


def test_pages_link_to_pages_that_are_there():
    for page in PAGES:
        for link in manual.re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / link).exists(), f"{page.name}: {link}"
