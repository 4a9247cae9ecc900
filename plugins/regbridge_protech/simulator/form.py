"""The form and the query string as the simulated service reads them."""

from __future__ import annotations

from urllib.parse import parse_qsl

from lxml import etree

from regbridge_protech.simulator.contract import NAMESPACE, Contract


def read_fields(contract: Contract, encoded: str) -> dict[str, str]:
    """Return the parameters of a form; unlike in SOAP none may be left out.

    Raises `ValueError`, as for a call, and when the encoding is wrong.
    """
    try:
        pairs = parse_qsl(encoded, keep_blank_values=True, strict_parsing=True, errors="strict")
    except ValueError:
        raise ValueError("The form is not encoded as application/x-www-form-urlencoded.") from None
    fields = dict(pairs)
    if missing := [name for name in contract.names if name not in fields]:
        raise ValueError(f"Missing parameter: {missing[0]}.")
    if unknown := fields.keys() - set(contract.names):
        raise ValueError(f"Unknown parameter: {min(unknown)}.")
    if len(pairs) > len(fields):
        raise ValueError("A parameter is there twice.")
    return contract.parameters(contract.call(fields))


def write_string(result: str) -> bytes:
    """Return the answer to a form."""
    root = etree.Element(f"{{{NAMESPACE}}}string", nsmap={"m": NAMESPACE})
    root.text = result
    return etree.tostring(root, encoding="utf-8", xml_declaration=True)
