"""ROUGE and BLEU for Chinese written answers, with the tokeniser in every metric's name.

The paper reports ROUGE-1, ROUGE-L and BLEU-4 on PCEB's written case questions and names no
tokeniser; yet the same two texts can score ROUGE-L 61 on words and 78 on characters. So each
metric exists in both units, and a number is never printed without its unit.

The numbers are those of rouge-chinese 1.0.3 and of NLTK's ``sentence_bleu``, as LLaMA-Factory
calls them, to 1e-4; but texts of 4,000 characters take milliseconds, and neither library is
needed to run.
"""

import re
import warnings
from collections import Counter
from collections.abc import Sequence
from functools import cache
from math import exp, fsum, log
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import jieba

KEYS = ("rouge1_jieba", "rougeL_jieba", "rouge1_char", "rougeL_char", "bleu4_char", "bleu4_jieba")

_ORDERS = range(1, 5)

# Where rouge-chinese 1.0.3 begins a new sentence in space-joined text, in its order: after an end
# mark, after an ellipsis of either kind, and after an end mark inside a closing quotation mark.
_SENTENCE_BREAKS = tuple(
    re.compile(pattern)
    for pattern in (
        r"([。！？?])([^”’])",
        r"(\.{6})([^”’])",
        r"(…{2})([^”’])",
        r"([。！？?][”’])([^，。！？?])",
    )
)


def score(candidate: str, reference: str) -> dict[str, float]:
    """Six sentence-level scores, each 0–100, of a written answer against its reference.

    ``*_char`` counts characters, ``*_jieba`` the words of jieba (default dictionary, HMM on).

    - ``rouge1_*``: F of unigram *sets*, ``2PR / (P + R + 1e-8)`` with ``P = |C ∩ R| / |C|`` and
      ``R = |C ∩ R| / |R|`` over distinct tokens, as rouge-chinese counts them.
    - ``rougeL_*``: the same F with ``P = LCS / len(c)``, ``R = LCS / len(r)``, where LCS is the
      longest common subsequence of the whole texts. (rouge-chinese says "summary level" but
      takes no union over sentences.)
    - ``bleu4_*``: ``BP · exp(¼ Σ ln p_n)``, n = 1…4, clipped precisions, one reference;
      ``BP = min(1, exp(1 − len(r)/len(c)))``. An order without a match counts ``1 / (2^k · N_n)``
      for the k-th such order (NLTK's smoothing method 3), and no common token at all gives 0.

    Which practice each key follows: ``rouge1_jieba``, ``rougeL_jieba`` and ``bleu4_char`` are what
    LLaMA-Factory prints, and the paper's ROUGE fits words. Its BLEU is undecided, so there is
    ``bleu4_jieba`` too: EmoLLM scores words, though it drops spaces first and smooths by method 1;
    here the tokeniser is the only difference from ``bleu4_char``. ``rouge1_char`` and
    ``rougeL_char`` are rouge-chinese on single characters, the other common habit. Average over
    items to report; pass the text after the reasoning.

    White space is treated as those libraries treat it: a blank line inside an answer leaves an
    empty token in ROUGE, and BLEU counts spaces and newlines as tokens.

    Args:
        candidate: the model's answer; when nothing but white space, every score is 0
            (rouge-chinese would raise).
        reference: the written reference answer.

    Raises:
        ValueError: the reference is empty, so that there is nothing to compare with.

    >>> scores = score("先共情，再澄清。", "先共情，后澄清。")
    >>> round(scores["rougeL_char"], 2), round(scores["bleu4_char"], 2)
    (87.5, 50.0)
    """
    if not reference.strip():
        raise ValueError(
            "the reference answer is empty: there is nothing to compare with; "
            "leave this item out, or load its reference with sources.load('pceb_case_qa')"
        )
    if not candidate.strip():
        return dict.fromkeys(KEYS, 0.0)
    characters = (list(candidate), list(reference))
    words = (_words(candidate), _words(reference))
    rouge1_jieba, rouge_l_jieba = _rouge(*map(_rouge_tokens, words))
    rouge1_char, rouge_l_char = _rouge(*map(_rouge_tokens, characters))
    return {
        "rouge1_jieba": rouge1_jieba,
        "rougeL_jieba": rouge_l_jieba,
        "rouge1_char": rouge1_char,
        "rougeL_char": rouge_l_char,
        "bleu4_char": _bleu4(*characters),
        "bleu4_jieba": _bleu4(*words),
    }


