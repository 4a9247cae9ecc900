"""The addresses and networks that a setting names, one or several."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema

from regbridge.addresses import Network, network_of


def _read(value: Any) -> tuple[Network, ...]:
    entries = value if isinstance(value, list | tuple) else [value]
    if not entries:
        raise ValueError("an empty list names nobody; leave the key out, or name a network")
    for entry in entries:
        if not isinstance(entry, str):
            raise ValueError("an address or a network is text; write it in quotes")
    return tuple(network_of(entry) for entry in entries)


Networks = Annotated[
    tuple[Network, ...],
    BeforeValidator(_read),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "minLength": 2},
                {"type": "array", "items": {"type": "string", "minLength": 2}, "minItems": 1},
            ]
        }
    ),
]
"""One address or network (IPv4, IPv6), or a list of them."""
