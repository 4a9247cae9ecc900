"""What is written for WinSW is valid and stops the service as it wants to be stopped."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from lxml import etree
from tests.unit.deploy.conftest import WINDOWS

from regbridge.deploy.answers import Answers
from regbridge.deploy.needs import Needs
from regbridge.deploy.plan import Plan
from regbridge.deploy.windows_service import plan_windows_service
from regbridge.worker.lanes import STOP_SECONDS

SCHEMA = etree.XMLSchema(file=str(Path(__file__).parent / "schemas/winsw.xsd"))


def service(plan: Plan) -> Any:
    document = etree.fromstring(plan.documents["regbridge.xml"].content("regbridge.xml"))
    SCHEMA.assertValid(document)
    return document


def test_the_service_runs_serve_and_gets_the_variables(needs: Needs, tmp_path: Path) -> None:
    document = service(plan_windows_service(needs, WINDOWS, Answers(), tmp_path))
    assert document.findtext("executable") == WINDOWS.program
    assert document.findtext("arguments") == 'serve --configs "D:\\cvent & co\\configs"'
    assert [each.get("name") for each in document.iter("env")] == list(needs.variables)


def test_a_stop_has_the_time_that_it_may_take(needs: Needs, tmp_path: Path) -> None:
    document = service(plan_windows_service(needs, WINDOWS, Answers(), tmp_path))
    seconds = int(document.findtext("stoptimeout").split()[0])
    requests_under_way = 30
    assert seconds > STOP_SECONDS + requests_under_way


def test_what_was_entered_stays(needs: Needs, tmp_path: Path) -> None:
    plan_windows_service(needs, WINDOWS, Answers(name="cvent2"), tmp_path).write(tmp_path)
    file = tmp_path / "cvent2.xml"
    text = file.read_text(encoding="utf-8").replace('SECRET" value=""', 'SECRET" value="x"')
    file.write_text(text, encoding="utf-8")
    again = (
        plan_windows_service(needs, WINDOWS, Answers(name="cvent2"), tmp_path)
        .documents["cvent2.xml"]
        .text
    )
    assert again == text


@pytest.mark.parametrize(
    ("address", "proxies", "written"),
    [
        ("127.0.0.1", ("127.0.0.1",), "@()"),
        ("0.0.0.0", ("10.0.0.5", "10.1.0.0/16"), "@('10.0.0.5', '10.1.0.0/16')"),
        ("0.0.0.0", (), "@()"),
    ],
)
def test_the_firewall_lets_in_the_proxy_of_another_machine_alone(
    needs: Needs, tmp_path: Path, address: str, proxies: tuple[str, ...], written: str
) -> None:
    found = replace(needs, address=address, proxies=proxies)
    plan = plan_windows_service(found, WINDOWS, Answers(), tmp_path)
    assert f"$Proxies = {written}\n" in plan.documents["install.ps1"].text


@pytest.mark.parametrize(
    ("changes", "found"),
    [({"proxies": ()}, "terminates TLS"), ({"port": 0}, "another one at each start")],
)
def test_what_will_be_missing_is_noticed(
    needs: Needs, tmp_path: Path, changes: dict[str, Any], found: str
) -> None:
    plan = plan_windows_service(replace(needs, **changes), WINDOWS, Answers(), tmp_path)
    assert found in str(plan.findings[0])


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<stoptimeout>90 sec", "<stoptimeout>90 s"),
        ('mode="roll-by-size"', 'mode="roll"'),
        ("<id>regbridge", "<id>reg bridge"),
    ],
)
def test_the_schema_refuses_what_winsw_would_misread(
    needs: Needs, tmp_path: Path, old: str, new: str
) -> None:
    plan = plan_windows_service(needs, WINDOWS, Answers(), tmp_path)
    text = plan.documents["regbridge.xml"].text
    assert text.count(old) == 1
    assert not SCHEMA.validate(etree.fromstring(text.replace(old, new).encode()))
