"""Seals values with a key, each to the row that it stands in, and opens them again.

AES-GCM, with a nonce of its own for each value: who has the database without the keys can neither
read a value nor change it, nor put it into another row. A sealed value says by which key.
"""

from __future__ import annotations

import hashlib
import os
from binascii import a2b_base64, b2a_base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, TypeVar

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from regbridge.store.columns import PlainText
from regbridge.store.sealed import BYTES_MARK, TEXT_MARK, UnknownKeyError

Value = TypeVar("Value", str, bytes)

KEY_LENGTH = 16
"""Characters of a key's id, which follow the mark, and then a colon."""

KEYED = "keyed:"
"""How a digest begins that nobody can compute without the ledger's digest key."""

_NONCE = 12


@dataclass(frozen=True, slots=True)
class Place:
    """Which columns of a table are sealed, and the columns that tell its rows apart.

    The latter are known when a row is inserted, and never change.
    """

    columns: tuple[str, ...]
    row: tuple[str, ...]


PLACES: Mapping[str, Place] = {
    "receipt_parts": Place(("body",), ("receipt_id", "part")),
    "registration_payloads": Place(("payload",), ("receipt_id", "position")),
    "deliveries": Place(("record",), ("registration_id", "target")),
    "corrections": Place(("value",), ("registration_id", "at", "target", "field")),
    "differences": Place(("text", "changes", "record"), ("pass_id", "kind", "target", "subject")),
}
"""By the names of the tables. What is searched for or sorted by cannot be sealed."""


class Sealing:
    """The keys of one process; the first of them seals, unless `writes` is false.

    `digest_key` is the ledger's own, which the ledger keeps sealed (see `keys`). `is_noted` says
    that the ledger surely knows the first key.
    """

    def __init__(self, keys: Sequence[bytes], *, writes: bool = True) -> None:
        self._ciphers = {key_id(key): AESGCM(key) for key in keys}
        self.first = key_id(keys[0])
        self.writes = writes
        self.is_noted = False
        self.digest_key = b""
        self._text_head = f"{TEXT_MARK}{self.first}:"
        self._bytes_head = BYTES_MARK + f"{self.first}:".encode()

    @property
    def keys(self) -> list[str]:
        """The ids of the keys, that of the first one first."""
        return list(self._ciphers)

    def seal(
        self, value: Value | memoryview, about: bytes, nonce: bytes | None = None
    ) -> str | bytes:
        """Return a value sealed to `about`, which tells where it stands (see `place_in`).

        A `nonce` is random and used once.
        """
        nonce = nonce or os.urandom(_NONCE)
        encrypt = self._ciphers[self.first].encrypt
        if isinstance(value, str):
            sealed = encrypt(nonce, PlainText.clean(value).encode(), about)
            return self._text_head + b2a_base64(nonce + sealed, newline=False).decode("ascii")
        return b"".join((self._bytes_head, nonce, encrypt(nonce, value, about)))

    def open(self, value: Value, about: bytes) -> Value:
        """Return what was sealed, and what is not sealed as it is.

        Raises `UnknownKeyError`, or `ValueError` for a value that was damaged or moved.
        """
        if not (key := sealed_by(value)):
            return value
        if (cipher := self._ciphers.get(key)) is None:
            raise UnknownKeyError(key)
        try:
            if isinstance(value, str):
                sealed = a2b_base64(value[len(self._text_head) :])
                return cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], about).decode()
            start = len(self._bytes_head)
            view = memoryview(value)[start:]
            return cipher.decrypt(view[:_NONCE], view[_NONCE:], about)
        except (InvalidTag, ValueError):
            raise ValueError("it was damaged, or stood in another row") from None

    def keyed(self, digest: str) -> str:
        """Return a digest of a record as nobody can compute it without the digest key.

        The digest of what somebody can guess would tell whether the guess is right.
        """
        if not digest or digest.startswith(KEYED):
            return digest
        found = hashlib.blake2b(digest.encode(), digest_size=16, key=self.digest_key)
        return KEYED + found.hexdigest()

    def sealed_rows(
        self, table: str, rows: Sequence[Mapping[str, Any]], names: Sequence[str]
    ) -> list[dict[str, Any]]:
        """Return rows with those values sealed that have something in them."""
        places = [(name, place_in(table, name)) for name in names]
        keys_of = itemgetter(*PLACES[table].row)
        sealed = [dict(row) for row in rows]
        size = _NONCE * len(names)
        nonces = os.urandom(size * len(rows))  # to ask for each costs a third of sealing
        for at, row in enumerate(sealed):
            keys = keys_of(row)
            start = at * size
            for name, place in places:
                if value := row[name]:
                    row[name] = self.seal(value, place(keys), nonces[start : start + _NONCE])
                start += _NONCE
        return sealed


def key_id(key: bytes) -> str:
    """Return what tells a key from others, and nothing about it."""
    return hashlib.sha256(b"regbridge encryption key\0" + key).hexdigest()[:KEY_LENGTH]


def sealed_by(value: str | bytes) -> str:
    """Return the id of the key that a value is sealed by, "" if it is not sealed."""
    if isinstance(value, str):
        if not value.startswith(TEXT_MARK):
            return ""
        return value[len(TEXT_MARK) :][:KEY_LENGTH]
    if not value.startswith(BYTES_MARK):
        return ""
    return value[len(BYTES_MARK) :][:KEY_LENGTH].decode("latin-1")


def place_in(table: str, column: str) -> Callable[[tuple[Any, ...]], bytes]:
    """Return what makes of the keys of a row what a value is sealed to: where it stands."""
    template = "\x1f".join((table, column, *("%s" for _ in PLACES[table].row)))
    return lambda keys: PlainText.clean(template % keys).encode()
