"""Whether the settings of a target fit the account's properties."""

from __future__ import annotations

from regbridge import did_you_mean
from regbridge_hubspot.definitions import Properties
from regbridge_hubspot.inputs import EMAIL


def misfit(properties: Properties, object_type: str, id_property: str) -> tuple[str, str]:
    """Return why no record can be known by a property, and what to do; "" and "" when all can.

    Only contacts are known by `email`, and every type by a property with unique values.
    """
    found = properties.get(id_property)
    if found is None:
        text = f"{object_type} have no property {id_property!r}"
        return text, did_you_mean(id_property, _unique(properties)) or _MAKE_ONE
    if found.is_unique or (id_property == EMAIL and is_contacts(object_type)):
        return "", ""
    unique = ", ".join(_unique(properties))
    text = f"the property {id_property} does not ask for unique values"
    return text, f"those that do are {unique}" if unique else _MAKE_ONE


def is_contacts(object_type: str) -> bool:
    """Say whether a type is the one of people, by its name or its id."""
    return object_type.lower() in ("contacts", "contact", "0-1")


_MAKE_ONE = "make a property whose values are unique; that of one that exists cannot be changed"


def _unique(properties: Properties) -> list[str]:
    return sorted(one.name for one in properties.values() if one.is_unique)
