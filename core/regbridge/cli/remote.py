"""Opens a running host for a command that asks it in the place of the ledger here."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from regbridge.errors import ConfigError

if TYPE_CHECKING:
    from regbridge.remote import RemoteHost


def open_host(url: str, token_env: str) -> RemoteHost:
    """Return a host to be asked with the token that an environment variable holds.

    Raises `ConfigError` when either cannot be right. What speaks HTTP is loaded only now.
    """
    from regbridge.remote import RemoteHost

    token = os.environ.get(token_env, "").strip()
    if not token:
        raise ConfigError.of(
            f"the environment variable {token_env} is not set or is empty",
            "put a token of the host's API into it, or name another one with --token-env",
        )
    return RemoteHost(url, token)