def corpus_bleu(candidates: Sequence[str], references: Sequence[str]) -> tuple[float, str]:
    """Corpus BLEU-4 (0–100) by sacrebleu with its ``zh`` tokeniser, and sacrebleu's signature.

    Unlike the mean of ``bleu4_*`` it pools n-gram counts over all items before dividing; the
    signature beside it makes the number comparable with other people's.

    Raises:
        ValueError: the lists differ in length, are empty, or hold an empty reference.

    >>> bleu, signature = corpus_bleu(["先共情，再澄清。"], ["先共情，后澄清。"])
    >>> round(bleu, 2), "tok:zh" in signature
    (50.0, True)
    """
    if len(candidates) != len(references):
        raise ValueError(
            f"{len(candidates)} candidates but {len(references)} references: "
            "give exactly one reference for each candidate, in the same order"
        )
    if not candidates:
        raise ValueError("no texts were given: pass at least one candidate with its reference")
    empty = [index for index, reference in enumerate(references) if not reference.strip()]
    if empty:
        raise ValueError(
            f"the reference at index {empty[0]} is empty ({len(empty)} in all): "
            "leave these items out"
        )
    from sacrebleu.metrics.bleu import BLEU

    metric = BLEU(tokenize="zh")
    bleu = metric.corpus_score(list(candidates), [list(references)])
    return float(bleu.score), str(metric.get_signature())


@cache
def _tokenizer() -> "jieba.Tokenizer":
    """A jieba tokeniser of our own: words that others add to the shared one change no score.

    Built straight from the packaged dictionary: jieba's own start-up trusts and writes
    ``jieba.cache`` in the temporary folder (which may be read-only, or another user's) and talks
    on stderr; parsing costs the same second.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # jieba 0.42 asks old setuptools for pkg_resources
        import jieba
    tokenizer = jieba.Tokenizer()
    tokenizer.FREQ, tokenizer.total = tokenizer.gen_pfdict(tokenizer.get_dict_file())
    tokenizer.initialized = True
    return tokenizer


def _words(text: str) -> list[str]:
    words: list[str] = _tokenizer().lcut(text)
    return words


def _rouge_tokens(tokens: Sequence[str]) -> list[str]:
    """Tokens as rouge-chinese sees them once they were joined by spaces.

    It splits the text into sentences and each sentence at white space. The flattened result is
    the tokens again, except that a sentence of white space only becomes one empty token.

    >>> _rouge_tokens(["好", "。", "\\n", "\\n", "嗯"])
    ['好', '。', '', '', '嗯']
    """
    text = " ".join(tokens)
    for sentence_break in _SENTENCE_BREAKS:
        text = sentence_break.sub(r"\1\n\2", text)
    sentences = (sentence for sentence in text.rstrip().split("\n") if sentence)
    return [token for sentence in sentences for token in sentence.split() or [""]]


def _f(matches: int, candidate: int, reference: int) -> float:
    """F × 100 with rouge-chinese's 1e-8 (identical texts give 99.9999995)."""
    precision, recall = matches / candidate, matches / reference
    return 200 * precision * recall / (precision + recall + 1e-8)


def _rouge(candidate: Sequence[str], reference: Sequence[str]) -> tuple[float, float]:
    from rapidfuzz.distance import LCSseq

    candidate_set, reference_set = set(candidate), set(reference)
    common = candidate_set & reference_set
    # Numbers, because rapidfuzz compares hashes: equal numbers are equal tokens, always.
    number = {token: index for index, token in enumerate(candidate_set | reference_set)}
    lcs = LCSseq.similarity(
        [number[token] for token in candidate], [number[token] for token in reference]
    )
    return (
        _f(len(common), len(candidate_set), len(reference_set)),
        _f(lcs, len(candidate), len(reference)),
    )


def _bleu4(candidate: Sequence[str], reference: Sequence[str]) -> float:
    logs: list[float] = []
    unmatched = 0
    for order in _ORDERS:
        matches = _matches(candidate, reference, order)
        if order == 1 and not matches:
            return 0.0
        unmatched += not matches
        total = max(1, len(candidate) - order + 1)
        logs.append(log((matches or 0.5**unmatched) / total))
    brevity = min(1.0, exp(1 - len(reference) / len(candidate)))
    return 100 * brevity * exp(fsum(logs) / len(logs))


def _matches(candidate: Sequence[str], reference: Sequence[str], order: int) -> int:
    """Common n-grams, each counted at most as often as the reference has it."""
    available = Counter(_ngrams(reference, order))
    counts = Counter(_ngrams(candidate, order))
    return sum(min(counts[ngram], available[ngram]) for ngram in counts.keys() & available.keys())


def _ngrams(tokens: Sequence[str], order: int) -> "zip[tuple[str, ...]]":
    return zip(*(tokens[start:] for start in range(order)), strict=False)
