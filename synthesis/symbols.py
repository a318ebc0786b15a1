"""What is taken out of a text by the cleaning step: pictures made of characters, links, controls.

What psychology needs is not taken for a picture: TAT is a test, (SDS 53分), (1), (-) and 3:00 hold
content, and 答案:D is no laughing face.
"""

import re
from functools import cache
from importlib.resources import files

GAP = "\ufdd0"
"""Stands where something was taken out, so that its neighbours do not become something new."""

# Controls, zero-width and directional marks, half characters, private use, non-characters.
INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b-\u200f\u202a-\u202e\u2060-\u206f\u20e3\u3164\ud800-\uf8ff\ufdd1-\ufdef\ufe00-\ufe0f"
    "\ufeff\uffa0\ufff0-\uffff\U0001fffe\U0001ffff\U000e0000-\U0010ffff]"
)
NEWLINE = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
SPACE = re.compile("[\xa0\u2000-\u200a\u202f\u205f\u3000]|&(?:amp;)*nbsp;?")

_TLD = "com|cn|net|org|edu|gov|io|cc|top|xyz|info|tv|app|vip|wang|site|online|club|shop"
_REST = r"[A-Za-z0-9\-._~:/?#@!$&'*+,;=%\[\]]*[A-Za-z0-9\-_~/#&=+%$*@]"  # no bracket, no last dot
LINK = re.compile(
    rf"(?<![A-Za-z0-9])(?:(?:https?|ftp)://(?:{_REST})?(?:\([A-Za-z0-9_%]*\))?"
    rf"|www\.{_REST}"
    rf"|(?<![@.\-])(?:[A-Za-z0-9][A-Za-z0-9-]{{0,40}}\.){{1,4}}(?:{_TLD})"
    rf"(?![A-Za-z0-9@-])(?:[/?:#]{_REST})?"
    rf"|(?<![@.\-])(?:[A-Za-z0-9-]{{1,40}}\.){{1,4}}[a-z]{{2,6}}/(?=[^\s/]*[0-9?=])(?:{_REST})?)",
    re.IGNORECASE,
)
MARKDOWN_LINK = re.compile(
    r"!?\[([^\[\]\n]{0,200})\]\(\s*<?(?:https?|ftp)://(?:[^\s()<>]|\([^\s()]*\))*>?(?:\s+\"[^\"\n]*\")?\s*\)"
)

_OPEN, _SHUT = "(（", ")）"
_WEAK = "°□•´`ˇ.˙·’‘\"'^~*=+;；:：-_|＿—<>﹤﹥?!ˋˊ/\\oOTQqvwx0ΟД∇ωεσΣд"
_STRONG = (
    "▽﹏︿︶︸∀≧≦￣¯‾◕‿╥╯╰ಠಥ⊙◎◡ᴗᵕ˘▔皿益〃〒ʖ͜͡꒪☉⌒￢◔≡ヮ彡ㅂ╬ᗜ⁄ಡ﹃┬┴┭┮￫￩→←ー△▼˃˂ﾟωД∇ε◠◑◐｡。｀⁰̀́̆̑ˇˊˋω"
)
_FACE = re.compile(rf"[{_OPEN}]([^{_OPEN}{_SHUT}\n]{{1,24}})[{_SHUT}]")
_INSIDE = re.compile(f"[\\s{re.escape(_WEAK + _STRONG)}口人工一งξ]+")
_TELLING = re.compile(
    "[▽﹏︿︶∀≧≦￣◕‿╥╯╰ಠಥ⊙◡ᴗᵕ˘▔皿益〃〒ʖ꒪⌒◔ヮ彡ㅂ╬ᗜಡ﹃┬┴┭┮△ﾟ∇｀´]|[°□•ωДд].*[°□•ωДд^]"
)
_ARM = "╯╰ヽヾノﾉシ╮╭┑┍٩۶งᕙᕗლ凸︴︵┻━↗↑彡☆★♪✧*~〜σΣ∑Ψo＼╱\\\\/|乁づつっ⊃"
_ARMS = (
    re.compile(f"(?:(?<![A-Za-z0-9])o|[{_ARM.replace('o', '')}])+\\Z"),
    re.compile(f"(?:o(?![A-Za-z0-9])|[{_ARM.replace('o', '')}])+"),
)

# Eyes, mouth, the same eyes; letters only with a mouth that no abbreviation has.
_EYES = re.compile(
    r"(?<![A-Za-z0-9_^=~<>.\-])(?:"
    r"([T;QOouUxX@><^=\-~+*$Xx0◎⊙→←╯≧￣ˊ])[_﹏]{1,3}\1|([;^=\-~+*@$⊙→←T])\s?[.ω▽o∀﹏Д]\s?\2(?![.\d])"
    r"|T\^T|[>≧╯ˋ][_.﹏▽ω∀︿oO]{1,3}[<≦╰ˊ]|\^[\-oO]?\^|\._\.|-_-?b?|┭┮[﹏_]+┭┮|[╥┬][﹏_]+[╥┬]"
    r"|Q[AaWw]Q|q[aw]q|[OoUu]w[OoUu]|Orz|orz|ORZ|OTZ|囧rz|[xX]D{1,5}"
    r")(?:\|{1,4}|[bB](?![A-Za-z]))?(?![A-Za-z0-9_^=~<>\-])"
)
_WESTERN = re.compile(
    r"(?<![A-Za-z0-9:：;；=<>()（）])(?P<eye>[:：;；=])(?P<nose>['’]?[-—^o]?)"
    r"(?:(?P<bracket>[)）(（\]\[])(?P=bracket)*|(?P<letter>[DPp3OoSs])|[*/\\|](?=\s|\Z))"
    r"(?![A-Za-z0-9/\\(（\u3400-\u9fff])"
)
_TABLES = re.compile("[┻┳]━*[┻┳]")
_SHOWN = frozenset(  # below U+1F000, and pictures without a selector too
    "⌚⌛☔☕♈♉♊♋♌♍♎♏♐♑♒♓♿⚓⚡⚪⚫⚽⚾⛄⛅⛎⛔⛪⛲⛳⛵⛺⛽✅✊✋✨❌❎❓❔❕❗➰➿⬛⬜⭐⭕❤♥☺☹✌☝❣☘☀"
)
_TOLD = re.compile(r"(?:答案|选项?|answer|key|option)\s*\Z", re.IGNORECASE)


