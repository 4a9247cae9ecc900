"""The simulator refuses what a strict service refuses, each with the right status and fault."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest
import requests

from regbridge_protech.answer import Fault, Unrecognized, read_answer
from regbridge_protech.operation import Binding, Operation

ENVELOPES = {
    Binding.SOAP11: "http://schemas.xmlsoap.org/soap/envelope/",
    Binding.SOAP12: "http://www.w3.org/2003/05/soap-envelope",
}
TYPES = {
    Binding.SOAP11: "text/xml; charset=utf-8",
    Binding.SOAP12: 'application/soap+xml; charset=utf-8; action="http://tempuri.org/UpdateUserInfo"',
}
CALLER = {Binding.SOAP11: "Client", Binding.SOAP12: "Sender"}
SOAP = list(ENVELOPES)
ACTION = '"http://tempuri.org/UpdateUserInfo"'
OPERATION = Operation("http://tempuri.org/", "UpdateUserInfo", ())
DATE = "<szRegDate>2027-01-10T00:00:00</szRegDate>"
CALL = (
    f'<UpdateUserInfo xmlns="http://tempuri.org/"><szUserID>P-001</szUserID>{DATE}</UpdateUserInfo>'
)
FORM = "application/x-www-form-urlencoded"


def envelope(binding: Binding, content: str = CALL, header: str = "", after: str = "") -> str:
    return (
        f'<e:Envelope xmlns:e="{ENVELOPES[binding]}">{header}<e:Body>{content}</e:Body>{after}'
        "</e:Envelope>"
    )


def post(service: Any, binding: Binding, body: str | bytes, **headers: str) -> requests.Response:
    usual = {"Content_Type": TYPES[binding], "SOAPAction": ACTION}
    answer: requests.Response = service.post(body, **{**usual, **headers})
    return answer


def fault(service: Any, binding: Binding, body: str | bytes, **headers: str) -> Fault:
    """Return the fault that a request gets, after checking that nothing was staged."""
    answer = post(service, binding, body, **headers)
    assert answer.status_code == 500
    assert answer.headers["Content-Type"] == f"{TYPES[binding].partition(';')[0]}; charset=utf-8"
    found = read_answer(OPERATION, binding, answer.content)
    assert isinstance(found, Fault)
    assert service.simulator.staging.records == ()
    return found


# --- SOAP ---


@pytest.mark.parametrize("binding", SOAP)
def test_a_valid_call_is_staged(service: Any, binding: Binding) -> None:
    assert post(service, binding, envelope(binding)).status_code == 200
    assert len(service.simulator.staging.records) == 1


@pytest.mark.parametrize("binding", SOAP)
@pytest.mark.parametrize(
    "content",
    [
        CALL.replace("tempuri", "example"),
        CALL.replace("UpdateUserInfo", "UpdateUser"),
        CALL + CALL,
        "",
        CALL.replace(DATE, ""),
        CALL.replace(DATE, DATE + DATE),
        CALL.replace("szUserID", "szUserId"),
        CALL.replace(DATE, f"{DATE}<szJobTitle>after</szJobTitle>"),
        CALL.replace(DATE, f"<szPerID/><szRegID/>{DATE}"),
        CALL.replace(DATE, f'{DATE}<szExtra xmlns="">x</szExtra>'),
        CALL.replace("<szUserID>", '<szUserID xmlns="">'),
        CALL.replace("<szUserID>", '<szUserID id="1">'),
        CALL.replace("P-001", "<b>P-001</b>"),
        CALL.replace("<szUserID>", "text<szUserID>"),
        *(
            CALL.replace("2027-01-10T00:00:00", wrong)
            for wrong in (
                "",
                "2027-01-10",
                "10.01.2027",
                "2027-01-10 00:00:00",
                "2027-02-30T00:00:00",
                "2027-01-10T24:00:00",
                "12027-01-10T00:00:00",
                "-2027-01-10T00:00:00",
            )
        ),
    ],
)
def test_a_call_that_breaks_the_schema_is_the_callers_fault(
    service: Any, binding: Binding, content: str
) -> None:
    found = fault(service, binding, envelope(binding, content))
    assert found.code == CALLER[binding]
    assert found.text


@pytest.mark.parametrize("binding", SOAP)
def test_a_date_may_have_a_zone_and_parts_of_a_second(service: Any, binding: Binding) -> None:
    content = CALL.replace("00:00:00", "09:30:00.125-05:00")
    assert post(service, binding, envelope(binding, content)).status_code == 200


@pytest.mark.parametrize("binding", SOAP)
@pytest.mark.parametrize(
    "body",
    [
        "",
        "{}",
        "<a/>",
        CALL,
        "<a>" * 10_000,
        f"<!DOCTYPE e:Envelope>{envelope(Binding.SOAP11)}",
        envelope(Binding.SOAP11)[:-10],
    ],
)
def test_what_is_no_envelope_is_the_callers_fault(
    service: Any, binding: Binding, body: str
) -> None:
    assert fault(service, binding, body).code == CALLER[binding]


@pytest.mark.parametrize("binding", SOAP)
def test_an_envelope_has_one_body_and_nothing_after_it(service: Any, binding: Binding) -> None:
    for body in (
        envelope(binding, after="<e:Body/>"),
        envelope(binding, after="<e:Header/>"),
        envelope(binding, header="<e:Other/>"),
        envelope(binding, header="<e:Header/><e:Header/>"),
    ):
        assert fault(service, binding, body).code == CALLER[binding]


@pytest.mark.parametrize(
    ("binding", "other"),
    [(Binding.SOAP11, Binding.SOAP12), (Binding.SOAP12, Binding.SOAP11)],
)
def test_the_envelope_of_another_version_is_a_version_mismatch(
    service: Any, binding: Binding, other: Binding
) -> None:
    assert fault(service, binding, envelope(other)).code == "VersionMismatch"


@pytest.mark.parametrize("binding", SOAP)
def test_a_header_that_must_be_understood_and_is_not_is_refused(
    service: Any, binding: Binding
) -> None:
    header = '<e:Header><x e:mustUnderstand="1"/></e:Header>'
    assert fault(service, binding, envelope(binding, header=header)).code == "MustUnderstand"
    relaxed = envelope(binding, header='<e:Header><x e:mustUnderstand="0"/><y/></e:Header>')
    assert post(service, binding, relaxed).status_code == 200


@pytest.mark.parametrize("action", ["", '""', ACTION.strip('"'), '"http://tempuri.org/Other"'])
def test_soap_11_needs_the_quoted_action_in_its_header(service: Any, action: str) -> None:
    found = fault(service, Binding.SOAP11, envelope(Binding.SOAP11), SOAPAction=action)
    assert found.code == "Client"
    assert "SOAP action" in found.text


@pytest.mark.parametrize(
    "parameter", ["", f"; action={ACTION.strip(chr(34))}", '; action="http://tempuri.org/Other"']
)
def test_soap_12_needs_the_quoted_action_in_its_content_type(service: Any, parameter: str) -> None:
    content_type = f"application/soap+xml; charset=utf-8{parameter}"
    found = fault(service, Binding.SOAP12, envelope(Binding.SOAP12), Content_Type=content_type)
    assert found.code == "Sender"
    assert "SOAP action" in found.text


@pytest.mark.parametrize(
    "content_type",
    ["", "text/plain", "application/xml", "application/json", FORM, "text/xml; charset=iso-8859-1"],
)
def test_another_content_type_is_415(service: Any, content_type: str) -> None:
    answer = post(service, Binding.SOAP11, envelope(Binding.SOAP11), Content_Type=content_type)
    assert answer.status_code == 415
    assert service.simulator.staging.records == ()


@pytest.mark.parametrize("content_type", ["text/xml", "TEXT/XML; Charset=UTF-8"])
def test_a_content_type_is_read_as_http_says(service: Any, content_type: str) -> None:
    answer = post(service, Binding.SOAP11, envelope(Binding.SOAP11), Content_Type=content_type)
    assert answer.status_code == 200


@pytest.mark.parametrize(("path", "kind"), [("", "text/xml"), ("/UpdateUserInfo", FORM)])
def test_a_body_beyond_the_limit_is_413(service: Any, path: str, kind: str) -> None:
    answer = service.post(b" " * 4_194_305, path, Content_Type=kind, SOAPAction=ACTION)
    assert answer.status_code == 413


@pytest.mark.parametrize("path", ["", "/UpdateUserInfo"])
@pytest.mark.parametrize("method", ["PUT", "DELETE", "HEAD", "OPTIONS"])
def test_another_method_is_405(service: Any, path: str, method: str) -> None:
    answer = requests.request(method, service.url + path, timeout=10)
    assert answer.status_code == 405
    assert answer.headers["Allow"] == "GET, POST"


def test_only_the_service_is_there(service: Any) -> None:
    assert requests.get(service.url, timeout=10).status_code == 200
    assert requests.get(service.url.replace(".asmx", ".svc"), timeout=10).status_code == 404
    assert service.post("", "/Other", Content_Type=FORM).status_code == 500


def test_the_address_is_not_particular_about_case(service: Any) -> None:
    answer = requests.get(f"{service.url.replace('/_web', '/_WEB')}?wSDL", timeout=10)
    assert answer.headers["Content-Type"] == "text/xml; charset=utf-8"


# --- the form and the query ---


def fields(values: dict[str, str], **changes: str | None) -> str:
    changed = {**values, **changes}
    return urlencode({name: value for name, value in changed.items() if value is not None})


def test_a_valid_form_is_staged(service: Any, values: dict[str, str]) -> None:
    answer = service.post(fields(values), "/UpdateUserInfo", Content_Type=FORM)
    assert answer.status_code == 200
    [record] = service.simulator.staging.records
    assert answer.text.endswith(f'<m:string xmlns:m="http://tempuri.org/">{record.guid}</m:string>')


@pytest.mark.parametrize(
    "changes",
    [
        {"szJobTitle": None},
        {"szRegDate": None},
        {"szRegDate": ""},
        {"szRegDate": "10.01.2027"},
        {"szUserId": "x"},
        {"szJobTitle": "\x0b"},
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_form_that_is_not_whole_is_refused_as_text(
    service: Any, values: dict[str, str], method: str, changes: dict[str, str | None]
) -> None:
    url, encoded = f"{service.url}/UpdateUserInfo", fields(values, **changes)
    if method == "GET":
        answer = requests.get(f"{url}?{encoded}", timeout=10)
    else:
        answer = service.post(encoded, "/UpdateUserInfo", Content_Type=FORM)
    assert answer.status_code == 500
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert isinstance(read_answer(OPERATION, Binding.FORM, answer.content), Unrecognized)
    assert service.simulator.staging.records == ()


@pytest.mark.parametrize("addition", ["&szUserID=P-002", "&szUserID", "&=", "&x=%ff", "&x=%C3"])
def test_a_form_with_a_wrong_encoding_or_a_twin_is_refused(
    service: Any, values: dict[str, str], addition: str
) -> None:
    answer = service.post(fields(values) + addition, "/UpdateUserInfo", Content_Type=FORM)
    assert answer.status_code == 500
    assert service.simulator.staging.records == ()


@pytest.mark.parametrize("kind", ["", "text/xml", "multipart/form-data", f"{FORM}; charset=utf-16"])
def test_a_form_of_another_content_type_is_415(
    service: Any, values: dict[str, str], kind: str
) -> None:
    answer = service.post(fields(values), "/UpdateUserInfo", Content_Type=kind)
    assert answer.status_code == 415


# --- what the service itself refuses ---


@pytest.mark.parametrize("member", ["", " "])
def test_a_registration_without_a_member_is_an_ordinary_answer_that_refuses(
    service: Any, values: dict[str, str], member: str
) -> None:
    answer = service.post(fields(values, szUserID=member), "/UpdateUserInfo", Content_Type=FORM)
    assert answer.status_code == 200
    assert "needs a member id" in answer.text
    assert service.simulator.staging.records == ()
