"""Prompts as data: ``prompts/<name>.toml``, Chinese and English side by side, all our own wording.

A file holds one table per part (``[system]``, ``[user]``, …) with a text in ``zh`` and one in
``en``; ``$name`` is filled in. Values are never looked through for placeholders.
"""

import tomllib
from functools import cache
from importlib.resources import files
from string import Template

from psyche_bench.prompting import Lang, text_hash


@cache
def read(name: str) -> dict[str, dict[str, str]]:
    """All parts of a prompt file: part → language → text."""
    path = files("psyche_bench.synthesis") / "prompts" / f"{name}.toml"
    found = tomllib.loads(path.read_text(encoding="utf-8"))
    return {part: texts for part, texts in found.items() if isinstance(texts, dict)}


def part(name: str, which: str, lang: Lang, **values: object) -> str:
    """One part of a prompt file, filled in.

    >>> part("malformed", "user", "en", error="no options").count("no options")
    1
    """
    return Template(read(name)[which][lang]).substitute(values).strip()


def count(name: str, stem: str) -> int:
    """How many parts ``stem_1``, ``stem_2``, … a prompt file has."""
    return sum(which.startswith(f"{stem}_") for which in read(name))


def turns(name: str, lang: Lang, **values: object) -> list[dict[str, str]]:
    """The parts ``system`` and ``user`` of a prompt file as chat turns."""
    return [
        {"role": role, "content": part(name, role, lang, **values)} for role in ("system", "user")
    ]


def prompt_hash(*names: str) -> str:
    """One hash over prompt files as they stand, for the card."""
    folder = files("psyche_bench.synthesis") / "prompts"
    return text_hash(*((folder / f"{name}.toml").read_text(encoding="utf-8") for name in names))
