"""How many tokens a prompt may have, where nobody has counted them yet."""

from collections.abc import Mapping, Sequence
from typing import Any

PICTURE = 2000
"""Tokens set aside for a picture, whatever its bytes: a page of 1288 pixels has some 1,600 patches
of 28 pixels (Qwen2.5-VL, which olmOCR is made from)."""


def estimate_tokens(messages: Sequence[Mapping[str, Any]]) -> int:
    """Tokens of a prompt, on the safe side: one for a Chinese character, one for three others.

    >>> estimate_tokens([{"role": "user", "content": "你好, hello"}])
    9
    >>> picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo"}}
    >>> estimate_tokens([{"role": "user", "content": [{"type": "text", "text": "读"}, picture]}])
    2006
    """
    # In UTF-8 a Chinese character has three bytes, most others have one.
    text = pictures = 0
    for message in messages:
        content = message.get("content") or ""
        parts = content if isinstance(content, list) else [{"text": content}]
        for part in parts:
            if "text" in part:
                text += len(str(part["text"]).encode("utf-8", "surrogatepass"))
            else:
                pictures += 1
    return text // 3 + PICTURE * pictures + 4 * len(messages) + 1
