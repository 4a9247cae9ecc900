"""A ledger in memory, with the tables, the statements and the rules of the real one."""

from __future__ import annotations

from regbridge.store.memory import MemoryStore, open_memory_store

__all__ = ["MemoryStore", "memory_ledger"]


def memory_ledger() -> MemoryStore:
    """Return an empty ledger in memory, which is gone once it is closed; use it in a `with` block.

    It is a `regbridge.store.engine.Store` on SQLite with all its tables, and may be shared by
    threads, not by processes. Each one is a ledger of its own.
    """
    return open_memory_store()
