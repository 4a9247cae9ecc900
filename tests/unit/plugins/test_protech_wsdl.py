"""What is read from a WSDL, what is said about it, and the settings that come out of it."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from regbridge import ConfigError
from regbridge_protech.describe import describe
from regbridge_protech.operation import Binding, Parameter, XsdType
from regbridge_protech.settings import ServiceSettings
from regbridge_protech.wsdl import WSDL_LIMIT, Port, PortKind, PortOperation, read_wsdl

ADDRESS = "https://crm.example.org/_webservice/Staging.asmx"
FIELDS = """<s:element name="szUserID" type="s:string" minOccurs="0"/>
<s:element name="nTickets" type="s:int" nillable="true"/>
<s:element name="szRegDate" type="s:dateTime"/>"""
RESULT = '<s:element name="SaveResult" type="s:string" minOccurs="0"/>'
SCHEMA = """<s:schema elementFormDefault="qualified" targetNamespace="urn:crm">
<s:element name="Save"><s:complexType><s:sequence>FIELDS</s:sequence></s:complexType></s:element>
<s:element name="SaveResponse"><s:complexType><s:sequence>RESULT</s:sequence></s:complexType>
</s:element>
<s:element name="string" nillable="true" type="s:string"/></s:schema>"""
MESSAGES = """<message name="SoapIn"><part name="parameters" element="t:Save"/></message>
<message name="SoapOut"><part name="parameters" element="t:SaveResponse"/></message>
<message name="HttpIn"><part name="szUserID" type="s:string"/>
<part name="nTickets" type="s:string"/><part name="szRegDate" type="s:string"/></message>
<message name="HttpOut"><part name="Body" element="t:string"/></message>
<portType name="Soap"><operation name="Save"><input message="t:SoapIn"/>
<output message="t:SoapOut"/></operation></portType>
<portType name="Http"><operation name="Save"><input message="t:HttpIn"/>
<output message="t:HttpOut"/></operation></portType>"""
SOAP_BINDING = """<binding name="B-PREFIX" type="t:Soap">
<PREFIX:binding transport="http://schemas.xmlsoap.org/soap/http"/><operation name="Save">
<PREFIX:operation soapAction="urn:crm/Save" style="document"/>
<input><PREFIX:body use="literal"/></input><output><PREFIX:body use="literal"/></output>
</operation></binding>"""
HTTP_BINDING = """<binding name="B-VERB" type="t:Http"><h:binding verb="VERB"/>
<operation name="Save"><h:operation location="/Save"/></operation></binding>"""
SERVICE = f"""<service name="staging">
<port name="P1" binding="t:B-s11"><s11:address location="{ADDRESS}"/></port>
<port name="P2" binding="t:B-s12"><s12:address location="{ADDRESS}"/></port>
<port name="P3" binding="t:B-GET"><h:address location="{ADDRESS}"/></port>
<port name="P4" binding="t:B-POST"><h:address location="{ADDRESS}"/></port></service>"""
WSDL = f"""<?xml version="1.0" encoding="utf-8"?>
<definitions xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:s="http://www.w3.org/2001/XMLSchema"
 xmlns:t="urn:crm" xmlns:s11="http://schemas.xmlsoap.org/wsdl/soap/"
 xmlns:s12="http://schemas.xmlsoap.org/wsdl/soap12/" xmlns:h="http://schemas.xmlsoap.org/wsdl/http/"
 targetNamespace="urn:crm"><types>{SCHEMA}</types>{MESSAGES}
{SOAP_BINDING.replace("PREFIX", "s11")}{SOAP_BINDING.replace("PREFIX", "s12")}
{HTTP_BINDING.replace("VERB", "GET")}{HTTP_BINDING.replace("VERB", "POST")}
{SERVICE}</definitions>"""


def wsdl(*changes: tuple[str, str], fields: str = FIELDS, result: str = RESULT) -> bytes:
    text = WSDL
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    return text.replace("FIELDS", fields).replace("RESULT", result).encode()


def soap(document: bytes) -> PortOperation:
    """Return the operation of the SOAP 1.1 port."""
    [service] = read_wsdl(document)
    port = next(port for port in service.ports if port.name == "P1")
    [operation] = port.operations
    return operation


def parameters(fields: str) -> tuple[Parameter, ...]:
    described = soap(wsdl(fields=fields))
    assert described.problem == ""
    return described.operation.parameters


def refusal(document: bytes, **names: Any) -> str:
    with pytest.raises(ConfigError) as caught:
        describe(document, **names)
    return str(caught.value)


# --- what is read ---


def test_services_and_ports_are_listed_with_how_they_are_spoken_to() -> None:
    [service] = read_wsdl(wsdl())
    assert service.name == "staging"
    assert [(port.name, port.kind, port.address) for port in service.ports] == [
        ("P1", PortKind.SOAP11, ADDRESS),
        ("P2", PortKind.SOAP12, ADDRESS),
        ("P3", PortKind.GET, ADDRESS),
        ("P4", PortKind.FORM, ADDRESS),
    ]


def test_an_operation_has_its_parameters_in_order_with_their_types() -> None:
    described = soap(wsdl())
    assert described.problem == ""
    assert described.operation.namespace == "urn:crm"
    assert described.operation.parameters == (
        Parameter("szUserID"),
        Parameter("nTickets", XsdType.INT, required=True, nillable=True),
        Parameter("szRegDate", XsdType.DATE_TIME, required=True),
    )
    assert described.operation.soap_action == "urn:crm/Save"
    assert described.operation.result_name == "SaveResult"


@pytest.mark.parametrize("kind", XsdType)
def test_every_type_that_can_be_sent_is_read(kind: XsdType) -> None:
    assert parameters(f'<s:element name="a" type="s:{kind}"/>') == (
        Parameter("a", kind, required=True),
    )


def test_a_restricted_type_is_sent_as_what_it_restricts() -> None:
    inline = (
        '<s:element name="a"><s:simpleType><s:restriction base="s:int"/></s:simpleType></s:element>'
    )
    named = '<s:element name="b" type="t:Guid"/>'
    own = '<s:simpleType name="Guid"><s:restriction base="s:string"/></s:simpleType></s:schema>'
    described = soap(wsdl(("</s:schema>", own), fields=inline + named))
    assert [each.type for each in described.operation.parameters] == ["int", "string"]


def test_an_operation_may_take_nothing() -> None:
    assert parameters("") == ()
    empty = ("<s:sequence>FIELDS</s:sequence>", "")
    assert soap(wsdl(empty)).operation.parameters == ()


def test_the_fields_may_be_a_named_type() -> None:
    inline = "<s:complexType><s:sequence>FIELDS</s:sequence></s:complexType>"
    named = f'<s:complexType name="Saved">{inline.removeprefix("<s:complexType>")}</s:schema>'
    document = wsdl(
        (f'<s:element name="Save">{inline}', '<s:element name="Save" type="t:Saved">'),
        ("</s:schema>", named),
    )
    assert len(soap(document).operation.parameters) == 3


def test_annotations_are_passed_over() -> None:
    note = "<s:annotation><s:documentation>x</s:documentation></s:annotation>"
    assert len(parameters(note + FIELDS)) == 3


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ('<s:element name="a" type="s:base64Binary"/>', "the type of a is base64Binary"),
        ('<s:element name="a" type="t:List"/>', "the type of a is one of its own"),
        ('<s:element name="a"><s:complexType/></s:element>', "the type of a is one of its own"),
        ('<s:element name="a" type="s:int" maxOccurs="unbounded"/>', "a may be repeated"),
        ('<s:element ref="t:string"/>', "something else than plain elements"),
        ("<s:any/>", "something else than plain elements"),
        ('<s:element name="a" type="s:int" form="unqualified"/>', "not in the service's namespace"),
        ('<s:element name="a" type="x:int"/>', "the prefix of 'x:int' is not declared"),
    ],
)
def test_a_parameter_that_cannot_be_sent_is_the_operations_problem(
    fields: str, problem: str
) -> None:
    assert problem in soap(wsdl(fields=fields)).problem


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('style="document"', 'style="rpc"', "rpc"),
        ('use="literal"', 'use="encoded"', "encoded"),
        (' soapAction="urn:crm/Save"', "", "no SOAP action"),
        ('<s11:body use="literal"/></input>', "<s11:header/></input>", "wants a SOAP header"),
        ('element="t:Save"', 'type="s:string"', "not one element (document/literal wrapped)"),
        ('element="t:Save"', 'element="t:string"', "not wrapped"),
        ('element="t:SaveResponse"', 'element="t:Save"', "not wrapped"),
        ('element="t:Save"', 'element="Save"', "its answer is in another namespace"),
        ('<s:element name="Save">', '<s:element name="Other">', "no schema has the element Save"),
        ('<part name="parameters" element="t:Save"/>', "", "not one element"),
        (' elementFormDefault="qualified"', "", "not in the service's namespace"),
        ("soap/http", "soap/tcp", "not spoken over HTTP"),
        ("<s:sequence>FIELDS</s:sequence>", "<s:all/>", "not a plain sequence"),
        (
            "<s:complexType><s:sequence>FIELDS</s:sequence></s:complexType>",
            "",
            "the element Save has no fields",
        ),
        ("RESULT", "", "returns nothing"),
        ("RESULT", '<s:element name="SaveResult" type="t:Row"/>', "result is of the type one of"),
        ('<input message="t:SoapIn"/>', "", "it has no input"),
        ('message="t:SoapIn"', 'message="t:Other"', "refers to 't:Other'"),
        ('type="t:Soap"', 'type="t:Other"', "refers to 't:Other'"),
        ('<operation name="Save"><input', '<operation name="Other"><input', "is not declared"),
        (
            '<portType name="Soap">',
            '<portType name="Soap"><operation name="Save"/>',
            "declared more than once",
        ),
    ],
)
def test_an_operation_that_cannot_be_called_says_why(old: str, new: str, problem: str) -> None:
    assert problem in soap(wsdl((old, new))).problem


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('location="/Save"', 'location="/Other"', "its address"),
        ('<part name="Body" element="t:string"/>', "", "returns nothing"),
        ('name="nTickets" type="s:string"', 'name="nTickets" type="t:List"', "nTickets is List"),
    ],
)
def test_a_form_that_cannot_be_posted_says_why(old: str, new: str, problem: str) -> None:
    [service] = read_wsdl(wsdl((old, new)))
    form: Port = service.ports[3]
    assert problem in form.operations[0].problem


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        (b"", "not well-formed"),
        (b"<html></html>", "not a WSDL 1.1"),
        (b"<description xmlns='http://www.w3.org/ns/wsdl'/>", "not a WSDL 1.1"),
        (b"<!DOCTYPE definitions>" + wsdl().partition(b"?>")[2], "DOCTYPE"),
        (b" " * (WSDL_LIMIT + 1), "larger than"),
        (wsdl(("<types>", '<import namespace="urn:x" location="x.wsdl"/><types>')), "imports"),
        (wsdl(("</s:schema>", '<s:include schemaLocation="x"/></s:schema>')), "refers to other"),
        (wsdl(("</s:schema>", '<s:import schemaLocation="x"/></s:schema>')), "refers to other"),
        (wsdl(('binding="t:B-s11"', 'binding="t:B-s13"')), "refers to 't:B-s13'"),
    ],
)
def test_a_wsdl_that_cannot_be_read_says_why_and_what_to_do(document: bytes, problem: str) -> None:
    told = refusal(document)
    assert told.startswith("the WSDL cannot be used: ")
    assert problem in told
    assert "as one file" in told


def test_an_import_between_the_schemas_of_the_file_is_no_other_document() -> None:
    own = '<s:import namespace="urn:other"/><s:element name="Save">'
    assert soap(wsdl(('<s:element name="Save">', own))).problem == ""


def test_a_type_that_restricts_itself_ends() -> None:
    circle = '<s:simpleType name="A"><s:restriction base="t:A"/></s:simpleType></s:schema>'
    document = wsdl(("</s:schema>", circle), fields='<s:element name="a" type="t:A"/>')
    assert "one of its own" in soap(document).problem


@given(
    start=st.integers(0, len(WSDL)),
    length=st.integers(1, 40),
    put=st.text('<>/":sta= ', max_size=9),
)
def test_a_damaged_wsdl_is_read_or_refused_in_words(start: int, length: int, put: str) -> None:
    text = WSDL[:start] + put + WSDL[start + length :]
    try:
        describe(text.replace("FIELDS", FIELDS).replace("RESULT", RESULT).encode())
    except ConfigError as error:
        assert str(error).startswith(("the WSDL ", "Save cannot be called", " cannot be called"))


# --- the settings ---


def test_the_settings_are_ready_to_paste() -> None:
    assert (
        describe(wsdl())
        == f"""\
