"""What the operation of the simulated service takes, as XML Schema says and checks it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from threading import Lock
from typing import Any

from lxml import etree

NAMESPACE = "http://tempuri.org/"
OPERATION = "UpdateUserInfo"
TEXTS = (
    "szUserID",
    "szRegType",
    "szSpouseRegFlag",
    "szFirstTimeFlag",
    "szVolunteerFlag",
    "szHeardAboutEvent",
    "szExcludeEmailFlag",
    "szAttendLuncheonFlag",
    "szNumTicketsPurchased",
    "szSponsorAwardTableFlag",
    "szPaymentMethod",
    "szRegID",
    "szJobTitle",
    "szPerID",
)
DATE = "szRegDate"
SECRET = "securityPassword"  # noqa: S105 - the name of a parameter, not a password

_XSD = "http://www.w3.org/2001/XMLSchema"
# XML Schema allows the hour 24 and years of any length, which .NET's DateTime does not have.
_NET_DATE = re.compile(r"\s*(?!0000)[0-9]{4}-[^T]*T(?!24)")


class Contract:
    """The operation's parameters in their order (reference/protech-service.md, section 1.2).

    With `takes_secret` a shared secret comes first (section 2).
    """

    def __init__(self, *, takes_secret: bool = False) -> None:
        self.takes_secret = takes_secret
        self.texts = (SECRET, *TEXTS) if takes_secret else TEXTS
        self.names = (*self.texts, DATE)
        self.schema = _schema(self.texts)
        self._lock = Lock()  # a compiled schema has one error log
        self._compiled = etree.XMLSchema(etree.fromstring(self.schema))

    def parameters(self, call: etree._Element) -> dict[str, str]:
        """Return the parameters of a call's element, those that were left out as "".

        Raises `ValueError` when an element is unknown, twice, missing or out of order, or its
        value is not of its type.
        """
        with self._lock:
            if not self._compiled.validate(call):
                log: Any = self._compiled.error_log  # the stubs do not say that it is a list
                raise ValueError("; ".join(error.message for error in log))
        values = {etree.QName(child).localname: child.text or "" for child in call}
        if not _NET_DATE.match(values[DATE]):
            raise ValueError(f"The element {DATE} is not a date that the service knows.")
        return {name: values.get(name, "") for name in self.names}

    def call(self, values: Mapping[str, str]) -> etree._Element:
        """Return the element of a call; raises `ValueError` for what XML cannot hold."""
        default: Any = {None: NAMESPACE}
        call = etree.Element(f"{{{NAMESPACE}}}{OPERATION}", nsmap=default)
        for name in self.names:
            etree.SubElement(call, f"{{{NAMESPACE}}}{name}").text = values[name]
        return call


def _schema(texts: tuple[str, ...]) -> str:
    optional = "".join(
        f'<s:element minOccurs="0" maxOccurs="1" name="{name}" type="s:string"/>' for name in texts
    )
    return (
        f'<s:schema xmlns:s="{_XSD}" elementFormDefault="qualified" targetNamespace="{NAMESPACE}">'
        f'<s:element name="{OPERATION}"><s:complexType><s:sequence>{optional}'
        f'<s:element minOccurs="1" maxOccurs="1" name="{DATE}" type="s:dateTime"/>'
        "</s:sequence></s:complexType></s:element>"
        f'<s:element name="{OPERATION}Response"><s:complexType><s:sequence>'
        f'<s:element minOccurs="0" maxOccurs="1" name="{OPERATION}Result" type="s:string"/>'
        "</s:sequence></s:complexType></s:element>"
        '<s:element name="string" nillable="true" type="s:string"/></s:schema>'
    )
