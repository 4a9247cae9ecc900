"""The objects of the simulated org, and how it describes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Rule = Callable[[Mapping[str, Any]], str | None]
"""Returns the message with which a record is refused, None for one that is right."""


@dataclass(frozen=True, slots=True)
class FieldType:
    """A field of an object. `may_write` is what the integration user's permission sets say."""

    name: str
    type: str = "string"
    label: str = ""
    length: int = 0
    precision: int = 0
    scale: int = 0
    required: bool = False
    external_id: bool = False
    unique: bool = False
    case_sensitive: bool = False
    choices: tuple[str, ...] = ()
    restricted: bool = True
    refers_to: tuple[str, ...] = ()
    relationship: str = ""
    may_write: bool = True

    def described(self) -> dict[str, Any]:
        """Return the field as describe has it."""
        is_checkbox = self.type == "boolean"
        return {
            "name": self.name,
            "type": self.type,
            "label": self.label or self.name,
            "length": self.length,
            "precision": self.precision,
            "scale": self.scale,
            "digits": 0,
            "createable": self.may_write,
            "updateable": self.may_write,
            "nillable": not self.required and not is_checkbox,
            "defaultedOnCreate": is_checkbox,
            "externalId": self.external_id,
            "idLookup": self.external_id,
            "unique": self.unique,
            "caseSensitive": self.case_sensitive,
            "restrictedPicklist": bool(self.choices) and self.restricted,
            "picklistValues": [
                {"value": one, "label": one, "active": True} for one in self.choices
            ],
            "referenceTo": list(self.refers_to),
            "relationshipName": self.relationship or None,
        }


@dataclass(frozen=True)
class ObjectType:
    """An object. `validation` is its validation rule, `duplicates` its duplicate rule."""

    name: str
    prefix: str
    fields: tuple[FieldType, ...]
    may_create: bool = True
    may_update: bool = True
    validation: Rule | None = None
    duplicates: Rule | None = None

    def field(self, name: str) -> FieldType | None:
        """Return a field by its name, in any capitals, as Salesforce does."""
        return next((one for one in self.fields if one.name.lower() == name.lower()), None)

    def relation(self, name: str) -> FieldType | None:
        """Return the field of a relationship."""
        return next((one for one in self.fields if one.relationship == name), None)

    def described(self) -> dict[str, Any]:
        """Return the object as describe has it."""
        own = FieldType("Id", "id", "Record ID", length=18, may_write=False)
        return {
            "name": self.name,
            "keyPrefix": self.prefix,
            "createable": self.may_create,
            "updateable": self.may_update,
            "queryable": True,
            "fields": [one.described() for one in (own, *self.fields)],
        }


def registration_schema() -> tuple[ObjectType, ...]:
    """Return accounts, contacts and registrations, as the README's example needs them."""
    account = ObjectType(
        "Account",
        "001",
        (
            FieldType("Name", "string", length=255, required=True),
            FieldType("Member_Id__c", length=20, external_id=True, unique=True),
        ),
    )
    contact = ObjectType(
        "Contact",
        "003",
        (
            FieldType("FirstName", label="First Name", length=40),
            FieldType("LastName", label="Last Name", length=80, required=True),
            FieldType("Email", "email", length=80),
            FieldType("Phone", "phone", length=40),
            FieldType("Title", length=128),
            FieldType("Birthdate", "date"),
            FieldType("HasOptedOutOfEmail", "boolean"),
            FieldType(
                "AccountId", "reference", refers_to=("Account",), relationship="Account", length=18
            ),
            FieldType("Cvent_Contact_Id__c", length=36, external_id=True, unique=True),
        ),
    )
    registration = ObjectType(
        "Event_Registration__c",
        "a00",
        (
            FieldType("Cvent_Invitee_Id__c", length=36, external_id=True, unique=True),
            FieldType("Event_Id__c", length=36),
            FieldType("Confirmation__c", length=20),
            FieldType("Registered_On__c", "datetime"),
            FieldType("Status__c", "picklist", choices=("Accepted", "Cancelled"), length=255),
            FieldType(
                "Interests__c",
                "multipicklist",
                choices=("Dinner", "Golf", "Workshops"),
                length=4099,
            ),
            FieldType("Amount__c", "currency", precision=18, scale=2),
            FieldType("Guests__c", "double", precision=3, scale=0),
            FieldType("Answers__c", "textarea", length=32_768),
            FieldType("Contact__c", "reference", refers_to=("Contact",), relationship="Contact__r"),
        ),
    )
    return (account, contact, registration)
