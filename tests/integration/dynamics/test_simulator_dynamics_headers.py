"""The headers of calls to the simulated Dataverse: those to be sent always, and optional ones."""

from __future__ import annotations

import pytest
from tests.integration.dynamics.web_client import STAGING, WebClient, code_of, key, staging

from regbridge_dynamics.simulator import DataverseSimulator

USER = "00000000-0000-0000-0000-000000000001"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OData-Version", None),
        ("OData-Version", "3.0"),
        ("OData-MaxVersion", None),
        ("Accept", "*/*"),
        ("Accept", "text/html"),
    ],
)
def test_a_header_that_is_to_be_sent_always_must_be_there(
    client: WebClient, name: str, value: str | None
) -> None:
    if value is None:
        client.session.headers.pop(name)
    else:
        client.session.headers[name] = value
    assert code_of(client.get("WhoAmI")) == (400, "0x0")


@pytest.mark.parametrize(
    "value", ["return:representation", "return=all", "odata.maxpagesize=0", "respond-async", ","]
)
def test_a_preference_that_nobody_documents_is_refused(client: WebClient, value: str) -> None:
    assert client.get(STAGING, Prefer=value).status_code == 400
    assert client.post(STAGING, staging("A"), Prefer=value).status_code == 400
    assert client.get(key("A")).status_code == 404


def test_preferences_may_come_together(client: WebClient) -> None:
    prefer = 'return=representation, odata.include-annotations="OData.*, x",odata.maxpagesize=5'
    assert client.post(STAGING, staging("A"), Prefer=prefer).status_code == 201


def test_an_error_has_details_when_annotations_are_asked_for(client: WebClient) -> None:
    plain = client.patch(key("A"), {"x": 1}).json()["error"]
    assert set(plain) == {"code", "message"}
    prefer = 'odata.include-annotations="*"'
    details = client.patch(key("A"), {"x": 1}, Prefer=prefer).json()["error"]
    added = set(details) - {"code", "message"}
    assert added == {
        "@Microsoft.PowerApps.CDS.ErrorDetails.OperationStatus",
        "@Microsoft.PowerApps.CDS.ErrorDetails.SubErrorCode",
        "@Microsoft.PowerApps.CDS.HelpLink",
        "@Microsoft.PowerApps.CDS.TraceText",
        "@Microsoft.PowerApps.CDS.InnerError.Message",
    }


STEPS = ",".join([USER] * 3)


@pytest.mark.parametrize(
    ("name", "value", "privilege"),
    [
        (
            "MSCRM.BypassBusinessLogicExecution",
            "CustomSync,CustomAsync",
            "prvBypassCustomBusinessLogic",
        ),
        ("MSCRM.BypassBusinessLogicExecutionStepIds", STEPS, "prvBypassCustomBusinessLogic"),
        ("MSCRM.BypassCustomPluginExecution", "true", "prvBypassCustomPlugins"),
        ("CallerObjectId", USER, "prvActOnBehalfOfAnotherUser"),
    ],
)
def test_a_header_that_changes_much_needs_a_privilege_that_few_have(
    simulator: DataverseSimulator, client: WebClient, name: str, value: str, privilege: str
) -> None:
    refused = client.send("PATCH", key("A"), {}, {name: value})
    assert code_of(refused) == (403, "0x80040220")
    assert privilege in refused.json()["error"]["message"]
    simulator.denied.discard(privilege)
    assert client.send("PATCH", key("A"), {}, {name: value}).status_code == 204
    assert simulator.calls.options == {f"{name.lower()}={value}": 2}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MSCRM.BypassBusinessLogicExecution", "All"),
        ("MSCRM.BypassBusinessLogicExecutionStepIds", "x"),
        ("MSCRM.BypassBusinessLogicExecutionStepIds", ",".join([USER] * 4)),
        ("MSCRM.BypassCustomPluginExecution", "yes"),
        ("MSCRM.SuppressDuplicateDetection", "no"),
        ("CallerObjectId", "somebody"),
        ("Consistency", "Weak"),
    ],
)
def test_a_wrong_value_of_an_optional_header_is_refused(
    simulator: DataverseSimulator, client: WebClient, name: str, value: str
) -> None:
    simulator.denied.clear()
    assert code_of(client.send("PATCH", key("A"), {}, {name: value})) == (400, "0x80040203")


def test_a_tag_is_counted(simulator: DataverseSimulator, client: WebClient) -> None:
    assert client.patch(f"{key('A')}?tag=regbridge", {}).status_code == 204
    assert simulator.calls.options == {"tag=regbridge": 1}


def test_a_call_with_the_cookie_of_a_server_is_counted(
    simulator: DataverseSimulator, client: WebClient
) -> None:
    cookie = client.get("WhoAmI").headers["Set-Cookie"].partition(";")[0]
    assert simulator.calls.with_affinity_cookie == 0
    client.get("WhoAmI", Cookie=cookie)
    assert simulator.calls.with_affinity_cookie == 1
