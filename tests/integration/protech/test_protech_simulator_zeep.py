"""An independent SOAP client calls the simulator, and writes the same calls as the plugin."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest
import requests
import yaml
import zeep
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from regbridge_protech.answer import Result, read_answer
from regbridge_protech.describe import describe
from regbridge_protech.operation import Binding
from regbridge_protech.request import build_request
from regbridge_protech.settings import ServiceSettings
from regbridge_protech.simulator.contract import DATE, SECRET, TEXTS, Contract
from regbridge_protech.simulator.wsdl import write_wsdl

Serve = Callable[..., Any]
CLIENT: Any = zeep.Client  # zeep has types, but not for all
PORTS = {Binding.SOAP11: "apapwsSoap", Binding.SOAP12: "apapwsSoap12"}
HTTP_PORTS = ["apapwsHttpPost", "apapwsHttpGet"]
XML_TEXT = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff")
    | st.sampled_from("\t\n\r<>&'\"]")
) | st.sampled_from(["]]>", "<![CDATA[x]]>", "&lt;"])


@pytest.fixture
def clients() -> Iterator[Callable[[str], Any]]:
    """Make clients from the WSDL at an address."""
    made = []

    def make(url: str) -> Any:
        made.append(CLIENT(f"{url}?WSDL"))
        return made[-1]

    yield make
    for client in made:
        client.transport.session.close()


@pytest.fixture(scope="module")
def offline(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A client that writes calls and sends none."""
    path = tmp_path_factory.mktemp("wsdl") / "apapws.wsdl"
    path.write_bytes(WSDL)
    return CLIENT(str(path))


WSDL = write_wsdl(Contract(), "https://127.0.0.1/x.asmx")
SETTINGS = {
    binding: ServiceSettings.model_validate(
        yaml.safe_load(describe(WSDL, binding=binding))["settings"]
    )
    for binding in Binding
}
"""What a person would paste for each binding."""


def canonical(document: bytes) -> str:
    """Return XML in C14N 2.0, in which prefixes do not matter."""
    text: str = etree.canonicalize(etree.fromstring(document), rewrite_prefixes=True)
    return text


def zeeps(values: dict[str, Any]) -> dict[str, Any]:
    return {**values, DATE: datetime.fromisoformat(values[DATE])}


@pytest.mark.parametrize("port", PORTS.values())
def test_a_soap_client_stages_a_registration(
    service: Any, clients: Any, values: dict[str, str], port: str
) -> None:
    guid = clients(service.url).bind("apapws", port).UpdateUserInfo(**zeeps(values))
    assert UUID(guid)
    [record] = service.simulator.staging.records
    assert (record.guid, record.parameters) == (guid, values)


@pytest.mark.parametrize("port", HTTP_PORTS)
def test_a_client_of_the_http_bindings_stages_a_registration(
    service: Any, clients: Any, values: dict[str, str], port: str
) -> None:
    clients(service.url).bind("apapws", port).UpdateUserInfo(**values)
    [record] = service.simulator.staging.records
    assert record.parameters == values


@pytest.mark.parametrize("port", PORTS.values())
def test_a_client_may_leave_out_what_is_optional(service: Any, clients: Any, port: str) -> None:
    call = clients(service.url).bind("apapws", port).UpdateUserInfo
    call(szUserID="P-001", szRegDate=datetime(2027, 1, 10))  # noqa: DTZ001 - as the service has it
    [record] = service.simulator.staging.records
    assert record.parameters == {
        **dict.fromkeys(TEXTS, ""),
        "szUserID": "P-001",
        DATE: "2027-01-10T00:00:00",
    }


@pytest.mark.parametrize("port", PORTS.values())
def test_a_client_is_told_a_fault(service: Any, clients: Any, port: str) -> None:
    call = clients(service.url).bind("apapws", port).UpdateUserInfo
    with pytest.raises(zeep.exceptions.Fault) as caught:
        call(szUserID="FAULT-1", szRegDate=datetime(2027, 1, 10))  # noqa: DTZ001
    assert caught.value.message == "The staging database timed out."
    assert caught.value.code in ("soap:Server", "soap:Receiver")


@pytest.mark.parametrize("binding", PORTS)
def test_the_plugin_sends_what_the_client_sends(
    service: Any, clients: Any, values: dict[str, str], binding: Binding
) -> None:
    clients(service.url).bind("apapws", PORTS[binding]).UpdateUserInfo(**zeeps(values))
    operation = SETTINGS[binding].described_operation()
    request = build_request(service.url, operation, binding, values)
    requests.post(request.url, request.body, headers=dict(request.headers), timeout=10)
    (their_headers, theirs), (our_headers, ours) = service.seen
    assert canonical(ours) == canonical(theirs)
    assert our_headers["CONTENT_TYPE"] == their_headers["CONTENT_TYPE"]
    if binding == Binding.SOAP11:  # zeep sends this header in SOAP 1.2 too, which has none
        assert our_headers["HTTP_SOAPACTION"] == their_headers["HTTP_SOAPACTION"]
    one, two = service.simulator.staging.records
    assert one.parameters == two.parameters == values


@pytest.mark.parametrize("binding", PORTS)
@given(values=st.dictionaries(st.sampled_from(TEXTS), XML_TEXT | st.none()))
def test_the_plugin_writes_any_call_as_the_client_does(
    offline: Any, binding: Binding, values: dict[str, Any]
) -> None:
    operation = SETTINGS[binding].described_operation()
    values = {**values, DATE: "2027-01-10T09:30:00"}
    theirs = offline.create_message(
        offline.bind("apapws", PORTS[binding]), "UpdateUserInfo", **zeeps(values)
    )
    ours = build_request("", operation, binding, values).body
    assert canonical(ours) == canonical(etree.tostring(theirs))


@pytest.mark.parametrize("binding", Binding)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(text=XML_TEXT)
def test_any_text_arrives_in_the_staging_table_as_it_was(
    service: Any, binding: Binding, text: str
) -> None:
    operation = SETTINGS[binding].described_operation()
    values = {"szUserID": "P-001", "szJobTitle": text, DATE: "2027-01-10T09:30:00"}
    request = build_request(service.url, operation, binding, values)
    answer = requests.post(request.url, request.body, headers=dict(request.headers), timeout=10)
    record = service.simulator.staging.records[-1]
    assert read_answer(operation, binding, answer.content) == Result(record.guid)
    assert record.parameters["szJobTitle"] == text


@pytest.mark.parametrize("port", [*PORTS.values(), *HTTP_PORTS])
def test_a_service_with_a_secret_answers_json(
    serve: Serve, clients: Any, values: dict[str, str], port: str
) -> None:
    service = serve(security_password="s3cret")
    call = clients(service.url).bind("apapws", port).UpdateUserInfo
    sent = zeeps(values) if port in PORTS.values() else values
    good, bad = (str(call(**{SECRET: secret}, **sent)) for secret in ("s3cret", "guess"))
    [record] = service.simulator.staging.records
    assert f'{{"ok": true, "id": "{record.guid}"}}' in good
    assert '{"ok": false, "error": "The securityPassword is wrong."}' in bad
    assert SECRET not in record.parameters
