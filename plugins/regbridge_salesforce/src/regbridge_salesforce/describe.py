"""What an object takes, as rows to read and as YAML to begin a target with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from regbridge_salesforce.schema import KEYS, NUMBERS, TEXTS, WHOLE_NUMBERS, Field, SObject
from regbridge_salesforce.values import can_be_written

_MOST_CHOICES = 12
_FORMATS = {"date": "%Y-%m-%d", "datetime": "%Y-%m-%dT%H:%M:%S%z"}

# What Cvent calls what a field of such a name usually holds.
_USUAL: Mapping[str, str] = {
    "invitee": "registration.inviteeStub",
    "inviteeid": "registration.inviteeStub",
    "registrationid": "registration.inviteeStub",
    "eventid": "event.id",
    "eventname": "event.name",
    "contactid": "registration.contactStub",
    "firstname": "firstName",
    "lastname": "lastName",
    "email": "email",
    "company": "company",
    "title": "title",
    "phone": "workPhone",
    "mobilephone": "mobilePhone",
    "confirmation": "confirmationNumber",
    "confirmationnumber": "confirmationNumber",
}

Row = tuple[str, str, str, str]


def field_rows(sobject: SObject) -> Iterator[Row]:
    """Yield name, label, what it takes, and notes of each field that can be written."""
    for one in sorted(sobject.fields.values(), key=lambda field: field.name):
        if not _is_writable(one):
            continue
        notes = ["external id"] * one.is_external_id + ["unique"] * one.is_unique
        notes += ["required"] * one.is_required
        if one.relationship:
            notes.append(f"relationship {one.relationship}")
        yield one.name, one.label, takes(one), ", ".join(notes)


def takes(one: Field) -> str:
    """Return in words what a field takes."""
    if one.type in TEXTS and one.length:
        return f"text, at most {one.length:,} characters"
    if one.refers_to:
        return f"a record of {' or '.join(one.refers_to)}"
    if one.choices:
        shown = ", ".join(choice.value for choice in one.choices[:_MOST_CHOICES])
        more = ", ..." if len(one.choices) > _MOST_CHOICES else ""
        return f"{'several' if one.type == 'multipicklist' else 'one'} of: {shown}{more}"
    if one.type in NUMBERS:
        return f"a number, {one.scale} digits after the point"
    if one.type in WHOLE_NUMBERS:
        return "a whole number"
    return {"boolean": "yes or no", "date": "a day", "datetime": "a moment"}.get(one.type, one.type)


def target_block(sobject: SObject) -> str:
    """Return the `settings` and the `map` of a target as YAML to begin with.

    Fields that nobody can guess a value for are there as comments; the external id is left empty
    when nobody can guess it, which `regbridge check` does not let pass.
    """
    writable = [one for one in sobject.fields.values() if _is_writable(one)]
    keys = [one for one in writable if one.is_external_id and one.type in KEYS]
    keys.sort(key=lambda one: not one.is_unique)
    lines = ["settings:", f"  object: {sobject.name}"]
    lines.append(f"  external_id: {keys[0].name}" if keys else "  # external_id: FIELD")
    relations = [one for one in writable if one.relationship]
    lines += ["  # lookups:"] * bool(relations)
    for one in relations:
        several = f", object: {one.refers_to[0]}" if len(one.refers_to) > 1 else ""
        lines.append(f"  #   {one.relationship}: {{key: EXTERNAL_ID{several}}}")
    lines.append("map:")
    lines += [_entry(one, known=True) for one in keys[:1]]
    for one in writable:
        if one not in keys[:1]:
            lines.append(_entry(one, known=bool(_guess(one))))
    return "\n".join(lines)


def _is_writable(one: Field) -> bool:
    return one.can_create and one.can_update and can_be_written(one)


def _entry(one: Field, *, known: bool) -> str:
    name = one.relationship or one.name
    value = _guess(one) or ("" if known else "EXPRESSION")
    if one.type in _FORMATS and not _guess(one):
        value = f"{{from: EXPRESSION, format: '{_FORMATS[one.type]}'}}"
    elif one.type in TEXTS and _guess(one):
        value = f"{{from: {_guess(one)}, max_length: {one.length}, too_long: cut}}"
    if one.is_external_id and _guess(one):
        value = _guess(one)
    note = takes(one).replace("\n", " ")
    return f"  {'' if known else '# '}{name}: {value}  # {note}"


def _guess(one: Field) -> str:
    if one.relationship:
        return ""
    bare = one.name.removesuffix("__c").replace("_", "").lower().removeprefix("cvent")
    return _USUAL.get(bare, "")
