"""Prompts as data: one TOML file each, Chinese and English side by side, rendered here.

A protocol (``data/protocols.toml``) says what is asked for and how many tokens a reply may have.
"""

import hashlib
import tomllib
from functools import cache
from importlib.resources import files
from itertools import combinations
from typing import Any, Literal

from psyche_bench.errors import RunError
from psyche_bench.schemas import Question, Record

Lang = Literal["zh", "en"]
LANGS: tuple[Lang, ...] = ("zh", "en")


class Protocol(Record):
    """How replies are obtained: ``ask`` names the prompt's last part, ``cap`` the token limit."""

    name: str
    ask: Literal["reason", "direct", "likelihood"]
    cap: int
    source: str


@cache
def protocols() -> dict[str, Protocol]:
    """The protocols by name."""
    text = (files("psyche_bench") / "data" / "protocols.toml").read_text(encoding="utf-8")
    return {name: Protocol(name=name, **entry) for name, entry in tomllib.loads(text).items()}


def protocol(name: str) -> Protocol:
    """One protocol.

    Raises:
        RunError: no protocol has this name.
    """
    if name not in protocols():
        raise RunError(f"no protocol is called {name!r}. Known: {', '.join(protocols())}.")
    return protocols()[name]


@cache
def template(name: str) -> dict[str, Any]:
    """A prompt file of ``prompts/``."""
    return tomllib.loads(
        (files("psyche_bench") / "prompts" / f"{name}.toml").read_text(encoding="utf-8")
    )


def prompt(question: Question, ask: str = "reason", lang: Lang = "zh") -> str:
    """The user turn for one item.

    Args:
        question: a choice (``smcq``, ``mmcq``) or a written question (``qa``).
        ask: ``reason``, ``direct`` or ``likelihood`` (ignored for written questions).
        lang: language of the instructions; the item stays Chinese.
    """
    exam = template("exam")
    block = exam["vignette"][lang].format(vignette=question.vignette) if question.vignette else ""
    if question.kind == "qa":
        return _filled(exam["written"][lang], vignette_block=block, stem=question.stem).strip()
    asked = _filled(
        exam["question"][lang],
        type=exam["type"][lang][question.kind],
        rule=exam["rule"][lang][question.kind],
        vignette_block=block,
        stem=question.stem,
        options="\n".join(f"{letter}. {text.strip()}" for letter, text in question.options.items()),
    )
    return asked + str(exam["ask"][ask][lang]).format(example=exam["example"][question.kind])


def _filled(text: str, **values: str) -> str:
    """``str.format`` whose values may hold braces, without the blank lines of empty blocks."""
    return text.format(**values).replace("\n\n\n", "\n\n")


def answer(question: Question, lang: Lang = "zh") -> str:
    """An exemplar's assistant turn: the bare answer (the release's explanations are never fed)."""
    if question.kind == "qa":
        return question.reference or ""
    return str(template("exam")["answer"][lang].format(gold=question.gold))


def option_sets(question: Question) -> list[str]:
    """The answers a question allows: its letters, or every non-empty set of them.

    >>> q = Question(
    ...     id="q",
    ...     benchmark="b",
    ...     split="test",
    ...     subset="s",
    ...     kind="mmcq",
    ...     subject="",
    ...     cluster="q",
    ...     stem="",
    ...     options={"A": "1", "B": "2"},
    ...     file="",
    ...     row=1,
    ... )
    >>> option_sets(q)
    ['A', 'B', 'AB']
    """
    letters = sorted(question.options)
    if question.kind == "smcq":
        return letters
    return [
        "".join(chosen)
        for size in range(1, len(letters) + 1)
        for chosen in combinations(letters, size)
    ]


def continuation(letters: str) -> str:
    """An option set as the likelihood protocol scores it: closed by a bracket.

    Without a closing mark log p(AB) = log p(A) + log p(B|A) could never exceed log p(A), and no
    model would ever choose two letters.

    >>> continuation("AC")
    '（AC）'
    """
    return f"（{letters}）"


def text_hash(*texts: str) -> str:
    """First 12 hexadecimal digits of the SHA-256 of texts joined by a zero byte."""
    return hashlib.sha256("\0".join(texts).encode("utf-8", "surrogatepass")).hexdigest()[:12]
