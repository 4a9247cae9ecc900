"""What the settings of a service may say."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest
from pydantic import ValidationError

from regbridge.config.explain import explain
from regbridge_protech.operation import Binding, Operation, Parameter, XsdType
from regbridge_protech.settings import ServiceSettings, SuccessSettings
from regbridge_protech.success import Success, guid_rule

GOOD: dict[str, Any] = {
    "url": "https://crm.example.org/_webservice/APAP_UpdateMember.asmx",
    "namespace": "http://tempuri.org/",
    "operation": "UpdateUserInfo",
    "parameters": [
        {"name": "szUserID"},
        {"name": "szRegDate", "type": "dateTime", "required": True},
    ],
    "success": "guid",
}


def read(**changes: Any) -> ServiceSettings:
    return ServiceSettings.model_validate({**GOOD, **changes})


def complaint(**changes: Any) -> str:
    """Return what the person who edits the file is told."""
    with pytest.raises(ValidationError) as caught:
        read(**changes)
    findings = explain(caught.value, ServiceSettings)
    return "\n".join(f"{'.'.join(map(str, each.path))}: {each}" for each in findings)


def test_the_settings_describe_the_operation() -> None:
    assert read().binding == Binding.SOAP11
    assert read().described_operation() == Operation(
        "http://tempuri.org/",
        "UpdateUserInfo",
        (Parameter("szUserID"), Parameter("szRegDate", XsdType.DATE_TIME, required=True)),
    )
    assert read().fixed_values() == {}


def test_what_asmx_services_use_can_be_replaced() -> None:
    settings = read(binding="form", action="urn:x:IService/Update", result="return")
    assert settings.binding == Binding.FORM
    assert settings.described_operation().soap_action == "urn:x:IService/Update"
    assert settings.described_operation().result_name == "return"


def test_constants_and_secrets_are_sent_whatever_the_mapping_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PROTECH_PASSWORD", "s3cret")
    settings = read(
        parameters=[
            {"name": "securityPassword", "secret": {"env": "PROTECH_PASSWORD"}},
            {"name": "szSource", "value": "cvent"},
            {"name": "nNone", "type": "int", "nillable": True, "value": None},
            {"name": "szUserID"},
        ]
    )
    assert settings.fixed_values() == {
        "securityPassword": "s3cret",
        "szSource": "cvent",
        "nNone": None,
    }
    assert "s3cret" not in repr(settings)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"url": "crm.example.org/x.asmx"}, "url: an address such as https://"),
        ({"url": "ftp://crm.example.org/x.asmx"}, "url: an address such as https://"),
        ({"url": "https://me:pw@crm.example.org/x.asmx"}, "url: the address may hold no user"),
        ({"url": "https://crm.example.org/x.asmx?WSDL"}, "url: the address may hold no user"),
        ({"url": "https://crm.example.org/x y"}, "url: the address may hold no user"),
        ({"url": "http://crm.example.org/x.asmx"}, "url: plain http"),
        ({"url": "HTTP://crm.example.org/x.asmx"}, "url: plain http"),
        ({"binding": "soap"}, "did you mean 'soap1"),
        ({"namespace": ""}, "namespace: a namespace or an action is a URI"),
        ({"namespace": 'urn:"x"'}, "namespace: a namespace or an action is a URI"),
        ({"action": "urn:x\r\nX-Other: 1"}, "action: a namespace or an action is a URI"),
        ({"operation": "Update User"}, "operation: a name has letters"),
        ({"operation": "a:b"}, "operation: a name has letters"),
        ({"result": "1st"}, "result: a name has letters"),
        ({"parameters": []}, "parameters: "),
        ({"parameters": [{"name": "a"}, {"name": "a"}]}, "parameters: the parameter a is there"),
        ({"parameters": [{"name": "a", "type": "integer"}]}, "parameters.0.type: 'integer'"),
        ({"parameters": [{"name": "a", "requird": True}]}, "did you mean 'required'?"),
        ({"parameters": [{"name": "a", "type": "int", "value": "x"}]}, "a is an xs:int: the value"),
        ({"parameters": [{"name": "a", "value": True}]}, "a is an xs:string: the value"),
        ({"parameters": [{"name": "a", "secret": "literal"}]}, "parameters.0.secret: a secret is"),
        ({"success": "guide"}, "success: a success rule is the word guid"),
        ({"success": {}}, "success: a success rule is the word guid"),
        ({"success": {"guid": True}}, "success: a success rule is the word guid"),
        ({"success": {"regex": "a", "json": "b"}}, "success: a success rule is the word guid"),
        ({"success": {"regex": "("}}, "success: the regular expression does not compile"),
        ({"success": {"json": "a."}}, "success: the path 'a.' does not parse"),
        ({"success": {"regex": "a", "id": "b"}}, "success: equals, id and reason belong to"),
        ({"success": {"json": "a", "equal": 1}}, "unknown key 'equal'; did you mean 'equals'?"),
        ({"allow_https": True}, "unknown key 'allow_https'; did you mean 'allow_http'?"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(changes: dict[str, Any], told: str) -> None:
    assert told in complaint(**changes)


def test_a_literal_secret_is_not_quoted() -> None:
    told = complaint(parameters=[{"name": "a", "secret": "s3cret"}])
    assert "s3cret" not in told


def test_a_parameter_is_a_constant_or_a_secret_and_not_both(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PROTECH_PASSWORD", "s3cret")
    both = {"name": "a", "value": "x", "secret": {"env": "PROTECH_PASSWORD"}}
    told = complaint(parameters=[both])
    assert "a has a value and a secret" in told
    assert "s3cret" not in told


def test_plain_http_is_taken_where_it_is_allowed_by_name() -> None:
    url = "http://127.0.0.1:8088/_webservice/APAP_UpdateMember.asmx"
    assert read(url=url, allow_http=True).url == url


@pytest.mark.parametrize(
    ("rule", "result", "external_id"),
    [
        ("guid", "9CC0C0F1-6f43-4f8b-8a43-0d6c3e4e1f11", "9cc0c0f1-6f43-4f8b-8a43-0d6c3e4e1f11"),
        ({"regex": r"OK (?P<id>\d+)"}, "OK 7", "7"),
        ({"json": "ok", "id": "id"}, '{"ok": true, "id": "x"}', "x"),
        ({"json": "code", "equals": 0}, '{"code": 0}', None),
    ],
)
def test_a_success_rule_judges_as_it_is_written(
    rule: object, result: str, external_id: str | None
) -> None:
    settings = read(success=rule)
    assert settings.success.rule()(result) == Success(external_id)
    jsonschema.validate({**GOOD, "success": rule}, ServiceSettings.model_json_schema())


@pytest.mark.parametrize("rule", ["guide", {}, {"guid": True}, {"regex": "a", "json": "b"}])
def test_an_editor_refuses_a_wrong_success_rule_too(rule: object) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**GOOD, "success": rule}, ServiceSettings.model_json_schema())


def test_the_word_guid_is_the_guid_rule() -> None:
    assert SuccessSettings.model_validate("guid").rule() is guid_rule
