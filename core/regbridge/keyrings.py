"""The system's own store of credentials, through the package `keyring`, which is an extra."""

from __future__ import annotations

from types import ModuleType


class KeyringError(Exception):
    """The store cannot be used; the text says why and what to do, without the secret."""


def read(service: str, name: str) -> str | None:
    """Return a secret, None when there is none under that name. Raises `KeyringError`."""
    keyring = _keyring()
    try:
        found: str | None = keyring.get_password(service, name)
    except Exception as error:  # each system's store raises errors of its own
        raise KeyringError(_refused(error)) from None
    return found


def keep(service: str, name: str, secret: str) -> None:
    """Put a secret there, in the place of an older one. Raises `KeyringError`."""
    keyring = _keyring()
    try:
        keyring.set_password(service, name, secret)
    except Exception as error:
        raise KeyringError(_refused(error)) from None


def _keyring() -> ModuleType:
    try:
        import keyring
    except ImportError:
        raise KeyringError(
            'the package keyring is not installed; install it with pip install "regbridge[keyring]"'
        ) from None
    return keyring


def _refused(error: Exception) -> str:
    return (
        f"this account's keyring cannot be used ({type(error).__name__}); a service has the one of "
        "the account that it runs under, and a Linux server may have none: write {file: PATH} there"
    )
