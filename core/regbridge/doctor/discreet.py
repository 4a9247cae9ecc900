"""Takes what may be about a person, or a secret, out of what is handed to others."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from regbridge.config.loader import ClientFile
from regbridge.config.masked import MASK, masked
from regbridge.config.resolved import leaves
from regbridge.doctor.checkup import Topic
from regbridge.redact import masker, redact
from regbridge.store.engine import Store
from regbridge.store.people import words_about

Plain = dict[str, Any]

_DECIDED = re.compile(r"^(ignored by|by) .*", re.DOTALL)
_OF_PEOPLE = {"act", "emails", "look", "names", "sender", "to", "username"}
"""Settings that name people."""

_COUNTED = ("receipts", "registrations", "deliveries", "calls", "tokens", "pending_since")
_WHO = {"address", "event_id", "made_by"}

_AFTER_PATH = re.compile(r"(://[^\s\"?#]*)[?#][^\s\"]*")


def discreet(text: str) -> str:
    """Return a text without addresses, quoted values, long numbers and the user's folder.

    What a person wrote is left out as a whole: who decided something, and why.
    """
    text = _DECIDED.sub(r"\1 …", text)
    return redact(text.replace(str(Path.home()), "~"))


def discreet_topics(topics: Sequence[Topic]) -> list[Plain]:
    """Return findings as plain values."""
    return [
        {
            "topic": topic.name,
            "level": finding.level.value,
            "where": discreet(finding.where),
            "message": discreet(finding.message),
            "remedy": finding.remedy,
        }
        for topic in topics
        for finding in topic.findings
    ]


def discreet_figures(store: Store, figures: Mapping[str, Any]) -> Plain:
    """Return the figures of a ledger without what its reasons say of people.

    A plugin should name nobody in a reason, and may do it all the same.
    """
    told = {
        "reasons": [
            {**row, "reason": discreet(masker(_words_about(store, row))(row["reason"]))}
            for row in figures["reasons"]
        ],
        "pauses": [_discreet_row(row, "reason") for row in figures["pauses"]],
        "parked_receipts": [_discreet_row(row, "reason") for row in figures["parked_receipts"]],
        "proofs": [_discreet_row(row, "problem") for row in figures["proofs"]],
        "refused": [_discreet_row(row) for row in figures["refused"]],
    }
    return {name: figures[name] for name in _COUNTED} | told


def _discreet_row(row: Mapping[str, Any], text: str = "") -> Plain:
    """Return a row without who it is about; `text` names a column that others wrote."""
    return {
        name: discreet(value) if name == text else value
        for name, value in row.items()
        if name not in _WHO
    }


def _words_about(store: Store, row: Mapping[str, Any]) -> Sequence[str]:
    return store.read(lambda c: words_about(c, row["client"], row["state"], row["reason"]))


def discreet_values(values: Any, key: str = "") -> Any:
    """Return configured values without people; `key` is the setting that they are under."""
    if isinstance(values, dict):
        return {str(name): discreet_values(value, str(name)) for name, value in values.items()}
    if isinstance(values, list):
        return [discreet_values(value, key) for value in values]
    if not isinstance(values, str):
        return values
    return MASK if key in _OF_PEOPLE else _without_query(values)


def discreet_client(client: ClientFile) -> Plain:
    """Return a client's configuration, value by value, with file and line."""
    return {
        "client": client.config.client,
        "fingerprint": client.fingerprint,
        "values": {
            leaf.key: {"value": _discreet_leaf(leaf.keys, masked(leaf)), "origin": leaf.origin}
            for leaf in leaves(client)
        },
    }


def _discreet_leaf(keys: Sequence[str | int], value: str) -> Any:
    """Return a value that was masked, as JSON, without people."""
    name = next((key for key in reversed(keys) if isinstance(key, str)), "")
    try:
        return discreet_values(json.loads(value), name)
    except json.JSONDecodeError:
        return value


def _without_query(text: str) -> str:
    """Return a configured text without e-mail addresses, and what follows a URL's path."""
    return _EMAIL.sub(MASK, _AFTER_PATH.sub(r"\1", text))


_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