use: protech
settings:
  url: {ADDRESS}
  binding: soap11
  namespace: urn:crm
  operation: Save
  parameters:
    - {{name: szUserID, type: string}}
    - {{name: nTickets, type: int, required: true, nillable: true}}
    - {{name: szRegDate, type: dateTime, required: true}}
  success: guid  # or {{regex: ...}}, or {{json: path, equals: value, id: path}}
"""
    )


@pytest.mark.parametrize("binding", Binding)
def test_the_settings_are_what_the_plugin_takes(binding: Binding) -> None:
    block = yaml.safe_load(describe(wsdl(), binding=binding))
    assert block["use"] == "protech"
    settings = ServiceSettings.model_validate(block["settings"])
    assert settings.binding == binding
    assert settings.described_operation().parameters == soap(wsdl()).operation.parameters


def test_an_action_that_is_not_the_usual_one_is_in_the_settings() -> None:
    document = wsdl(('Action="urn:crm/Save"', 'Action="urn:other"'))
    settings = yaml.safe_load(describe(document))["settings"]
    assert settings["action"] == "urn:other"


def test_a_result_of_another_name_is_in_the_settings() -> None:
    result = '<s:element name="return" type="s:string"/>'
    assert yaml.safe_load(describe(wsdl(result=result)))["settings"]["result"] == "return"


def test_plain_http_is_left_to_a_person() -> None:
    text = describe(wsdl(("https://crm", "http://crm")))
    assert "  # allow_http: true" in text
    assert "allow_http" not in yaml.safe_load(text)["settings"]


def test_the_settings_of_a_form_have_the_types_of_soap_if_there_is_soap() -> None:
    without = wsdl(('binding="t:B-s11"', 'binding="t:B-GET"'), ('"t:B-s12"', '"t:B-GET"'))
    settings = yaml.safe_load(describe(without))["settings"]
    assert settings["binding"] == "form"
    assert {each["type"] for each in settings["parameters"]} == {"string"}


def test_strange_names_stay_yaml() -> None:
    address = "https://crm.example.org/: #x'%20&quot;{}\u2028y.asmx"
    text = describe(wsdl((ADDRESS, address)))
    assert yaml.safe_load(text)["settings"]["url"] == address.replace("&quot;", '"')


SECOND = ("</service>", '</service><service name="other"/>')
NO_SOAP11 = ('<port name="P1" binding="t:B-s11">', '<port name="P1" binding="t:B-GET">')
TWO = (
    ('<portType name="Soap">', '<portType name="Soap"><operation name="Drop"/>'),
    (
        '<operation name="Save">\n<s11',
        '<operation name="Drop"><s11:operation soapAction="x"/></operation>'
        '<operation name="Save">\n<s11',
    ),
)


def test_what_the_wsdl_leaves_open_is_asked_for() -> None:
    assert refusal(wsdl(SECOND)) == (
        "the WSDL has more than one service; name one of staging, other"
    )
    assert describe(wsdl(SECOND), service="staging") == describe(wsdl())


@pytest.mark.parametrize(
    ("document", "names", "told"),
    [
        (wsdl(), {"operation": "Safe"}, "no operation 'Safe'; did you mean 'Save'?"),
        (wsdl(), {"service": "stagin"}, "no service 'stagin'; did you mean 'staging'?"),
        (
            wsdl(NO_SOAP11),
            {"binding": Binding.SOAP11},
            "no binding 'soap11'; did you mean 'soap12'?",
        ),
    ],
)
def test_a_name_that_is_not_there_is_refused_with_the_nearest(
    document: bytes, names: Any, told: str
) -> None:
    assert refusal(document, **names) == f"the WSDL has {told}"


def test_the_first_binding_that_is_there_is_taken() -> None:
    assert "binding: soap12" in describe(wsdl(NO_SOAP11))


def test_only_what_can_be_called_is_a_choice() -> None:
    assert describe(wsdl(*TWO)) == describe(wsdl())
    assert refusal(wsdl(*TWO), operation="Drop") == "Drop cannot be called: it has no input"


def test_when_nothing_can_be_called_it_says_why() -> None:
    assert "Save cannot be called: its style is rpc" in refusal(wsdl(('"document"', '"rpc"')))
    assert refusal(wsdl((SERVICE, ""))) == "the WSDL has no service that can be called"
    assert refusal(wsdl(("soap/http", "soap/tcp"), ('verb="POST"', 'verb="PUT"'))) == (
        "the WSDL has no binding that can be called"
    )
