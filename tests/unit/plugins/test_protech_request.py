"""What is sent for one call, in each binding, and what is refused before it is sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from regbridge import RejectedError
from regbridge_protech.operation import Binding, Operation, Parameter, XsdType
from regbridge_protech.request import CallRequest, build_request

URL = "https://crm.example.org/_webservice/APAP_UpdateMember.asmx"
OWN = "{http://tempuri.org/}"
NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"
SOAP = {
    Binding.SOAP11: "{http://schemas.xmlsoap.org/soap/envelope/}",
    Binding.SOAP12: "{http://www.w3.org/2003/05/soap-envelope}",
}
# The characters that XML 1.0 can hold, with those that mean something in XML more often.
XML_TEXT = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff")
    | st.sampled_from("\t\n\r<>&'\"]\x7f\x85\u2028\ufeff\U0010ffff")
) | st.sampled_from(["]]>", "<![CDATA[x]]>", "&lt;", "<!-- x -->", "<?xml version='1.0'?>", "  "])


def operation(*parameters: Parameter, **more: str) -> Operation:
    return Operation("http://tempuri.org/", "UpdateUserInfo", parameters, **more)


TWO = operation(Parameter("szUserID"), Parameter("szRegDate", XsdType.DATE_TIME, required=True))
ONE = operation(Parameter("szUserID"))


def build(
    binding: Binding = Binding.SOAP11, of: Operation = ONE, url: str = URL, **values: Any
) -> CallRequest:
    return build_request(url, of, binding, values)


def call(request: CallRequest, binding: Binding) -> Any:
    """Return the element of the call inside an envelope."""
    root = etree.fromstring(request.body)
    assert root.tag == f"{SOAP[binding]}Envelope"
    [body] = root
    assert body.tag == f"{SOAP[binding]}Body"
    [element] = body
    return element


def sent(binding: Binding, of: Operation, values: Mapping[str, Any]) -> dict[str, str | None]:
    """Return what a service sees, in its order; None is xsi:nil."""
    request = build(binding, of, **values)
    if binding == Binding.FORM:
        return dict(parse_qsl(request.body.decode(), keep_blank_values=True, strict_parsing=True))
    element = call(request, binding)
    assert element.tag == f"{OWN}{of.name}"
    return {
        child.tag.removeprefix(OWN): None if child.get(NIL) == "true" else child.text or ""
        for child in element
    }


def test_soap_11_is_posted_with_its_type_and_a_quoted_action() -> None:
    request = build(Binding.SOAP11)
    assert request.url == URL
    assert request.headers == {
        "Content-Type": "text/xml; charset=utf-8",
        "SOAPAction": '"http://tempuri.org/UpdateUserInfo"',
    }


def test_soap_12_is_posted_with_the_action_in_its_type() -> None:
    request = build(Binding.SOAP12)
    assert request.url == URL
    assert request.headers == {
        "Content-Type": "application/soap+xml; charset=utf-8; "
        'action="http://tempuri.org/UpdateUserInfo"'
    }


def test_a_form_is_posted_to_the_address_with_the_operation_after_it() -> None:
    request = build(Binding.FORM, szUserID="Zoë & Co")
    assert request.url == f"{URL}/UpdateUserInfo"
    assert request.headers == {"Content-Type": "application/x-www-form-urlencoded"}
    assert request.body == b"szUserID=Zo%C3%AB+%26+Co"
    assert build(Binding.FORM, url=f"{URL}/").url == f"{URL}/UpdateUserInfo"


@pytest.mark.parametrize(
    ("namespace", "action", "header"),
    [
        ("http://tempuri.org/", "", '"http://tempuri.org/UpdateUserInfo"'),
        ("http://tempuri.org", "", '"http://tempuri.org/UpdateUserInfo"'),
        ("urn:x", "urn:x:IService/Update", '"urn:x:IService/Update"'),
    ],
)
def test_the_action_is_that_of_the_settings_or_what_asmx_services_use(
    namespace: str, action: str, header: str
) -> None:
    of = Operation(namespace, "UpdateUserInfo", (), action=action)
    assert build(of=of).headers["SOAPAction"] == header


@pytest.mark.parametrize("binding", Binding)
def test_parameters_are_sent_in_the_order_of_the_operation(binding: Binding) -> None:
    values = {"szRegDate": "2027-01-10T00:00:00", "szUserID": "P-001"}
    assert list(sent(binding, TWO, values).items()) == [
        ("szUserID", "P-001"),
        ("szRegDate", "2027-01-10T00:00:00"),
    ]


@pytest.mark.parametrize("binding", SOAP)
@pytest.mark.parametrize(
    ("parameter", "expected"),
    [
        (Parameter("a"), {}),
        (Parameter("a", XsdType.INT), {}),
        (Parameter("a", XsdType.INT, nillable=True), {}),
        (Parameter("a", required=True), {"a": ""}),
        (Parameter("a", required=True, nillable=True), {"a": None}),
        (Parameter("a", XsdType.INT, required=True, nillable=True), {"a": None}),
    ],
)
@pytest.mark.parametrize("values", [{}, {"a": None}])
def test_what_has_no_value_is_left_out_or_nil_or_empty(
    binding: Binding, parameter: Parameter, expected: object, values: dict[str, None]
) -> None:
    assert sent(binding, operation(parameter), values) == expected


@pytest.mark.parametrize("binding", SOAP)
def test_empty_text_is_sent_as_empty_text(binding: Binding) -> None:
    assert sent(binding, ONE, {"szUserID": ""}) == {"szUserID": ""}


def test_a_form_leaves_no_parameter_out() -> None:
    of = operation(Parameter("a"), Parameter("b", required=True), Parameter("c", nillable=True))
    assert sent(Binding.FORM, of, {}) == {"a": "", "b": "", "c": ""}


@pytest.mark.parametrize(
    ("binding", "parameter"),
    [
        (Binding.SOAP11, Parameter("szCount", XsdType.INT, required=True)),
        (Binding.SOAP12, Parameter("szCount", XsdType.DATE_TIME, required=True)),
        (Binding.FORM, Parameter("szCount", XsdType.INT)),
        (Binding.FORM, Parameter("szCount", XsdType.BOOLEAN, nillable=True)),
    ],
)
def test_a_value_that_must_be_there_and_is_not_rejects_the_record(
    binding: Binding, parameter: Parameter
) -> None:
    with pytest.raises(RejectedError, match="szCount is required and has no value") as caught:
        build(binding, operation(parameter))
    assert caught.value.field == "szCount"


@pytest.mark.parametrize("binding", Binding)
def test_a_value_of_another_type_rejects_the_record_without_the_value(binding: Binding) -> None:
    with pytest.raises(RejectedError, match="szRegDate is an xs:dateTime: ") as caught:
        build(binding, TWO, szRegDate="born 1962")
    assert caught.value.field == "szRegDate"
    assert "1962" not in str(caught.value) + caught.value.detail


@pytest.mark.parametrize("binding", Binding)
@pytest.mark.parametrize(
    "character", ["\x00", "\x0b", "\x1f", "\ud800", "\udfff", "\ufffe", "\uffff"]
)
def test_a_character_that_xml_cannot_hold_rejects_the_record(
    binding: Binding, character: str
) -> None:
    with pytest.raises(RejectedError, match="szUserID holds the character") as caught:
        build(binding, szUserID=f"Mary{character}Jones")
    assert f"U+{ord(character):04X}" in str(caught.value)
    assert caught.value.field == "szUserID"
    assert "Mary" not in str(caught.value)


@pytest.mark.parametrize("binding", Binding)
def test_a_value_without_a_parameter_rejects_the_record(binding: Binding) -> None:
    with pytest.raises(RejectedError, match="UpdateUserInfo has no parameter szUserId") as caught:
        build(binding, szUserId="P-001")
    assert caught.value.field == "szUserId"


def test_a_request_does_not_show_its_body_by_accident() -> None:
    assert "P-001" not in repr(build(szUserID="P-001"))


@pytest.mark.parametrize("binding", Binding)
@given(text=XML_TEXT)
def test_any_text_that_xml_can_hold_arrives_as_it_was(binding: Binding, text: str) -> None:
    assert sent(binding, ONE, {"szUserID": text}) == {"szUserID": text}


@pytest.mark.parametrize("binding", Binding)
@given(text=st.text(st.characters()))
def test_any_other_text_rejects_the_record(binding: Binding, text: str) -> None:
    try:
        assert sent(binding, ONE, {"szUserID": text}) == {"szUserID": text}
    except RejectedError as error:
        assert error.field == "szUserID"


@given(
    values=st.dictionaries(
        st.sampled_from(["a", "b", "c", "d"]), XML_TEXT | st.integers() | st.none()
    )
)
def test_every_binding_says_the_same(values: dict[str, Any]) -> None:
    of = operation(*(Parameter(name, required=True) for name in "abcd"))
    said = [sent(binding, of, values) for binding in Binding]
    assert said[0] == said[1] == said[2]
