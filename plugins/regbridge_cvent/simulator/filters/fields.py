"""What each operation's filter may say (reference/cvent-rest-api.md, sections 6 and 7)."""

from __future__ import annotations

from dataclasses import replace

from regbridge_cvent.simulator.filters.conditions import at
from regbridge_cvent.simulator.filters.grammar import (
    Combination,
    Comparison,
    Dialect,
    FilterError,
    Node,
)
from regbridge_cvent.simulator.filters.rules import (
    EQUALITY,
    ORDER,
    Field,
    Rules,
    answers,
    as_flag,
    as_folded,
    as_number,
    as_time,
    custom_field,
    fields,
)

_TEXT = f"{EQUALITY}, sw"
_SEARCHED = f"{EQUALITY}, contains, sw"
_CUSTOM = f"{ORDER}, sw, contains"
_PRESENCE = "is null, is not null, is empty, is not empty"

ATTENDEES = Rules(
    fields={
        **fields(
            EQUALITY,
            "id",
            "event.id",
            "confirmationNumber",
            "registrationPath.id",
            "invitationList.id",
            "referenceId",
            "note",
            "group.id",
            "invitedBy",
            "responseMethod",
            "status",
            "contact.id",
            "visibility",
            "appointmentGroup.id",
            "primaryId",
            moved={"appointmentGroup": "appointmentGroups"},
        ),
        **fields(
            EQUALITY,
            "checkedIn",
            "guest",
            "group.leader",
            "unsubscribed",
            "contact.deleted",
            "deletedGuest",
            convert=as_flag,
        ),
        **fields(f"{EQUALITY}, {_PRESENCE}", "registrationType.id"),
        **fields(
            "eq",
            "externalReference.type",
            "externalReference.id",
            "externalReference.referenceId",
            moved={"externalReference": "externalReferences"},
        ),
        **fields(
            ORDER,
            "checkIn",
            "checkOut",
            "registeredAt",
            "registrationLastModified",
            "lastModified",
            "created",
            "attendeeLastModified",
            convert=as_time,
        ),
        **fields(
            _TEXT,
            "contact.title",
            "contact.company",
            "contact.firstName",
            "contact.lastName",
            "contact.email",
        ),
    },
    families={"answers.question": answers},
)
ATTENDEES_LESS_DELETED_GUESTS = ATTENDEES.without(
    "deletedGuest", "it works only with includeDeletedGuests=true"
)

CONTACTS = Rules(
    fields={
        **fields(
            EQUALITY,
            "id",
            "sourceId",
            "ccEmail",
            "company",
            "type.id",
            "nickname",
            "title",
            "workPhone",
            "middleName",
            "mobilePhone",
            "homeFax",
            "designation",
            "homePhone",
            "pager",
            "workFax",
            "lastModifiedBy",
            "createdBy",
            *(
                f"{kind}Address.{part}"
                for kind in ("work", "home")
                for part in ("address1", "address2", "address3", "city", "country")
            ),
        ),
        **fields(EQUALITY, "deleted", "optOut.optedOut", convert=as_flag),
        **fields(_SEARCHED, "firstName", "lastName", "email"),
        **fields(ORDER, "lastModified", "created", convert=as_time),
    },
    families={"customField": custom_field(_CUSTOM)},
)
PURGED_CONTACTS = Rules(
    fields=fields(EQUALITY, "id"),
    refusals=dict.fromkeys(CONTACTS.fields, "includePurged=true leaves only id"),
)

