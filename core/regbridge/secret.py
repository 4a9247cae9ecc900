"""A secret setting: written in YAML only as where it is, such as `{env: NAME}`."""

from __future__ import annotations

import binascii
import os
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, SecretStr, ValidationInfo, WithJsonSchema

from regbridge.hidden import remember

WAYS = "{env: NAME}, {file: PATH}, {dpapi: PATH} or {keyring: {service: SERVICE, name: NAME}}"
"""How a secret can be written."""


def _object(**properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


_TEXT = {"type": "string", "minLength": 1}

REFERENCE_SCHEMA = {
    "description": "A secret: the name of an environment variable, the path of a file, of a file "
    "that `regbridge secret protect` made, or a place in the system's keyring.",
    "oneOf": [
        *(_object(**{key: _TEXT}) for key in ("env", "file", "dpapi")),
        _object(keyring=_object(service=_TEXT, name=_TEXT)),
    ],
}


def resolve(reference: Any, context: ValidationInfo) -> str:
    """Return the secret that a reference names.

    A relative file starts at `context["folder"]`. Raises `ValueError`, whose text never holds the
    secret, for a literal, an unset variable, an unreadable file, what the system refuses, or an
    empty value.
    """
    folder = Path((context.context or {}).get("folder", "."))
    match reference:
        case {"env": str(name)} if len(reference) == 1:
            value = os.environ.get(name, "")
            if not value:
                raise ValueError(f"the environment variable {name} is not set or is empty")
        case {"file": str(path)} if len(reference) == 1:
            value = _read(folder / path)
        case {"dpapi": str(path)} if len(reference) == 1:
            value = _unprotected(folder / path)
        case {"keyring": {"service": str(service), "name": str(name)} as place} if (
            len(reference) == 1 and len(place) == 2
        ):
            value = _kept(service, name)
        case _:
            raise ValueError(f"a secret is written as {WAYS}, never as the secret itself")
    remember(value)
    return value


def _read(path: Path) -> str:
    try:
        # Windows editors put a byte order mark before the text.
        value = path.read_text(encoding="utf-8-sig").strip()
    except (OSError, UnicodeError) as error:
        raise ValueError(
            f"the secret file {path} cannot be read ({type(error).__name__})"
        ) from None
    if not value:
        raise ValueError(f"the secret file {path} is empty")
    return value


def _unprotected(path: Path) -> str:
    from regbridge import dpapi

    text = _read(path)
    try:
        protected = binascii.a2b_base64(text.encode("ascii"), strict_mode=True)
    except (UnicodeError, binascii.Error):
        raise ValueError(f"{path} is no file that `regbridge secret protect` made") from None
    try:
        return dpapi.unprotect(protected).decode()
    except (dpapi.DpapiError, UnicodeError) as error:
        reason = error if isinstance(error, dpapi.DpapiError) else "it is no text"
        raise ValueError(
            f"the secret file {path} cannot be decrypted: {reason}; it can be read on the machine "
            "where `regbridge secret protect` made it, with --account by that account alone"
        ) from None


def _kept(service: str, name: str) -> str:
    from regbridge import keyrings

    try:
        value = keyrings.read(service, name)
    except keyrings.KeyringError as error:
        raise ValueError(str(error)) from None
    if not value:
        raise ValueError(
            f"this account's keyring has no {name!r} of the service {service!r}; "
            f"`regbridge secret keep {service} {name}`, run by this account, puts it there"
        )
    return value


Secret = Annotated[SecretStr, BeforeValidator(resolve), WithJsonSchema(REFERENCE_SCHEMA)]
"""The type of a secret in a settings model; read it with `settings.token.get_secret_value()`."""


def _text(value: Any, context: ValidationInfo) -> Any:
    return resolve(value, context) if isinstance(value, dict) else value


Text = Annotated[
    str,
    BeforeValidator(_text),
    WithJsonSchema({"anyOf": [{"type": "string"}, REFERENCE_SCHEMA]}),
]
"""The type of a setting that is no secret, and may be written as a reference all the same."""
