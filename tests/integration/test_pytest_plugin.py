"""What the kit brings to any project's pytest: fixtures, cases of client files, and little else."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

# What is imported in a run of pytest within this one is forgotten at its end: here it stays.
for name in (
    "regbridge.cases",
    "regbridge.registry",
    "regbridge.testing.fault_proxy",
    "regbridge.testing.scripted",
    "regbridge.testing.trial",
    "regbridge_cvent.token",
    "regbridge_files.deliver",
    "regbridge_rules.filter",
):
    import_module(name)

pytest_plugins = ["pytester"]

CLIENT = """\
endpoints: {CventReg: {path: /apap, tokens: [{file: token.txt}]}}
plugins: [cvent-token, skip-guests]
targets: {out: {use: files, settings: {path: out.jsonl}, map: {Email: email}}}
"""
CASES = """\
- name: a guest is left out
  payload: {isGuest: true, inviteeStub: a, eventStub: b, email: a@example.org}
  expect: {drop: guest}
- name: others are not
  payload: {isGuest: false, inviteeStub: a, eventStub: b, email: a@example.org}
  expect: {records: {out: {Email: b@example.org}}}
"""


@pytest.fixture
def project(pytester: pytest.Pytester) -> pytest.Pytester:
    """A project with a configuration folder."""
    clients = pytester.path / "configs" / "clients"
    clients.mkdir(parents=True)
    (clients.parent / "base.yaml").write_text("time_zone: UTC\n", encoding="utf-8")
    (clients.parent / "token.txt").write_text("a-long-random-text", encoding="utf-8")
    (clients / "apap.yaml").write_text(f"client: apap\n{CLIENT}", encoding="utf-8")
    (clients / "apap.cases.yaml").write_text(CASES, encoding="utf-8")
    return pytester


QUIETLY = ("-p", "no:randomly", "-p", "no:cacheprovider")


def run(pytester: pytest.Pytester, *options: str) -> pytest.RunResult:
    return pytester.runpytest_inprocess(*QUIETLY, *options)


def test_the_fixtures_are_there_without_being_asked_for(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import requests

        from regbridge import Outcome, TargetPlugin, hookimpl
        from regbridge.testing.payloads import sync


        class Crm(TargetPlugin):
            @hookimpl
            def deliver_records(self, records):
                return [Outcome.created("1") for _ in records]


        def test_a_server_and_a_proxy(scripted_server, fault_proxy):
            scripted_server.expect("GET", "/a").answer(json=1)
            fault_proxy.upstream = scripted_server.url
            assert requests.get(fault_proxy.url + "/a", timeout=10).json() == 1


        def test_a_trial(trial):
            one = trial({"targets": {"crm": {"use": "crm", "map": {"e": "email"}}}},
                        plugins={"crm": Crm})
            one.send(sync(2))
            one.settle()
            assert one.states() == {"delivered": 2}


        def test_a_ledger(memory_ledger):
            memory_ledger.ping()
        """
    )
    run(pytester).assert_outcomes(passed=3)


def test_a_server_that_was_asked_otherwise_fails_its_test(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        def test_nobody_calls(scripted_server):
            scripted_server.expect("GET", "/a")
        """
    )
    result = run(pytester)
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*never came: GET /a"])


def test_cases_are_left_alone_unless_a_project_asks_for_them(project: pytest.Pytester) -> None:
    run(project).assert_outcomes()
    assert run(project, "configs/clients/apap.cases.yaml").ret != 0


@pytest.mark.parametrize("way", ["option", "setting"])
def test_cases_are_tests_where_a_project_asks_for_them(project: pytest.Pytester, way: str) -> None:
    options = ["--regbridge-cases"]
    if way == "setting":
        project.makeini("[pytest]\nregbridge_cases = true\ntestpaths = configs\n")
        options = []
    result = run(project, *options)
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        [
            "*case 'others are not'*",
            "configs/clients/apap.cases.yaml:4: out.Email should be "
            '"b@example.org", it is "a@example.org"',
        ]
    )
    result.stdout.no_fnmatch_line("*Traceback*")


def test_one_case_can_be_chosen_by_its_file_and_its_name(project: pytest.Pytester) -> None:
    file = "configs/clients/apap.cases.yaml"
    result = run(project, "--regbridge-cases", f"{file}::a guest is left out")
    result.assert_outcomes(passed=1)


def test_a_client_with_findings_fails_each_of_its_cases(project: pytest.Pytester) -> None:
    file = project.path / "configs" / "clients" / "apap.yaml"
    file.write_text(f"client: apap\n{CLIENT.replace('skip-guests', 'skip-gests')}", "utf-8")
    result = run(project, "--regbridge-cases")
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(["*no plugin 'skip-gests'; did you mean 'skip-guests'?*"])


def test_a_file_that_holds_no_cases_is_an_error_of_its_own(project: pytest.Pytester) -> None:
    file = project.path / "configs" / "clients" / "apap.cases.yaml"
    file.write_text("- name: nothing\n", encoding="utf-8")
    result = run(project, "--regbridge-cases")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        ["configs/clients/apap.cases.yaml:1: *.expect: expect is missing; add it"]
    )


LOADED = """\
import json, sys
import pytest
pytest_modules = set(sys.modules)
import regbridge.testing.pytest_plugin
print(json.dumps(sorted(set(sys.modules) - pytest_modules)))
"""


def test_a_project_that_does_not_use_it_loads_next_to_nothing(tmp_path: Path) -> None:
    found = subprocess.run(
        [sys.executable, "-c", LOADED], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    loaded = set(json.loads(found.stdout))
    assert {name for name in loaded if name.startswith("regbridge")} == {
        "regbridge",
        "regbridge.redact",
        "regbridge.testing",
        "regbridge.testing.pytest_plugin",
    }
    assert len(loaded) <= 5, loaded


def test_a_failed_assertion_of_the_contract_tells_the_values(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import sys

        import regbridge.testing.contract

        def test_rewritten():
            loader = regbridge.testing.contract.__spec__.loader
            assert type(loader).__name__ == "AssertionRewritingHook"
        """
    )
    pytester.runpytest_subprocess(*QUIETLY).assert_outcomes(passed=1)
