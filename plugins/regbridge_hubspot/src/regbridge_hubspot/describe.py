"""The properties of a type, as rows to read and as YAML to begin a target with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from regbridge_hubspot.definitions import Properties, Property
from regbridge_hubspot.fit import is_contacts

_MOST_OPTIONS = 12

# What Cvent calls what a property of such a name usually holds.
_USUAL: Mapping[str, str] = {
    "email": "email",
    "firstname": "firstName",
    "lastname": "lastName",
    "company": "company",
    "jobtitle": "title",
    "phone": "workPhone",
    "mobilephone": "mobilePhone",
    "cvent_contact_id": "registration.contactStub",
    "cvent_contact": "registration.contactStub",
    "cvent_invitee_id": "registration.inviteeStub",
    "cvent_registration_id": "registration.inviteeStub",
    "cvent_event_id": "event.id",
    "cvent_event_name": "event.name",
    "cvent_status": "inviteeStatus",
    "cvent_confirmation_number": "confirmationNumber",
}
_FORMATS = {"date": "%Y-%m-%d", "datetime": "%Y-%m-%dT%H:%M:%S%z"}
_WORDS = {
    "string": "text",
    "number": "a number",
    "bool": "true or false",
    "date": "a date",
    "datetime": "a time",
    "phone_number": "a phone number",
}

Row = tuple[str, str, str, str]


def property_rows(properties: Properties) -> Iterator[Row]:
    """Yield name, label, what it takes, and notes of each property that can be written."""
    for one in _writable(properties):
        notes = ["unique"] * one.is_unique + ["your own"] * one.is_own
        yield one.name, one.label, takes(one), ", ".join(notes)


def takes(of: Property) -> str:
    """Return in words what a property takes."""
    if of.options:
        shown = [one.value for one in of.options[:_MOST_OPTIONS]]
        more = ", ..." if len(of.options) > _MOST_OPTIONS else ""
        return f"{'several' if of.takes_several else 'one'} of: {', '.join(shown)}{more}"
    return _WORDS.get(of.type, of.type)


def target_block(properties: Properties, object_type: str) -> str:
    """Return the `settings` and the `map` of a target as YAML to begin with.

    Properties that nobody can guess a value for are there as comments, HubSpot's own among them
    only if they are known; without a property whose values are unique, its name is left to write.
    """
    shown = [one for one in _writable(properties) if one.is_own or one.name in _USUAL]
    unique = [one for one in shown if one.is_unique]
    lines = ["settings:", f"  object_type: {object_type}"]
    if unique:
        lines.append(f"  id_property: {unique[0].name}")
    else:
        instead = "; email is the second best" if is_contacts(object_type) else ""
        lines.append(f"  # id_property: NAME  # make a property with unique values{instead}")
    lines.append("map:")
    first = unique[:1]
    lines += [_entry(one, known=True) for one in first]
    lines += [_entry(one, known=one.name in _USUAL) for one in shown if one not in first]
    return "\n".join(lines)


def _writable(properties: Properties) -> list[Property]:
    writable = (one for one in properties.values() if not one.is_read_only)
    return sorted(writable, key=lambda one: (not one.is_unique, not one.is_own, one.name))


def _entry(of: Property, *, known: bool) -> str:
    value = _USUAL.get(of.name) or ("" if known else "EXPRESSION")
    if of.type in _FORMATS and value == "EXPRESSION":
        value = f"{{from: EXPRESSION, format: '{_FORMATS[of.type]}'}}"
    note = " ".join(takes(of).split())
    return f"  {'' if known else '# '}{of.name}: {value}  # {note}"
