"""The model of `host.encryption` in `base.yaml`."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated, Self

from pydantic import AfterValidator, Field, SecretStr, model_validator

from regbridge.config.model import Model
from regbridge.secret import Secret

_KEY_BYTES = 32


def key_bytes(key: SecretStr) -> bytes:
    """Return the 32 bytes that a key's text stands for. Raises `ValueError` for any other text."""
    text = key.get_secret_value().strip().rstrip("=").translate(_TO_URL_SAFE)
    try:
        found = base64.b64decode(f"{text}=", altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        found = b""
    if len(found) != _KEY_BYTES:
        raise ValueError(
            f"an encryption key is {_KEY_BYTES} random bytes in base64; make one with "
            "`regbridge secret random`, and keep a copy where the ledger is not"
        )
    return found


_TO_URL_SAFE = str.maketrans("+/", "-_")


def _is_key(key: SecretStr) -> SecretStr:
    key_bytes(key)
    return key


Key = Annotated[Secret, AfterValidator(_is_key)]


class EncryptionConfig(Model):
    """The keys by which the ledger keeps what people wrote; without them it is kept as it came."""

    keys: Annotated[list[Key], Field(min_length=1)]
    """The keys: the first one encrypts, all of them decrypt."""

    writes: bool = True
    """Whether what is written from now on is encrypted; false before the keys are given up."""

    @model_validator(mode="after")
    def _all_different(self) -> Self:
        if len({key_bytes(key) for key in self.keys}) < len(self.keys):
            raise ValueError("a key stands twice in keys; remove one")
        return self
