"""What the XML Schemas inside a WSDL say about the elements of calls and answers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from lxml import etree

from regbridge_protech.namespaces import XSD
from regbridge_protech.operation import XsdType

_MOST_STEPS = 20


@dataclass(frozen=True, slots=True)
class Field:
    """An element of a sequence. `type` is None when it is none of `XsdType`."""

    name: str
    type: XsdType | None
    type_name: str
    required: bool
    nillable: bool


class Schemas:
    """The schemas of one document. Names are in lxml's form, `{namespace}name`."""

    def __init__(self, schemas: Iterable[etree._Element]) -> None:
        self._elements: dict[str, etree._Element] = {}
        self._types: dict[str, etree._Element] = {}
        for schema in schemas:
            _refuse_references(schema)
            namespace = schema.get("targetNamespace", "")
            for child in schema:
                name = f"{{{namespace}}}{child.get('name', '')}"
                found = self._elements if child.tag == f"{{{XSD}}}element" else self._types
                found[name] = child

    def fields(self, name: str) -> tuple[Field, ...]:
        """Return the fields of a global element in their order.

        Raises `ValueError` when it is not a plain sequence of qualified elements, each at most
        once.
        """
        if name not in self._elements:
            raise ValueError(f"no schema has the element {etree.QName(name).localname}")
        content = _children(self._complex_type(self._elements[name]))
        if not content:
            return ()
        if len(content) != 1 or content[0].tag != f"{{{XSD}}}sequence":
            raise ValueError(f"the element {etree.QName(name).localname} is not a plain sequence")
        return tuple(self._field(child) for child in _children(content[0]))

    def _complex_type(self, element: etree._Element) -> etree._Element:
        """Return an element's complex type, its own or a named one."""
        if (own := element.find(f"{{{XSD}}}complexType")) is not None:
            return own
        named = self._types.get(qualified(element, element.get("type", "")))
        if named is None or named.tag != f"{{{XSD}}}complexType":
            raise ValueError(f"the element {element.get('name')} has no fields")
        return named

    def _field(self, element: etree._Element) -> Field:
        name = element.get("name", "")
        if element.tag != f"{{{XSD}}}element" or not name:
            raise ValueError("its sequence holds something else than plain elements")
        if element.get("maxOccurs", "1") != "1":
            raise ValueError(f"the element {name} may be repeated")
        if not _is_qualified(element):
            raise ValueError(f"the element {name} is not in the service's namespace")
        type_name = self._built_in(element)
        return Field(
            name=name,
            type=XsdType(type_name) if type_name in set(XsdType) else None,
            type_name=type_name or "one of its own",
            required=element.get("minOccurs", "1") != "0",
            nillable=element.get("nillable") in ("true", "1"),
        )

    def _built_in(self, element: etree._Element) -> str:
        """Return the name of the built-in type that an element's simple type comes down to."""
        for _ in range(_MOST_STEPS):
            name = element.get("type") or element.get("base") or ""
            resolved = qualified(element, name) if name else ""
            if resolved.startswith(f"{{{XSD}}}"):
                return etree.QName(resolved).localname
            kind = self._types.get(resolved) if name else element.find(f"{{{XSD}}}simpleType")
            restriction = None if kind is None else kind.find(f"{{{XSD}}}restriction")
            if restriction is None or kind is None or kind.tag != f"{{{XSD}}}simpleType":
                return ""
            element = restriction
        return ""


def qualified(element: etree._Element, name: str) -> str:
    """Return a name with a prefix as `{namespace}name`.

    Raises `ValueError` when nothing around the element declares the prefix.
    """
    prefix, colon, local = name.rpartition(":")
    namespaces: dict[str | None, str] = dict(element.nsmap)
    namespace = namespaces.get(prefix if colon else None, "")
    if colon and not namespace:
        raise ValueError(f"the prefix of {name!r} is not declared")
    return f"{{{namespace}}}{local}"


def _children(element: etree._Element) -> list[etree._Element]:
    return [child for child in element if child.tag != f"{{{XSD}}}annotation"]


def _is_qualified(element: etree._Element) -> bool:
    schema = next(element.iterancestors(f"{{{XSD}}}schema"))
    return element.get("form", schema.get("elementFormDefault")) == "qualified"


def _refuse_references(schema: etree._Element) -> None:
    for child in schema:
        if child.get("schemaLocation") is not None:
            raise ValueError("it refers to other documents, which are not fetched")
