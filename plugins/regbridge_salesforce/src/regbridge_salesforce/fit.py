"""Whether the settings of a target fit the objects that they name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from regbridge import did_you_mean
from regbridge_salesforce.schema import KEYS, SObject
from regbridge_salesforce.settings import LookupSettings, SalesforceSettings


@dataclass(frozen=True, slots=True)
class Misfit:
    """Why no record at all can be delivered; `path` is below `settings`."""

    path: tuple[str, ...]
    text: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.text}; {self.remedy}".removesuffix("; ")


def misfits(
    sobject: SObject, parents: Mapping[str, SObject], settings: SalesforceSettings
) -> Iterator[Misfit]:
    """Yield what does not fit; `parents` are the objects of the lookups, by the lookups' names."""
    may = {"create": sobject.can_create, "edit": sobject.can_update}
    for what in (what for what, is_allowed in may.items() if not is_allowed):
        text = f"the integration user may not {what} records of {sobject.name}"
        yield Misfit(("object",), text, "give it the right by a permission set")
    yield from _of_key(sobject, settings.external_id, ("external_id",), is_written=True)
    for name, lookup in settings.lookups.items():
        yield from _of_lookup(sobject, name, lookup)
        if parent := parents.get(name):
            yield from _of_key(parent, lookup.key, ("lookups", name, "key"), is_written=False)


def parent_of(sobject: SObject, name: str, lookup: LookupSettings) -> str:
    """Return the API name of the object that a lookup refers to, "" when it is not known."""
    relation = sobject.relationships.get(name)
    if relation is None:
        return ""
    if lookup.object:
        return lookup.object if lookup.object in relation.refers_to else ""
    return relation.refers_to[0] if len(relation.refers_to) == 1 else ""


def _of_key(
    sobject: SObject, name: str, path: tuple[str, ...], *, is_written: bool
) -> Iterator[Misfit]:
    known = ", ".join(sobject.external_ids)
    others = f"its external ids are {known}" if known else "make one, and mark it as External ID"
    one = sobject.fields.get(name)
    if one is None:
        text = f"the object {sobject.name} shows no field {name}"
        remedy = did_you_mean(name, sobject.external_ids) or others
        yield Misfit(path, text, remedy)
    elif not one.is_external_id:
        yield Misfit(path, f"the field {name} of {sobject.name} is no external id", others)
    elif one.type not in KEYS:
        text = f"the field {name} of {sobject.name} is of the type {one.type}"
        yield Misfit(
            path, text, "an external id that can be written is a text, an e-mail or a number"
        )
    elif is_written and not one.can_create:
        text = f"the integration user may not write the field {name} of {sobject.name}"
        yield Misfit(path, text, "give it the right by a permission set")


def _of_lookup(sobject: SObject, name: str, lookup: LookupSettings) -> Iterator[Misfit]:
    path = ("lookups", name)
    relation = sobject.relationships.get(name)
    if relation is None:
        by_field = sobject.fields.get(name)
        remedy = did_you_mean(name, sobject.relationships)
        if by_field and by_field.relationship:
            remedy = f"write the relationship's name, {by_field.relationship}"
        yield Misfit(path, f"the object {sobject.name} has no relationship {name}", remedy)
    elif not (relation.can_create and relation.can_update):
        text = f"the integration user may not write the field {relation.name}"
        yield Misfit(path, text, "give it the right by a permission set")
    elif not parent_of(sobject, name, lookup):
        objects = ", ".join(relation.refers_to)
        yield Misfit(
            (*path, "object"), f"{name} refers to {objects}", "write one of them as object"
        )
