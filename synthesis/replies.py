"""JSON out of a model's reply: read, repaired where it is nearly JSON, else said to be malformed.

``json-repair`` mends what models do to JSON (missing quotes and commas, prose around it, a cut
end); what it makes of plain prose is an empty string, which is no answer.
"""

from typing import Any

from psyche_bench.answers import visible
from psyche_bench.store import Reply
from psyche_bench.synthesis.step import Malformed

LONGEST = 100_000
"""Characters of a reply that are looked at; the repair is not linear in hostile text."""


def text(reply: Reply) -> str:
    """The reply with its reasoning in tags, as it stands when the endpoint does not split it."""
    return f"<think>{reply.reasoning}</think>{reply.text}" if reply.reasoning else reply.text


def cut_off(reply: Reply) -> bool:
    """Whether the endpoint says that the reply hit its token limit."""
    return reply.finish_reason == "length"


def value(reply: Reply) -> Any:
    """The JSON value a reply holds.

    Raises:
        Malformed: there is none; the message says so in words for the model.
    """
    import json_repair

    said = visible(reply.text)
    if said is None or not said.strip():
        raise Malformed("the reply is empty or was cut off; send the JSON alone")
    start = min((place for mark in "{[" if (place := said.find(mark)) >= 0), default=-1)
    if start < 0:
        raise Malformed("the reply holds no JSON")
    try:
        found = json_repair.loads(said[start : start + LONGEST])
    except (ValueError, RecursionError):
        found = ""
    if not isinstance(found, dict | list) or not found:
        raise Malformed("the reply holds no JSON that can be read")
    return found


def mapping(reply: Reply, *keys: str) -> dict[str, Any]:
    """The last JSON object of a reply that has all ``keys``.

    Raises:
        Malformed: there is none.
    """
    found = value(reply)
    places = found if isinstance(found, list) else [found]
    fitting = [place for place in places if isinstance(place, dict) and set(keys) <= set(place)]
    if not fitting:
        raise Malformed(f"the JSON object needs the keys {', '.join(keys)}")
    return dict(fitting[-1])


def mappings(reply: Reply, key: str) -> list[Any]:
    """The list of objects a reply holds: a bare list, one object, or a list under ``key``.

    Raises:
        Malformed: there is none.
    """
    found = value(reply)
    if isinstance(found, dict):
        found = found.get(key, [found])
    if not isinstance(found, list) or not found:
        raise Malformed(f"a JSON list of objects is expected under the key {key}")
    return found
