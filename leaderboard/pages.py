"""Templates to pages: two languages, one policy, nothing fetched.

Every page stands alone: its style and its script lie inside it, and a Content-Security-Policy
admits these two by their hashes and nothing else. Everything shown is escaped by Jinja2.
"""

import base64
import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from psyche_bench import stats
from psyche_bench.errors import RunError
from psyche_bench.jsonl import write_text
from psyche_bench.leaderboard import chinese
from psyche_bench.leaderboard.board import CATEGORIES, ORIGINS, Both, Figure

if TYPE_CHECKING:
    from jinja2 import Environment, Template
    from markupsafe import Markup

Language = Literal["en", "zh"]
LANGUAGES: tuple[Language, ...] = ("en", "zh")
TEMPLATES = files("psyche_bench.leaderboard") / "templates"
SCRIPTED = ("index.html.jinja", "subjects.html.jinja")
"""Templates whose tables sort."""
MARK = '<meta name="generator" content="psyche-bench">'
"""What tells a page of ours from other files in the same folder."""
EXPORTS = re.compile(r"export\s*\{([^}]*)\}\s*;?")


def _needs(package: str) -> RunError:
    return RunError(
        f"the leaderboard's pages need {package}. Install it with: "
        "pip install 'psyche-bench[board]'"
    )


@cache
def _environment() -> "Environment":
    """Jinja2 over the package's templates, escaping everything."""
    try:
        from jinja2 import Environment, FunctionLoader, StrictUndefined
    except ImportError as error:
        raise _needs("Jinja2") from error
    return Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        loader=FunctionLoader(lambda name: (TEMPLATES / name).read_text(encoding="utf-8")),
    )


def template(name: str) -> "Template":
    """A template of the package.

    Raises:
        RunError: Jinja2 is not installed.
    """
    return _environment().get_template(name)


@cache
def style(name: str = "board.css") -> "Markup":
    """A style sheet of the package, as it stands: it holds nothing from outside."""
    from markupsafe import Markup

    return Markup((TEMPLATES / name).read_text(encoding="utf-8"))  # noqa: S704 - ours alone


@cache
def script() -> "Markup":
    """DataTables, as the package itables bundles it, and the lines that join it to the page.

    The bundle is a module that exports its parts under short names; inside a page nothing can
    import it, so the export becomes a name that the lines after it use.

    Raises:
        RunError: itables is not installed, or its bundle is not one we know.
    """
    try:
        source = files("itables") / "html" / "dt_bundle.js"
        bundle = source.read_text(encoding="utf-8")
    except (ImportError, FileNotFoundError) as error:
        raise _needs("itables") from error
    joined = (TEMPLATES / "board.js").read_text(encoding="utf-8")
    from markupsafe import Markup

    return Markup(f"{named(bundle)}\n{joined}")  # noqa: S704 - the package's and ours alone


def named(bundle: str) -> str:
    """A module's text with its default export as the constant ``DataTable``.

    What HTML would read inside a script element (the start of a comment, the element's end) is
    written with escapes that mean the same in a string and in a regular expression.

    Raises:
        RunError: there is no default export.

    >>> named("var a='<!--';export{a as default,b as c};")
    "var a='<\\\\x21--';const DataTable=a;"
    """
    exported = list(EXPORTS.finditer(bundle))
    parts = exported[-1].group(1).split(",") if exported else []
    default = [part.split()[0] for part in parts if part.split()[-1] == "default"]
    if not default:
        raise RunError(
            "the installed itables bundles DataTables in a way this version does not know. "
            "Install the one that constraints.txt names."
        )
    start, end = exported[-1].span()
    text = f"{bundle[:start]}const DataTable={default[0]};{bundle[end:]}"
    return re.sub(r"</(?=script)", r"<\\/", text.replace("<!--", r"<\x21--"), flags=re.IGNORECASE)


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"


@cache
def policy(style: str, script: str = "") -> str:
    """What a page may load: its own style, its own script, nothing from anywhere."""
    scripts = _hash(script) if script else "'none'"
    return (
        f"default-src 'none'; script-src {scripts}; style-src {_hash(style)}; "
        "base-uri 'none'; form-action 'none'"
    )


def say(lang: Language) -> Callable[..., str]:
    """What says a text of our own in the page's language: a pair, or English and Chinese."""

    def said(english: str | Both, twin: str = "") -> str:
        pair = (english, twin) if isinstance(english, str) else english
        return pair[lang == "zh"]

    return said


def told(lang: Language) -> Callable[[str], str]:
    """What tells a text of the core or the audit in the page's language."""
    return chinese.told if lang == "zh" else str


def render(name: str, lang: Language, address: str, values: Mapping[str, Any]) -> str:
    """One page in one language.

    Args:
        name: the template. address: where the page lies, without ``.html``: ``models/qwen``.
        values: what the template shows.
    """
    run = script() if name in SCRIPTED else ""
    other: Language = "en" if lang == "zh" else "zh"

    def interval(figure: Figure) -> str:
        rank = figure.how.startswith("of ")
        if figure.ends and not rank:
            return f"≈ {figure.ends}" if figure.how == stats.BINOMIAL else figure.ends
        return told(lang)(figure.how)

    own = {
        "lang": lang,
        "say": say(lang),
        "told": told(lang),
        "interval": interval,
        "page": lambda place: file(place, lang),
        "root": "../" * address.count("/"),
        "twin": Path(file(address, other)).name,
        "style": style(),
        "script": run,
        "policy": policy(style(), run),
        "version": version("psyche-bench"),
        "categories": CATEGORIES,
        "category_names": {c.key: c.name for c in CATEGORIES},
        "origins": ORIGINS,
        "blank": Figure(),
    }
    return template(name).render({**own, **values})


def file(address: str, lang: Language) -> str:
    """The file of a page: ``models/qwen.html``, in Chinese ``models/qwen.zh.html``."""
    return f"{address}.html" if lang == "en" else f"{address}.zh.html"


def write(out: Path, name: str, address: str, values: Mapping[str, Any]) -> list[Path]:
    """Write a page in both languages; return their paths."""
    written = []
    for lang in LANGUAGES:
        path = out / file(address, lang)
        write_text(path, render(name, lang, address, values) + "\n")
        written.append(path)
    return written


def slugs(names: Iterable[str]) -> dict[str, str]:
    """File names for models: safe on every system, and different for different names.

    >>> slugs(["Qwen2.5-7B", "qwen2.5-7b", "org/模型"])
    {'Qwen2.5-7B': 'qwen2.5-7b', 'qwen2.5-7b': 'qwen2.5-7b-5f5e97', 'org/模型': 'org-212462'}
    """
    found: dict[str, str] = {}
    for name in names:
        plain = re.sub(r"[^a-z0-9._-]+", "-", name.lower()).strip("-.")[:48]
        if not plain or plain != name.lower() or plain in found.values():
            digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:6]
            plain = f"{plain}-{digest}" if plain else digest
        found[name] = plain
    return found