@cache
def stickers() -> re.Pattern[str]:
    """``[微笑]`` and its like, from the list in ``lexicon/stickers.txt``."""
    path = files("psyche_bench.synthesis") / "lexicon" / "stickers.txt"
    lines = path.read_text(encoding="utf-8").splitlines()
    names = {name for line in lines if not line.startswith("#") for name in line.split()}
    return re.compile(rf"[\[【](?:{'|'.join(map(re.escape, sorted(names, reverse=True)))})[\]】]")


# The blocks in which emoji stand: searching for those is a tenth of the work.
_PICTURESQUE = re.compile("[\u2139\u2190-\u2bff\u3297\u3299\U0001f000-\U0001faff]")


@cache
def emoji() -> re.Pattern[str]:
    """Emoji of the package ``emoji``, with skin tones, joiners and selectors.

    A character that is text unless a selector makes it a picture (♀, ©, ↔, digits) goes only with
    that selector, except hearts and faces, which nobody means as text.
    """
    from emoji import EMOJI_DATA

    known = {key: entry for key, entry in EMOJI_DATA.items() if len(key) == 1}
    plain = frozenset("0123456789#*©®™♀♂〰〽‼⁉➕➖➗")
    textual = {k for k, entry in known.items() if k < "\U0001f000" and "variant" in entry} - _SHOWN
    pictures = "".join(sorted(known.keys() - textual - plain))
    selected = "".join(sorted(textual - plain))
    more = "\U0001f1e6-\U0001f1ff\U0001f3fb-\U0001f3ff"
    joined = "(?:\ufe0f|[\U0001f3fb-\U0001f3ff]|\u200d[^\\w\\s]\ufe0f?|[\U000e0020-\U000e007f])*"
    return re.compile(f"(?:[{re.escape(pictures)}{more}]|[{re.escape(selected)}]\ufe0f){joined}")


def without_emoji(text: str) -> str:
    """A gap in place of every emoji; before joiners and selectors go, which belong to it."""
    return emoji().sub(GAP, text) if _PICTURESQUE.search(text) else text


def without_faces(text: str) -> str:
    """A gap in place of every sticker, kaomoji and emoticon."""
    if not text.isascii():
        text = _without_kaomoji(text)
        text = _TABLES.sub(GAP, text)
    if "[" in text or "【" in text:
        text = stickers().sub(GAP, text)
    text = _EYES.sub(GAP, text)
    return _WESTERN.sub(_western, text)


def _without_kaomoji(text: str) -> str:
    """Faces in brackets with the arms that touch them."""
    parts, last = [], 0
    for found in _FACE.finditer(text):
        inside = found[1]
        if not (_INSIDE.fullmatch(inside) and _TELLING.search(inside)):
            continue
        before = _ARMS[0].search(text, max(last, found.start() - 4), found.start())
        after = _ARMS[1].match(text, found.end(), found.end() + 6)
        parts += [text[last : before.start() if before else found.start()], GAP]
        last = after.end() if after else found.end()
    return "".join([*parts, text[last:]])


def _western(found: re.Match[str]) -> str:
    """:) and :( unless they belong to a bracket, :D unless it names an option."""
    text, start = found.string, found.start()
    before = text[max(text.rfind("\n", 0, start) + 1, start - 60) : start]
    if bracket := found["bracket"]:
        closes = bracket in _SHUT + "]" and _unclosed(before)
        opens = bracket in _OPEN + "[" and _closed_later(text, found.end())
        return found[0] if closes or opens else GAP
    if found["letter"] and not found["nose"]:
        alone = not before or before[-1] in " \t!！~～。，,.?？…" + GAP
        return GAP if alone and not _TOLD.search(before) else found[0]
    return GAP


_BRACKETS = re.compile(r"(?<![:：;；=])[)）\]]|[:：;；=][(（\[](?!\s|\Z)|(?<![:：;；=])[(（\[]")


def _unclosed(before: str) -> bool:
    """Whether a bracket stands open here; the mouths of other faces are none."""
    depth = 0
    for found in reversed(_BRACKETS.findall(before)):
        depth += 1 if found in ")）]" else -1
        if depth < 0:
            return True
    return False


def _closed_later(text: str, start: int) -> bool:
    """Whether the next bracket of the line is a closing one."""
    found = _BRACKETS.search(text, start, start + 60)
    return bool(found and found[0] in ")）]" and "\n" not in text[start : found.start()])


def without_links(text: str) -> str:
    """A gap in place of every address; a Markdown link keeps its words."""
    if "](" in text:
        text = MARKDOWN_LINK.sub(lambda found: found[1] or GAP, text)
    return LINK.sub(GAP, text) if "." in text or "//" in text else text
