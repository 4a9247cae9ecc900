"""A secret setting: written in YAML only as `{env: NAME}` or `{file: PATH}`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, SecretStr, ValidationInfo, WithJsonSchema

REFERENCE_SCHEMA = {
    "description": "A secret: the name of an environment variable, or the path of a file.",
    "oneOf": [
        {
            "type": "object",
            "properties": {key: {"type": "string", "minLength": 1}},
            "required": [key],
            "additionalProperties": False,
        }
        for key in ("env", "file")
    ],
}


def resolve(reference: Any, context: ValidationInfo) -> str:
    """Return the secret that a reference names.

    A relative file starts at `context["folder"]`. Raises `ValueError`, whose text never holds the
    secret, for a literal, an unset variable, an unreadable file or an empty value.
    """
    match reference:
        case {"env": str(name)} if len(reference) == 1:
            value = os.environ.get(name, "")
            if not value:
                raise ValueError(f"the environment variable {name} is not set or is empty")
        case {"file": str(path)} if len(reference) == 1:
            value = _read(Path((context.context or {}).get("folder", ".")) / path)
        case _:
            raise ValueError(
                "a secret is written as {env: NAME} or {file: PATH}, never as the secret itself"
            )
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
