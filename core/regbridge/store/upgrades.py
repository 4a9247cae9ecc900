"""Brings the ledger's tables to a version, while hosts of the version before still run.

A `pre` migration only adds, so that older hosts go on working beside newer ones. All others take
something away, and wait until no older host is connected.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, delete, inspect, select, text, update

from regbridge.errors import ConfigError
from regbridge.store import postgresql
from regbridge.store.bulk import insert_rows
from regbridge.store.engine import Store
from regbridge.store.migrations import Revision, needed_revision, revisions
from regbridge.store.tables import compatibility

if TYPE_CHECKING:
    from alembic.config import Config

_LOCK = text("SELECT pg_advisory_xact_lock(hashtext('regbridge upgrade'))")
_CONNECTED = text(
    "SELECT DISTINCT application_name FROM pg_stat_activity"
    " WHERE datname = current_database() AND application_name LIKE :program"
)


@dataclass(frozen=True, slots=True)
class Upgraded:
    """How far an upgrade came; `waits_for` are the older hosts that keep it from its end."""

    revision: str
    waits_for: tuple[str, ...] = ()


def upgrade(store: Store) -> Upgraded:
    """Bring the tables to this version; a new database gets all of them.

    Raises `ConfigError` when the database is from a newer version that this one cannot work with.
    """
    known = revisions(store.migrations)
    found = store.read(found_revision)
    if found is not None and found not in [revision.number for revision in known]:
        _require_compatible(store, found, known)
        return Upgraded(found)
    # An empty database has no host that could be in the way.
    missing = [one for one in known if one.number > found] if found else known[-1:]
    for revision in missing:
        waits_for: tuple[str, ...] = ()
        if found is not None and not revision.is_pre:
            waits_for = store.read(lambda c, to=revision: older_hosts(c, to.number))  # type: ignore[misc]
        if waits_for:
            return Upgraded(store.read(found_revision) or "", waits_for)
        store.write(lambda c, to=revision: _migrate(c, to, known, store.migrations))  # type: ignore[misc]
    return Upgraded(known[-1].number)


def require_current(store: Store) -> None:
    """Raise `ConfigError` when this version cannot work with the tables as they are."""
    known = revisions(store.migrations)
    found = store.read(found_revision)
    needed = needed_revision(store.migrations)
    if found is None or (found < needed and found in [one.number for one in known]):
        message = f"the database is at revision {found or 'none'}, this version needs {needed}"
        raise ConfigError.of(message, "run `regbridge upgrade`")
    if found > known[-1].number:
        _require_compatible(store, found, known)


def older_hosts(connection: Connection, revision: str) -> tuple[str, ...]:
    """Return the names of the connected hosts whose version does not know a revision."""
    if connection.dialect.name == "sqlite":
        return ()
    names = connection.scalars(_CONNECTED, {"program": f"{postgresql.PROGRAM} %"}).all()
    versions = [re.match(rf"{postgresql.PROGRAM} (\d+) ", name) for name in names]
    return tuple(found.string for found in versions if found is not None and found[1] < revision)


def require_at_least(connection: Connection, revision: str) -> None:
    """Keep away, from now on, every program whose version does not know a revision.

    Raises `ConfigError` when one is connected.
    """
    if waits_for := older_hosts(connection, revision):
        message = f"hosts of an older version are connected: {', '.join(waits_for)}"
        raise ConfigError.of(message, "replace them first; they cannot read what is encrypted")
    older = compatibility.c.oldest < revision
    connection.execute(update(compatibility).where(older).values(oldest=revision))


def found_revision(connection: Connection) -> str | None:
    """Return the revision of the tables, None where there are none of a ledger."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return found


def _require_compatible(store: Store, found: str, known: list[Revision]) -> None:
    oldest = store.read(lambda c: c.scalar(select(compatibility.c.oldest)))
    if oldest is None or oldest > known[-1].number:
        message = f"the database was made by a newer version of regbridge (revision {found})"
        raise ConfigError.of(message, "install that version, or a newer one")


def _migrate(connection: Connection, to: Revision, known: list[Revision], migrations: Path) -> None:
    """Run one migration, unless another process just did."""
    from alembic import command

    if connection.dialect.name != "sqlite":
        connection.execute(_LOCK)
    if (found_revision(connection) or "") >= to.number:
        return
    config = _alembic(migrations)
    config.attributes["connection"] = connection
    command.upgrade(config, to.number)
    if inspect(connection).has_table(compatibility.name):
        done = [one.number for one in known if one.number <= to.number and not one.is_pre]
        kept = connection.scalars(select(compatibility.c.oldest)).all()
        connection.execute(delete(compatibility))
        insert_rows(connection, compatibility, [{"oldest": max([done[-1], *kept])}])


def _alembic(migrations: Path) -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(migrations).replace("%", "%%"))
    return config
