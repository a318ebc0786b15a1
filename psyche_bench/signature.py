"""How a number was made, as one short string beside it (after sacrebleu's signatures)."""

from collections.abc import Mapping


def signature(parts: Mapping[str, object]) -> str:
    """Join ``key:value`` pairs in their order; unknown values are left out.

    >>> signature({"bench": "pceb", "protocol": "direct", "limit": None, "version": "0.1.0"})
    'bench:pceb|protocol:direct|version:0.1.0'
    """
    return "|".join(f"{key}:{value}" for key, value in parts.items() if value is not None)
