"""What a service's answer says: a result, a fault, or nothing that this service would say."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from lxml import etree

from regbridge_protech.namespaces import SOAP11, SOAP12
from regbridge_protech.operation import Binding, Operation
from regbridge_protech.safe_xml import parse_xml

ANSWER_LIMIT = 1_000_000
"""The most bytes of an answer that is read."""

_PAGE = "the answer is an HTML page"
# Only what begins so is a page: an answer that lost its end may hold one in its text.
_HTML = re.compile(
    rb"\A(?>\s|\xef\xbb\xbf|<!--(?>.*?-->)|<\?(?>.*?\?>))*+"
    rb"<(!doctype\s+html|html|head|title|body)\b",
    re.IGNORECASE | re.DOTALL,
)
_HEAD = 10_000
_CODE = re.compile(r"[A-Za-z][A-Za-z0-9._-]{0,63}")
_CALLER = frozenset({"Client", "Sender", "VersionMismatch", "MustUnderstand"})
# What .NET calls the root of a form's answer, by the type of the result.
_FORM_RESULTS = frozenset(
    {"string", "guid", "int", "long", "short", "decimal", "double", "float", "boolean", "dateTime"}
)


@dataclass(frozen=True, slots=True)
class Result:
    """The operation ran and returned this text, "" for null; only the success rule can judge it."""

    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Fault:
    """A SOAP fault. `code` may be shown (`Server`, `Sender.Limit`); `text` may name a person."""

    code: str
    text: str = field(repr=False)

    @property
    def is_callers(self) -> bool:
        """Whether the service says that the request is at fault, and so did nothing."""
        return self.code.partition(".")[0] in _CALLER


@dataclass(frozen=True, slots=True)
class Unrecognized:
    """No answer of this operation; `problem` says why, in words that may be shown.

    `is_page` says that it is an HTML page: something else answered in the place of the service.
    """

    problem: str
    is_page: bool = False


Answer = Result | Fault | Unrecognized


def read_answer(operation: Operation, binding: Binding, body: bytes) -> Answer:
    """Return what an answer's body says, whatever its HTTP status is.

    A SOAP answer may be in either version of SOAP, because a service that refuses a version says
    so in the other one.
    """
    try:
        root = parse_xml(body, ANSWER_LIMIT)
    except ValueError as error:
        return _not_xml(body, error)
    if etree.QName(root).localname.lower() == "html":
        return Unrecognized(_PAGE, is_page=True)
    read = _form_answer if binding == Binding.FORM else _soap_answer
    return read(operation, root)


def _not_xml(body: bytes, error: ValueError) -> Unrecognized:
    if not body:
        return Unrecognized("the answer is empty")
    if _HTML.search(body, 0, _HEAD):
        return Unrecognized(_PAGE, is_page=True)
    return Unrecognized(f"the answer cannot be read: {error}")


def _form_answer(operation: Operation, root: etree._Element) -> Answer:
    name = etree.QName(root)
    if name.namespace != operation.namespace or name.localname not in _FORM_RESULTS:
        return Unrecognized("the answer is XML, but not the result of a form")
    return _result(root)


def _soap_answer(operation: Operation, root: etree._Element) -> Answer:
    name = etree.QName(root)
    if name.localname != "Envelope" or name.namespace not in (SOAP11, SOAP12):
        return Unrecognized("the answer is XML, but no SOAP envelope")
    body = root.find(f"{{{name.namespace}}}Body")
    if body is None or len(body) == 0:
        return Unrecognized("the SOAP envelope has no content")
    content = body[0]
    if content.tag == f"{{{SOAP11}}}Fault":
        return _fault11(content)
    if content.tag == f"{{{SOAP12}}}Fault":
        return _fault12(content)
    own = operation.namespace
    if content.tag != f"{{{own}}}{operation.response_name}":
        return Unrecognized(f"the answer holds another element than {operation.response_name}")
    result = content.find(f"{{{own}}}{operation.result_name}")
    if result is not None:
        return _result(result)
    if len(content):
        return Unrecognized(f"the answer holds another element than {operation.result_name}")
    return Result("")  # how .NET writes null


def _result(element: etree._Element) -> Answer:
    if len(element):
        return Unrecognized("the result holds elements, and text was expected")
    return Result(element.text or "")


def _fault11(fault: etree._Element) -> Fault:
    return Fault(_code(fault.findtext("faultcode")), fault.findtext("faultstring") or "")


def _fault12(fault: etree._Element) -> Fault:
    """Return a fault with its subcodes after dots, as SOAP 1.1 writes them."""
    codes = []
    code = fault.find(f"{{{SOAP12}}}Code")
    while code is not None:
        codes.append(_code(code.findtext(f"{{{SOAP12}}}Value")))
        code = code.find(f"{{{SOAP12}}}Subcode")
    text = fault.findtext(f"{{{SOAP12}}}Reason/{{{SOAP12}}}Text") or ""
    return Fault(".".join(filter(None, codes)), text)


def _code(qualified: str | None) -> str:
    """Return a code without its prefix; "" for what is no code."""
    name = (qualified or "").strip().rpartition(":")[2]
    return name if _CODE.fullmatch(name) else ""
