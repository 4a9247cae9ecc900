"""The types of the ledger's columns that no database has by itself."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Integer, String, TypeDecorator

# SQLite numbers its rows by itself only in a column whose type is INTEGER.
Big = BigInteger().with_variant(Integer, "sqlite")


class PlainText(TypeDecorator[str]):
    """Text that others wrote, without what a database refuses: NUL, halves of characters."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: str | None, _dialect: Any) -> str | None:
        """Return what is stored."""
        return None if value is None else self.clean(value)

    @staticmethod
    def clean(text: str) -> str:
        """Return a text that every database takes."""
        if text.isascii() and "\0" not in text:
            return text
        return text.replace("\0", "").encode("utf-8", "replace").decode()
