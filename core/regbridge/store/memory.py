"""The ledger in memory: what a test needs of it, and nothing that is kept."""

from __future__ import annotations

from regbridge.config.encryption import EncryptionConfig
from regbridge.store.engine import Store


class MemoryStore(Store):
    """A ledger that is gone once it is closed."""


def open_memory_store(encryption: EncryptionConfig | None = None) -> MemoryStore:
    """Return an empty ledger in memory with all its tables."""
    raise NotImplementedError
