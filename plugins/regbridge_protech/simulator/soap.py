"""SOAP as the simulated service speaks it: calls are read strictly, answers and faults written."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from lxml import etree

from regbridge_protech.safe_xml import parse_xml
from regbridge_protech.simulator.contract import NAMESPACE, OPERATION
from regbridge_protech.simulator.media import MediaType

BODY_LIMIT = 4_194_304
"""The most bytes of a request, ASP.NET's usual limit."""

ACTION = f'"{NAMESPACE}{OPERATION}"'

_NAMESPACES = {
    "1.1": "http://schemas.xmlsoap.org/soap/envelope/",
    "1.2": "http://www.w3.org/2003/05/soap-envelope",
}
_XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"


class Blame(StrEnum):
    """What a fault is about."""

    CALLER = "caller"
    SERVICE = "service"
    VERSION = "version"
    HEADER = "header"


@dataclass(frozen=True, slots=True)
class Version:
    """A version of SOAP: its envelope, its media type, what it calls the four kinds of fault."""

    name: str
    media_type: str
    caller: str
    service: str

    @property
    def namespace(self) -> str:
        """The namespace of its envelope."""
        return _NAMESPACES[self.name]

    def code(self, blame: Blame) -> str:
        """Return the fault code's name."""
        match blame:
            case Blame.CALLER:
                return self.caller
            case Blame.SERVICE:
                return self.service
            case Blame.VERSION:
                return "VersionMismatch"
            case Blame.HEADER:
                return "MustUnderstand"


SOAP11 = Version("1.1", "text/xml", "Client", "Server")
SOAP12 = Version("1.2", "application/soap+xml", "Sender", "Receiver")


class FaultError(Exception):
    """A call that is answered with a fault."""

    def __init__(self, text: str, blame: Blame = Blame.CALLER) -> None:
        super().__init__(text)
        self.blame = blame


def read_call(
    version: Version, media_type: MediaType, action: str | None, body: bytes
) -> etree._Element:
    """Return the element of a call; `action` is the SOAPAction header as it came.

    Raises `FaultError` for what a strict service refuses.
    """
    _check_action(version, media_type, action)
    try:
        root = parse_xml(body, BODY_LIMIT)
    except ValueError as error:
        raise FaultError(f"The request is no XML that is read here: {error}.") from None
    _check_envelope(version, root)
    *headers, content = root
    for entry in (entry for header in headers for entry in header):
        if entry.get(f"{{{version.namespace}}}mustUnderstand", "0") not in ("0", "false"):
            raise FaultError(f"The header {entry.tag} is not understood.", Blame.HEADER)
    if len(content) != 1 or content[0].tag != f"{{{NAMESPACE}}}{OPERATION}":
        raise FaultError(f"The body must hold {OPERATION} of {NAMESPACE}, and that alone.")
    return content[0]


def _check_action(version: Version, media_type: MediaType, action: str | None) -> None:
    if version is SOAP12:
        action = media_type.parameter("action")
    if not action:
        raise FaultError("The request has no SOAP action.")
    if action != ACTION:
        raise FaultError(f"No operation has the SOAP action {action}; it must be {ACTION}.")


def _check_envelope(version: Version, root: etree._Element) -> None:
    name = etree.QName(root)
    if name.localname == "Envelope" and name.namespace != version.namespace:
        text = f"The envelope is in the namespace {name.namespace}, not {version.namespace}."
        raise FaultError(text, Blame.VERSION)
    own = [f"{{{version.namespace}}}{part}" for part in ("Envelope", "Header", "Body")]
    envelope, header, body = own
    if root.tag != envelope or [child.tag for child in root] not in ([body], [header, body]):
        raise FaultError("The request is not an envelope with one body.")


def write_result(version: Version, result: str) -> bytes:
    """Return the envelope of an answer."""
    envelope, body = _envelope(version)
    response = etree.SubElement(body, f"{{{NAMESPACE}}}{OPERATION}Response", nsmap={"m": NAMESPACE})
    etree.SubElement(response, f"{{{NAMESPACE}}}{OPERATION}Result").text = result
    return _written(envelope)


def write_fault(version: Version, text: str, blame: Blame) -> bytes:
    """Return the envelope of a fault."""
    envelope, body = _envelope(version)
    own = f"{{{version.namespace}}}"
    fault = etree.SubElement(body, f"{own}Fault")
    code = f"soap:{version.code(blame)}"
    if version is SOAP11:
        etree.SubElement(fault, "faultcode").text = code
        etree.SubElement(fault, "faultstring").text = text
        return _written(envelope)
    etree.SubElement(etree.SubElement(fault, f"{own}Code"), f"{own}Value").text = code
    reason = etree.SubElement(etree.SubElement(fault, f"{own}Reason"), f"{own}Text")
    reason.set(_XML_LANG, "en")
    reason.text = text
    return _written(envelope)


def _envelope(version: Version) -> tuple[etree._Element, etree._Element]:
    namespace = version.namespace
    envelope = etree.Element(f"{{{namespace}}}Envelope", nsmap={"soap": namespace})
    return envelope, etree.SubElement(envelope, f"{{{namespace}}}Body")


def _written(root: etree._Element) -> bytes:
    return etree.tostring(root, encoding="utf-8", xml_declaration=True)