EVENTS = Rules(
    fields={
        **fields(
            EQUALITY,
            "id",
            "status",
            "eventStatus",
            "format",
            "code",
            "description",
            "note",
            *(
                f"stakeholder.{part}"
                for part in ("firstName", "lastName", "email", "company", "title", "workPhone")
            ),
            *(f"planner.{part}" for part in ("firstName", "lastName", "email")),
            *(
                f"venue.address.{part}"
                for part in ("city", "region", "regionCode", "country", "countryCode")
            ),
            moved={"stakeholder": "stakeholders", "planner": "planners", "venue": "venues"},
        ),
        **fields(EQUALITY, "virtual", convert=as_flag),
        **fields(
            ORDER,
            "start",
            "end",
            "launchAfter",
            "created",
            "lastModified",
            "closeAfter",
            "archiveAfter",
            convert=as_time,
        ),
        **fields(ORDER, "capacity", convert=as_number),
        "title": Field(("eq", "ne", "contains"), at("title"), contains_length=range(3, 16)),
    },
    families={"customField": custom_field(_CUSTOM)},
    dialect=Dialect(brackets=True),
)

EVENT_QUESTIONS = Rules(
    fields={
        **fields(EQUALITY, "event.id", "id", "code", "tag"),
        **fields(ORDER, "created", "lastModified", convert=as_time),
    }
)

CHOICES = Rules(fields=fields("eq", "text"), dialect=Dialect(joining=frozenset({"or"})))


_CATEGORIES = frozenset(
    {
        "Abstract",
        "Appointment",
        "Budget Item",
        "Campaign",
        "Contact",
        "Event",
        "Resource",
        "Rfp",
        "Session",
        "Survey",
        "User",
    }
)


def _demand_category(node: Node) -> None:
    """Refuse a filter of custom fields that does not hold within one category."""
    parts = node.parts if isinstance(node, Combination) and node.word == "and" else (node,)
    named = [part for part in parts if isinstance(part, Comparison) and part.field == "category"]
    if len(named) != 1:
        raise FilterError("the filter must contain `category eq` once, joined to the rest by `and`")
    if not _CATEGORIES.issuperset(named[0].values):
        raise FilterError(f"the categories are {', '.join(sorted(_CATEGORIES))}")


CUSTOM_FIELDS = Rules(
    fields={
        **fields("eq", "category"),
        **fields(EQUALITY, "id"),
        **fields(EQUALITY, "code", convert=as_folded),
        **fields(ORDER, "lastModified", convert=as_time),
    },
    demand=_demand_category,
)

# The documented examples of orders have brackets, AND and OR.
ORDERS = Rules(
    fields={
        **fields(EQUALITY, "id", "attendee.id", "event.id", "type"),
        **fields(ORDER, "created", "lastModified", convert=as_time),
    },
    dialect=Dialect(brackets=True, capitals=True),
)
ORDER_ITEMS = replace(
    ORDERS,
    fields={
        **fields(
            EQUALITY, "id", "attendee.id", "event.id", "order.id", "product.id", "product.type"
        ),
        **fields(ORDER, "created", "lastModified", convert=as_time),
    },
)

SESSIONS = Rules(
    fields={
        **fields(f"{EQUALITY}, in", "id"),
        **fields(
            EQUALITY,
            "status",
            "event.id",
            "code",
            "category.id",
            "location.id",
            "location.code",
            "group.id",
        ),
        **fields(f"{EQUALITY}, contains, match", "title"),
        **fields(f"{EQUALITY}, contains", "category.name", "description", "location.name"),
        **fields(
            EQUALITY,
            "includedSession",
            "enableWaitlist",
            "featured",
            "openForRegistration",
            "openForAttendeeHub",
            "virtual",
            convert=as_flag,
        ),
        **fields(ORDER, "start", "end", "created", "lastModified", convert=as_time),
        **fields(ORDER, "capacity", convert=as_number),
        **fields("contains, in, is empty, is not empty", "registrationTypes", "segments"),
        **fields("contains, is empty, is not empty", "admissionItems"),
    },
    families={"customField": custom_field(f"{_CUSTOM}, in")},
)

ENROLLMENT = Rules(
    fields={
        **fields(EQUALITY, "id", "event.id", "attendee.id", "session.id", "status"),
        **fields(EQUALITY, "deleted", convert=as_flag),
        **fields(ORDER, "created", "lastModified", convert=as_time),
    }
)
