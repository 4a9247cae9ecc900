"""What is written for IIS is valid, fits the configuration, and starts one process."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

import pytest
from lxml import etree
from tests.unit.deploy.conftest import WINDOWS, Write

from regbridge import ConfigError
from regbridge.deploy.answers import IisAnswers
from regbridge.deploy.iis import plan_iis
from regbridge.deploy.needs import Needs, read_needs
from regbridge.deploy.places import Places
from regbridge.deploy.plan import Plan

SITE = IisAnswers(server_name="hooks.example.org", inside=(IPv4Network("10.0.0.0/8"),))
SCHEMA = etree.XMLSchema(file=str(Path(__file__).parent / "schemas/web-config.xsd"))


def web_config(plan: Plan) -> Any:
    document = etree.fromstring(plan.documents["site/web.config"].content("web.config"))
    SCHEMA.assertValid(document)
    return document


def planned(needs: Needs, folder: Path, **changes: Any) -> Any:
    return web_config(plan_iis(needs, WINDOWS, SITE.model_copy(update=changes), folder))


def test_the_process_gets_the_port_from_iis_and_answers_this_machine_alone(
    needs: Needs, tmp_path: Path
) -> None:
    platform = planned(needs, tmp_path).find(".//httpPlatform")
    assert platform.get("processPath") == WINDOWS.program
    assert platform.get("arguments") == (
        'serve --configs "D:\\cvent & co\\configs" --address 127.0.0.1 --port %HTTP_PLATFORM_PORT%'
        ' --log-file "D:\\cvent & co\\configs\\logs\\regbridge.log"'
    )


def test_there_is_never_a_second_process(needs: Needs, tmp_path: Path) -> None:
    plan = plan_iis(needs, WINDOWS, SITE, tmp_path)
    assert web_config(plan).find(".//httpPlatform").get("processesPerApplication") == "1"
    script = plan.documents["install.ps1"].text
    assert "-Name 'processModel.maxProcesses' -Value 1\n" in script
    assert "-Name 'recycling.disallowOverlappingRotation' -Value $true\n" in script


def test_the_process_runs_before_the_first_message_and_is_not_ended_for_being_idle(
    needs: Needs, tmp_path: Path
) -> None:
    plan = plan_iis(needs, WINDOWS, SITE, tmp_path)
    script = plan.documents["install.ps1"].text
    for setting in (
        "-Name 'startMode' -Value 'AlwaysRunning'",
        "-Name 'processModel.idleTimeout' -Value ([TimeSpan]::Zero)",
        "-Name 'recycling.periodicRestart.time' -Value ([TimeSpan]::Zero)",
        "-Name 'applicationDefaults.preloadEnabled' -Value $true",
    ):
        assert setting in script
    document = web_config(plan)
    page = document.find(".//applicationInitialization/add").get("initializationPage")
    assert page.strip("/") in [each.get("path") for each in document.iter("location")]


@pytest.mark.parametrize(("written", "limit"), [("50MB", "50000000"), ("1000", "1000")])
def test_the_largest_body_is_the_one_that_regbridge_takes(
    write: Write, tmp_path: Path, written: str, limit: str
) -> None:
    base = f"host: {{trusted_proxy: 127.0.0.1, body_limit: {written}}}"
    limits = planned(read_needs(write(base)), tmp_path).find(".//requestLimits")
    assert limits.get("maxAllowedContentLength") == limit


def test_a_limit_that_iis_cannot_have_is_refused(write: Write, tmp_path: Path) -> None:
    needs = read_needs(write("host: {trusted_proxy: 127.0.0.1, body_limit: 5GB}"))
    with pytest.raises(ConfigError, match="4294967295 bytes are the most"):
        planned(needs, tmp_path)


def test_only_the_endpoints_are_passed_on_and_the_rest_to_those_inside(
    needs: Needs, tmp_path: Path
) -> None:
    def paths(*inside: IPv4Network) -> list[str]:
        return [each.get("path") for each in planned(needs, tmp_path, inside=inside)[1:]]

    alone = ["cvent/apap/CventReg", "cvent/apap/CventReg/inner", "health/live"]
    assert paths() == alone
    assert paths(IPv4Network("10.0.0.0/8")) == [
        *alone,
        "api",
        "console",
        "health/ready",
        "metrics",
    ]


def test_an_endpoint_below_another_does_not_repeat_its_handler(
    needs: Needs, tmp_path: Path
) -> None:
    names = [each.get("name") for each in planned(needs, tmp_path).iter("add") if each.get("name")]
    assert len(names) > 2
    assert len(set(names)) == len(names)


def test_nobody_may_send_the_header_that_names_who_is_logged_in(
    write: Write, tmp_path: Path
) -> None:
    console = "console: {identity_header: X-Who, act: [anna]}"
    needs = read_needs(write(f"host: {{trusted_proxy: 127.0.0.1, {console}}}"))
    plan = plan_iis(needs, WINDOWS, SITE, tmp_path)
    refused = web_config(plan).findall(".//headerLimits/add")
    assert {each.get("header"): each.get("sizeLimit") for each in refused} == {
        "X-Remote-User": "0",
        "X-Who": "0",
    }
    [finding] = plan.findings
    assert "nobody gets in" in str(finding)


@pytest.mark.parametrize("header", ["X-REMOTE-USER", "x-remote-user"])
def test_a_header_is_refused_once_however_it_is_written(
    needs: Needs, tmp_path: Path, header: str
) -> None:
    found = replace(needs, identity_header=header, has_passwords=True)
    plan = plan_iis(found, WINDOWS, SITE, tmp_path)
    assert len(web_config(plan).findall(".//headerLimits/add")) == 1
    assert "nobody gets in" not in str(plan.findings[0])


def test_the_variables_have_empty_places_and_what_was_entered_stays(
    needs: Needs, tmp_path: Path
) -> None:
    plan_iis(needs, WINDOWS, SITE, tmp_path).write(tmp_path)
    file = tmp_path / "site/web.config"
    text = file.read_text(encoding="utf-8")
    assert text.count('value=""') == len(needs.variables)
    file.write_text(text.replace('APAP_TOKEN" value=""', 'APAP_TOKEN" value="a&amp;b"'), "utf-8")
    values = {
        each.get("name"): each.get("value")
        for each in planned(needs, tmp_path).iter("environmentVariable")
    }
    assert values == {**dict.fromkeys(needs.variables, ""), "APAP_TOKEN": "a&b"}


def test_a_secret_that_is_set_here_is_not_written(
    needs: Needs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("APAP_TOKEN", "hunter2hunter2")
    plan = plan_iis(needs, WINDOWS, SITE, tmp_path)
    assert all("hunter2" not in document.text for document in plan.documents.values())


@pytest.mark.parametrize("hostile", ['C:\\a"b', "C:\\%TEMP%", "relative\\a"])
def test_a_place_that_windows_would_read_otherwise_is_refused(hostile: str) -> None:
    from regbridge.deploy.places import windows_places

    with pytest.raises(ConfigError, match="--program"):
        windows_places(hostile, "C:\\configs", Path())


def test_a_ledger_on_a_network_share_is_refused() -> None:
    from regbridge.deploy.places import windows_places

    with pytest.raises(ConfigError, match="network share"):
        windows_places("C:\\regbridge.exe", "\\\\server\\share\\configs", Path())


def test_a_place_with_signs_of_xml_and_powershell_is_written_as_it_is(
    needs: Needs, tmp_path: Path
) -> None:
    places = Places("C:\\it's <b> & co\\regbridge.exe", "C:\\it\u2019s $x\\configs")
    plan = plan_iis(needs, places, SITE, tmp_path)
    assert web_config(plan).find(".//httpPlatform").get("processPath") == places.program
    script = plan.documents["install.ps1"].text
    assert "$Program = 'C:\\it''s <b> & co\\regbridge.exe'\n" in script
    assert "$Configs = 'C:\\it\u2019\u2019s $x\\configs'\n" in script


def test_variables_that_are_one_for_windows_are_refused(needs: Needs, tmp_path: Path) -> None:
    twice = replace(needs, variables=("Token", "TOKEN"))
    with pytest.raises(ConfigError, match="Token, TOKEN"):
        planned(twice, tmp_path)


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"proxies": ()}, "write `trusted_proxy: 127.0.0.1`"),
        ({"proxies": ("10.0.0.5", "::1/128")}, "write `trusted_proxy: 127.0.0.1`"),
        ({"paths": ()}, "no client has an endpoint"),
        ({"variables": ("NOT A NAME",)}, "'NOT A NAME' cannot be a variable"),
    ],
)
def test_a_configuration_that_could_not_work_is_refused(
    needs: Needs, tmp_path: Path, changes: dict[str, Any], found: str
) -> None:
    with pytest.raises(ConfigError, match=found):
        planned(replace(needs, **changes), tmp_path)


def test_a_python_of_one_person_is_noticed(needs: Needs, tmp_path: Path) -> None:
    places = Places("C:\\users\\anna\\venv\\Scripts\\regbridge.exe", "C:\\configs")
    [finding] = plan_iis(needs, places, SITE, tmp_path).findings
    assert "for all users" in finding.remedy


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('processesPerApplication="1"', 'processesPerApplication="0"'),
        ('requestTimeout="00:05:00"', 'requestTimeout="00:05:30"'),
        ('stdoutLogEnabled="true"', 'stdoutLogEnable="true"'),
        ('name="APAP_TOKEN_OLD"', 'name="APAP_TOKEN"'),
        ('path="health/live"', 'path="/health/live"'),
        ('existingResponse="PassThrough"', 'existingResponse="Pass"'),
        ("<clear />", "<clean />"),
    ],
)
def test_the_schema_refuses_what_iis_would_refuse(
    needs: Needs, tmp_path: Path, old: str, new: str
) -> None:
    text = plan_iis(needs, WINDOWS, SITE, tmp_path).documents["site/web.config"].text
    assert text.count(old) == 1
    assert not SCHEMA.validate(etree.fromstring(text.replace(old, new).encode()))
