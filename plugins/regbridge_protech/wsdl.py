"""Reads a WSDL 1.1: its services, their ports, what each port's operations take and return."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from lxml import etree

from regbridge import ConfigError, Finding, Level
from regbridge_protech.namespaces import WSDL, WSDL_HTTP, WSDL_SOAP11, WSDL_SOAP12, XSD
from regbridge_protech.operation import Operation, Parameter, XsdType
from regbridge_protech.safe_xml import parse_xml
from regbridge_protech.schema import Field, Schemas, qualified

WSDL_LIMIT = 4_000_000
"""The most bytes of a WSDL that is read."""

_OVER_HTTP = "http://schemas.xmlsoap.org/soap/http"


class PortKind(StrEnum):
    """How a port is spoken to; the plugin itself never calls by GET, which logs show."""

    SOAP11 = "soap11"
    SOAP12 = "soap12"
    FORM = "form"
    GET = "get"
    OTHER = "other"


_SOAP = {PortKind.SOAP11: WSDL_SOAP11, PortKind.SOAP12: WSDL_SOAP12}
_VERBS = {"POST": PortKind.FORM, "GET": PortKind.GET}


@dataclass(frozen=True, slots=True)
class PortOperation:
    """An operation as one port offers it; `problem` says why it cannot be called, if so."""

    operation: Operation
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Port:
    """One address of a service, and one way to speak to it."""

    name: str
    kind: PortKind
    address: str
    operations: tuple[PortOperation, ...]


@dataclass(frozen=True, slots=True)
class Service:
    """A service and its ports."""

    name: str
    ports: tuple[Port, ...]


def read_wsdl(document: bytes) -> tuple[Service, ...]:
    """Return the services of a WSDL.

    Raises `ConfigError` when it cannot be read, or refers to other documents.
    """
    try:
        root = parse_xml(document, WSDL_LIMIT)
        if root.tag != f"{{{WSDL}}}definitions":
            raise ValueError("it is not a WSDL 1.1 (its first element is not wsdl:definitions)")
        return tuple(_Definitions(root).services())
    except ValueError as error:
        raise ConfigError([_finding(str(error))]) from None


class _Definitions:
    """A WSDL's parts by their names."""

    def __init__(self, root: etree._Element) -> None:
        if root.find(f"{{{WSDL}}}import") is not None:
            raise ValueError("it imports other documents, which are not fetched")
        self._root = root
        self._schemas = Schemas(root.iterfind(f"{{{WSDL}}}types/{{{XSD}}}schema"))
        self._messages = self._named("message")
        self._port_types = self._named("portType")
        self._bindings = self._named("binding")

    def services(self) -> Iterator[Service]:
        for service in self._root.iterfind(f"{{{WSDL}}}service"):
            ports = tuple(self._port(port) for port in service.iterfind(f"{{{WSDL}}}port"))
            yield Service(service.get("name", ""), ports)

    def _named(self, kind: str) -> dict[str, etree._Element]:
        namespace = self._root.get("targetNamespace", "")
        return {
            f"{{{namespace}}}{element.get('name', '')}": element
            for element in self._root.iterfind(f"{{{WSDL}}}{kind}")
        }

    def _port(self, port: etree._Element) -> Port:
        name = port.get("name", "")
        binding = _referred(self._bindings, port, "binding")
        kind = _kind(binding)
        address = next((child.get("location", "") for child in port), "")
        operations = tuple(
            self._operation(operation, binding, kind)
            for operation in binding.iterfind(f"{{{WSDL}}}operation")
        )
        return Port(name, kind, address, operations)

    def _operation(
        self, bound: etree._Element, binding: etree._Element, kind: PortKind
    ) -> PortOperation:
        name = bound.get("name", "")
        try:
            abstract = _only_operation(_referred(self._port_types, binding, "type"), name)
            if namespace := _SOAP.get(kind):
                action = _soap_action(bound, binding, namespace)
                return PortOperation(self._soap(name, action, abstract))
            if kind == PortKind.OTHER:
                raise ValueError("it is not spoken over HTTP")
            return PortOperation(self._http(bound, abstract))
        except ValueError as error:
            return PortOperation(Operation("", name, ()), str(error))

    def _soap(self, name: str, action: str, abstract: etree._Element) -> Operation:
        call, answer = self._element(abstract, "input"), self._element(abstract, "output")
        if call.localname != name or answer.localname != f"{name}Response":
            raise ValueError("it is not wrapped: its elements are not called after it")
        if answer.namespace != call.namespace:
            raise ValueError("its answer is in another namespace than its call")
        parameters = tuple(map(_parameter, self._schemas.fields(call.text)))
        result = _result(self._schemas.fields(answer.text))
        return Operation(call.namespace or "", name, parameters, action, result)

    def _http(self, bound: etree._Element, abstract: etree._Element) -> Operation:
        name = bound.get("name", "")
        detail = bound.find(f"{{{WSDL_HTTP}}}operation")
        if detail is None or detail.get("location") != f"/{name}":
            raise ValueError("its address is not the service's with its name after it")
        if not self._parts(abstract, "output"):
            raise ValueError("it returns nothing that could prove success")
        parameters = tuple(map(_form_parameter, self._parts(abstract, "input")))
        return Operation(self._root.get("targetNamespace", ""), name, parameters)

    def _parts(self, abstract: etree._Element, direction: str) -> list[etree._Element]:
        found = abstract.find(f"{{{WSDL}}}{direction}")
        if found is None:
            raise ValueError(f"it has no {direction}")
        return list(_referred(self._messages, found, "message").iterfind(f"{{{WSDL}}}part"))

    def _element(self, abstract: etree._Element, direction: str) -> etree.QName:
        parts = self._parts(abstract, direction)
        if len(parts) != 1 or parts[0].get("element") is None:
            raise ValueError(f"its {direction} is not one element (document/literal wrapped)")
        return etree.QName(qualified(parts[0], parts[0].get("element", "")))


