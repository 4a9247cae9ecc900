"""What is sent for one call, in any of the bindings."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

from lxml import etree

from regbridge import RejectedError
from regbridge_protech.lexical import to_lexical
from regbridge_protech.namespaces import SOAP11, SOAP12, XSI
from regbridge_protech.operation import Binding, Operation, Parameter, XsdType

# Everything that is no character of XML 1.0 (its production 2).
_NO_CHARACTER = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class CallRequest:
    """An HTTP POST. Its body holds personal data and may hold a secret."""

    url: str
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


def build_request(
    url: str, operation: Operation, binding: Binding, values: Mapping[str, Any]
) -> CallRequest:
    """Return the request of one call of the service at `url`.

    `values` has plain JSON values by the names of parameters. What has no value is left out if it
    is optional, else sent as xsi:nil if it is nillable, else, if it is text, as empty text. A form
    leaves nothing out, because a service refuses a form that lacks a parameter
    (reference/protech-service.md, section 1.3).

    Raises `RejectedError` with the parameter's name, and never with the value, when a required
    value is missing, a value is not of its type or holds a character that XML cannot hold, or
    there is no such parameter.
    """
    _refuse_unknown(operation, values)
    action = f'"{operation.soap_action}"'
    match binding:
        case Binding.SOAP11:
            headers = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": action}
            return CallRequest(url, headers, _envelope(SOAP11, operation, values))
        case Binding.SOAP12:
            headers = {"Content-Type": f"application/soap+xml; charset=utf-8; action={action}"}
            return CallRequest(url, headers, _envelope(SOAP12, operation, values))
        case Binding.FORM:
            headers = {"Content-Type": "application/x-www-form-urlencoded"}
            return CallRequest(_form_url(url, operation), headers, _form(operation, values))


def _refuse_unknown(operation: Operation, values: Mapping[str, Any]) -> None:
    if unknown := sorted(values.keys() - {parameter.name for parameter in operation.parameters}):
        name = unknown[0]
        message = f"{operation.name} has no parameter {name}; take it out of the target's map"
        raise RejectedError(message, field=name)


def _envelope(namespace: str, operation: Operation, values: Mapping[str, Any]) -> bytes:
    envelope = etree.Element(f"{{{namespace}}}Envelope", nsmap={"soap": namespace, "xsi": XSI})
    body = etree.SubElement(envelope, f"{{{namespace}}}Body")
    own = operation.namespace
    default: Any = {None: own}  # the stubs know no default namespace
    call = etree.SubElement(body, f"{{{own}}}{operation.name}", nsmap=default)
    for parameter in operation.parameters:
        text = _text(parameter, values)
        if text is None and not parameter.required:
            continue
        element = etree.SubElement(call, f"{{{own}}}{parameter.name}")
        if text is None and parameter.nillable:
            element.set(f"{{{XSI}}}nil", "true")
        else:
            element.text = _present(parameter, text)
    return etree.tostring(envelope, encoding="utf-8", xml_declaration=True)


def _form(operation: Operation, values: Mapping[str, Any]) -> bytes:
    fields = [
        (parameter.name, _present(parameter, _text(parameter, values)))
        for parameter in operation.parameters
    ]
    return urlencode(fields).encode("ascii")


def _form_url(url: str, operation: Operation) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=f"{parts.path.removesuffix('/')}/{operation.name}"))


def _text(parameter: Parameter, values: Mapping[str, Any]) -> str | None:
    name = parameter.name
    try:
        text = to_lexical(parameter.type, values.get(name))
    except ValueError as error:
        raise RejectedError(f"{name} is an xs:{parameter.type}: {error}", field=name) from None
    if text and (found := _NO_CHARACTER.search(text)):
        message = f"{name} holds the character U+{ord(found[0]):04X}, which XML cannot hold"
        raise RejectedError(message, field=name)
    return text


def _present(parameter: Parameter, text: str | None) -> str:
    """Return the text of a parameter that is not left out."""
    if text is None and parameter.type != XsdType.STRING:
        name = parameter.name
        raise RejectedError(f"{name} is required and has no value", field=name)
    return text or ""
