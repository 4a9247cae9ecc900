"""What an answer's body says, and that nothing else is taken for an answer."""

from __future__ import annotations

from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regbridge_protech.answer import ANSWER_LIMIT, Answer, Fault, Result, Unrecognized, read_answer
from regbridge_protech.operation import Binding, Operation

SOAP11 = "http://schemas.xmlsoap.org/soap/envelope/"
SOAP12 = "http://www.w3.org/2003/05/soap-envelope"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
OPERATION = Operation("http://tempuri.org/", "UpdateUserInfo", ())
SOAP = [Binding.SOAP11, Binding.SOAP12]
ENVELOPES = {Binding.SOAP11: SOAP11, Binding.SOAP12: SOAP12}


def envelope(content: str, namespace: str = SOAP11, header: str = "") -> bytes:
    return (
        f'<?xml version="1.0" encoding="utf-8"?><soap:Envelope xmlns:soap="{namespace}">{header}'
        f"<soap:Body>{content}</soap:Body></soap:Envelope>"
    ).encode()


def response(content: str, own: str = "http://tempuri.org/") -> str:
    return f'<UpdateUserInfoResponse xmlns="{own}">{content}</UpdateUserInfoResponse>'


def result(text: str) -> str:
    return response(f"<UpdateUserInfoResult>{text}</UpdateUserInfoResult>")


def read(body: bytes | str, binding: Binding = Binding.SOAP11) -> Answer:
    return read_answer(OPERATION, binding, body.encode() if isinstance(body, str) else body)


def problem_of(answer: Answer) -> str:
    assert isinstance(answer, Unrecognized)
    return answer.problem


@pytest.mark.parametrize("binding", SOAP)
@pytest.mark.parametrize("spoken", ENVELOPES.values())
def test_a_result_is_read_from_either_version_of_soap(binding: Binding, spoken: str) -> None:
    assert read(envelope(result("a &lt;b&gt; c"), spoken), binding) == Result("a <b> c")


def test_prefixes_and_headers_do_not_matter() -> None:
    content = (
        '<x:UpdateUserInfoResponse xmlns:x="http://tempuri.org/"><x:UpdateUserInfoResult>'
        "ok</x:UpdateUserInfoResult></x:UpdateUserInfoResponse>"
    )
    assert read(envelope(content, header="<soap:Header><a/></soap:Header>")) == Result("ok")


@pytest.mark.parametrize(
    "content",
    [
        result(""),
        response(""),
        '<UpdateUserInfoResponse xmlns="http://tempuri.org/"/>',
        response(f'<UpdateUserInfoResult xmlns:i="{XSI}" i:nil="true"/>'),
    ],
)
def test_null_and_no_text_are_an_empty_result(content: str) -> None:
    assert read(envelope(content)) == Result("")


def test_a_service_may_call_its_result_something_else() -> None:
    operation = Operation("urn:x", "Save", (), result="return")
    body = envelope('<SaveResponse xmlns="urn:x"><return>7</return></SaveResponse>')
    assert read_answer(operation, Binding.SOAP11, body) == Result("7")


def test_out_parameters_beside_the_result_are_passed_over() -> None:
    content = response("<UpdateUserInfoResult>ok</UpdateUserInfoResult><szMessage>x</szMessage>")
    assert read(envelope(content)) == Result("ok")


def test_the_answer_to_a_form_is_the_result_alone() -> None:
    assert read('<string xmlns="http://tempuri.org/">ok</string>', Binding.FORM) == Result("ok")
    assert read('<boolean xmlns="http://tempuri.org/">true</boolean>', Binding.FORM) == Result(
        "true"
    )


@given(
    text=st.text(st.characters(exclude_categories=["Cs", "Cc", "Cn"]) | st.sampled_from("\t\n<>&]"))
)
def test_any_text_comes_back_as_it_was(text: str) -> None:
    assert read(envelope(result(escape(text)))) == Result(text)
    assert read(f'<string xmlns="http://tempuri.org/">{escape(text)}</string>', Binding.FORM) == (
        Result(text)
    )


@pytest.mark.parametrize("binding", SOAP)
@pytest.mark.parametrize(
    ("code", "read_code", "is_callers"),
    [
        ("soap:Server", "Server", False),
        ("soap:Client", "Client", True),
        ("soap:Client.Authentication", "Client.Authentication", True),
        ("soap:VersionMismatch", "VersionMismatch", True),
        ("soap:MustUnderstand", "MustUnderstand", True),
        ("Server", "Server", False),
        ("ClientX", "ClientX", False),
        (" soap:Server ", "Server", False),
        ("Mary Jones", "", False),
        ("", "", False),
    ],
)
def test_a_fault_of_soap_11_is_read(
    binding: Binding, code: str, read_code: str, is_callers: bool
) -> None:
    content = (
        f"<soap:Fault><faultcode>{code}</faultcode><faultstring>No.</faultstring></soap:Fault>"
    )
    fault = read(envelope(content), binding)
    assert fault == Fault(read_code, "No.")
    assert isinstance(fault, Fault)
    assert fault.is_callers == is_callers


def fault12(code: str, reason: str = '<soap:Text xml:lang="en">No.</soap:Text>') -> bytes:
    content = (
        f"<soap:Fault><soap:Code><soap:Value>soap:{code}</soap:Value></soap:Code>"
        f"<soap:Reason>{reason}</soap:Reason><soap:Detail/></soap:Fault>"
    )
    return envelope(content, SOAP12)