def _referred(
    named: dict[str, etree._Element], element: etree._Element, attribute: str
) -> etree._Element:
    name = element.get(attribute, "")
    if (found := named.get(qualified(element, name))) is None:
        raise ValueError(f"it refers to {name!r}, which it does not have")
    return found


def _kind(binding: etree._Element) -> PortKind:
    for kind, namespace in _SOAP.items():
        if (own := binding.find(f"{{{namespace}}}binding")) is not None:
            return kind if own.get("transport") == _OVER_HTTP else PortKind.OTHER
    own = binding.find(f"{{{WSDL_HTTP}}}binding")
    return PortKind.OTHER if own is None else _VERBS.get(own.get("verb", ""), PortKind.OTHER)


def _only_operation(offered: etree._Element, name: str) -> etree._Element:
    operations = offered.iterfind(f"{{{WSDL}}}operation")
    found = [operation for operation in operations if operation.get("name") == name]
    if len(found) != 1:
        raise ValueError("it is declared more than once" if found else "it is not declared")
    return found[0]


def _soap_action(bound: etree._Element, binding: etree._Element, namespace: str) -> str:
    """Return the action of a SOAP operation; `ValueError` unless it is document/literal."""
    whole, own = binding.find(f"{{{namespace}}}binding"), bound.find(f"{{{namespace}}}operation")
    if whole is None or own is None or not (action := own.get("soapAction", "")):
        raise ValueError("it has no SOAP action")
    if own.get("style", whole.get("style", "document")) != "document":
        raise ValueError("its style is rpc, and only document/literal wrapped can be called")
    for body in bound.iterfind(f"{{{WSDL}}}*/{{{namespace}}}body"):
        if body.get("use", "literal") != "literal":
            raise ValueError("its messages are encoded, and only literal ones can be written")
    if bound.find(f"{{{WSDL}}}input/{{{namespace}}}header") is not None:
        raise ValueError("it wants a SOAP header, which is never sent")
    return action


def _parameter(field: Field) -> Parameter:
    if field.type is None:
        raise ValueError(f"the type of {field.name} is {field.type_name}, which cannot be sent")
    return Parameter(field.name, field.type, field.required, field.nillable)


def _form_parameter(part: etree._Element) -> Parameter:
    name = part.get("name", "")
    kind = etree.QName(qualified(part, part.get("type", "")))
    if kind.namespace != XSD or kind.localname not in set(XsdType):
        raise ValueError(f"the type of {name} is {kind.localname}, which cannot be sent")
    return Parameter(name, XsdType(kind.localname), required=True)


def _result(fields: tuple[Field, ...]) -> str:
    if not fields:
        raise ValueError("it returns nothing that could prove success")
    if fields[0].type is None:
        raise ValueError(f"its result is of the type {fields[0].type_name}, and not text")
    return fields[0].name


def _finding(problem: str) -> Finding:
    remedy = "save the service's ?WSDL (of a WCF service its ?singleWsdl) as one file, unchanged"
    return Finding(Level.ERROR, f"the WSDL cannot be used: {problem}", remedy=remedy)
