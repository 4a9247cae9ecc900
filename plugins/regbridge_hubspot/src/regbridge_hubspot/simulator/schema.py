"""The types of object of the simulated account, and their properties."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Option:
    """A value of an enumeration."""

    value: str
    label: str


@dataclass(frozen=True, slots=True)
class PropertyDefinition:
    """A property as an administrator defines it."""

    name: str
    label: str = ""
    type: str = "string"
    field_type: str = "text"
    options: tuple[Option, ...] = ()
    unique: bool = False
    read_only: bool = False
    own: bool = True

    @property
    def document(self) -> dict[str, Any]:
        """The property as the API tells it."""
        return {
            "name": self.name,
            "label": self.label or self.name,
            "type": self.type,
            "fieldType": self.field_type,
            "description": "",
            "groupName": "contactinformation",
            "options": [
                {"label": one.label, "value": one.value, "displayOrder": place, "hidden": False}
                for place, one in enumerate(self.options)
            ],
            "calculated": False,
            "externalOptions": False,
            "hasUniqueValue": self.unique,
            "hidden": False,
            "hubspotDefined": not self.own,
            "formField": True,
            "modificationMetadata": {
                "archivable": self.own,
                "readOnlyDefinition": not self.own,
                "readOnlyValue": self.read_only,
                "readOnlyOptions": False,
            },
        }


@dataclass(frozen=True, slots=True)
class ObjectType:
    """A type of object: `names` are those by which paths may call it, `scope` what rights need."""

    names: tuple[str, ...]
    type_id: str
    scope: str
    properties: tuple[PropertyDefinition, ...]
    is_contact: bool = False
    by_name: dict[str, PropertyDefinition] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_name", {one.name: one for one in self.properties})

    def is_unique(self, name: str) -> bool:
        """Say whether records can be known by a property."""
        found = self.by_name.get(name)
        return found is not None and (found.unique or (self.is_contact and name == "email"))

    def unique_names(self) -> Iterator[str]:
        """Yield the properties of which no two records have the same value."""
        return (one.name for one in self.properties if self.is_unique(one.name))


def _system() -> Iterator[PropertyDefinition]:
    yield PropertyDefinition(
        "hs_object_id", "Record ID", "number", "number", read_only=True, own=False
    )
    for name, label in (("createdate", "Create Date"), ("lastmodifieddate", "Last Modified Date")):
        yield PropertyDefinition(name, label, "datetime", "date", read_only=True, own=False)


STATUSES = tuple(
    Option(label.lower().replace(" ", "_"), label)
    for label in ("Accepted", "Declined", "Cancelled", "Waitlisted", "No Response")
)
YES_NO = (Option("true", "Yes"), Option("false", "No"))


def contacts() -> ObjectType:
    """Return people, with HubSpot's usual properties and one by which Cvent's are known."""
    texts = {
        "firstname": "First Name",
        "lastname": "Last Name",
        "email": "Email",
        "company": "Company Name",
        "jobtitle": "Job Title",
        "phone": "Phone Number",
        "mobilephone": "Mobile Phone Number",
    }
    stages = (Option("lead", "Lead"), Option("customer", "Customer"))
    usual = (PropertyDefinition(name, label, own=False) for name, label in texts.items())
    own = (
        PropertyDefinition("cvent_contact_id", "Cvent contact id", unique=True),
        PropertyDefinition("notes", "Notes", field_type="textarea"),
        PropertyDefinition("age", "Age", "number", "number"),
        PropertyDefinition("date_of_birth_known", "Date of birth", "date", "date"),
        PropertyDefinition("registered_at", "Registered at", "datetime", "date"),
        PropertyDefinition("member", "Member", "bool", "booleancheckbox", YES_NO),
        PropertyDefinition("cvent_status", "Cvent status", "enumeration", "select", STATUSES),
        PropertyDefinition(
            "interests",
            "Interests",
            "enumeration",
            "checkbox",
            (Option("art", "Art"), Option("law", "Law"), Option("tax", "Tax")),
        ),
    )
    stage = PropertyDefinition(
        "lifecyclestage", "Lifecycle Stage", "enumeration", "radio", stages, own=False
    )
    properties = (*_system(), *usual, stage, *own)
    names = ("contacts", "contact", "0-1")
    return ObjectType(names, "0-1", "contacts", properties, is_contact=True)


def registrations() -> ObjectType:
    """Return a custom object for registrations, known by Cvent's invitee id."""
    properties = (
        *_system(),
        PropertyDefinition("cvent_invitee_id", "Cvent invitee id", unique=True),
        PropertyDefinition("cvent_contact_id", "Cvent contact id"),
        PropertyDefinition("cvent_event_id", "Cvent event id"),
        PropertyDefinition("cvent_event_name", "Event"),
        PropertyDefinition("cvent_confirmation_number", "Confirmation number"),
        PropertyDefinition("cvent_status", "Status", "enumeration", "select", STATUSES),
        PropertyDefinition("registered_at", "Registered at", "datetime", "date"),
    )
    names = ("registrations", "p_registrations", "p4711_registrations", "2-4711")
    return ObjectType(names, "2-4711", "custom", properties)
