"""The keys and the lookups of rows that are read back are those of the records."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from tests.integration.dynamics.delivery import staging
from tests.integration.dynamics.reading import (
    COUNT,
    DAY,
    KIND,
    PARENT,
    RATE,
    STUB,
    WORD,
    Make,
    is_as_delivered,
    keyed,
    listed,
    one_of,
)

from regbridge import Delivered, Record
from regbridge_dynamics.simulator import DataverseSimulator

TABLE = "new_registrationstaging"


@pytest.mark.parametrize(
    ("columns", "values", "key"),
    [
        ((COUNT,), {"new_count": "12"}, "new_count=12"),
        ((COUNT,), {"new_count": -7.0}, "new_count=-7"),
        ((DAY,), {"new_day": "2027-03-04T09:30:00-05:00"}, "new_day=2027-03-04"),
        ((RATE,), {"new_rate": "1.5"}, "new_rate=1.50"),
        ((KIND,), {"new_kind": "two"}, "new_kind=2"),
        ((WORD,), {"new_word": "O'Nëil ß"}, "new_word='o''neil ss'"),
        ((WORD, COUNT), {"new_word": "A", "new_count": 1}, "new_word='a',new_count=1"),
    ],
    ids=lambda given: given if isinstance(given, str) else "",
)
def test_a_row_has_the_key_of_its_record(
    make: Make, columns: tuple[Any, ...], values: Mapping[str, Any], key: str
) -> None:
    record = Record({**values, "new_text": "x"})
    with DataverseSimulator(keyed(*columns)) as simulator:
        plugin = make(simulator, table="new_thing", key=list(values))
        plugin.deliver_records([record])

        assert plugin.as_delivered(record) == Delivered(f"new_thing({key})", {"new_text": "x"})
        assert listed(plugin) == [plugin.as_delivered(record)]


def test_a_key_with_a_lookup_column_is_the_same_on_both_sides(make: Make) -> None:
    with DataverseSimulator(keyed(PARENT, COUNT)) as simulator:
        parent = simulator.add("new_parent", {"new_code": "P"})
        plugin = make(simulator, table="new_thing", key=["new_parent", "new_count"])
        record = Record({"new_parent": parent.upper(), "new_count": 1, "new_text": "x"})
        assert [one.kind for one in plugin.deliver_records([record])] == ["created"]

        assert listed(plugin) == [plugin.as_delivered(record)]
        assert listed(plugin)[0].key == f"new_thing(_new_parent_value={parent},new_count=1)"


def test_a_key_that_is_a_hash_or_the_rows_id_is_the_same_on_both_sides(
    simulator: DataverseSimulator, make: Make
) -> None:
    schema = keyed(WORD)
    with DataverseSimulator(schema) as other:
        hashed = make(other, table="new_thing", key={"new_word": {"hash": ["email"]}})
        record = Record({"email": "Ada@example.org", "new_text": "x"})
        hashed.deliver_records([record])
        assert listed(hashed) == [hashed.as_delivered(record)]
    simulator.add("contact", {"lastname": "Lovelace"})
    by_id = make(simulator, table="contact", key={"contactid": "id"})
    record = Record({"id": STUB, "lastname": "Byron"})
    by_id.deliver_records([record])
    assert [one.key for one in listed(by_id)][1:] == [f"contact(contactid={STUB.lower()})"]
    assert is_as_delivered(by_id, record)


def test_capitals_and_accents_make_no_other_key(simulator: DataverseSimulator, make: Make) -> None:
    plugin = make(simulator)
    plugin.deliver_records([staging("ÁDA")])

    assert listed(plugin)[0].key == plugin.as_delivered(staging("ada")).key


# --- lookups ---


def test_a_lookup_is_compared_where_its_id_was_sent_and_where_it_was_cleared(
    simulator: DataverseSimulator, make: Make
) -> None:
    contact, other = (
        simulator.add("contact", {"new_cventcontactid": stub, "lastname": "x"}) for stub in "AB"
    )
    by_id = make(simulator, lookups={"new_contact": {"table": "contact"}})
    record = staging(1, new_contact=contact.upper())
    by_id.deliver_records([record])

    assert by_id.as_delivered(record).fields["new_contact"] == contact
    assert is_as_delivered(by_id, record)
    [row] = simulator.tables[TABLE]
    simulator.change(
        TABLE, str(row[f"{TABLE}id"]), {"new_Contact@odata.bind": f"contacts({other})"}
    )
    assert one_of(by_id, record).fields["new_contact"] == other
    assert not is_as_delivered(by_id, record)

    by_key = make(
        simulator, lookups={"new_contact": {"table": "contact", "key": "new_cventcontactid"}}
    )
    assert "new_contact" not in by_key.as_delivered(staging(1, new_contact="A")).fields
    cleared = staging(1, new_contact=None)
    assert by_key.as_delivered(cleared).fields["new_contact"] is None
    assert not is_as_delivered(by_key, cleared)
    by_key.deliver_records([cleared])
    assert is_as_delivered(by_key, cleared)
