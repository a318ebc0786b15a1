"""Prompts of a batch worked through one by one before they are generated from together.

A batch pads its prompts to the longest. On a CPU, where every token costs time, that padding is
work for nothing, and the mask it needs makes attention twice as dear: the rows of a batch are only
worth having together while replies are written. So keys and values of each prompt are computed
without padding and then laid side by side, padded on the left, for ``generate`` to go on from. A
GPU would rather have many rows at once and is left alone (``tests/perf/hf_batches.py``).
"""

from typing import Any


def prefilled(model: Any, tokens: Any, mask: Any) -> Any | None:
    """Keys and values of all tokens but each row's last.

    Args:
        model: a transformers causal LM on the CPU.
        tokens: token ids, (rows, width), padded on the left.
        mask: 1 where a token is, 0 where padding is; (rows, width).

    Returns:
        A ``DynamicCache`` of length width - 1 for ``model.generate(past_key_values=…)``; None where
        nothing is won (no padding), or the model keeps more than plain keys and values (sliding
        windows, state spaces).
    """
    import torch
    from transformers import DynamicCache

    width = tokens.shape[1]
    lengths = mask.sum(1).tolist()
    if min(lengths) == width or min(lengths) < 2 or not _plain(model):
        return None
    layers: list[tuple[list[Any], list[Any]]] = []
    decoder = model.get_decoder()
    with torch.inference_mode():
        for rows in _alike(lengths):
            ids = tokens[rows, width - lengths[rows[0]] : -1]
            found = decoder(input_ids=ids, use_cache=True).past_key_values
            layers = layers or [([], []) for _ in found.layers]
            for layer, kept in zip(found.layers, layers, strict=True):
                left = (0, 0, width - 1 - ids.shape[1], 0)
                kept[0].append(torch.nn.functional.pad(layer.keys, left))
                kept[1].append(torch.nn.functional.pad(layer.values, left))
        joined = [(torch.cat(keys), torch.cat(values)) for keys, values in layers]
    return DynamicCache(joined, config=model.config)


def _plain(model: Any) -> bool:
    from transformers import DynamicCache
    from transformers.cache_utils import DynamicLayer

    layers = DynamicCache(config=model.config).layers
    return bool(layers) and all(type(layer) is DynamicLayer for layer in layers)


def _alike(lengths: list[int]) -> list[list[int]]:
    """Neighbouring rows of one length, which need no padding together."""
    groups: list[list[int]] = []
    for row, length in enumerate(lengths):
        if groups and lengths[groups[-1][0]] == length:
            groups[-1].append(row)
        else:
            groups.append([row])
    return groups
