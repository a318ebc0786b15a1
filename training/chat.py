"""``psyche-bench chat MODEL``: a small terminal chat, reasoning folded, a notice that stays."""

import sys
from collections.abc import Iterator
from typing import Any

from psyche_bench import answers
from psyche_bench.training import models
from psyche_bench.training.recipe import Model

NOTICE = (
    "这是一个用于研究的语言模型，不是心理咨询师，不能代替专业诊断与治疗。"
    "如有伤害自己或他人的念头，请立即拨打：全国统一心理援助热线 12356；急救 120；报警 110。\n"
    "A language model for research, no counsellor and no replacement for professional help. In "
    "danger, call your local emergency number (mainland China: 12356 for psychological support, "
    "120, 110)."
)
"""Shown before every turn of the user's."""

FOLDED = "（思考 {count} 字，--reasoning 展开 / {count} characters of reasoning folded）"


def shown(reply: str, *, unfolded: bool) -> str:
    """A reply as it is printed: its reasoning folded into one line, unless asked for.

    >>> shown("<think>先共情。</think>听起来您很累。", unfolded=False).splitlines()[-1]
    '听起来您很累。'
    """
    visible = answers.visible(reply)
    if unfolded or visible == reply:
        return reply
    rest = "（未写完 / cut off before the answer）" if visible is None else visible.strip()
    hidden = len(reply) - len(visible or "")
    return f"{FOLDED.format(count=hidden)}\n{rest}"


def talk(name: str, *, unfolded: bool, tokens: int, temperature: float) -> int:
    """Read lines until the end of input or ``/quit``; ``/new`` begins again.

    Raises:
        RunError: the model cannot be loaded or has no chat template.
    """
    tokeniser, model = models.tokeniser(Model(name=name)), models.model(Model(name=name))
    turns: list[dict[str, str]] = []
    for line in _lines():
        if line == "/new":
            turns = []
            continue
        turns.append({"role": "user", "content": line})
        reply = generate(model, tokeniser, turns, tokens, temperature)
        print(shown(reply, unfolded=unfolded), flush=True)
        visible = answers.visible(reply)
        turns.append({"role": "assistant", "content": (visible or "").strip()})
    return 0


def _lines() -> Iterator[str]:
    while True:
        print(f"\n{NOTICE}\n> ", end="", file=sys.stderr, flush=True)
        line = sys.stdin.readline()
        if not line or line.strip() in ("/quit", "/exit"):
            return
        if line.strip():
            yield line.strip()


def generate(
    model: Any, tokeniser: Any, turns: list[dict[str, str]], tokens: int, temperature: float
) -> str:
    """The model's next turn."""
    import torch

    ids = tokeniser.apply_chat_template(
        turns, add_generation_prompt=True, return_tensors="pt", return_dict=True
    ).to(model.device)
    how = {"do_sample": True, "temperature": temperature} if temperature else {"do_sample": False}
    with torch.inference_mode():
        written = model.generate(
            **ids, max_new_tokens=tokens, pad_token_id=tokeniser.pad_token_id, **how
        )
    return str(tokeniser.decode(written[0, ids["input_ids"].shape[1] :], skip_special_tokens=True))
