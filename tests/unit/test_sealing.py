"""What is sealed comes back as it was, in its place and nowhere else."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import SQLModel

from regbridge.store.columns import PlainText
from regbridge.store.sealed import UnknownKeyError
from regbridge.store.sealing import PLACES, Sealing, key_id, place_in, sealed_by

NEW, OLD = os.urandom(32), os.urandom(32)
SEALING = Sealing([NEW, OLD])
KEYS = st.tuples(st.integers(0, 2**63), st.text() | st.integers())


def place(keys: tuple[Any, ...]) -> bytes:
    return place_in("deliveries", "record")(keys)


@given(st.binary(min_size=1) | st.text(min_size=1), KEYS)
def test_a_value_comes_back_as_it_would_have_been_kept(value: Any, keys: tuple[Any, ...]) -> None:
    sealed: Any = SEALING.seal(value, place(keys))

    assert sealed_by(sealed) == SEALING.first == key_id(NEW)
    kept = PlainText.clean(value) if isinstance(value, str) else value
    assert SEALING.open(sealed, place(keys)) == kept


@given(st.binary(min_size=1) | st.text(min_size=1), KEYS, KEYS, st.integers(min_value=0))
def test_a_value_opens_in_its_place_alone_and_unchanged(
    value: Any, keys: tuple[Any, ...], others: tuple[Any, ...], at: int
) -> None:
    sealed: Any = SEALING.seal(value, place(keys))
    if place(keys) != place(others):
        with pytest.raises(ValueError, match="damaged, or stood in another row"):
            SEALING.open(sealed, place(others))
    raw = isinstance(sealed, bytes)
    head = len("xsealed::" if raw else "sealed::") + 16
    at = head + at % (len(sealed) - head - (0 if raw else 4))
    other = bytes([sealed[at] ^ 1]) if raw else ("A" if sealed[at] != "A" else "B")
    with pytest.raises(ValueError, match="damaged, or stood in another row"):
        SEALING.open(sealed[:at] + other + sealed[at + 1 :], place(keys))


def test_places_that_read_alike_are_different() -> None:
    places = {place((1, "2")), place((12, "")), place_in("deliveries", "records")((1, "2"))}
    assert len(places) == 3


def test_every_key_opens_and_the_first_one_seals() -> None:
    before: Any = Sealing([OLD]).seal("a", b"place")
    assert SEALING.open(before, b"place") == "a"
    assert sealed_by(before) == key_id(OLD)
    with pytest.raises(UnknownKeyError, match=key_id(NEW)):
        Sealing([OLD]).open(cast("str", SEALING.seal("a", b"place")), b"place")


@pytest.mark.parametrize("value", ["", "{}", "sealed", b"", b'{"a": 1}', b"\xff\xfe", b"sealed:"])
def test_what_is_not_sealed_comes_as_it_is(value: Any) -> None:
    assert sealed_by(value) == ""
    assert SEALING.open(value, b"place") == value


@pytest.mark.parametrize("rest", ["", "AAAA", "not base64!", "A" * 15, "ä"])
def test_a_value_that_was_cut_is_damaged_and_nothing_worse(rest: str) -> None:
    for value in (f"sealed:{SEALING.first}:{rest}", f"\xffsealed:{SEALING.first}:{rest}"):
        whole: Any = value.encode("latin-1") if value[0] == "\xff" else value
        with pytest.raises(ValueError, match="damaged"):
            SEALING.open(whole, b"place")


def test_equal_values_are_sealed_differently() -> None:
    assert len({SEALING.seal(b"a", b"place") for _ in range(50)}) == 50


def test_threads_share_the_keys() -> None:
    def there_and_back(number: int) -> bool:
        value = bytes([number % 256]) * 5_000
        sealed: Any = SEALING.seal(value, b"%d" % number)
        return bool(SEALING.open(sealed, b"%d" % number) == value)

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(there_and_back, range(400)))


def test_what_is_sealed_and_what_tells_rows_apart_are_columns_of_the_tables() -> None:
    for name, sealed in PLACES.items():
        columns = SQLModel.metadata.tables[name].columns
        assert {*sealed.columns, *sealed.row} <= set(columns.keys())
