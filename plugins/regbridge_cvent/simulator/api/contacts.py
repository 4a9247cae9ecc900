"""The operations on contacts."""

from __future__ import annotations

from collections.abc import Iterator

from regbridge_cvent.simulator.api.listing import Listing, Service
from regbridge_cvent.simulator.api.operation import WINDOW, Asked, Operation
from regbridge_cvent.simulator.filters.conditions import Condition, Record, is_not_marked
from regbridge_cvent.simulator.filters.fields import CONTACTS, PURGED_CONTACTS
from regbridge_cvent.simulator.filters.rules import Rules

_SCOPES = ("event/contacts:read",)
_SENSITIVE_SCOPE = "event/contacts:read-sensitive"
_SENSITIVE = frozenset(
    {
        "dateOfBirth",
        "nationalIdentificationNumber",
        "passport",
        "passportNumber",
        "socialSecurityNumber",
    }
)


def contact_operations(service: Service) -> Iterator[Operation]:
    """Yield the operations on contacts (reference/cvent-rest-api.md, section 7)."""
    contacts = service.world.tables.contacts
    listing = Listing(service, contacts, rules=_rules, fixed=_fixed, view=_view)
    yield Operation(
        "listContacts", "GET", "/contacts", listing, _SCOPES, WINDOW | {"filter", "includePurged"}
    )
    yield Operation("listContactsPostFilters", "POST", "/contacts/filter", listing, _SCOPES, WINDOW)
    yield Operation(
        "getContactById",
        "GET",
        "/contacts/{id}",
        lambda asked: _view(asked, service.one(contacts, asked.path["id"])),
        _SCOPES,
    )


def _rules(asked: Asked) -> Rules:
    return PURGED_CONTACTS if "includePurged" in asked.query.flags else CONTACTS


def _fixed(asked: Asked) -> tuple[Condition, ...]:
    return () if "includePurged" in asked.query.flags else (is_not_marked("purged"),)


def _view(asked: Asked, record: Record) -> Record:
    """Show a contact without the fields that need a scope of their own."""
    if _SENSITIVE_SCOPE in asked.scopes:
        return record
    return {name: value for name, value in record.items() if name not in _SENSITIVE}
