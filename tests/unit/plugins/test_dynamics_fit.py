"""Whether settings and map fit the tables that they name."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pytest
from tests.unit.plugins.dynamics_tables import CONTACT, STAGING, settings

from regbridge import Finding, Level
from regbridge_dynamics.fit import misfits
from regbridge_dynamics.mapped import MapCheck
from regbridge_dynamics.schema import Table

PARENTS = {"contact": CONTACT}
KEYS = {"new_invitee": "registration.inviteeStub", "new_event": "event.id"}
MUST = {"new_must": "lastName"}


def misfit(table: Table = STAGING, **changes: Any) -> list[tuple[str, str]]:
    found = misfits(table, PARENTS, settings(**changes))
    return [(".".join(one.path), f"{one.text}; {one.remedy}") for one in found]


def test_settings_that_fit_are_not_remarked_upon() -> None:
    lookups = {
        "new_contact": {"table": "contact", "key": "new_cventcontactid"},
        "new_other": {"table": "contact"},
    }
    assert misfit(lookups=lookups) == []
    assert misfit(key="new_stagingid") == []


@pytest.mark.parametrize(
    ("changes", "path", "said"),
    [
        ({"key": "new_invitee"}, "key", "no alternate key of new_invitee; its keys are "),
        ({"key": ["new_event", "new_invitee", "new_at"]}, "key", "no alternate key of"),
        ({"key": "new_count"}, "key", "new_pending of the table new_staging is Pending; wait"),
        ({"key": "new_day"}, "key", "is Failed; make it again once its values are unique"),
        ({"key": "new_at"}, "key", "new_at: a time has a colon"),
        ({"key": {"new_invitee": {"hash": ["email"]}}}, "key", "new_invitee takes no hash, which"),
        ({"key": {"new_count": {"hash": ["email"]}}}, "key", "new_count takes no hash, which"),
        ({"lookups": {"new_cntact": {"table": "contact"}}}, "lookups.new_cntact", "'new_contact'"),
        ({"lookups": {"new_memo": {"table": "contact"}}}, "lookups.new_memo", "is no lookup but"),
        (
            {"lookups": {"new_contact": {"table": "contact", "key": "lastname"}}},
            "lookups.new_contact.key",
            "the table contact has no alternate key of lastname",
        ),
    ],
)
def test_settings_that_do_not_fit_are_told_where_and_why(
    changes: dict[str, Any], path: str, said: str
) -> None:
    found = misfit(**changes)
    assert path in [place for place, _ in found]
    assert any(said in text for _, text in found)


def test_a_lookup_to_another_table_is_told_what_it_refers_to() -> None:
    lookups = {"new_contact": {"table": "new_staging"}}
    [found] = misfits(STAGING, {"new_staging": STAGING}, settings(lookups=lookups))
    assert found.path == ("lookups", "new_contact", "table")
    assert found.remedy == "it refers to contact"


def test_a_table_without_keys_needs_one() -> None:
    [(_, said)] = misfit(CONTACT_WITHOUT_KEYS, key="new_cventcontactid")
    assert said.endswith("it has none; make one")


CONTACT_WITHOUT_KEYS = Table("contact", "contacts", "contactid", CONTACT.columns)


def check(mapped: dict[str, Any], **changes: Any) -> list[Finding]:
    given = settings(**changes)
    zone = ZoneInfo("America/New_York")
    checker = MapCheck(STAGING, PARENTS, given, zone, ("targets", "staging", "map"))
    return list(checker.findings({**KEYS, **MUST, **mapped}))


def test_a_map_that_fits_is_not_remarked_upon() -> None:
    mapped = {
        "new_memo": {"from": "answers.note", "max_length": 2000, "too_long": "cut"},
        "new_status": {"from": "status", "lookup": {"OK": "Accepted"}, "default": 100000001},
        "new_at": {"from": "date", "format": "%Y-%m-%dT%H:%M:%S%z"},
        "new_day": {"from": "date", "format": "%Y-%m-%d"},
        "new_member": {"from": "member", "then": True, "else": "no"},
        "new_rate": {"value": "12.5", "type": "number"},
        "new_contact": "registration.contactStub",
        "email": "email",
    }
    lookups = {
        "new_contact": {"table": "contact", "key": "new_cventcontactid"},
        "new_other": {"table": "contact", "key": {"new_cventcontactid": {"hash": ["email"]}}},
    }
    assert check(mapped, lookups=lookups) == []


@pytest.mark.parametrize(
    ("mapped", "path", "level", "said"),
    [
        ({"new_memmo": "x"}, ("new_memmo",), Level.ERROR, "did you mean 'new_memo'?"),
        ({"createdon": "x"}, ("createdon",), Level.ERROR, "cannot be written"),
        ({"overriddencreatedon": "x"}, ("overriddencreatedon",), Level.WARNING, "is made"),
        ({"new_photo": "x"}, ("new_photo",), Level.ERROR, "type Image cannot be written"),
        (
            {"new_contact": "x"},
            ("new_contact",),
            Level.ERROR,
            "add new_contact: {table: contact, key: COLUMN} to lookups",
        ),
        (
            {"new_status": {"value": "Waiting"}},
            ("new_status", "value"),
            Level.ERROR,
            "'Waiting' cannot be sent: the value is none of the options: 100000000 Accepted",
        ),
        (
            {
                "new_status": {
                    "from": "s",
                    "lookup": {"a": "Nope", "b": "Accepted"},
                    "default": None,
                }
            },
            ("new_status", "lookup", "a"),
            Level.ERROR,
            "'Nope' cannot be sent",
        ),
        (
            {"new_member": {"from": "m", "then": "Y", "else": "no"}},
            ("new_member", "then"),
            Level.ERROR,
            "neither yes nor no",
        ),
        (
            {"statecode": {"from": "s", "default": None}},
            ("statecode", "default"),
            Level.ERROR,
            "cannot be cleared",
        ),
        (
            {"new_at": {"from": "d", "type": "boolean"}},
            ("new_at", "type"),
            Level.ERROR,
            "type: boolean does not fit a column of the type DateTime",
        ),
        (
            {"new_memo": {"from": "x", "max_length": 4000, "too_long": "cut"}},
            ("new_memo", "max_length"),
            Level.WARNING,
            "write max_length: 2000",
        ),
        (
            {"new_day": {"from": "d", "format": "%m/%d/%Y"}},
            ("new_day", "format"),
            Level.ERROR,
            "does not take dates in this form",
        ),
        (
            {"new_invitee": {"value": "a/b"}},
            ("new_invitee", "value"),
            Level.ERROR,
            "cannot take the character /",
        ),
        (
            {"new_invitee": "lower(email)"},
            ("new_invitee",),
            Level.WARNING,
            "key on an id of Cvent, or on a hash of this value",
        ),
    ],
)
def test_an_entry_that_does_not_fit_is_told_where_and_why(
    mapped: dict[str, Any], path: tuple[str, ...], level: Level, said: str
) -> None:
    [found] = check(mapped)
    assert found.path == ("targets", "staging", "map", *path)
    assert found.level is level
    assert said in str(found)


def test_a_hash_of_free_text_is_no_danger() -> None:
    assert check({"email": "email"}, key={"new_hash": {"hash": ["email"]}}) == []


def test_a_constant_for_a_lookup_is_one_of_its_key() -> None:
    lookups = {"new_other": {"table": "contact"}}
    [found] = check({"new_other": {"value": "no GUID"}}, lookups=lookups)
    assert "the value is no GUID" in str(found)


def test_a_required_column_of_ones_own_that_nothing_feeds_is_doubtful() -> None:
    given = settings()
    checker = MapCheck(STAGING, PARENTS, given, None, ("targets", "staging", "map"))
    [found] = checker.findings(KEYS)
    assert found.level is Level.WARNING
    assert "the column new_must is required" in str(found)
