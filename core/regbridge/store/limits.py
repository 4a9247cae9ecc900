"""The places of limiters in the ledger, so that all its processes share them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, case, delete, func, select, update

from regbridge.limits import Block, Limiters, RateLimit
from regbridge.store.bulk import insert_rows
from regbridge.store.clock import from_ms, to_ms
from regbridge.store.engine import Store
from regbridge.store.shared_clock import SharedClock
from regbridge.store.sql import insert_or_update
from regbridge.store.tables import limiter_blocks, limiter_calls, limiter_places


def ledger_limiters(store: Store) -> Limiters:
    """Return the limiters that all hosts and commands of a ledger share."""
    clock = SharedClock(store)
    return Limiters(LedgerPlaces(store, clock), clock.seconds)


class LedgerPlaces:
    """Keeps places, blocks and counts in the ledger; see `regbridge.limits.Places`.

    Each call of a vendor costs two small transactions that do not wait for the disk. By `clock` the
    others may have another time than this one.
    """

    def __init__(self, store: Store, clock: SharedClock | None = None) -> None:
        self._store = store
        self._clock = clock

    def take(self, key: str, limit: RateLimit, now: int, until: int) -> int | None:
        """Take a free place until `until`, count the call, and return the place's number.

        None when all places are taken. `limit.per_day` is kept beside the count.
        """
        return self._store.write_hastily(lambda c: _take(c, key, limit, now, until))

    def free_at(self, key: str, places: int) -> int:
        """Return when the next place is free."""
        return self._store.read(
            lambda c: (
                c.scalar(select(func.min(limiter_places.c.free_at)).where(*_of(key, places))) or 0
            )
        )

    def give_back(self, key: str, place: int, free_at: int) -> None:
        """Make a place free from `free_at` on, by everybody's clock."""
        free_at += round(self._clock.uncertainty * 1000) if self._clock else 0
        mine = update(limiter_places).where(
            limiter_places.c.key == key, limiter_places.c.place == place
        )
        self._store.write_hastily(lambda c: c.execute(mine.values(free_at=free_at)))

    def block(self, key: str, block: Block) -> None:
        """Let nobody make calls for a while."""
        self._store.write(lambda c: _block(c, key, block))

    def blocked(self, key: str) -> Block | None:
        """Return the last block, which may be over."""
        query = select(limiter_blocks).where(limiter_blocks.c.key == key)
        row = self._store.read(lambda c: c.execute(query).one_or_none())
        return Block(from_ms(row.until), row.reason) if row else None


def calls_since(connection: Connection, day: str) -> Sequence[Any]:
    """Return rows (key, day, calls, left) from a day (such as 2027-03-01, GMT) on.

    `left` is None where nobody has said how many calls a day has. What other programs call with the
    same account is not known here.
    """
    calls, per_day = limiter_calls.c.calls, limiter_calls.c.per_day
    left = case((calls > per_day, 0), else_=per_day - calls).label("left")
    return connection.execute(
        select(limiter_calls.c.key, limiter_calls.c.day, calls, left)
        .where(limiter_calls.c.day >= day)
        .order_by(limiter_calls.c.day.desc(), limiter_calls.c.key)
    ).all()


def blocked_accounts(connection: Connection, now: int) -> Sequence[str]:
    """Return the keys of the accounts that nobody may call at a time (ms)."""
    return connection.scalars(
        select(limiter_blocks.c.key).where(limiter_blocks.c.until > now)
    ).all()


def unblock(connection: Connection) -> None:
    """End all blocks; a vendor whose quota is used up says so again at the next call."""
    connection.execute(delete(limiter_blocks))


def _take(connection: Connection, key: str, limit: RateLimit, now: int, until: int) -> int | None:
    place = _take_free(connection, key, limit.places, now, until)
    if place is None and _add_places(connection, key, limit.places):
        place = _take_free(connection, key, limit.places, now, until)
    if place is not None:
        _count(connection, key, f"{from_ms(now):%Y-%m-%d}", limit.per_day)
    return place


def _take_free(connection: Connection, key: str, places: int, now: int, until: int) -> int | None:
    free = (
        select(limiter_places.c.place)
        .where(*_of(key, places), limiter_places.c.free_at <= now)
        .order_by(limiter_places.c.free_at)
        .limit(1)
        .with_for_update(skip_locked=True)
        .scalar_subquery()
    )
    mine = update(limiter_places).where(limiter_places.c.key == key, limiter_places.c.place == free)
    place: int | None = connection.scalar(
        mine.values(free_at=until).returning(limiter_places.c.place)
    )
    return place


def _add_places(connection: Connection, key: str, places: int) -> bool:
    """Add the places that an account has not had yet; return whether there were any."""
    known = connection.scalar(
        select(func.count()).select_from(limiter_places).where(*_of(key, places))
    )
    if known == places:
        return False
    rows = [{"key": key, "place": place, "free_at": 0} for place in range(places)]
    insert_rows(connection, limiter_places, rows, if_new=True)
    return True


def _of(key: str, places: int) -> tuple[Any, Any]:
    return limiter_places.c.key == key, limiter_places.c.place < places


def _count(connection: Connection, key: str, day: str, per_day: int | None) -> None:
    one_more: dict[str, Any] = {"calls": limiter_calls.c.calls + 1}
    if per_day is not None:
        one_more["per_day"] = per_day
    today = insert_or_update(connection, limiter_calls, ("key", "day"), one_more)
    connection.execute(today.values(key=key, day=day, calls=1, per_day=per_day))


def _block(connection: Connection, key: str, block: Block) -> None:
    row = {"key": key, "until": to_ms(block.until), "reason": block.reason}
    insert_rows(connection, limiter_blocks, [row], if_new=True)
    connection.execute(update(limiter_blocks).where(limiter_blocks.c.key == key).values(row))