@pytest.mark.parametrize("binding", SOAP)
@pytest.mark.parametrize(("code", "is_callers"), [("Sender", True), ("Receiver", False)])
def test_a_fault_of_soap_12_is_read(binding: Binding, code: str, is_callers: bool) -> None:
    fault = read(fault12(code), binding)
    assert fault == Fault(code, "No.")
    assert isinstance(fault, Fault)
    assert fault.is_callers == is_callers


def test_the_subcodes_of_soap_12_come_after_dots() -> None:
    value = "<soap:Value>soap:Sender</soap:Value>"
    inner = "<soap:Subcode><soap:Value>w:FailedAuthentication</soap:Value></soap:Subcode>"
    body = fault12("Sender").replace(value.encode(), (value + inner).encode())
    assert read(body) == Fault("Sender.FailedAuthentication", "No.")


def test_a_fault_without_code_or_reason_is_a_fault() -> None:
    assert read(envelope("<soap:Fault/>")) == Fault("", "")
    assert read(envelope("<soap:Fault/>", SOAP12)) == Fault("", "")


def test_neither_a_result_nor_a_fault_shows_its_text_by_accident() -> None:
    assert "Mary" not in repr(Result("Mary Jones")) + repr(Fault("Server", "Mary Jones"))


@pytest.mark.parametrize("binding", Binding)
@pytest.mark.parametrize(
    "page",
    [
        "<!DOCTYPE html><html><body>Service Unavailable</body></html>",
        '<!doctype HTML public "-//W3C//DTD XHTML 1.0">\n<HTML lang="en"><br></HTML>',
        "<html><head><title>Runtime Error</title></head></html>",
        '<html xmlns="http://www.w3.org/1999/xhtml"><body/></html>',
        "<!-- 502 --><html><hr>",
        "\ufeff\r\n <HTML><p>",
        "<head><title>Document Moved</title></head>\n<body><h1>Object Moved</h1></body>",
        '<?xml version="1.0"?>\n<!DOCTYPE html PUBLIC "x" "y"><html></html>',
    ],
)
def test_an_html_page_is_no_answer(binding: Binding, page: str) -> None:
    assert problem_of(read(page, binding)) == "the answer is an HTML page"


def test_half_an_answer_that_quotes_a_page_is_no_page() -> None:
    half = envelope(result("<![CDATA[<html><body>Error</body></html>]]>"))[:-20]
    assert "not well-formed" in problem_of(read(half))


@pytest.mark.parametrize("binding", Binding)
@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"", "the answer is empty"),
        (b"9cc0c0f1-6f43-4f8b-8a43-0d6c3e4e1f11", "not well-formed"),
        (b'{"ok": true}', "not well-formed"),
        (b"<a/>", "the answer is XML, but"),
        (b"<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>", "DOCTYPE"),
        (b"<a>" * 10_000, "not well-formed"),
        (b"<a>" + b" " * ANSWER_LIMIT + b"</a>", "larger than"),
        (envelope(result("ok"))[:-20], "not well-formed"),
        (envelope("", "http://www.w3.org/2099/envelope"), "the answer is XML, but"),
    ],
)
def test_what_is_no_answer_is_told_with_the_reason(
    binding: Binding, body: bytes, problem: str
) -> None:
    assert problem in problem_of(read(body, binding))


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", "no content"),
        ("<a/>", "another element than UpdateUserInfoResponse"),
        (result("ok").replace("tempuri", "example"), "another element than UpdateUserInfoResponse"),
        (result("ok").replace("UserInfoRes", "UserRes"), "another element"),
        (response("<Other>ok</Other>"), "another element than UpdateUserInfoResult"),
        (
            response('<UpdateUserInfoResult xmlns="">ok</UpdateUserInfoResult>'),
            "another element than UpdateUserInfoResult",
        ),
        (result("<b>ok</b>"), "holds elements"),
        ("<Fault><faultcode>Server</faultcode></Fault>", "another element"),
    ],
)
def test_another_element_is_no_answer(content: str, problem: str) -> None:
    assert problem in problem_of(read(envelope(content)))


def test_an_envelope_without_a_body_is_no_answer() -> None:
    assert isinstance(read(f'<e:Envelope xmlns:e="{SOAP11}"/>'), Unrecognized)


@pytest.mark.parametrize(
    "body",
    [
        "<string>ok</string>",
        '<string xmlns="http://example.org/">ok</string>',
        '<anyType xmlns="http://tempuri.org/">ok</anyType>',
        envelope(result("ok")).decode(),
    ],
)
def test_a_form_is_answered_in_the_services_namespace_alone(body: str) -> None:
    told = problem_of(read(body, Binding.FORM))
    assert told == "the answer is XML, but not the result of a form"


def test_the_result_of_a_form_is_no_answer_to_soap() -> None:
    told = problem_of(read('<string xmlns="http://tempuri.org/">ok</string>'))
    assert told == "the answer is XML, but no SOAP envelope"


@given(cut=st.integers(1, 300))
def test_half_an_answer_is_no_answer(cut: int) -> None:
    body = envelope(result("9cc0c0f1-6f43-4f8b-8a43-0d6c3e4e1f11"))
    assert isinstance(read(body[: -min(cut, len(body))]), Unrecognized)


@given(body=st.binary(max_size=200), binding=st.sampled_from(Binding))
def test_whatever_comes_it_is_never_taken_for_a_result(body: bytes, binding: Binding) -> None:
    assert isinstance(read(body, binding), Unrecognized)
